"""Where to go on in many logs: which of them the places of a cursor are in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple

from logdex import _core
from logdex._core import Question
from logdex.inputs.beside import Beside, Rest
from logdex.inputs.fit import Fit, PlaceThere, begins_with, name_of
from logdex.inputs.layouts import base_of
from logdex.inputs.resume import CursorError, go_on_without, marks_of, no_longer, renamed
from logdex.inputs.rotation import Pinned, file_of
from logdex.inputs.source import Part

_HELD = 256
"""So many files are held open until they are read; there may be more than may be open at once."""


class Resumed(NamedTuple):
    """What is read behind a cursor."""

    questions: list[Question]
    """What is asked of each file: those that were rotated away first."""
    begun: list[_core.Mark]
    """How far each file that is read was handed out before this, of logs alone: by these a cursor of what comes goes on
    that says nothing of it."""
    marks: list[_core.Mark]
    """The same of files that are not read again."""
    damaged: list[OSError]
    """What is wrong with rotated files that cannot be read, which are left out."""


def resume_many(questions: list[Question], cursor: str, lost: str) -> list[Question]:
    """Each question goes on where its log's place is, or begins with the first line; see `resume.resume`.

    Raises:
        ValueError: `cursor` is not one, or `lost` is none of the words.
        CursorError: A log of the cursor is not among the files, nor beside them.
    """
    return go_on(questions, cursor, lost).questions


def go_on(questions: list[Question], cursor: str | None, lost: str, alone: Collection[str] = ()) -> Resumed:
    """As `resume_many`, also before there was a cursor.

    Args:
        questions: What is asked of each file.
        cursor: Where to go on; None at the first lines.
        lost: See `resume.resume`.
        alone: The absolute paths of the logs whose rotated files are not among those of the questions: lines that came
            to such a file since the cursor was taken come first, whether anybody has seen the file or not.

    Raises:
        ValueError: `cursor` is not one, or `lost` is none of the words.
        CursorError: A log of the cursor is not among the files, nor beside them.
    """
    marks = [] if cursor is None else marks_of(cursor, lost)
    sets = {one.path: Beside(one.path) for one in questions if one.name is None and name_of(one) in alone}
    few = len(questions) <= _HELD
    questions = [_held(one, sets.get(one.path)) if few or one.follow else one for one in questions]
    by_log = {there.log: there for there in sets.values()}
    lonely = {mark.name for mark in marks if mark.is_alone}
    found, unused = _matched(questions, [mark for mark in marks if not mark.is_alone], by_log)
    rests: list[Question] = []
    before: list[_core.Mark] = []
    done: list[_core.Mark] = []
    # Of several that are called alike, the first.
    asked = {name_of(one): one for one in reversed(questions)}
    for there in by_log.values():
        for rest in there.rests(alone=there.log in lonely):
            before.append(rest.mark)
            rests.append(_of_rest(asked[there.log], rest, there.log))
        if there.log in alone:
            done += there.marks(alone=there.log in lonely)
    before += [
        found[number].mark
        if number in found
        else _core.Mark.before(begins_with(one), name_of(one), left=False)
        for number, one in enumerate(questions)
        if one.path in sets and os.path.exists(begins_with(one))
    ]
    resumed = rests + [
        _from(one, found[number].at).but(tiers=tuple(found[number].mark.tiers)) if number in found else one
        for number, one in enumerate(questions)
    ]
    texts: dict[str, str] = {}
    for mark in unused:
        # Where nothing of it was handed out, it is one of those that are new.
        if not (mark.left or mark.is_before_all or _is_rotated_out(mark, questions)):
            resumed = _instead(resumed, mark, lost, texts)
    return Resumed(resumed, before, done, [error for there in by_log.values() for error in there.damaged])


def _matched(
    questions: list[Question], marks: list[_core.Mark], by_log: dict[str, Beside]
) -> tuple[dict[int, PlaceThere], list[_core.Mark]]:
    """By the number of a question, the place in its log, where there is one, and the marks that fit none.

    What stands beside the logs finds its marks too; logs of which that is not known yet are added to `by_log`.
    """
    unused = list(marks)
    numbers = Counter(file_of(begins_with(one)) for one in questions)
    files = set(numbers)
    for there in by_log.values():
        there.leave_out(files, ())
        _each_of(there.log, unused, there.find_by_number)
    # One of which nothing was handed out says nothing of its text, and the number of a spool is soon another's; but
    # where one file is asked several times, its marks are in the order of those questions.
    twice = {file for file, times in numbers.items() if times > 1}
    unused = [
        mark for mark in unused if not mark.is_before_all or mark.file in twice or mark.file not in files
    ]
    fit = Fit(questions, [mark for mark in unused if not mark.is_before_all or mark.file in twice])
    fit.find_by_number()
    unused = fit.left_of(unused)
    # Logs begin alike: a file that stands beside its log is none of those that say the same up to the place.
    _each_beside(questions, unused, by_log, most=_HELD)
    fit.find_by_text(unused)
    unused = fit.left_of(unused)
    for name in _each_beside(questions, unused, by_log):
        _each_of(name, unused, by_log[name].find_by_text)
    found = fit.found
    # Where a follow ended before a line came of the file after it, a file is both the last one and left.
    missing = {id(mark) for mark in unused}
    left = {(mark.name, mark.file, mark.at) for mark in marks if mark.left and id(mark) not in missing}
    return found, [mark for mark in unused if mark.left or (mark.name, mark.file, mark.at) not in left]


def _each_beside(
    questions: list[Question], unused: list[_core.Mark], by_log: dict[str, Beside], most: int | None = None
) -> list[str]:
    """Takes from `unused` those of files that stand beside the logs now; returns the logs that have others left over.

    Where there are more than `most` such logs, it is the file system that has another number by now.
    """
    names = {name_of(one) for one in questions}
    left_over = list(dict.fromkeys(mark.name for mark in unused if mark.name in names))
    if most is not None and len(left_over) > most:
        return left_over
    _add_unread([name for name in left_over if name not in by_log], questions, by_log)
    for name in left_over:
        _each_of(name, unused, by_log[name].find_by_number)
    return left_over


def _each_of(name: str, marks: list[_core.Mark], find: Callable[[list[_core.Mark]], None]) -> None:
    """Has `find` take its own out of the marks of one log."""
    own = [mark for mark in marks if mark.name == name]
    left = list(own)
    find(left)
    kept = {id(mark) for mark in left}
    marks[:] = [mark for mark in marks if id(mark) in kept or mark.name != name]


def _add_unread(logs: list[str], questions: list[Question], by_log: dict[str, Beside]) -> None:
    """Adds what stands beside logs and is not among what is read."""
    new = {log: Beside(log) for log in logs}
    # Looked at when all are open: what is called as one of them may be another file by now, and a text is known by the
    # name alone.
    files = {file_of(begins_with(one)) for one in questions} if new else set()
    texts = {name_of(one) for one in questions if one.name is not None}
    for there in new.values():
        there.leave_out(files, texts)
    by_log |= new


def _from(question: Question, at: int) -> Question:
    """The question, from a place on: where it is of none of the lines (`of_nothing`), of none behind the place."""
    return question.but(after=at, size=None if question.size is None else max(question.size, at))


def _of_rest(like: Question, rest: Rest, log: str) -> Question:
    """What is asked of a file that was rotated away, as of its log."""
    return _from(like, rest.at).but(
        path=rest.text,
        # The log's, by which it is looked for the next time too.
        name=log,
        begun=None,
        follow=False,
        partial=False,
        keep=(like.keep, rest.keep),
        tiers=tuple(rest.mark.tiers),
    )


def _held(question: Question, there: Beside | None) -> Question:
    """The question with its file held open, whose name may go to another one before it is read."""
    if question.begun is not None:
        return question
    try:
        file = Pinned(question.path) if there is None else there.own
    except OSError:
        return question
    return question if file is None else question.but(begun=file.path, keep=(question.keep, file))


def _is_rotated_out(mark: _core.Mark, questions: list[Question]) -> bool:
    """Whether it is of a rotation, all of which was handed out, of a log that is read on: the oldest one is deleted."""
    base = _base(mark.name)
    return mark.whole and base != mark.name and any(_base(name_of(one)) == base for one in questions)


def _base(name: str) -> str:
    return base_of(Part(name, rotated=True))


def _instead(questions: list[Question], mark: _core.Mark, lost: str, texts: dict[str, str]) -> list[Question]:
    """The questions where the log of `mark` is not among their files: it may stand beside them.

    `texts` says where the text is of those that were found there.
    """
    same = next((one for one in questions if name_of(one) == os.path.abspath(mark.name)), None)
    known = {os.path.abspath(one.path) for one in questions} | {*map(name_of, questions)} | texts.keys()
    there = renamed(mark, mark.name)
    if there and there[0].path in texts:
        # It comes behind one that is older, of the same log.
        text, at = texts[there[0].path], there[0].at
        return [_from(one, at).but(tiers=tuple(mark.tiers)) if one.path == text else one for one in questions]
    chain = [one for one in there if os.path.abspath(one.path) not in known]
    texts.update((one.path, one.text) for one in chain)
    if chain:
        like = same or questions[0]
        return [
            *(
                _from(like, one.at).but(
                    path=one.text,
                    # The log's, by which it is looked for the next time too.
                    name=mark.name,
                    begun=None,
                    follow=False,
                    keep=(like.keep, one.keep),
                    tiers=tuple(mark.tiers) if one is chain[0] else (),
                )
                for one in chain
            ),
            *questions,
        ]
    if lost == "raise" or not questions:
        raise _not_asked(mark) if same is None and mark.fits(mark.name) is not None else no_longer(mark)
    if same is None:
        return [questions[0].but(lost=questions[0].lost + 1), *questions[1:]]
    other = go_on_without(same, [mark], lost)
    return [other if one is same else one for one in questions]


def _not_asked(mark: _core.Mark) -> CursorError:
    return CursorError(
        "the cursor has a place in this log too, which is there but not among those that are asked for, and would be "
        "forgotten",
        'ask for it with the others, or say lost="skip" to go on without it',
        mark.name,
    )
