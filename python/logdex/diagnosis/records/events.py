"""Events: the records of a log that tell something, each with its role, its place and the time it can have."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logdex.diagnosis.records.taxonomy import TaxonomyRow, class_of, said

if TYPE_CHECKING:
    from logdex import _core

_SECOND = 1e9
_SELF = re.compile(
    r"\[(?:PG [^\]]*? )?[Rr]ank (?P<self>\d{1,7})\]|\[[Rr]ank(?P<self2>\d{1,7})\]"
    r"|^[^:]{0,60}?\bRank (?P<self3>\d{1,7}): |global_rank[=: ]+(?P<self4>\d{1,7})"
)
"""How a line says which rank it speaks for: `[Rank 5] Watchdog`, `[PG 0 Rank 12]`, `Rank 11: found NaN`."""
_MARKS = re.compile(
    r"(?:^|[)\]:|] )\s*[~^]+(?:\s*\[repeated .*\])?\s*$"
    r"|\bCell In ?\[\d+\], line \d+\s*$|<ipython-input-[\w-]+> in "
)
"""The marks below a line of a traceback, behind a tool's tag perhaps, and what Ray says of how often it saw them;
and how a notebook says in which of its cells something was raised."""
CHOSEN = "chosen"
_TICK = 0.02
"""By so much a file's time of change may be before the moment that its last line tells: Linux takes it at its last
tick, of which there are 100 to 1,000 a second (the kernel's `current_time`, by a coarse clock)."""


@dataclass
class Event:
    """A record that tells something.

    `low` and `high` are the earliest and the latest time it can have been written, in seconds since 1970 UTC:
    a line without a stamp of its own came after the last stamp before it, and before the next one.
    """

    path: str
    number: int
    place: int
    low: float
    high: float
    own: bool
    text: str
    row: TaxonomyRow
    found: re.Match[str] | None
    progress: tuple[int | None, ...] = (None, None, None)
    fetching: bool = False
    speaker: str = ""

    @property
    def role(self) -> str:
        """See `taxonomy.tsv`."""
        return self.row.role

    @property
    def class_(self) -> str:
        """See `taxonomy.tsv`."""
        return self.row.class_

    def said(self, *names: str) -> str | None:
        """What the record says under one of these names."""
        return said(self.found, *names)


@dataclass
class Course:
    """How far a speaker came in one unit (`_core._Course`); times in seconds since 1970 UTC."""

    first: int
    first_at: float | None
    last: int
    last_at: float | None
    last_number: int
    changes: int
    back: int
    path: str = ""


@dataclass
class Tail:
    """One of the last lines of a speaker."""

    text: str
    time: float | None
    number: int


@dataclass
class Speaker:
    """Who wrote lines: a rank under its name, or a witness, which is a launcher, a scheduler or a driver."""

    name: str
    path: str
    is_rank: bool = True
    host: str | None = None
    attempt: int = 0
    lines: int = 0
    first: float | None = None
    last: float | None = None
    mtime: float = math.inf
    events: list[Event] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    tail: list[Tail] = field(default_factory=list)
    courses: tuple[Course | None, ...] = (None, None, None)
    templates: dict[int, int] = field(default_factory=dict)

    @property
    def course(self) -> Course | None:
        """How far it came, in the finest unit that it counts."""
        return next((course for course in self.courses if course), None)

    @property
    def unit(self) -> int:
        """The number of that unit."""
        return next((at for at, course in enumerate(self.courses) if course), 0)


def texts_of(speaker: Speaker) -> Iterator[str]:
    """The texts of all records and last lines that are known of a speaker."""
    yield from (event.text for event in speaker.events)
    yield from (tail.text for tail in speaker.tail)


def heard(voice: _core._Voice, path: str, name: str, mtime: float, chosen: re.Pattern[str] | None) -> Speaker:
    """A speaker with its events, as the engine gathered them; `chosen` is what the caller takes for an error."""
    speaker = Speaker(
        name,
        path,
        lines=voice["lines"],
        first=_seconds(voice["first"]),
        last=_seconds(voice["last"]),
        mtime=mtime,
        counts=dict(voice["counts"]),
        tail=[
            Tail(text, _seconds(span[0] if span else None), number) for text, span, number in voice["tail"]
        ],
        courses=tuple(_course(course, path) for course in voice["courses"]),
        templates=dict(voice["templates"]),
    )
    for note in sorted(voice["notes"], key=lambda note: note["number"]):
        event = _event(note, path, speaker, chosen)
        if event is not None:
            speaker.events.append(event)
    _bound(speaker)
    return speaker


def _event(note: _core._Note, path: str, speaker: Speaker, chosen: re.Pattern[str] | None) -> Event | None:
    text = note["text"]
    if chosen is not None:
        told = (_row_of(chosen), chosen.search(text + "\n"))
        if told[1] is None:
            return None
    else:
        known = class_of(note)
        if known is None:
            if note["raised"] is None or _MARKS.search(text):
                return None
            known = (_raised_row(), None)
        told = known
    low, high = (
        (note["span"][0] / _SECOND, note["span"][1] / _SECOND) if note["span"] else (-math.inf, math.inf)
    )
    return Event(
        path=path,
        number=note["number"],
        place=note["place"],
        low=low,
        high=high if note["own"] else math.inf,
        own=bool(note["own"] and note["span"]),
        text=text,
        row=told[0],
        found=told[1],
        progress=tuple(note["progress"]),
        fetching=bool(note["raised"]),
        speaker=speaker.name,
    )


def _row_of(chosen: re.Pattern[str]) -> TaxonomyRow:
    return TaxonomyRow("cause", CHOSEN, "medium", chosen.pattern, "")


def _raised_row() -> TaxonomyRow:
    return TaxonomyRow("exception", "exception", "medium", "", "")


def _bound(speaker: Speaker) -> None:
    """Says of events without a stamp of their own that they came before the next stamp, or the file's last change."""
    changed = speaker.mtime + _TICK
    ceiling = changed if not speaker.last or changed >= speaker.last else math.inf
    for event in reversed(speaker.events):
        if event.own:
            ceiling = event.low
        else:
            event.high = max(min(ceiling, _stamped_after(speaker, event)), event.low)


def _stamped_after(speaker: Speaker, event: Event) -> float:
    """When the next of a speaker's last lines was written that has another time than what stands before an event."""
    times = (
        tail.time
        for tail in speaker.tail
        if tail.number > event.number and tail.time is not None and tail.time > event.low
    )
    return min(times, default=math.inf)


def self_named(events: Iterable[Event]) -> set[int]:
    """The ranks for which records say that they speak."""
    found = (_SELF.search(event.text) for event in events)
    told = {said(match, "self") for match in found if match}
    more = {event.said("self", "self2") for event in events if event.class_ == "identity"}
    return {int(number) for number in told | more if number}


def of_tail(
    speaker: Speaker, tail: Tail, role: str, class_: str, *, otherwise: tuple[float, float] | None = None
) -> Event:
    """One of the last lines of a speaker as a record of a role and class.

    A line without a time was written between the two of `otherwise`; default when the speaker wrote last.
    """
    own, number, row = tail.time is not None, tail.number, TaxonomyRow(role, class_, "low", "", "")
    last = speaker.last or 0.0
    low, high = (tail.time, tail.time) if tail.time is not None else otherwise or (last, last)
    return Event(speaker.path, number, number, low, high, own, tail.text, row, None, speaker=speaker.name)


def number_in(name: str) -> int | None:
    """The number with which a rank's name ends: 3 of `trainer/3`, and of `node0:3`."""
    end = name.rpartition(":")[2].rpartition("/")[2]
    return int(end) if end.isdigit() else None


def self_of(text: str) -> int | None:
    """The rank for which one record says that it speaks."""
    match = _SELF.search(text)
    number = said(match, "self") if match else None
    return int(number) if number else None


def _course(course: _core._Course | None, path: str) -> Course | None:
    if course is None:
        return None
    return Course(
        course["first"],
        _seconds(course["first_at"]),
        course["last"],
        _seconds(course["last_at"]),
        course["last_number"],
        course["changes"],
        course["back"],
        path,
    )


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / _SECOND
