"""Where to go on: from the text of a cursor to the files in which its places are."""

from __future__ import annotations

import errno
import os
import sys
from typing import NamedTuple

from logdex import _core
from logdex._core import Question
from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.rotation import Pinned, file_of, later, rotations

LOST = ("raise", "restart", "skip")


class CursorError(OSError):
    """The log of a cursor is not to be found again, so that nobody knows which lines come after its place.

    `filename` names the log. Reading again with `lost="restart"` begins with what stands under its name now,
    `lost="skip"` behind that; both count it in `stats.lost`.
    """

    def __init__(self, why: str, advice: str, path: str) -> None:
        """`why` says what is wrong with the log at `path`, and `advice` what a caller can do."""
        super().__init__(errno.ESTALE, f"{why}; {advice}", path)
        self.why = why

    def __reduce__(self) -> tuple[object, ...]:
        """As it was made."""
        return CursorError, (self.why, str(self.strerror)[len(self.why) + 2 :], self.filename)


class There(NamedTuple):
    """A file in which a place is."""

    path: str
    """Where its name is."""
    text: str
    """Where its text is: the file as it was opened, or what was decompressed."""
    at: int
    """Where to go on."""
    keep: Pinned | spool.Spool
    """What holds it: its name may go to another file, or it may be compressed."""

    @property
    def is_compressed(self) -> bool:
        """Whether the text is not the file."""
        return not isinstance(self.keep, Pinned)


def resume(question: Question, cursor: str, lost: str) -> Question:
    """`question` about one log, from the place of `cursor` on: there, in the files that came after, and in its own.

    Raises:
        ValueError: `cursor` is not one, or `lost` is none of the words.
        CursorError: The log is not the one in which the place was, nor is that beside it.
    """
    # What a follow has left behind comes before these.
    marks = [mark for mark in marks_of(cursor, lost) if not (mark.left or mark.is_before_all)]
    if not marks:
        return question
    path = question.path
    if question.beside is not None:
        return _both(question, question.beside, marks, lost)
    # Logs begin alike, so the file that it was comes before one that says the same up to the place.
    own = file_of(path)
    for mark in marks:
        if mark.file == own and (at := mark.fits(path)) is not None:
            return question.but(after=at)
    if question.name is None:
        for mark in marks:
            if chain := renamed(mark, path):
                return _behind(question, chain)
    for mark in marks:
        if (at := mark.fits(path)) is not None:
            return question.but(after=at)
    return go_on_without(question, marks, lost)


def _both(question: Question, beside: str, marks: list[_core.Mark], lost: str) -> Question:
    """The two logs of one process, each from its own place on; one that has no mark was not begun."""
    places = {}
    for path in (question.path, beside):
        own = [mark for mark in marks if os.path.basename(mark.name) == os.path.basename(path)]
        places[path] = next((at for mark in own if (at := mark.fits(path)) is not None), None)
        if own and places[path] is None:
            if lost == "raise":
                raise no_longer(own[0], path)
            question = question.but(lost=question.lost + 1)
            places[path] = 0 if lost == "restart" else sys.maxsize
    return question.but(after=places[question.path] or 0, beside_after=places[beside] or 0)


def marks_of(cursor: str, lost: str) -> list[_core.Mark]:
    """What `cursor` says of each log; raises what is wrong with what a caller gave."""
    if not isinstance(cursor, str):
        raise TypeError(f"after={cursor!r}: give the text of a cursor, as lines.cursor gives it")
    if lost not in LOST:
        raise ValueError(f"lost={lost!r}: say one of {', '.join(LOST)}")
    return _core.Cursor(cursor).marks


def _behind(question: Question, chain: list[There]) -> Question:
    """`question` about the files of `chain`, one behind the other, and then its own."""
    *before, last = chain
    if not question.follow and not os.path.exists(question.path):
        question = question.but(path=last.text, name=last.path, after=last.at)
    elif question.follow and _is_empty(question.path) and not last.is_compressed:
        # Its writer may not have noticed yet that the name has gone, so that file is followed too.
        question = question.but(begun=last.text, after=last.at)
    else:
        before = chain
    return question.but(
        earlier=[(one.text, one.at) for one in before],
        keep=(question.keep, [one.keep for one in chain]),
    )


def go_on_without(question: Question, marks: list[_core.Mark], lost: str) -> Question:
    """`question` where its log is lost: from the first line, or behind what is there now, as `lost` says."""
    if lost == "raise":
        raise no_longer(marks[0], question.path)
    question = question.but(lost=question.lost + 1)
    return question if lost == "restart" else question.but(after=sys.maxsize)


def no_longer(mark: _core.Mark, path: str | None = None) -> CursorError:
    """What is wrong with the log of `mark`, which is not the one at `path`, nor beside that."""
    path = path or mark.name
    try:
        there = os.stat(path)
    except OSError:
        why = "it is gone"
    else:
        if (there.st_dev, there.st_ino) != mark.file:
            why = "another file has its name"
        elif there.st_size < mark.at:
            why = f"it was cut to {there.st_size} bytes, and the cursor is behind byte {mark.at}"
        else:
            why = "it was written anew"
    return CursorError(
        f"this is not the log that the cursor knows: {why}, and no rotation beside it is that log",
        'lost="restart" begins with what is there now, lost="skip" behind it',
        path,
    )


def renamed(mark: _core.Mark, path: str) -> list[There]:
    """The file of `mark`, found under another name, and the rotations that came after it, oldest first.

    Any name may be that file's, but only what is called as a rotation stands between it and the log.
    """
    names = list(rotations(path))
    # The file that it was, before one that says the same.
    for other in sorted(names, key=lambda name: file_of(name) != mark.file):
        found = _looked_into(mark, other)
        if found is not None:
            return [found, *(_whole_text(one) for one in later(path, other, names))]
    return []


def _looked_into(mark: _core.Mark, path: str) -> There | None:
    kind = compression(path)
    if kind is None:
        try:
            file = Pinned(path)
            at = mark.fits(file.path)
        except (OSError, ValueError):
            return None
        return None if at is None else There(path, file.path, at, file)
    text = spool.of_compressed(path, kind)
    try:
        text.wait()
        at = mark.fits(text.path)
    except (OSError, ValueError):
        return None
    return None if at is None else There(path, text.path, at, text)


def _whole_text(path: str) -> There:
    kind = compression(path)
    if kind is None:
        file = Pinned(path)
        return There(path, file.path, 0, file)
    text = spool.of_compressed(path, kind)
    text.wait()
    return There(path, text.path, 0, text)


def _is_empty(path: str) -> bool:
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return True
