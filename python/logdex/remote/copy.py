"""`Copy`: a sparse copy here of a file elsewhere. A range that was fetched once stays, and is not fetched again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from logdex.inputs.spool import limit
from logdex.remote.elsewhere import Elsewhere, State

_CHUNK = 4 << 20
"""So many bytes are fetched at once."""
_WITNESS = 4096
"""Bytes before the end of what is known, by which a longer file is known to be the same."""


class Copy:
    """What is here of one file elsewhere: `path` holds it, with holes where nothing was fetched.

    Beside it, a note says of which version it is and which ranges are there. A log that grew keeps what is here, if the
    bytes before its former end are still the same; any other change begins anew.

    Other processes share both, and remove them to make room: so the file is held open, and what is known of it counts
    for the file that has its name only as long as that is the same one.
    """

    def __init__(self, file: Elsewhere) -> None:
        """Looks at the file elsewhere, and at what is here of it.

        Raises:
            OSError: The file cannot be reached, or nothing can be kept here.
        """
        self._file = file
        self._held = -1
        self.state: State
        self._ranges: list[tuple[int, int]]
        directory = _directory()
        name = hashlib.blake2b(file.address.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        self.path = os.path.join(directory, f"{name}.log")
        self._note = os.path.join(directory, f"{name}.json")
        with self._alone():
            self._begin(file.look())
        _make_room(directory, self.path)

    def __del__(self) -> None:
        if self._held >= 0:
            os.close(self._held)

    @property
    def address(self) -> str:
        """Of what it is a copy."""
        return self._file.address

    def fetch(self, start: int = 0, end: int | None = None) -> None:
        """Has the bytes from `start` to `end` here, or to the end of what is known to be there.

        Raises:
            OSError: They cannot be fetched; or the file became shorter meanwhile.
        """
        with self._alone():
            self._fetch(start, end)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, fetched if need be."""
        with self._alone():
            self._fetch(start, end)
            return os.pread(self._held, max(min(end, self.state.size) - start, 0), start)

    def grow(self) -> bool:
        """Looks again; whether the file elsewhere is longer than it was.

        Raises:
            OSError: It cannot be reached, or is another one than before, or shorter.
        """
        with self._alone():
            before = self.state.size
            self._go_on()
            there = self._file.look()
            if there != self.state:
                self._must_be_the_same(there)
                if there.size > self.state.size:
                    self.state = there
                    self._write_note()
                else:
                    # It was written to and did not grow: the bytes before its end say nothing of those above.
                    self._begin_anew(there)
            return self.state.size > before

    def _fetch(self, start: int, end: int | None) -> None:
        self._go_on()
        size = self.state.size
        for begin, stop in missing(self._ranges, start, size if end is None else min(end, size)):
            for at in range(begin, stop, _CHUNK):
                self._take(at, min(at + _CHUNK, stop))

    def _begin(self, there: State) -> None:
        """Goes on with what is noted here, if it is of the file that is there."""
        known = _noted(self._note)
        if known is not None and self._hold(os.O_RDWR):
            self.state, self._ranges = known
            is_whole = os.fstat(self._held).st_size >= max((end for _, end in self._ranges), default=0)
            if is_whole and (there == self.state or (there.size > self.state.size and self._goes_on())):
                self.state = there
                return
        self._begin_anew(there)

    def _begin_anew(self, there: State) -> None:
        self.state, self._ranges = there, []
        # First the note: what it said of the former file must at no moment stand beside the new one.
        self._write_note()
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        self._hold(os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def _hold(self, flags: int) -> bool:
        """Opens the file that has the name now, in place of the one that was held; whether there is one."""
        try:
            descriptor = os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            return False
        former, self._held = self._held, descriptor
        if former >= 0:
            os.close(former)
        return True

    def _go_on(self) -> None:
        """Takes over what other processes did meanwhile: fetched more, or removed the file and made it anew."""
        if not self._is_held():
            there = self._file.look()
            if there != self.state:
                self._must_be_the_same(there)
            self._begin(there)
        elif (known := _noted(self._note)) is not None:
            # Any version that is not this one, grown, is in a file of its own.
            self.state = max(self.state, known[0], key=lambda state: state.size)
            self._ranges = joined([*self._ranges, *known[1]])

    def _is_held(self) -> bool:
        """Whether the file that has the name is the one that is held."""
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self._held))

    def _must_be_the_same(self, there: State) -> None:
        if there.size < self.state.size or not self._goes_on():
            raise OSError(
                116, "it was cut or written anew while it was followed; follow it anew", self._file.address
            )

    def _goes_on(self) -> bool:
        """Whether it is the file that is known, as far as that is seen: what was before its end is there still."""
        size = self.state.size
        start = max(size - _WITNESS, 0)
        ends = [range_ for range_ in self._ranges if range_[0] <= start and range_[1] >= size]
        if not ends:
            # Nothing of its end is here: the last that is must speak for it.
            last = max(self._ranges, key=lambda range_: range_[1], default=(0, 0))
            start, size = max(last[1] - _WITNESS, last[0]), last[1]
        here = os.pread(self._held, size - start, start)
        # Of an empty file, and one of which nothing was fetched, there is nothing that could be different.
        return not here or self._file.read(start, size) == here

    def _take(self, start: int, end: int) -> None:
        got = self._file.read(start, end)
        if len(got) < end - start:
            raise OSError(
                5, f"it ended at byte {start + len(got)} while it was read; ask again", self._file.address
            )
        _write_all(self._held, got[: end - start], start)
        self._ranges = joined([*self._ranges, (start, end)])
        self._write_note()

    def _write_note(self) -> None:
        temporary = f"{self._note}.{os.getpid()}.tmp"
        with open(temporary, "w") as file:
            json.dump({"address": self._file.address, "state": self.state, "ranges": self._ranges}, file)
        os.replace(temporary, self._note)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other processes off, that fetch the same."""
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        descriptor = os.open(f"{self._note}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes as few ranges, in order."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        elif start < end:
            out.append((start, end))
    return out


def missing(ranges: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """What of the bytes from `start` to `end` is in none of `ranges`, which are joined."""
    out = []
    for begin, stop in ranges:
        if stop <= start or begin >= end:
            continue
        if begin > start:
            out.append((start, begin))
        start = max(start, stop)
    return [*out, (start, end)] if start < end else out


def _noted(path: str) -> tuple[State, list[tuple[int, int]]] | None:
    """What a note says; None for what is none: others could have written it."""
    try:
        with open(path, "rb") as file:
            told = json.load(file)
        size, tag = told["state"]
        ranges = [(int(start), int(end)) for start, end in told["ranges"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    whole = all(0 <= start < end <= int(size) for start, end in ranges)
    return (State(int(size), str(tag)), joined(ranges)) if whole else None


def _directory() -> str:
    """Beside the indexes, for copies are as easily had again."""
    chosen = os.environ.get("LOGDEX_CACHE")
    if not chosen:
        default = (
            "~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        )
        chosen = os.path.join(default, "logdex")
    return os.path.join(os.path.abspath(os.path.expanduser(chosen)), "remote")


def _make_room(directory: str, keep: str) -> None:
    """Removes the copies that were used least lately, where all take more than may be spooled."""
    copies = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(".log") and entry.path != keep:
                there = entry.stat()
                copies.append((there.st_mtime, there.st_blocks * 512, entry.path))
    taken = sum(size for _, size, _ in copies)
    for _, size, path in sorted(copies):
        if taken <= limit():
            return
        taken -= size
        for name in (path, f"{path.removesuffix('.log')}.json"):
            with suppress(OSError):
                os.unlink(name)


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        rest, at = rest[written:], at + written
