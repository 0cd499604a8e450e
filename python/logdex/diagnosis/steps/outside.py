"""The step that asks whether a user or a scheduler ordered the end, not later than anything failed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.course import progress
from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import Candidate, Scene, missing_of, time_of
from logdex.diagnosis.steps import ends
from logdex.diagnosis.steps.uniform import UNIFORM
from logdex.diagnosis.verdict import Certainty, Finding

_TOLD = -15
"""How a process ends that was told to."""
_COUNTED = re.compile(r"\bDetected \d+ oom[-_]kill event")
"""What Slurm writes at the end of a step: how many were killed in it, at any time."""
_FAILED = ("cause", "exception", "victim", "named")
"""The roles of what a witness writes of a failure."""
_NOT_BY_AN_ORDER = ("gpu_oom", "nan", "env", "port")
"""The classes of what a process does not come to because it is told to stop."""
_AT_ONCE = 60.0
"""Within so many seconds a program that failed comes to its end."""
_LONG, _STEPS = 600.0, 20.0
"""Who wrote nothing for so many seconds, and steps, was not at work."""


def outside(scene: Scene, found: list[Candidate]) -> Finding | None:
    """A user or a scheduler ordered the end, not later than anything failed."""
    told = [event for one in scene.speakers for event in one.events if event.role == "outside"]
    told = [event for event in told if not _says_so_of_its_own_failure(scene, event)]
    if not told:
        return _all_told(scene, found) or _first_told(scene, found)
    strong = [event for event in told if event.class_ not in ("cancelled", "signalled")]
    orders = strong or told
    first = min(orders, key=lambda event: (scene.clocks.of(event)[0], event.number))
    over = _over_above(scene, first)
    if any(one.rank in over or scene.clocks.is_before(one.event, first) for one in found):
        return None
    unclear = [one for one in found if not _is_before(scene, first, one.event)]
    if unclear and (not strong or _befell_all(scene, unclear)):
        return None
    if firm := [one for one in unclear if one.strength == 3]:
        return _or_failed(first, firm)
    if not strong and (found or _ended_before(scene, first)):
        return None
    if not strong and _victims_before(scene, first, by_stamps=_tells_of_the_order_alone(scene, first)):
        return None
    return _ordered(scene, first, orders, is_strong=bool(strong))


def _is_before(scene: Scene, order: Event, event: Event) -> bool:
    """Whether an order came first, as far as clocks tell, or lines of one second."""
    return scene.clocks.is_before(order, event) or _same_time_or_later(scene, order, event)


def _over_above(scene: Scene, order: Event) -> set[str | None]:
    """The ranks of which who tells of the order told above it that they ended of themselves, whatever times their logs
    have."""
    path, number = order.path, order.number
    above = [told for told in scene.exits if told.event.path == path and told.event.number < number]
    return {rank_of(scene, told) for told in above if not told.is_teardown}


def _or_failed(order: Event, firm: Sequence[Candidate]) -> Finding:
    """Nothing says whether the order came first, or what some failed with."""
    return Finding(
        "unknown",
        "cannot tell",
        tuple(one.rank for one in firm),
        cause=order.class_,
        events=[("told to stop", order), *(("or failed", one.event) for one in firm)],
        missing="stamps that say whether this came before the order to stop",
    )


def _ordered(scene: Scene, first: Event, orders: Sequence[Event], *, is_strong: bool) -> Finding:
    """The order came first, unless what it found was over by then."""
    silent = _were_silent(scene, first)
    if silent and (odd := ends.odd_one(scene)) is not None:
        return odd
    killed = _killed_some_time(scene)
    if killed is not None and (silent or not _were_at_work(scene, first)):
        return Finding(
            "unknown",
            "cannot tell",
            cause=killed.class_,
            events=[("told to stop", first), ("or failed", killed)],
            missing="when that was: before the order to stop, or with it",
        )
    is_sure = (
        is_strong
        and first.own
        and not silent
        and killed is None
        and not _is_a_ranks_word(scene, orders)
        and not _may_follow_a_failure(scene, first)
        and _is_timed(scene)
    )
    certainty: Certainty = "certain" if is_sure else "likely"
    events = [("told to stop", first)]
    return Finding("outside", certainty, cause=first.class_, time=time_of(scene, first), events=events)


def _says_so_of_its_own_failure(scene: Scene, order: Event) -> bool:
    """Whether a rank tells of an order behind what it failed with itself: a handler that has one word for all ends."""
    there = scene.stories.get(order.speaker)
    cause = there.cause if there is not None else None
    return (
        cause is not None
        and cause.role in ("cause", "exception")
        and cause.path == order.path
        and cause.number < order.number
        and not order.low > cause.high + _AT_ONCE
    )


def _is_a_ranks_word(scene: Scene, orders: Sequence[Event]) -> bool:
    """Whether ranks alone tell of it: a program may call so what ended it, as MaxText does where it cannot save."""
    return len(scene.stories) > 1 and all(event.speaker in scene.stories for event in orders)


def _were_silent(scene: Scene, first: Event) -> bool:
    """Whether all ranks had long fallen silent before the order: what ended their work came before it."""
    lasts = [one.last for one in scene.ranks if one.last is not None]
    least = progress.at_least(scene.ranks, _LONG, _STEPS)
    return first.own and bool(lasts) and scene.clocks.of(first)[0] - max(lasts) > least


def _befell_all(scene: Scene, unclear: Sequence[Candidate]) -> bool:
    """Whether nearly all ranks failed alike, by what no order to stop brings about: it stopped what had failed."""
    told = Counter((one.class_, masked(one.event.text)) for one in unclear if one.strength == 3)
    (class_, _), most = max(told.items(), key=lambda item: item[1], default=(("", ""), 0))
    return class_ in _NOT_BY_AN_ORDER and most >= max(2, UNIFORM * len(scene.ranks))


def _were_at_work(scene: Scene, first: Event) -> bool:
    """Whether a rank is known to have written over a time that reaches to the order."""
    return first.own and any(
        one.first is not None and one.last is not None and one.first < one.last for one in scene.ranks
    )


def _is_timed(scene: Scene) -> bool:
    return any(one.last is not None for one in scene.ranks) or not scene.ranks


def _killed_some_time(scene: Scene) -> Event | None:
    """What counts kills for want of memory when all is over: they were at any time before it."""
    return next(
        (event for one in scene.speakers for event in one.events if _COUNTED.search(event.text)), None
    )


def _may_follow_a_failure(scene: Scene, first: Event) -> bool:
    """Whether anybody told of a failure before the order, or may have: then that is how the failed job was ended."""
    if _victims_before(scene, first) or _ended_before(scene, first):
        return True
    told = [event for one in scene.witnesses for event in one.events if event.role in _FAILED]
    return any(not scene.clocks.is_before(first, event) for event in told)


def _all_told(scene: Scene, found: list[Candidate]) -> Finding | None:
    """All ranks say that they got a signal to end, and none of them failed before it."""
    told: dict[str, Event] = {}
    for name, one in scene.stories.items():
        event = next((event for event in one.teardown if event.class_ == "told"), None)
        if event is None or any(victim.number < event.number for victim in one.victims):
            return None
        told[name] = event
    if not told or missing_of(scene) or not any(one.rank in told for one in found):
        return None
    if any(not scene.clocks.is_before(told[one.rank], one.event) for one in found if one.rank in told):
        return None
    first = min(told.values(), key=lambda event: (scene.clocks.of(event)[0], event.number))
    if _ended_before(scene, first):
        return None
    when = time_of(scene, first)
    return Finding("outside", "likely", cause="signalled", time=when, events=[("told to stop", first)])


def _first_told(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The launcher of all saw those end first that a signal told to, as they say, and all others lost them.

    It had told nobody by then: somebody else had.
    """
    if found or not scene.exits or missing_of(scene) or len({one.event.path for one in scene.exits}) > 1:
        return None
    order = sorted(scene.exits, key=lambda one: one.event.number)
    rest = [one for one in order if one.code != _TOLD]
    told = order[: order.index(rest[0])] if rest else []
    names = list(dict.fromkeys(rank_of(scene, one) for one in told))
    ends = [event for name in names for event in _of(scene, name)]
    others = [one for name, one in scene.stories.items() if name not in names]
    if not told or not all(_of(scene, name) for name in names) or not all(one.victims for one in others):
        return None
    closed = [event.number for one in scene.witnesses for event in one.events if event.role == "teardown"]
    if any(number < told[0].event.number for number in closed) or any(
        scene.clocks.is_before(one.victims[0], event) for one in others for event in ends
    ):
        return None
    when = time_of(scene, ends[0])
    return Finding("outside", "likely", cause="signalled", time=when, events=[("told to stop", ends[0])])


