"""Who stayed behind on the way that all went: others wrote on behind the line with which these end."""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis.events import Speaker
from logdex.diagnosis.similar import LEAST, masked


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
