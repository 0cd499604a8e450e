"""Who stayed behind on the way that all went: others wrote on behind the line with which these end, or on which they
never came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.records.events import Speaker, Tail
from logdex.diagnosis.records.similar import LEAST, masked
from logdex.diagnosis.scene import FEW


def stayed(behind: Sequence[Speaker], ahead: Sequence[tuple[Speaker, float]]) -> bool:
    """Whether all that are ahead wrote one thing behind the last line of those that stayed, which they wrote too.

    Of each that is ahead only what stands before a line of its log counts, as before that of its error.
    """
    if len(ahead) < 2 or not behind or len(behind) > len(ahead):
        return False
    lasts = {masked(one.tail[-1].text) if one.tail else "" for one in behind}
    if len(lasts) != 1 or not (last := lasts.pop()):
        return False
    further = [_further(one, until, last) for one, until in ahead]
    return any(len(text) >= LEAST for text in set.intersection(*further))


def _further(one: Speaker, until: float, last: str) -> set[str]:
    """What a rank wrote between a text and a line, among its last lines."""
    way = [masked(tail.text) for tail in one.tail if tail.number < until]
    return set(way[way.index(last) + 1 :]) if last in way else set()


def on_the_way(ranks: Sequence[tuple[Speaker, float]]) -> list[Speaker]:
    """The few ranks that never wrote the line with which all others end, as those do that have come to where all meet.

    Of each only what stands before a line of its log counts, as before that of its error. The line is one that each
    wrote once, and behind its last step: what ranks write again and again, each may write in its own words.
    """
    ways = [(one, [tail for tail in one.tail if tail.number < until]) for one, until in ranks]
    lasts = Counter(masked(way[-1].text) for one, way in ways if way and _is_new(one, way))
    last, having = lasts.most_common(1)[0] if lasts else ("", 0)
    away = [one for one, way in ways if way and all(masked(tail.text) != last for tail in way)]
    is_few = len(away) <= max(1, len(ranks) // FEW)
    return away if having > 1 and having + len(away) == len(ranks) and is_few and len(last) >= LEAST else []


def _is_new(one: Speaker, way: Sequence[Tail]) -> bool:
    """Whether the last line of a way stands behind the rank's last step, and is the first of its kind."""
    *before, last = way
    step = one.course.last_number if one.course else 0
    return last.number > step and all(masked(tail.text) != masked(last.text) for tail in before)
