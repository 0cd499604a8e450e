"""What a witness saw of trouble, and the job got over."""

from __future__ import annotations

import math
from collections.abc import Sequence

from logdex.diagnosis.events import Event, Speaker
from logdex.diagnosis.progress import pace_of
from logdex.diagnosis.roles import LOUD

_LONG = 60.0
"""Who made steps for so many seconds after some trouble has survived it."""
_STEPS, _AT_LEAST = 3.0, 5.0
"""Where all ranks made so many steps, in so many seconds at least, none of them was lost."""


def drop(speakers: Sequence[Speaker]) -> None:
    """Drops what witnesses wrote of trouble after which the ranks went on."""
    ranks = [one for one in speakers if one.is_rank]
    for witness in (one for one in speakers if not one.is_rank):
        witness.events = [
            event
            for event in witness.events
            if event.role not in LOUD or not _is_over(speakers, ranks, event)
        ]


def _is_over(speakers: Sequence[Speaker], ranks: Sequence[Speaker], event: Event) -> bool:
    if any(_went_on_after(one, event) for one in speakers):
        return True
    return len(ranks) > 1 and all(one.lines and _stepped_on(one, event) for one in ranks)


def _went_on_after(one: Speaker, event: Event) -> bool:
    course = one.course
    if course is None or not course.changes:
        return False
    if course.path == event.path:
        return course.last_number > event.number
    return event.own and outlived(one, event.high)


def outlived(one: Speaker, moment: float) -> bool:
    """Whether a speaker made steps long after a moment, in seconds since 1970 UTC."""
    return one.course is not None and one.course.last_at is not None and one.course.last_at > moment + _LONG


def _stepped_on(one: Speaker, event: Event) -> bool:
    course = one.course
    if course is None or course.last_at is None or not math.isfinite(event.high) or course.path == event.path:
        return False
    since = course.last_at - event.high
    return since > _AT_LEAST and since > _STEPS * (pace_of(course) or math.inf)
