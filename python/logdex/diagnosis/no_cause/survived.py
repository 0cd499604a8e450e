"""What a witness saw of trouble, and the job got over."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from logdex.diagnosis.course.clocks import Clocks
from logdex.diagnosis.course.progress import pace_of
from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import LOUD, Story, ended_well

_LONG = 60.0
"""Who made steps for so many seconds after some trouble has survived it."""
_STEPS, _AT_LEAST = 3.0, 5.0
"""Where all ranks made so many steps, in so many seconds at least, none of them was lost."""
_A_DAY = 86_400.0


def drop(speakers: Sequence[Speaker]) -> None:
    """Drops what witnesses wrote of trouble after which the ranks went on."""
    ranks = [one for one in speakers if one.is_rank]
    # An exit is that of a rank which does not come again: only a job that ended well has got over it.
    over = (*LOUD, "exit") if any(map(ended_well, speakers)) else LOUD
    for witness in (one for one in speakers if not one.is_rank):
        witness.events = [
            event
            for event in witness.events
            if event.role not in over or not _is_over(speakers, ranks, event)
        ]


def leave_what_others_outlived(stories: Collection[Story], clocks: Clocks) -> None:
    """Drops what a rank that counts no steps told of others, or of links, where another one made steps behind it.

    Ranks wait for each other: had that one lost them, none of them had come further.
    """
    counting = [one.speaker for one in stories if one.speaker.course is not None]
    for one in stories:
        told = [*one.victims, *one.links]
        if not told or one.speaker.course is not None:
            continue
        # What has no time of its own was written before the next line that has one; else nothing is known of it.
        last = max(clocks.of(event)[1] for event in told) + clocks.doubt
        if any(_stepped_since(other, last + clocks.ahead.get(other.name, 0.0)) for other in counting):
            one.dropped += told
            one.victims, one.links = [], []


def _is_over(speakers: Sequence[Speaker], ranks: Sequence[Speaker], event: Event) -> bool:
    since = event.high if event.own else math.inf
    if any(stepped_behind(one, event, since) for one in speakers):
        return True
    return len(ranks) > 1 and all(one.lines and _stepped_on(one, event) for one in ranks)


def stepped_behind(one: Speaker, event: Event, moment: float) -> bool:
    """Whether a speaker made steps behind a record: further down in the same file, or long after a moment."""
    course = one.course
    if course is None or not course.changes:
        return False
    return (course.path == event.path and course.last_number > event.number) or outlived(one, moment)


def outlived(one: Speaker, moment: float) -> bool:
    """Whether a speaker made steps long after a moment, in seconds since 1970 UTC."""
    return one.course is not None and one.course.last_at is not None and one.course.last_at > moment + _LONG


def all_stepped_since(speakers: Sequence[Speaker], moment: float) -> bool:
    """Whether each of them made several steps after a moment, in seconds since 1970 UTC."""
    return bool(speakers) and all(_stepped_since(one, moment) for one in speakers)


def _stepped_on(one: Speaker, event: Event) -> bool:
    course = one.course
    return course is not None and course.path != event.path and _stepped_since(one, event.high)


def _is_of_another_day(one: Speaker, moment: float) -> bool:
    """Whether a speaker began a day and more after a moment: by stamps without a date, or in another run."""
    return one.first is not None and one.first > moment + _A_DAY


def _stepped_since(one: Speaker, moment: float) -> bool:
    """Whether a speaker made several steps after a moment."""
    course = one.course
    if (
        course is None
        or course.last_at is None
        or not math.isfinite(moment)
        or _is_of_another_day(one, moment)
    ):
        return False
    since = course.last_at - moment
    return since > _AT_LEAST and since > _STEPS * (pace_of(course) or math.inf)
