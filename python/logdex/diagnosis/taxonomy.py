"""The taxonomy: which kinds of lines tell of a failure, as the tables beside this file say.

A record has one role: that of the first row of `taxonomy.tsv` whose shape is found in it. Adding a cause is a row
there,
with an example that the tests look at, and one in `classes.tsv` if its class is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

QUIET = ("harmless", "advice")
"""The roles of lines that mean no failure."""
CONTEXT = ("context",)
"""The role of lines that tell of the circumstances."""
_HEAD = r"^(?:\[?[\w./:+,-]*\d[\w./:+,-]*\]?:? ){0,5}\W*"
"""Where the text of a line begins: behind the words of a stamp and of a prefix, which all have digits."""


@dataclass(frozen=True)
class Row:
    """One kind of line: `role` and `class_` as the docs explain, how far to trust it, and the shape."""

    role: str
    class_: str
    trust: str
    shape: re.Pattern[str]
    example: str


@dataclass(frozen=True)
class Class:
    """What may be said of a class of causes, and what to do next."""

    says: str
    next: str


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """The table, in its order."""
    return tuple(
        Row(role, class_, trust, re.compile(shape.replace("(?#head)", _HEAD)), example)
        for role, class_, trust, shape, example in _table("taxonomy.tsv")
    )


@lru_cache(maxsize=1)
def classes() -> dict[str, Class]:
    """What may be said of each class."""
    return {class_: Class(says, then) for class_, says, then in _table("classes.tsv")}


def _table(name: str) -> Iterable[list[str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])


_DIGITS = re.compile(r"\d+")
_COUNTS = re.compile(
    r"(?i)errno|xid|signal|status|% ?full|\d (?:errors?|failures?|exceptions?)|errors?\b.{0,3}[:=]|1EB|"
    r"code|cuda|iterations|\bE\d|\b[EF]\d{4}"
)
"""Where it matters which number it is; elsewhere records that differ in their numbers alone have one role."""


def classify(text: str) -> tuple[Row, re.Match[str]] | None:
    """The first row that fits a record, and where; None for a line that tells nothing."""
    if _COUNTS.search(text):
        return _exactly(text)
    row = _alike(_DIGITS.sub("7", text))
    found = row.shape.search(text) if row else None
    return (row, found) if row and found else _exactly(text)


@lru_cache(maxsize=1 << 14)
def _exactly(text: str) -> tuple[Row, re.Match[str]] | None:
    for row in rows():
        if found := row.shape.search(text):
            return row, found
    return None


@lru_cache(maxsize=1 << 13)
def _alike(text: str) -> Row | None:
    known = _exactly(text)
    return known[0] if known else None


@dataclass(frozen=True)
class Unions:
    """What the engine looks for.

    Lines that tell anything, of those the quiet ones, and of the rest those that are errors.
    """

    telling: re.Pattern[str]
    quiet: re.Pattern[str]
    loud: re.Pattern[str]


@lru_cache(maxsize=1)
def unions() -> Unions:
    """The shapes of the table, joined by what their roles mean."""
    quiet = [row for row in rows() if row.role in QUIET]
    telling = [row for row in rows() if row.role not in QUIET]
    loud = [row for row in telling if row.role not in CONTEXT]
    return Unions(_union(telling), _union(quiet), _union(loud))


def _union(chosen: Iterable[Row]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_unnamed(row.shape.pattern)})" for row in chosen))


def _unnamed(shape: str) -> str:
    """The shape without names of groups, which may come twice in a union."""
    return re.sub(r"\(\?P<\w+>", "(?:", shape)


def said(found: re.Match[str], *names: str) -> str | None:
    """What the first of the groups called `name`, `name2` and so on that took part in a match holds."""
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
