"""The step for jobs in which all lost somebody, and one of them long before the others."""

from __future__ import annotations

import math

from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import Candidate, Scene, missing_of, time_of
from logdex.diagnosis.verdict import Finding

_LONG = 30.0
"""Who fell by so many seconds before all others did not fall with them: they waited for it."""

_ENOUGH = 3
_OF_THEIRS = ("another", "nccl", "watchdog", "timeout")
"""How those tell who only lost another."""


def lost_early(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one that told of a lost connection long before all others did, who then fell together: it was gone by then.

    Whatever it met, it ended of it, and the time-outs of the others say that they waited.
    """
    fell = _all_fell(scene)
    if not fell:
        return None
    firsts = sorted(fell, key=lambda event: scene.clocks.of(event)[0])
    lows = [scene.clocks.of(event)[0] for event in firsts]
    if not math.isfinite(lows[0]):
        return None
    gap, spread = lows[1] - lows[0], lows[-1] - lows[1]
    if gap < _LONG + 2 * scene.clocks.doubt or gap < 3 * spread:
        return None
    first = firsts[0]
    story = scene.stories[first.speaker]
    if story.speaker.last is None or story.speaker.last > lows[1] + scene.clocks.doubt:
        return None
    return _left(scene, first, [("fell first", first), ("victim", firsts[1])])


def odd_first(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one that told of a broken stream, or of no end, in words of its own, before all others told of another's."""
    fell = _all_fell(scene)
    if not fell:
        return None
    groups: dict[str, list[Event]] = {}
    for event in fell:
        groups.setdefault(masked(event.text), []).append(event)
    few, many = min(groups.values(), key=len), max(groups.values(), key=len)
    if len(groups) != 2 or len(few) != 1:
        return None
    # Whose connections closed tells of an end; of who told of trouble before and otherwise, it is that one's.
    of_its_end = few[0].class_ != "peer" and many[0].class_ == "peer"
    if not of_its_end and (few[0].class_ != "peer" or many[0].class_ not in _OF_THEIRS):
        return None
    first = few[0]
    if not all(_may_precede(scene, first, event) for event in many):
        return None
    return _left(scene, first, [("fell first", first), ("victim", many[0])])


def _all_fell(scene: Scene) -> list[Event]:
    """Of each rank how it first told that another was lost; none where not all did, or there are few."""
    stories = scene.stories.values()
    if len(stories) < _ENOUGH or any(not (one.speaker.lines and one.victims) for one in stories):
        return []
    return [] if missing_of(scene) else [one.victims[0] for one in stories]


def _left(scene: Scene, first: Event, events: list[tuple[str, Event]]) -> Finding:
    name = first.speaker
    return Finding("rank", "likely", (name,), scene.hosts_of(name), "left", time_of(scene, first), events)


def _may_precede(scene: Scene, one: Event, other: Event) -> bool:
    if one.path == other.path:
        return one.number < other.number
    return scene.clocks.of(one)[0] < scene.clocks.of(other)[0] and math.isfinite(scene.clocks.of(one)[0])
