"""Logs behind a tunnel: a copy of our own, to which each look adds the bytes that are new."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import json
import logging
import os
import shutil
import threading
import time
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from logdex.jobs.home import home
from logdex.slurm.ask import Poll, Run

EVERY = 1.0
"""Seconds between two looks of a follow."""

_CHUNK = 8 << 20
"""So many bytes are fetched by one command."""

_OVERLAP = 64
"""So many bytes before those that are new are fetched again, to see that the file goes on as it was."""

_KEEP = 14 * 86_400
"""Seconds after which a copy goes that nobody has looked at."""

# What `stat` calls a file is in the language of the user there.
_LIST = 'cd "$1" 2>/dev/null && LC_ALL=C stat -L -c "%F|%s|%i-%.9Y|%n" -- *"$2"* 2>/dev/null; true'
_UNREADABLE = 77
"""The exit status by which our command says that the file is not for us."""
_FETCH = (
    f'test -e "$1" && ! test -r "$1" && exit {_UNREADABLE}; '
    'tail -c "+$2" -- "$1" | head -c "$3" | gzip -1 | base64 -w0'
)

_log = logging.getLogger("logdex")


class _TooFewError(OSError):
    """Fewer bytes came of a file than it has: the status of a row of commands is that of its last one only."""


class _RemoteFile(NamedTuple):
    """A file on the other side."""

    size: int
    stamp: str
    """Its inode and when it was written last."""
    name: str

    def is_other_than(self, stamp: str) -> bool:
        """Whether a stamp is that of another file."""
        return stamp.partition("-")[0] != self.stamp.partition("-")[0]


class Mirror:
    """The logs of one job in a directory behind a tunnel, copied here as far as they have been looked at.

    A copy is a plain file that only grows, as the log does, so whoever follows it needs to know nothing of tunnels.
    Where the log was cut or written anew, so is the copy. How much of a file is here says from where it is fetched;
    which file that was is kept beside the copies. Of several processes one fetches at a time.
    """

    def __init__(self, run: Run, remote: str, number: int, local: str) -> None:
        """Fetches nothing yet.

        Args:
            run: Runs a command on the other side.
            remote: The directory there.
            number: The number of the job, which its logs bear.
            local: The directory of the copies, which is made.
        """
        self.local = local
        self._run = run
        self._remote = remote
        self._number = str(number)
        self._lock = threading.Lock()
        self._warned = ""
        os.makedirs(local, mode=0o700, exist_ok=True)

    def look(self, *, wait: bool = False) -> bool:
        """Fetches what is new; whether all that was there is here now. `wait` for another process that fetches."""
        with self._lock, self._alone(wait=wait) as alone:
            if not alone:
                return False
            try:
                self._fetch_all()
            except (OSError, ValueError, zlib.error) as error:
                if str(error) != self._warned:
                    _log.warning("%s: new lines cannot be fetched (%s); trying on", self._remote, error)
                self._warned = str(error)
                return False
        self._warned = ""
        return True

    @contextmanager
    def _alone(self, *, wait: bool) -> Iterator[bool]:
        """Whether no other process fetches into the same copies."""
        with open(os.path.join(self.local, ".lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except OSError:
                yield False
                return
            yield True

    def _listed(self) -> list[_RemoteFile]:
        answer = self._run(["sh", "-c", _LIST, "sh", self._remote, self._number])
        if answer.code != 0:
            raise OSError(answer.why or f"the command that lists them exited with {answer.code}")
        found = []
        for line in answer.out.splitlines():
            kind, _, rest = line.partition("|")
            size, _, rest = rest.partition("|")
            stamp, _, name = rest.partition("|")
            if kind.startswith("regular") and name == os.path.basename(name) and not name.startswith("."):
                found.append(_RemoteFile(int(size), stamp, name))
        return found

    def _fetch_all(self) -> None:
        stamps, failed = self._stamps(), None
        for one in self._listed():
            try:
                stamps[one.name] = self._fetch(one, stamps.get(one.name, one.stamp))
            except _TooFewError as error:  # of this one alone: the others are fetched
                failed = error
        self._note(stamps)
        if failed is not None:
            raise failed

    def _fetch(self, there: _RemoteFile, before: str) -> str:
        """Fetches what is new of a file whose stamp was `before`; its stamp now."""
        path = os.path.join(self.local, there.name)
        with open(path, "a+b", opener=_private) as copy:
            have = copy.seek(0, os.SEEK_END)
            if have > there.size or there.is_other_than(before):
                copy.truncate(have := 0)
            # What was written to and is no longer may have been written anew.
            looked = before == there.stamp
            while have < there.size or not looked:
                overlap = min(have, _OVERLAP)
                copy.seek(have - overlap)
                known = copy.read(overlap)
                count = min(there.size - have, _CHUNK) + overlap
                new = self._bytes(there.name, have - overlap, count)
                looked = True
                if new is None:
                    break
                if len(new) < count:
                    now = self._shorter(there, have - overlap + count)
                    if now is None:
                        break
                    there = now
                if have > there.size or not new.startswith(known):
                    copy.truncate(have := 0)
                    continue
                if len(new) == overlap:  # nothing is new, or it was cut just now
                    break
                copy.write(new[overlap:])
                copy.flush()
                have = copy.tell()
        return there.stamp

    def _shorter(self, there: _RemoteFile, end: int) -> _RemoteFile | None:
        """What a file is now of which not all bytes until `end` came, as it was cut; None for one that is gone."""
        now = next((one for one in self._listed() if one.name == there.name), None)
        if now is not None and now.size >= end and not now.is_other_than(there.stamp):
            raise _TooFewError(f"not all that is there came of {there.name}")
        return now

    def _bytes(self, name: str, offset: int, count: int) -> bytes | None:
        """So many bytes of a file, fewer where it ends; None of one that we may not read."""
        path = os.path.join(self._remote, name)
        answer = self._run(["sh", "-c", _FETCH, "sh", path, str(offset + 1), str(count)])
        if answer.code == _UNREADABLE:
            return None
        if answer.code != 0:
            raise OSError(answer.why or f"the command that fetches exited with {answer.code}")
        try:
            return zlib.decompress(base64.b64decode(answer.out, validate=False), wbits=31)
        except binascii.Error as error:
            raise OSError(f"what came of {name} is damaged: {error}") from error

    def _stamps(self) -> dict[str, str]:
        with suppress(OSError, ValueError), open(os.path.join(self.local, ".stamps")) as file:
            known = json.load(file)
            if isinstance(known, dict):
                return {name: stamp for name, stamp in known.items() if isinstance(stamp, str)}
        return {}

    def _note(self, stamps: dict[str, str]) -> None:
        path = os.path.join(self.local, ".stamps")
        with open(f"{path}.new", "w") as file:
            json.dump(stamps, file)
        os.replace(f"{path}.new", path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Fetching:
    """Looks again and again, on a thread, as long as somebody holds it and the job is not over."""

    def __init__(self, mirror: Mirror, poll: Poll) -> None:
        """Begins at once."""
        self._over = threading.Event()
        self._let_go = threading.Event()
        weakref.finalize(self, self._let_go.set).atexit = False
        threading.Thread(
            target=_fetch_on,
            args=(mirror, poll, self._over, self._let_go),
            name="logdex-tunnel",
            daemon=True,
        ).start()

    def is_over(self) -> bool:
        """Whether the job is over, and all that it wrote is here."""
        return self._over.is_set()


_fetchings: weakref.WeakValueDictionary[tuple[int, str], Fetching] = weakref.WeakValueDictionary()
_fetchings_lock = threading.Lock()


def fetching_of(mirror: Mirror, poll: Poll) -> Fetching:
    """Who fetches into the directory of `mirror`: one for all who follow what is in it, in this process."""
    key = (os.getpid(), mirror.local)
    with _fetchings_lock:
        known = _fetchings.get(key)
        if known is None:
            known = _fetchings[key] = Fetching(mirror, poll)
        return known


def _fetch_on(mirror: Mirror, poll: Poll, over: threading.Event, let_go: threading.Event) -> None:
    wait = EVERY
    while not let_go.is_set():
        # Asked before the look: what was written until the end is fetched after it is known.
        ended = poll.latest().over
        fetched = mirror.look()
        if ended and fetched:
            over.set()
            return
        wait = EVERY if fetched else min(wait * 2, 30.0)
        let_go.wait(wait)


def place_of(key: str, remote: str, number: int) -> str:
    """Where the copies of a job's logs are kept; those that nobody looked at for a fortnight go."""
    root = os.path.join(home(), "tunnels")
    with suppress(OSError):
        for entry in list(os.scandir(root)):
            if time.time() - os.stat(os.path.join(entry.path, ".lock")).st_mtime > _KEEP:
                shutil.rmtree(entry.path, ignore_errors=True)
    name = hashlib.sha256("\0".join((key, remote, str(number))).encode("utf-8", "surrogateescape"))
    return os.path.join(root, name.hexdigest()[:24])
