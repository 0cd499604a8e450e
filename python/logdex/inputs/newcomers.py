"""Logs that come while a directory or a glob is followed: new ranks, attempts, restarts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from logdex._ended import AllEnded, Ended
from logdex.inputs.input import Input, Wish
from logdex.inputs.layouts import COMPRESSED, base_of, plain_name
from logdex.inputs.paths import of_new
from logdex.inputs.source import Found, Part, Source
from logdex.inputs.sources import find
from logdex.inputs.tree import from_root

_HEAD = 64
"""So many bytes at the beginning tell a file from another that was given its number."""


class Growing(Protocol):
    """What may stand for more logs later."""

    @property
    def ended(self) -> Ended | None:
        """Tells whether no more will come, nor be written to those that are there; None where nobody can know."""

    @property
    def directory(self) -> str | None:
        """The directory in which all of them lie, if it is one."""

    def find(self) -> Found:
        """The logs it stands for now, and the directories in which more may come."""


class GrowingPath:
    """A directory or a glob, which may stand for more logs later."""

    ended: Ended | None = None

    def __init__(self, argument: str, wish: Wish) -> None:
        """`argument` is the directory or the glob."""
        self._wish = wish
        # From the root, since a process that follows may go to another directory meanwhile.
        self.directory = os.path.abspath(argument) if os.path.isdir(argument) else None
        self._argument = self.directory or from_root(argument)

    def find(self) -> Found:
        """See `Growing`."""
        # Where the directory itself is to come again, it is watched for that.
        gone = self.directory or os.path.dirname(os.path.abspath(self._argument))
        try:
            if self.directory is None or os.path.isdir(self.directory):
                return find(self._argument, streams=self._wish.streams, follow=True)
        except FileNotFoundError:
            pass
        return Found([], [gone])


class Lookout:
    """Knows which logs are followed, and finds those that are not.

    The engine asks for a look when a name has come to a watched directory, so a look has to be cheap when nothing is
    new. Names are not enough to know a log again: a rotation gives the same file another name, and a link two.
    """

    def __init__(self, growing: Sequence[Growing], known: Iterable[Input]) -> None:
        """`growing` is what may come to stand for more; `known` is what of it is followed."""
        self._growing = growing
        self._paths: set[str] = set()
        self._files: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._had: set[str] = set()
        """The paths at which a file was seen."""
        self._compressed: set[str] = set()
        """What those files were called that are known compressed."""
        self._combined: set[str] = set()
        self._labels: dict[str, int | None] = {}
        """What the sources are called that are followed, and by which of `growing` each has come, if by any."""
        self._renamed: dict[tuple[int, str], str] = {}
        """What those are called instead that came under the label of another."""
        for one in known:
            self._labels[one.label] = None
            self._know(os.path.abspath(one.path))
            if one.source is not None:
                for part in one.source.parts:
                    self._know(os.path.abspath(part.path))
                self._note_combined(one.source)
        self._note_files()

    def ended(self, known: Iterable[Input]) -> AllEnded | None:
        """Whether all is over, of what grows and of the `known` beside it; None where that cannot be known."""
        each = [one.ended for one in self._growing]
        return None if None in each else AllEnded([*(one.ended for one in known), *each])

    def look(self) -> tuple[list[Input], list[str]]:
        """The logs that have come since the last look, and the directories in which more may come."""
        # Before the new names are looked at: a name that went to another file tells which one it was.
        self._note_files()
        found: list[Input] = []
        directories: list[str] = []
        for number, one in enumerate(self._growing):
            there = one.find()
            directories += there.directories
            for source in there.sources:
                called = self._called(source, number)
                for part in self._new_parts(source):
                    try:
                        found += of_new(called, part)
                        self._labels.setdefault(called.label, number)
                    except (FileNotFoundError, PermissionError):
                        # Renamed or closed to others since it was looked at: the next look finds it.
                        self._paths.discard(os.path.abspath(part.path))
        self._note_files()
        return found, directories

    def forget(self, one: Input) -> None:
        """Has a log found anew at the next look: it may not be read yet."""
        path = os.path.abspath(one.path)
        self._paths.discard(path)
        self._had.discard(path)
        there = _looked_at(path)
        if there is not None:
            self._files.pop(there[0], None)

    def _called(self, source: Source, number: int) -> Source:
        """The source, which `growing[number]` has found, told apart from what others have found of the same name."""
        if self._labels.get(source.label, number) == number or not source.parts:
            return source
        paths = {os.path.abspath(part.path) for part in source.parts}
        if paths & self._paths:
            # It is the one that is called so, or was called otherwise when it came.
            return replace(source, label=self._renamed.get((number, source.label), source.label))
        above = self._growing[number].directory or _directory(source)
        label = os.path.join(os.path.basename(above), source.label)
        self._renamed[number, source.label] = label
        return replace(source, label=label)

    def _new_parts(self, source: Source) -> Iterator[Part]:
        for part in source.parts:
            path = os.path.abspath(part.path)
            # One that is gone again is not known: it may come once more.
            if path in self._paths or not os.path.lexists(path):
                continue
            self._know(path)
            rotated = part.rotated and self._had_name(part)
            if not (rotated or COMPRESSED.search(path) or self._is_followed(path) or self._is_copied(source)):
                self._note_combined(source)
                yield part

    def _know(self, path: str) -> None:
        self._paths.add(path)
        if COMPRESSED.search(path):
            self._compressed.add(plain_name(path))

    def _had_name(self, part: Part) -> bool:
        """Whether a file is the rotation that its name says: one was followed that had the name of its log.

        Else it is a file of a day or of a rank that has come, if it was not known compressed.
        """
        return os.path.abspath(base_of(part)) in self._had or plain_name(part.path) in self._compressed

    def _is_followed(self, path: str) -> bool:
        """Whether it is a file that is followed, under a new name."""
        there = _looked_at(path)
        if there is None or there[0] not in self._files:
            return False
        # The number of a deleted file is given to a new one, which is shorter or begins with other text.
        size, head = self._files[there[0]]
        return there[1] >= size and _head(path).startswith(head)

    def _is_copied(self, source: Source) -> bool:
        """Whether a combined log that is followed has its lines."""
        return source.stream != "combined" and _directory(source) in self._combined

    def _note_combined(self, source: Source) -> None:
        if source.stream == "combined":
            self._combined.add(_directory(source))

    def _note_files(self) -> None:
        for path in self._paths:
            there = _looked_at(path)
            if there is None:
                continue
            identity, size = there
            self._had.add(path)
            known, head = self._files.get(identity, (0, b""))
            if size < known or (len(head) < _HEAD and size > known):
                head = _head(path)
            self._files[identity] = (size, head)


def _directory(source: Source) -> str:
    return os.path.dirname(os.path.abspath(source.parts[0].path)) if source.parts else ""


def _head(path: str) -> bytes:
    """How the text of a file begins; nothing where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _looked_at(path: str) -> tuple[tuple[int, int], int] | None:
    """Which file it is, and its size; None where nothing can be seen there."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino), stat.st_size
