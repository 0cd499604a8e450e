"""Where to go on: from the text of a cursor to the files in which its places are."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from logdex import _core
from logdex._core import Question
from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.rotation import file_of, rotations

LOST = ("raise", "restart", "skip")


class CursorError(OSError):
    """The log of a cursor is not to be found again, so that nobody knows which lines come after its place.

    `filename` names the log. Reading again with `lost="restart"` begins with what stands under its name now,
    `lost="skip"` behind that; both count it in `stats.lost`.
    """


class _There(NamedTuple):
    """A file in which a place is."""

    path: str
    """Where its name is."""
    text: str
    """Where its text is: elsewhere, if it is compressed."""
    at: int
    """Where to go on."""
    keep: object = None


def resume(question: Question, cursor: str, lost: str) -> Question:
    """`question` about one log, from the place of `cursor` on: there, in the files that came after, and in its own.

    Raises:
        ValueError: `cursor` is not one, or `lost` is none of the words.
        CursorError: The log is not the one in which the place was, nor is that beside it.
    """
    marks = _marks(cursor, lost)
    if not marks:
        return question
    path = question.path
    if question.beside is not None:
        return _both(question, question.beside, marks, lost)
    for mark in marks:
        at = mark.fits(path)
        if at is not None:
            return question.but(after=at)
    if question.name is None:
        for mark in marks:
            chain = _renamed(mark, path)
            if chain:
                return _behind(question, chain)
    return _lost(question, marks, lost)


def _both(question: Question, beside: str, marks: list[_core.Mark], lost: str) -> Question:
    """The two logs of one process, each from its own place on; one that has no mark was not begun."""
    places = {}
    for path in (question.path, beside):
        own = [mark for mark in marks if os.path.basename(mark.name) == os.path.basename(path)]
        places[path] = next((at for mark in own if (at := mark.fits(path)) is not None), None)
        if own and places[path] is None:
            if lost == "raise":
                raise _error(own[0], path)
            question = question.but(lost=question.lost + 1)
            places[path] = 0 if lost == "restart" else sys.maxsize
    return question.but(after=places[question.path] or 0, beside_after=places[beside] or 0)


def resume_many(questions: list[Question], cursor: str, lost: str) -> list[Question]:
    """The same for many logs: each question goes on where its log's place is, or begins with the first line.

    Raises:
        CursorError: A log of the cursor is not among the files, nor beside them.
    """
    marks = _marks(cursor, lost)
    resumed: list[Question] = []
    for question in questions:
        mark = next((mark for mark in _likely(marks, question.path) if _fits(mark, question)), None)
        if mark is None:
            resumed.append(question)
        else:
            marks.remove(mark)
            after = mark.fits(question.path) or 0
            resumed.append(question.but(after=after, tiers=tuple(mark.tiers)))
    texts: dict[str, str] = {}
    for mark in marks:
        resumed = _instead(resumed, mark, lost, texts)
    return resumed


def _fits(mark: _core.Mark, question: Question) -> bool:
    return mark.fits(question.path) is not None


def _likely(marks: Iterable[_core.Mark], path: str) -> list[_core.Mark]:
    """The marks, that of the same file first."""
    file = file_of(path)
    return sorted(marks, key=lambda mark: mark.file != file)


def _instead(questions: list[Question], mark: _core.Mark, lost: str, texts: dict[str, str]) -> list[Question]:
    """The questions where the log of `mark` is not among their files: it may stand beside them.

    `texts` says where the text is of those that were found there.
    """
    name = os.path.abspath(mark.name)
    same = next((one for one in questions if os.path.abspath(one.name or one.path) == name), None)
    known = {os.path.abspath(one.path) for one in questions} | texts.keys()
    renamed = _renamed(mark, mark.name)
    if renamed and renamed[0].path in texts:
        # It comes behind one that is older, of the same log.
        text, at = texts[renamed[0].path], renamed[0].at
        return [one.but(after=at, tiers=tuple(mark.tiers)) if one.path == text else one for one in questions]
    chain = [one for one in renamed if os.path.abspath(one.path) not in known]
    texts.update((one.path, one.text) for one in chain)
    if chain:
        like = same or questions[0]
        return [
            *(
                like.but(
                    path=one.text,
                    # The log's, by which it is looked for the next time too.
                    name=mark.name,
                    after=one.at,
                    follow=False,
                    keep=(like.keep, one.keep),
                    tiers=tuple(mark.tiers) if one is chain[0] else (),
                )
                for one in chain
            ),
            *questions,
        ]
    if lost == "raise" or not questions:
        raise _error(mark)
    if same is None:
        return [questions[0].but(lost=questions[0].lost + 1), *questions[1:]]
    other = _lost(same, [mark], lost)
    return [other if one is same else one for one in questions]


def _marks(cursor: str, lost: str) -> list[_core.Mark]:
    if not isinstance(cursor, str):
        raise TypeError(f"after={cursor!r}: give the text of a cursor, as lines.cursor gives it")
    if lost not in LOST:
        raise ValueError(f"lost={lost!r}: say one of {', '.join(LOST)}")
    return _core.Cursor(cursor).marks


def _behind(question: Question, chain: list[_There]) -> Question:
    """`question` about the files of `chain`, one behind the other, and then its own."""
    *before, last = chain
    if not question.follow and not os.path.exists(question.path):
        question = question.but(path=last.text, name=last.path, after=last.at)
    elif question.follow and _is_empty(question.path) and last.text == last.path:
        # Its writer may not have noticed yet that the name has gone, so that file is followed too.
        question = question.but(begun=last.text, after=last.at)
    else:
        before = chain
    return question.but(
        earlier=[(one.text, one.at) for one in before],
        keep=(question.keep, [one.keep for one in chain]),
    )


def _lost(question: Question, marks: list[_core.Mark], lost: str) -> Question:
    if lost == "raise":
        raise _error(marks[0], question.path)
    question = question.but(lost=question.lost + 1)
    return question if lost == "restart" else question.but(after=sys.maxsize)


def _error(mark: _core.Mark, path: str | None = None) -> CursorError:
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
        errno.ESTALE,
        f"this is not the log that the cursor knows: {why}, and no rotation beside it is that log; "
        'lost="restart" begins with what is there now, lost="skip" behind it',
        path,
    )


def _renamed(mark: _core.Mark, path: str) -> list[_There]:
    """The file of `mark`, found under another name, and the rotations that came after it, oldest first."""
    later: list[str] = []
    for other in rotations(path):
        found = _looked_into(mark, other)
        if found is not None:
            return [found, *(_whole_text(one) for one in reversed(later))]
        later.append(other)
    return []


def _looked_into(mark: _core.Mark, path: str) -> _There | None:
    kind = compression(path)
    if kind is None:
        try:
            at = mark.fits(path)
        except (OSError, ValueError):
            return None
        return None if at is None else _There(path, path, at)
    text = spool.of_compressed(path, kind)
    try:
        text.wait()
        at = mark.fits(text.path)
    except (OSError, ValueError):
        return None
    return None if at is None else _There(path, text.path, at, text)


def _whole_text(path: str) -> _There:
    kind = compression(path)
    if kind is None:
        return _There(path, path, 0)
    text = spool.of_compressed(path, kind)
    text.wait()
    return _There(path, text.path, 0, text)


def _is_empty(path: str) -> bool:
    try:
        return os.path.getsize(path) == 0
    except OSError:
        return True
