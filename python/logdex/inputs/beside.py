"""What stands beside a log at one moment: its rotated files, how far each was handed out, and which have a rest."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.rotation import Pinned, held, sort

_MOST = 256
"""Of so many files, the newest, it is asked how far they were handed out."""
_ANCHORS = 3
"""So many of the newest files that need not be read again are remembered: what is newer than they are came later."""


class Rest(NamedTuple):
    """A file beside a log of which lines come behind a cursor."""

    path: str
    """What it is called now."""
    text: str
    """Where its text is."""
    at: int
    """Where to go on."""
    mark: _core.Mark
    """By what it is known again as long as nothing more of it was handed out."""
    keep: Pinned | spool.Spool


class _Known(NamedTuple):
    """How far a file was handed out."""

    at: int | None
    """Where to go on; None where all of it was."""
    mark: _core.Mark


class Beside:
    """The files beside one log, held open: whatever is renamed meanwhile, each is there once.

    Names tell which of two is the newer one. Of the files that a cursor knows the oldest is where the time begins of
    which it speaks: what is older was there before, or was handed out long ago, and what is newer and unknown was never
    seen.
    """

    def __init__(self, log: str) -> None:
        """Looks at what stands beside `log` now, and opens it.

        Raises:
            OSError: One of the files cannot be opened.
        """
        self.log = os.path.abspath(log)
        files = held(self.log, newest=_MOST, strict=False)
        self.own = files.pop() if files and files[-1].name == self.log else None
        """The file that has the log's own name, if one has."""
        self._files = files
        self._inside = {one.name for one in files if sort(self.log, one.name) == "inside"}
        self._known: dict[int, _Known] = {}
        self._texts: dict[int, spool.Spool] = {}
        self.damaged: list[OSError] = []
        """What is wrong with those that cannot be read, which are left out."""

    def leave_out(self, files: Collection[tuple[int, int]], paths: Collection[str]) -> None:
        """Others read these files, or what is called so."""
        self._files = [one for one in self._files if one.file not in files and one.name not in paths]

    def find_by_number(self, marks: list[_core.Mark]) -> None:
        """Takes from `marks` those of files that are still the ones they were."""
        # The number of a file that was compressed may be another's by now.
        likely = sorted(marks, key=lambda mark: mark.is_before_all)
        for number, one in enumerate(self._files):
            if number in self._known:
                continue
            own = (mark for mark in likely if mark.file == one.file and mark in marks)
            mark = next((mark for mark in own if self._fits(number, mark)), None)
            if mark is not None:
                marks.remove(mark)

    def find_by_text(self, marks: list[_core.Mark]) -> None:
        """Takes from `marks` those of files that say the same: compressed or copied since."""
        for number in reversed(range(len(self._files))):
            if all(mark.is_before_all for mark in marks):
                return
            if number not in self._known:
                # One of which nothing was handed out says nothing of its text.
                likely = (one for one in reversed(marks) if not one.is_before_all)
                mark = next((one for one in likely if self._fits(number, one)), None)
                if mark is not None:
                    marks.remove(mark)

    def rests(self, *, alone: bool) -> Iterator[Rest]:
        """The files of which something comes behind the cursor, the oldest first; `alone`: once there was none."""
        for number in range(self._begin(alone=alone), len(self._files)):
            if (rest := self._rest(number)) is not None:
                yield rest

    def marks(self, *, alone: bool) -> Iterator[_core.Mark]:
        """By what the next call knows which files came later, and which need not be read again."""
        begin = self._begin(alone=alone)
        # One that is empty is not known again once it is compressed, and is read without harm.
        of_set = [(at, one) for at, one in enumerate(self._files) if self._is_of_set(at)]
        before = [one for at, one in of_set if at < begin and one.size() > 0][-_ANCHORS:]
        done = [one for at, one in of_set if at >= begin and self._rest(at) is None]
        if not before:
            yield _core.Mark.alone(self.log)
        for one in (*before, *done):
            yield _core.Mark.beside(one.path, self.log)

    def _begin(self, *, alone: bool) -> int:
        """The oldest of the files that the cursor speaks of and that have a rest."""
        begin = 0 if alone else min(self._known, default=len(self._files))
        while begin < len(self._files) and self._rest(begin) is None:
            begin += 1
        return begin

    def _is_of_set(self, number: int) -> bool:
        """Whether a file is a rotation: a number inside its name (`app.1.log`) may as well be that of a worker.

        It is none where the log itself, as the cursor knows it, was never called so.
        """
        return self._files[number].name not in self._inside or any(
            self._files[at].name in self._inside for at in self._known
        )

    def _rest(self, number: int) -> Rest | None:
        known, one = self._known.get(number), self._files[number]
        if (known is not None and known.at is None) or not self._is_of_set(number):
            return None
        text = self._text(number)
        if text is None:
            return None
        size = text.size()
        if known is not None and known.at is not None:
            if size <= known.at:
                return None
            return Rest(one.name, text.path, known.at, known.mark.moved_to(text.path), text)
        if size == 0:
            return None
        return Rest(one.name, text.path, 0, _core.Mark.before(text.path, self.log, left=True), text)

    def _fits(self, number: int, mark: _core.Mark) -> bool:
        one = self._files[number]
        if mark.is_behind(one.path):
            self._known[number] = _Known(None, mark)
            return True
        text = self._text(number)
        at = None if text is None else mark.fits(text.path)
        if at is not None:
            self._known[number] = _Known(at, mark)
        return at is not None

    def _text(self, number: int) -> Pinned | spool.Spool | None:
        """What holds the text of a file; None where it is damaged."""
        one = self._files[number]
        kind = compression(one.path)
        if kind is None:
            return one
        made = self._texts.get(number)
        if made is None:
            self._texts[number] = made = spool.of_compressed(one.path, kind, one.name)
            made.join()
            if isinstance(made.error, OSError):
                self.damaged.append(made.error)
        return None if made.error is not None else made
