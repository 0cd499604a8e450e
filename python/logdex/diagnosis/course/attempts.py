"""Attempts: a job that was started again has chapters, and the failure that ended it is that of the last."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from logdex.diagnosis.course.clocks import SURE
from logdex.diagnosis.records.events import Course, Event, Speaker

_LOUD = ("cause", "exception", "error", "victim", "named", "link")
"""The roles of records that tell of a failure."""


@dataclass(frozen=True)
class Restart:
    """How far a job came after some of its ranks were started again."""

    again: frozenset[tuple[str, str]]
    """Those ranks, by name and file."""
    lines: dict[str, int]
    """The line, by file, behind which they are in their last attempt."""
    went_on: float
    """When they made their last progress, in seconds since 1970 UTC."""

    def is_over(self, path: str, number: int, at: float | None) -> bool:
        """Whether what stands there, or was at that time, was before that attempt."""
        if path in self.lines:
            return number < self.lines[path]
        return at is not None and at + SURE < self.went_on

    def is_gone(self, one: Speaker) -> bool:
        """Whether a rank is not of the last attempt: it is not heard of any more, though it used to be."""
        if (
            (one.name, one.path) in self.again
            or not one.tail
            or any(course and course.back for course in one.courses)
        ):
            return False
        used = one.course is not None or any(event.role in _LOUD for event in one.events)
        return used and self.is_over(one.path, one.tail[-1].number, one.last)


def restart(speakers: Sequence[Speaker], earlier: Iterable[Event]) -> Restart | None:
    """The restart after which ranks made progress; `earlier` are the records of their earlier attempts."""
    failed: dict[tuple[str, str], int] = {}
    for event in earlier:
        if event.role in _LOUD:
            key = event.speaker, event.path
            failed[key] = max(failed.get(key, 0), event.number)
    went = {
        (one.name, one.path): course
        for one in speakers
        if one.is_rank and (course := one.course) and _is_behind(course, failed.get((one.name, one.path)))
    }
    if not went:
        return None
    lines: dict[str, int] = {}
    for (name, path), course in went.items():
        lines[path] = max(lines.get(path, 0), course.back, failed[name, path])
    times = [course.last_at for course in went.values() if course.last_at is not None]
    return Restart(frozenset(went), lines, max(times, default=-math.inf))


def _is_behind(course: Course, number: int | None) -> bool:
    """Whether a rank made progress behind the line on which it had failed."""
    return number is not None and bool(course.changes) and course.last_number > number


def last_of(speakers: Sequence[Speaker]) -> int:
    """The number of the last attempt that the layout tells of."""
    return max((one.attempt for one in speakers), default=0)


def only_last(speaker: Speaker) -> list[Event]:
    """Drops the records of earlier chapters of a log; returns them."""
    begun = 0
    for event in speaker.events:
        if event.class_ == "chapter" and event.role == "context":
            begun = event.number
    if begun:
        # The first chapter begins the log; there is an earlier one only where something failed in it.
        earlier = [event for event in speaker.events if event.number < begun and event.role != "context"]
        later = [event for event in speaker.events if event.number > begun]
        if not earlier or not later:
            return []
        speaker.events = later
        return earlier
    return _before_the_step_back(speaker)


def _before_the_step_back(speaker: Speaker) -> list[Event]:
    course = speaker.courses[0]
    if course is None or not course.back:
        return []

    def is_before(event: Event) -> bool:
        return event.path == course.path and event.number < course.back and event.role != "context"

    earlier = [event for event in speaker.events if is_before(event)]
    if earlier:
        speaker.events = [event for event in speaker.events if not is_before(event)]
    return earlier


def begun_at(speakers: Sequence[Speaker]) -> float:
    """When the last attempt began by the first line of a rank's log in it; minus infinity where that is unknown."""
    firsts = [one.first for one in speakers if one.is_rank and one.attempt and one.first is not None]
    return min(firsts, default=-math.inf)


def after_the_last_exit(speakers: Sequence[Speaker]) -> list[Event]:
    """Drops, in a log of a launcher and its ranks, what stands before a failure after which ranks went on; returns it.

    The launcher started them again: what they wrote with later stamps, behind its line, is another attempt.
    """
    dropped: list[Event] = []
    for path, number in _boundaries(speakers).items():
        for one in speakers:
            earlier = [event for event in one.events if event.path == path and event.number <= number]
            dropped += [event for event in earlier if event.role != "context"]
            one.events = [event for event in one.events if event.path != path or event.number > number]
            one.courses = tuple(
                None if course and course.path == path and course.last_number < number else course
                for course in one.courses
            )
    return dropped


def _boundaries(speakers: Sequence[Speaker]) -> dict[str, int]:
    """For each file, the line of the last failure behind which a rank went on."""
    ends = [event for one in speakers for event in one.events if event.class_ == "agent" and event.own]
    found: dict[str, int] = {}
    for end in ends:
        if any(_went_on(one, end) for one in speakers if one.is_rank):
            found[end.path] = max(found.get(end.path, 0), end.number)
    return found


def _went_on(one: Speaker, end: Event) -> bool:
    """Whether a rank lives behind a launcher's line.

    Those of other launchers tell of what they lost by it, often much later: that counts only of whoever had fallen.
    What a rank fails with itself may be its end in the same attempt, unless it made steps behind that line.
    """
    there = [event for event in one.events if event.path == end.path]
    failed = any(
        event.number < end.number and event.role in ("cause", "exception", "victim") for event in there
    )
    later = [
        event for event in there if event.own and event.number > end.number and event.low > end.high + 1.0
    ]
    course = one.course
    if course is not None and course.path == end.path and course.last_number > end.number:
        return bool(later)
    return any(
        event.role not in (("cause", "exception") if failed else (*_LOUD, "teardown")) for event in later
    )