def _of(scene: Scene, name: str | None) -> list[Event]:
    """How a rank that told of nothing else says that it was told to end."""
    there = scene.stories.get(name or "")
    return there.teardown[:1] if there is not None and there.is_silent else []


def _same_time_or_later(scene: Scene, first: Event, other: Event) -> bool:
    return other.own and first.own and scene.clocks.of(other)[0] >= scene.clocks.of(first)[0]


def _ended_before(scene: Scene, first: Event) -> bool:
    """Whether a process had ended with an error before the order: then whatever ended it was told to clean up."""
    return any(
        not one.is_teardown
        and (
            one.event.number < first.number
            if one.event.path == first.path
            else scene.clocks.is_before(one.event, first)
        )
        for one in scene.exits
    )


def _victims_before(scene: Scene, first: Event, *, by_stamps: bool = False) -> bool:
    """Whether a rank told of another's failure before the order, or may have; `by_stamps`: as if clocks agreed."""
    victims = [event for one in scene.stories.values() for event in one.victims]
    if by_stamps:
        return any(
            not event.own or scene.clocks.of(event)[0] < scene.clocks.of(first)[0] for event in victims
        )
    return any(not scene.clocks.is_before(first, event) for event in victims)


def _tells_of_the_order_alone(scene: Scene, first: Event) -> bool:
    """Whether a launcher got the order while it had seen none of its processes end: what others lost was those."""
    is_launcher = any(one.path == first.path and first in one.events for one in scene.witnesses)
    return is_launcher and first.own and not any(one.event.path == first.path for one in scene.exits)
