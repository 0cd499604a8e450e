"""Which places of a cursor are in which of the files that are read."""

from __future__ import annotations

import os
from typing import NamedTuple

from logdex import _core
from logdex._core import Question
from logdex.inputs.rotation import file_of, is_rotation


class PlaceThere(NamedTuple):
    """Where to go on in a log."""

    mark: _core.Mark
    at: int


class Fit:
    """Which mark is of which question, by the number of the question.

    The number of a file may have been given to another, and two logs may begin alike: the file that it was comes first,
    and what is read on before what was left behind.
    """

    def __init__(self, questions: list[Question], marks: list[_core.Mark]) -> None:
        """The marks of one cursor, and what is asked of the files that are there."""
        self.found: dict[int, PlaceThere] = {}
        self._questions = questions
        self._unused = {id(mark): mark for mark in sorted(marks, key=lambda mark: mark.left)}
        self._taken: set[int] = set()

    def find_by_number(self) -> None:
        """Those of files that are still the ones they were."""
        by_file: dict[tuple[int, int], list[_core.Mark]] = {}
        for mark in self._unused.values():
            by_file.setdefault(mark.file, []).append(mark)
        for number, question in enumerate(self._questions):
            self._look(number, by_file.get(file_of(begins_with(question)), []))

    def find_by_text(self, among: list[_core.Mark]) -> None:
        """Those of `among` of files that say the same up to the place."""
        meant = {id(mark) for mark in among}
        self._unused = {at: mark for at, mark in self._unused.items() if at in meant}
        for number, question in enumerate(self._questions):
            if number not in self.found and self._unused:
                self._look(number, _alike(list(self._unused.values()), question))

    def left_of(self, marks: list[_core.Mark]) -> list[_core.Mark]:
        """Of `marks` those that are of none so far."""
        return [mark for mark in marks if id(mark) not in self._taken]

    def _look(self, number: int, among: list[_core.Mark]) -> None:
        for mark in among:
            at = mark.fits(begins_with(self._questions[number])) if id(mark) in self._unused else None
            if at is not None:
                del self._unused[id(mark)]
                self._taken.add(id(mark))
                self.found[number] = PlaceThere(mark, at)
                return


def _alike(marks: list[_core.Mark], question: Question) -> list[_core.Mark]:
    """The marks of which a file may have the text that is not the one it was, those of the same name first."""
    name = name_of(question)
    may_be = [mark for mark in marks if not mark.left or is_rotation(name, mark.name)]
    return sorted(may_be, key=lambda mark: (mark.left, mark.name != name))


def begins_with(question: Question) -> str:
    """Where the file is that it begins with: its name may have gone to another one since it was opened."""
    return question.begun or question.path


def name_of(question: Question) -> str:
    """By what its log is known."""
    return os.path.abspath(question.name or question.path)
