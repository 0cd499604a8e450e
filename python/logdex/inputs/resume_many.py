"""Where to go on in many logs: which of them the places of a cursor are in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from logdex import _core
from logdex._core import Question
from logdex.inputs.compression import compression
from logdex.inputs.layouts import base_of
from logdex.inputs.resume import CursorError, go_on_without, marks_of, no_longer, renamed
from logdex.inputs.rotation import Pinned, file_of, is_rotation, rotations
from logdex.inputs.source import Part


def resume_many(questions: list[Question], cursor: str, lost: str) -> list[Question]:
    """Each question goes on where its log's place is, or begins with the first line; see `resume.resume`.

    Raises:
        ValueError: `cursor` is not one, or `lost` is none of the words.
        CursorError: A log of the cursor is not among the files, nor beside them.
    """
    marks = marks_of(cursor, lost)
    questions = [_held(one) if one.follow and one.begun is None else one for one in questions]
    found = _found(questions, marks)
    resumed = [
        one.but(after=found[number].at, tiers=tuple(found[number].mark.tiers)) if number in found else one
        for number, one in enumerate(questions)
    ]
    taken = {id(place.mark) for place in found.values()}
    missing = [mark for mark in marks if id(mark) not in taken]
    resumed = [*_written_late(missing, resumed), *resumed]
    texts: dict[str, str] = {}
    for mark in missing:
        if not (mark.left or _is_rotated_out(mark, questions)):
            resumed = _instead(resumed, mark, lost, texts)
    return resumed


def _held(question: Question) -> Question:
    """The question with its file held open, whose name may go to another one before it is read."""
    try:
        file = Pinned(question.path)
    except OSError:
        return question
    return question.but(begun=file.path, keep=(question.keep, file))


class _Place(NamedTuple):
    """Where to go on in a log."""

    mark: _core.Mark
    at: int


def _found(questions: list[Question], marks: list[_core.Mark]) -> dict[int, _Place]:
    """By the number of a question, the place in its log, where there is one.

    The number of a file may have been given to another, and two logs may begin alike: the file that it was comes first,
    and what is read on before what was left behind.
    """
    found: dict[int, _Place] = {}
    unused = {id(mark): mark for mark in sorted(marks, key=lambda mark: mark.left)}
    by_file: dict[tuple[int, int], list[_core.Mark]] = {}
    for mark in unused.values():
        by_file.setdefault(mark.file, []).append(mark)

    def look(number: int, question: Question, among: list[_core.Mark]) -> None:
        for mark in among:
            if id(mark) in unused and (at := mark.fits(_file_of(question))) is not None:
                found[number] = _Place(unused.pop(id(mark)), at)
                return

    for number, question in enumerate(questions):
        look(number, question, by_file.get(file_of(_file_of(question)), []))
    for number, question in enumerate(questions):
        if number not in found and unused:
            look(number, question, _alike(list(unused.values()), question))
    return found


def _alike(marks: list[_core.Mark], question: Question) -> list[_core.Mark]:
    """The marks of which a file may have the text that is not the one it was, those of the same name first."""
    name = _name_of(question)
    may_be = [mark for mark in marks if not mark.left or is_rotation(name, mark.name)]
    return sorted(may_be, key=lambda mark: (mark.left, mark.name != name))


def _file_of(question: Question) -> str:
    """Where the file is that it begins with: its name may have gone to another one since it was opened."""
    return question.begun or question.path


def _name_of(question: Question) -> str:
    return os.path.abspath(question.name or question.path)


def _written_late(missing: list[_core.Mark], questions: list[Question]) -> Iterator[Question]:
    """What was written to files that a follow had left by then, where they are not among those that are read.

    A file that came between two of them and the one that is read now was never seen, if its name went on at once.
    """
    by_name = {_name_of(one): one for one in questions}
    known = {file_of(_file_of(one)) for one in questions}
    moved = {mark.name for mark in missing if not mark.left}
    for name in dict.fromkeys(mark.name for mark in missing if mark.left):
        like = by_name.get(name)
        left = [mark for mark in missing if mark.left and mark.name == name]
        for path in _back_to([mark.file for mark in left], name) if like is not None else ():
            at = _left_at(path, left)
            if at is None and name in moved:
                # What comes behind a place that is elsewhere by now is looked for from there.
                continue
            if like is not None and file_of(path) not in known and os.path.getsize(path) > (at or 0):
                file = Pinned(path)
                late = like.but(
                    path=file.path, name=name, begun=None, after=at or 0, follow=False, partial=False
                )
                yield late.but(keep=(like.keep, file))


def _left_at(path: str, left: list[_core.Mark]) -> int | None:
    """How far a file was read that is one of those that were left, or a copy."""
    file = file_of(path)
    likely = sorted(left, key=lambda mark: mark.file != file)
    return next((at for mark in likely if (at := mark.fits(path)) is not None), None)


def _back_to(files: list[tuple[int, int]], name: str) -> list[str]:
    """The rotations of a log back to the oldest of `files`, which comes first; none that was compressed since."""
    back: list[str] = []
    for path in rotations(name, usual=True):
        if compression(path) is not None:
            break
        back.append(path)
    while back and file_of(back[-1]) not in files:
        back.pop()
    return back[::-1]


def _is_rotated_out(mark: _core.Mark, questions: list[Question]) -> bool:
    """Whether it is of a rotation, all of which was handed out, of a log that is read on: the oldest one is deleted."""
    base = _base(mark.name)
    return mark.whole and base != mark.name and any(_base(_name_of(one)) == base for one in questions)


def _base(name: str) -> str:
    return base_of(Part(name, rotated=True))


def _instead(questions: list[Question], mark: _core.Mark, lost: str, texts: dict[str, str]) -> list[Question]:
    """The questions where the log of `mark` is not among their files: it may stand beside them.

    `texts` says where the text is of those that were found there.
    """
    same = next((one for one in questions if _name_of(one) == os.path.abspath(mark.name)), None)
    known = {os.path.abspath(one.path) for one in questions} | {*map(_name_of, questions)} | texts.keys()
    there = renamed(mark, mark.name)
    if there and there[0].path in texts:
        # It comes behind one that is older, of the same log.
        text, at = texts[there[0].path], there[0].at
        return [one.but(after=at, tiers=tuple(mark.tiers)) if one.path == text else one for one in questions]
    chain = [one for one in there if os.path.abspath(one.path) not in known]
    texts.update((one.path, one.text) for one in chain)
    if chain:
        like = same or questions[0]
        return [
            *(
                like.but(
                    path=one.text,
                    # The log's, by which it is looked for the next time too.
                    name=mark.name,
                    begun=None,
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
