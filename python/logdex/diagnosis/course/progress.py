"""Progress: where no line tells of a failure, whether anything still went on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from logdex.diagnosis.records.events import Course, Speaker
from logdex.diagnosis.records.similar import masked, unstamped

BEAT = re.compile(
    r"(?i)heart ?beat|still (?:waiting|running|alive)|\bpulse\b|keep-?alive|waiting for|no progress|\bidle\b"
    r"|\bno (?:new |more )?(?:log |stdout )?(?:lines?|output|logs?|steps?)\b"
)
"""Lines by which a program says that it lives, and nothing else."""
_OF_BEATS = ("beat", "still ", "pulse", "alive", "waiting for", "no ", "idle")
"""Each line of ASCII that `BEAT` fits has one of these in it: few lines have, and to look for the others takes long."""
_ENDED = re.compile(
    r"(?i)\b(?:done|finished|complete[d]?|saved|exiting|succeeded|success\w*|bye|best|total|elapsed|"
    r"final|end of training|ended)\b"
)
_DONE = re.compile(
    r"(?i)\b(?:done|finished|complete[d]?|exiting|succeeded|success\w*|bye|end of training|ended)\b"
)
_LONG = 1800.0
_BEATING = 600.0
_MANY = 20.0
_OVERDUE = 3.0
"""So many steps later than its last line a rank is no more just between two steps."""
_REPEATED = 4
"""Who writes one line so many times says that it lives."""
_AT_ONCE = 3.0
"""Within so many seconds lines are of one moment, however short a step is: clocks differ, and writers hold back."""


@dataclass
class Standstill:
    """All stopped at one step, and went on writing."""

    since: float
    until: float
    number: int
    ranks: tuple[str, ...]


def standstill(ranks: Sequence[Speaker], witnesses: Sequence[Speaker]) -> Standstill | None:
    """Whether all ranks that count steps stopped at one of them long before the end of their logs."""
    counting = [one for one in ranks if one.course is not None]
    if not counting or 2 * len(counting) < len(ranks):
        return None
    # The heart of any of them beats for all: where rank 0 alone says that the job runs, it is the job.
    beating = [other for other in [*ranks, *witnesses] if _beats(other)]
    stopped = [(one, _stopped(one, beating)) for one in counting]
    times = [at for _, at in stopped if at is not None]
    if len(times) < len(counting):
        return None
    last = {one.course.last for one, _ in stopped if one.course}
    if len(last) > 1:
        return None
    end = max(one.last or 0.0 for one in [*ranks, *witnesses])
    return Standstill(max(times), end, last.pop(), tuple(one.name for one in counting))


def _stopped(one: Speaker, beating: Sequence[Speaker]) -> float | None:
    """Since when a rank made no step, if that is long, and if it did not simply end."""
    course = one.course
    if course is None or course.last_at is None or one.last is None:
        return None
    end = max([one.last, *(other.last for other in beating if other.last)])
    quiet, pace = end - course.last_at, pace_of(course)
    least = _BEATING if beating else _LONG
    is_long = quiet >= least and quiet >= _MANY * (pace or 0.0)
    # Where another still says that the job runs, what was saved and summed up was not the end of it.
    return course.last_at if is_long and not says_at_its_end(one, is_sure=bool(beating)) else None


def says_at_its_end(one: Speaker, *, is_sure: bool = False) -> bool:
    """Whether the last lines have words of an end that went well, behind the last step and not again and again.

    A witness tells of sums and times of many things; `is_sure` takes such words of nobody.
    """
    words = _ENDED if one.is_rank and not is_sure else _DONE
    last = one.course.last_number if one.course else 0
    times = Counter(masked(tail.text) for tail in one.tail)
    return any(
        tail.number > last and times[masked(tail.text)] == 1 and words.search(tail.text) for tail in one.tail
    )


def _beats(one: Speaker) -> bool:
    return sum(is_beat(tail.text) for tail in one.tail) >= 2 or _repeats(one)


def _repeats(one: Speaker) -> bool:
    """Whether one wrote one and the same line again and again after its last step, as who lives does."""
    last = one.course.last_number if one.course else 0
    # A monitor's lines differ in what it counts; where no rank's do, that may be its work.
    same = unstamped if one.is_rank else masked
    after = [same(tail.text) for tail in one.tail if tail.number > last]
    return len(after) >= _REPEATED and len(set(after)) == 1


def is_beat(text: str) -> bool:
    """Whether a line says that a program lives, and nothing else."""
    small = text.lower()
    return (not text.isascii() or any(word in small for word in _OF_BEATS)) and BEAT.search(text) is not None


def pace_of(course: Course) -> float | None:
    """How many seconds a step took."""
    if course.first_at is None or course.last_at is None or not course.changes:
        return None
    return (course.last_at - course.first_at) / course.changes


def at_least(ranks: Sequence[Speaker], seconds: float, steps: float) -> float:
    """So many seconds, or as many as so many steps of the slowest of the ranks took, if that is longer."""
    paces = [pace for one in ranks if one.course and (pace := pace_of(one.course)) is not None]
    return max([seconds, *(steps * pace for pace in paces)])


def only_beats(ranks: Sequence[Speaker]) -> bool:
    """Whether most ranks end with signs of life alone, so that without times nobody can say that all is well."""
    beating = [one for one in ranks if one.course and _beats(one)]
    return bool(ranks) and 2 * len(beating) > len(ranks)


def is_busy(one: Speaker, when: float) -> bool:
    """Whether a rank still wrote shortly before `when`, and of something that goes on."""
    tail = one.tail[-1] if one.tail else None
    if tail is None or tail.time is None or when - tail.time > 300:
        return False
    bar = one.courses[2]
    return (bar is not None) or tail.time >= when - 60


def left_by_others(ranks: Sequence[Speaker], witnesses: Sequence[Speaker]) -> tuple[str, ...]:
    """Those that fell silent some steps long while others came further, and did not say that they came to their end."""
    counting = [(one, one.course) for one in ranks if one.course is not None and one.unit == 0]
    if len(counting) < len(ranks):
        return ()
    furthest = max((course.last for _, course in counting), default=0)
    end = max((one.last for one in [*ranks, *witnesses] if one.last is not None), default=0.0)
    return tuple(
        one.name
        for one, course in counting
        if course.last < furthest
        and one.last is not None
        and (pace := pace_of(course)) is not None
        and end - one.last > max(_OVERDUE * pace, _AT_ONCE)
        and not says_at_its_end(one)
    )


def laggard(ranks: Sequence[Speaker]) -> str | None:
    """The one rank that is behind all others, which stand at one step."""
    numbers = {one.name: one.course.last for one in ranks if one.course and one.unit == 0}
    if len(numbers) < 3 or len(numbers) < len(ranks):
        return None
    least = min(numbers.values())
    behind = [name for name, number in numbers.items() if number == least]
    ahead = {number for number in numbers.values() if number != least}
    return behind[0] if len(behind) == 1 and len(ahead) == 1 else None
