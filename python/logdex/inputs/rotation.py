"""Rotated sets: a log and the files to which its earlier lines went when its name was given to a new one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.compression import compression, open_regular
from logdex.inputs.layouts import COMPRESSED, DATE
from logdex.inputs.tree import identity

_USUAL = re.compile(rf"\.\d{{1,4}}|[-._]{DATE}")
"""What logrotate and Python's handlers add to a name: a number, or a date. An editor's `.bak` is none."""
_NUMBER = re.compile(r"\.\d{1,4}")
_HEAD = 4096
"""So many bytes at the beginning and before the end tell whether a file is a copy."""
_AT_WORK = 2 * 10**9
"""At most so many nanoseconds are between two writes of who copies a file."""
_TRIES = 100
_PARTS = 8


class Pinned:
    """One file of a set, held open: its name may go to another one while the set is read."""

    def __init__(self, name: str) -> None:
        """Opens the file that is called `name` now.

        Raises:
            OSError: What the system says of it.
        """
        self.name = name
        self._file = open(name, "rb", buffering=0)  # noqa: SIM115
        there = os.fstat(self._file.fileno())
        self.file = (there.st_dev, there.st_ino)
        self.spool: spool.Spool | None = None

    def __del__(self) -> None:
        # Not set if there was nothing to open.
        if hasattr(self, "_file"):
            self._file.close()

    @property
    def path(self) -> str:
        """Where its bytes are, whatever it is called by now."""
        return f"/dev/fd/{self._file.fileno()}"

    def size(self) -> int:
        """How many bytes it has now."""
        return os.fstat(self._file.fileno()).st_size

    def head(self) -> bytes:
        """How it begins."""
        return self.part(0)

    def part(self, at: int, size: int = _HEAD) -> bytes:
        """What stands at a place in it, as far as that is there."""
        return os.pread(self._file.fileno(), size, at)

    def is_copy_of(self, log: Pinned) -> bool:
        """Whether it is a copy of `log` that is just being made, to truncate that (`copytruncate`).

        Programs begin their logs alike, so how it begins is not enough: all that it has stands in `log` too, and it is
        the younger file, where a rotation is the older one.
        """
        size = self.size()
        behind = max(size - _HEAD, 0)
        tail = self.part(behind, size - behind)
        if (
            size == 0
            or self.head()[:size] != log.part(0, min(size, _HEAD))
            or tail != log.part(behind, len(tail))
        ):
            return False
        made, of_log = _core.born(self.path), _core.born(log.path)
        is_younger = made is None or of_log is None or made > of_log
        # What was restored is young, whatever it is; the times of change are what they were.
        return is_younger and self.modified() + _AT_WORK > log.modified()

    def modified(self) -> int:
        """When it was last written to, in nanoseconds since 1970 UTC."""
        return os.fstat(self._file.fileno()).st_mtime_ns

    def is_compressed(self) -> bool:
        """Whether its text is another than its bytes."""
        return compression(self.path) is not None

    def text(self) -> str:
        """Where its text is: decompressed first, where it is compressed, as far as that goes; see `check`."""
        kind = compression(self.path)
        if kind is None:
            return self.path
        if self.spool is None:
            self.spool = spool.of_compressed(self.path, kind, self.name)
        self.spool.join()
        return self.spool.path

    def check(self) -> None:
        """Raises what went wrong with its text.

        Raises:
            OSError: The file is damaged or cut off.
        """
        if self.spool is not None:
            self.spool.check()


def rotations(path: str, *, usual: bool = False, numbered_inside: bool = True) -> Iterator[str]:
    """What stands beside `path` under its name with something more, the newest first.

    Args:
        path: The log.
        usual: Only numbers and dates, as rotations are called; else whatever is added.
        numbered_inside: With `usual`, also numbers before what the name ends with (`app.1.log`), which may as well be
            another log.
    """
    directory, name = os.path.split(os.path.abspath(path))
    fits = _fitting(name)
    try:
        names = os.listdir(directory)
    except OSError:
        return
    found: dict[str, tuple[tuple[int, list[int], str], str]] = {}
    # What is being compressed is there twice, and as it was comes first.
    for one in sorted(names, key=lambda one: (COMPRESSED.search(one) is not None, one)):
        match = fits.fullmatch(COMPRESSED.sub("", one))
        if match is None or one == name:
            continue
        more = match["behind"] or match["inside"]
        is_other = match["behind"] is None and not numbered_inside and _NUMBER.fullmatch(more)
        if not usual or (_USUAL.fullmatch(more) and not is_other):
            found.setdefault(COMPRESSED.sub("", one), (_age(more), one))
    for _, one in sorted(found.values()):
        yield os.path.join(directory, one)


def later(path: str, marked: str, names: list[str]) -> list[str]:
    """The rotations of `path` that came after `marked`, the oldest first, of `names`, which `rotations` gives.

    Names that are of one sort tell which is newer; else the times of change do.
    """
    of_marked = sort(path, marked)
    found: list[str] = []
    for number, name in enumerate(names):
        one = sort(path, name)
        if name == marked or one is None:
            continue
        if one == of_marked:
            is_newer = number < names.index(marked)
        else:
            # A number inside may as well be another log's, where the marked one is not called so.
            is_newer = one != "inside" and _modified(name) >= _modified(marked)
        if is_newer:
            found.append(name)
    return found[::-1]


def sort(path: str, name: str) -> str | None:
    """What makes a name that of a rotation of `path`: a number "behind" or "inside" its name, or a "date"; or None."""
    match = _fitting(os.path.basename(path)).fullmatch(COMPRESSED.sub("", os.path.basename(name)))
    more = match and (match["behind"] or match["inside"])
    if match is None or not more or not _USUAL.fullmatch(more):
        return None
    return "date" if not _NUMBER.fullmatch(more) else "behind" if match["behind"] else "inside"


def _modified(name: str) -> int:
    """When it was last written to, in nanoseconds; a compressed file keeps the time of what it was made of."""
    try:
        return os.stat(name).st_mtime_ns
    except OSError:
        return 0


def is_rotation(path: str, log: str) -> bool:
    """Whether `path` is called as a rotation of `log`, compressed or not."""
    directory, name = os.path.split(os.path.abspath(log))
    above, called = os.path.split(os.path.abspath(path))
    return (
        above == directory
        and called != name
        and _fitting(name).fullmatch(COMPRESSED.sub("", called)) is not None
    )


def _fitting(name: str) -> re.Pattern[str]:
    """What rotations of a log are called."""
    stem, dot, suffix = name.rpartition(".")
    # logrotate puts the number behind the name, or before what it ends with (`extension`).
    inside = rf"|{re.escape(stem)}(?P<inside>[._-][\w.:-]*){re.escape(dot + suffix)}" if dot else ""
    return re.compile(rf"{re.escape(name)}(?P<behind>[._-][\w.:-]*){inside}")


def _age(more: str) -> tuple[int, list[int], str]:
    """What sorts rotations, the newest first: small numbers are young, and late dates are."""
    numbers = [int(number) for number in re.findall(r"\d+", more)]
    if len(numbers) == 1 and numbers[0] < 100_000:
        return 0, numbers, more
    # A date with and without separators is the same; behind it an hour may stand, or which one of the day it is.
    parts = re.findall(r"\d+", re.sub(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)", r"\1\2\3", more))
    return 1, ([-int(part) for part in parts] + [0] * _PARTS)[:_PARTS], more


def pinned(
    path: str,
    *,
    numbered_inside: bool = True,
    belongs: Callable[[str], bool] = lambda _: True,
    strict: bool = True,
) -> list[Pinned]:
    """The files of the set of `path` as they were at one moment, the oldest first; none where there are none.

    A rotation may come between the look at the names and the opening of the files: what was opened counts when the
    names still lead to it afterwards. Only those are taken of which the name `belongs`.

    Raises:
        OSError: A file of the set cannot be opened, and is not to be left out for that, as without `strict`.
    """
    files = held(path, numbered_inside=numbered_inside, strict=strict)
    return _once([one for one in files if belongs(one.name)], path)


def held(
    path: str, *, numbered_inside: bool = True, newest: int | None = None, strict: bool = True
) -> list[Pinned]:
    """As `pinned`, with what is just being copied, and `newest` so many of the files that were rotated away.

    Raises:
        OSError: A file of the set cannot be opened, and is not to be left out for that, as without `strict`.
    """
    files: list[Pinned] = []
    for _ in range(_TRIES):
        try:
            files = [
                one for name in _names(path, numbered_inside, newest) for one in _opened(name, strict=strict)
            ]
        except FileNotFoundError:  # renamed since it was looked at
            continue
        now = _names(path, numbered_inside, newest)
        if [(one.name, one.file) for one in files] == [
            (name, file_of(name)) for name in now if strict or may_be_read(name)
        ]:
            break
    return files


def _opened(name: str, *, strict: bool) -> list[Pinned]:
    """The file, as far as it may be read."""
    try:
        return [Pinned(name)]
    except PermissionError:
        if strict:
            raise
        return []


def _names(path: str, numbered_inside: bool, newest: int | None) -> list[str]:
    """The names of the set, the oldest first.

    A pipe, a directory or a link that leads nowhere is nobody's rotation, whatever it is called.
    """
    others = islice(rotations(path, usual=True, numbered_inside=numbered_inside), newest)
    named = [*reversed(list(others)), os.path.abspath(path)]
    return [one for one in named if os.path.isfile(one)]


def _once(files: list[Pinned], path: str) -> list[Pinned]:
    """Each line once: a link is no file of its own, and what is just being copied away is read where it was."""
    log = next((one for one in files if one.name == os.path.abspath(path)), None)
    kept: list[Pinned] = []
    for one in reversed(files):
        is_link = any(known.file == one.file for known in kept)
        if not is_link and (log is None or one is log or not one.is_copy_of(log)):
            kept.append(one)
    return kept[::-1]


def may_be_read(path: str) -> bool:
    """Whether the system lets a file be read; also where there is none, and of what is no regular file."""
    try:
        with open_regular(path):
            return True
    except PermissionError:
        return False
    except OSError:
        return True


def file_of(path: str) -> tuple[int, int]:
    """Device and number of the file that is called so; zeros where there is none."""
    return identity(path) or (0, 0)
