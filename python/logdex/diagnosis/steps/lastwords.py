"""The one rank that ended long before all others, in its own words of trouble, where no table knows an error of any.

Rank 5 writes `allocator gave up on arena 3` and no more; the others write on for a minute, and all end with `dropping
rank 5`. The taxonomy has none of these lines, and still they tell who failed first: the last words of the rank that
ended first, which no other wrote, and the one line with which all others end, of trouble or with its number. That is
never more than likely.
"""

from __future__ import annotations

import re

from logdex.diagnosis.course.progress import pace_of
from logdex.diagnosis.records.events import Speaker, Tail, number_in, of_tail
from logdex.diagnosis.records.roles import ended_well
from logdex.diagnosis.records.similar import LEAST, is_indented, masked, unstamped
from logdex.diagnosis.records.taxonomy import classify
from logdex.diagnosis.records.trouble import TROUBLE
from logdex.diagnosis.scene import Scene
from logdex.diagnosis.verdict import Finding

_LONG = 60.0
"""For so many seconds the others wrote on, at least."""
_AT_LEAST, _STEPS = 10.0, 2.0
"""Or so many, and steps, where what all others wrote then speaks of trouble."""
_LAST = 3
"""So many lines are the last words."""
_NONE = ("harmless", "advice", "context", "outside", "teardown")


def of_one(scene: Scene) -> Finding | None:
    """The one rank that ended so, if there is one alone."""
    ranks = [one for one in scene.ranks if one.lines]
    if len(ranks) < 3 or len(ranks) < len(scene.ranks) or any(ended_well(one) for one in ranks):
        return None
    order = sorted((one for one in ranks if one.last is not None), key=lambda one: one.last or 0.0)
    if len(order) < len(ranks):
        return None
    first, second = order[:2]
    gap = (second.last or 0.0) - (first.last or 0.0)
    line = _words(first, order[1:])
    told = _told_by_all(order[1:], number_in(first.name))
    if line is not None and gap >= _LONG and (told or TROUBLE.search(line.text)):
        return _named(scene, first, line, "last words")
    pace = pace_of(first.course) if first.course is not None else None
    if line is None and told and first.tail and pace is not None and gap > max(_AT_LEAST, _STEPS * pace):
        return _named(scene, first, first.tail[-1], "left")
    return None


def _named(scene: Scene, one: Speaker, line: Tail, class_: str) -> Finding:
    event = of_tail(one, line, "error", class_)
    hosts = scene.hosts_of(one.name)
    return Finding("rank", "likely", (one.name,), hosts, class_, event.low, [("failed first", event)])


def _told_by_all(ranks: list[Speaker], number: int | None) -> bool:
    """Whether all of them end with one line that none wrote before, of trouble, or that names the rank of a number."""
    last = {masked(one.tail[-1].text) for one in ranks if one.tail}
    before = {masked(tail.text) for one in ranks for tail in one.tail[:-1]}
    if len(last) != 1 or last & before:
        return False
    texts = [unstamped(one.tail[-1].text) for one in ranks]
    named = re.compile(rf"(?<![\w./-]){number}(?![\w./-])") if number is not None else None
    return all(TROUBLE.search(text) or (named and named.search(text)) for text in texts)


def _words(one: Speaker, others: list[Speaker]) -> Tail | None:
    """The first of a rank's last lines that no other wrote, and that counts nothing."""
    theirs = {masked(tail.text) for other in others for tail in other.tail}
    for tail in one.tail[-_LAST:]:
        text = masked(tail.text)
        known = classify(tail.text)
        if known is not None and known[0].role in _NONE:
            continue
        if one.course is not None and tail.number <= one.course.last_number:
            continue
        if len(text) >= LEAST and text not in theirs and not is_indented(tail.text):
            return tail
    return None
