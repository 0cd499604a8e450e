"""The taxonomy: which kinds of lines tell of a failure, as the tables beside this file say.

A record has one role: that of the first row of `taxonomy.tsv` whose shape is found in it. Adding a cause is a row
there,
with an example that the tests look at, and one in `classes.tsv` if its class is new.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from logdex import _core
from logdex.regex.kept import said_of_all

QUIET = ("harmless", "advice")
"""The roles of lines that mean no failure."""
CONTEXT = "context"
"""The role of lines that tell of the circumstances."""
_HEAD = (
    r"^(?:\[[\w.-]*\d\]:)?(?:\[\d+,\d+\]<std(?:out|err)>: ?)?(?:\[?[\w./:+,-]*\d[\w./:+,-]*\]?:? ){0,5}\W*"
)
"""Where the text of a line begins: behind the words of a stamp and of a prefix, which all have digits.

torchrun's prefix, `[default3]:`, has no blank behind it.
"""
_UNRAISED = r"^(?!.*\b[A-Z]\w*(?:Error|Exception)\b: ).*?"
"""Anywhere on a line that tells of no exception: what an exception advises at the end of its text does not undo it."""


@dataclass(frozen=True)
class TaxonomyRow:
    """One kind of line: `role` and `class_` as the docs explain, how far to trust it, and the shape."""

    role: str
    class_: str
    trust: str
    regex: str
    example: str

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """The shape, made ready by the first who needs it: the engine decides by itself on most lines."""
        return re.compile(self.regex)

    def search(self, text: str) -> re.Match[str] | None:
        """Where the shape is found in a line, if it is."""
        return self.shape.search(text)


@dataclass(frozen=True)
class Class:
    """What may be said of a class of causes, and what to do next."""

    says: str
    next: str


@lru_cache(maxsize=1)
def rows() -> tuple[TaxonomyRow, ...]:
    """The table, in its order."""
    return tuple(
        TaxonomyRow(role, class_, trust, _spelled_out(shape), example)
        for role, class_, trust, shape, example in _table("taxonomy.tsv")
    )


def _spelled_out(shape: str) -> str:
    return shape.replace("(?#head)", _HEAD).replace("(?#unraised)", _UNRAISED)


@lru_cache(maxsize=1)
def classes() -> dict[str, Class]:
    """What may be said of each class."""
    return {class_: Class(says, then) for class_, says, then in _table("classes.tsv")}


def _path(name: str) -> Path:
    return Path(__file__).with_name(name)


def _table(name: str) -> Iterable[list[str]]:
    text = _path(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])


def shapes() -> _core.Shapes:
    """The shapes of the table, in its order, made ready for the engine once, not by each thread."""
    with _making:
        return _made()


_making = threading.Lock()
os.register_at_fork(after_in_child=_making._at_fork_reinit)  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def _made() -> _core.Shapes:
    made = []
    said_of_rows = said_of_all([row.regex for row in rows()], _path("taxonomy.tsv"))
    for row, said in zip(rows(), said_of_rows, strict=True):
        if said is None:
            raise ValueError(f"{row.role} {row.class_}: a shape that every line has says nothing")
        tone = "quiet" if row.role in QUIET else "context" if row.role == CONTEXT else "loud"
        made.append((row.search, said, tone))
    return _core.Shapes(made)


@lru_cache(maxsize=1 << 12)
def classify(text: str) -> tuple[TaxonomyRow, re.Match[str] | None] | None:
    """The first row that fits a record, and where, if its groups say something; None for a line that tells nothing."""
    number = shapes().first(text)
    return None if number is None else (rows()[number], _where(number, text))


def class_of(note: _core._Note) -> tuple[TaxonomyRow, re.Match[str] | None] | None:
    """The same for a record of which the engine has found the row."""
    number = note["row"]
    return None if number is None else (rows()[number], _where(number, note["text"]))


@lru_cache(maxsize=1 << 15)
def _where(number: int, text: str) -> re.Match[str] | None:
    # Most rows have no groups: that they fit is all that there is to know, and a search costs as much again.
    row = rows()[number]
    return row.shape.search(text) if "(?P<" in row.regex else None


def said(found: re.Match[str] | None, *names: str) -> str | None:
    """What the first of the groups called `name`, `name2` and so on that took part in a match holds."""
    if found is None:
        return None
    for group, value in found.groupdict().items():
        if value is not None and group.rstrip("0123456789") in names:
            return value
    return None


def numbers(text: str) -> list[int]:
    """`0, 2-4 and 7` as [0, 2, 3, 4, 7]; a range that no job has is left out."""
    out: list[int] = []
    for first, last in re.findall(r"(\d{1,7})(?:-(\d{1,7}))?", text):
        low, high = int(first), int(last or first)
        if low <= high <= low + 100_000:
            out += range(low, high + 1)
    return out
