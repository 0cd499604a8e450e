"""The step that names whose own cause, or exit, came first, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from logdex.diagnosis.endings.whose_exit import first_exits, rank_of
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import TOGETHER, Candidate, Scene, against, missing_of, time_of, whole_host
from logdex.diagnosis.steps import doubts
from logdex.diagnosis.steps.candidates import ended_at_once
from logdex.diagnosis.steps.down import lost_before
from logdex.diagnosis.steps.uniform import SEVERAL
from logdex.diagnosis.verdict import Certainty, Finding

_CONSEQUENCES = {
    "disk": {"ckpt", "file", "nan", "exception", "error"},
    "gpu_hw": {"gpu_fault", "gpu_oom", "exception", "error"},
    "host_oom": {"killed", "loader", "crash", "exception", "error"},
    "gpu_oom": {"gpu_fault"},
    # Whoever ends the rest of a job that one of its processes fell out of does it by signal 9.
    "crash": {"killed"},
    "network": {"file", "ckpt"},
}
"""Which classes may be what another comes to elsewhere."""


OF_A_MACHINE = ("env",)
"""The classes of what all processes of a machine lack: none of several lacked it first."""
_APART = 2.0
"""Within so many seconds processes may end in another order than they failed."""


def first_own(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one whose own cause, or exit, surely came before those of the others."""
    if not found:
        return None
    if (together := _gathered(scene, found)) is not None:
        return together
    firm = found
    left = [
        one for one in firm if not any(_precedes(scene, other, one) for other in firm if other is not one)
    ]
    if not (len(left) > 1 and all(ended_at_once(left[0], one) for one in left[1:])):
        left = _narrowed(scene, left or firm)
    if len(left) == 1:
        if lost_before(scene, left[0]):
            return None
        if before := _ended_before(scene, left[0]):
            return _or_of_those(scene, left[0], before)
        beside = _alike_at_once(scene, left[0], firm)
        if not beside:
            return _named(scene, left[0], firm)
        # What befell several: their host, or nobody can say who of them was the first.
        return _of_host(scene, beside, "the same on that host") or _tie(scene, beside)
    of_one_class = len({one.class_ for one in left}) == 1
    if of_one_class and (host := _of_host(scene, left, "first")) is not None:
        return host
    return None if not left else _met_alike(scene, left) or _tie(scene, left)


def _ended_before(scene: Scene, one: Candidate) -> dict[str, Exit]:
    """Those that have no log, and that the launcher saw end with an error before a rank, or instead of it."""
    absent = set(missing_of(scene))
    roots = first_exits(scene) if absent else []
    named = {
        other.event.number: (name, other)
        for other in roots
        if (name := rank_of(scene, other)) in absent and name != one.rank
    }
    if one.exit is not None:
        path, number = one.exit.event.path, one.exit.event.number
        named = {at: told for at, told in named.items() if told[1].event.path == path and at < number}
    return {name: other for name, other in named.values() if name is not None}


def _or_of_those(scene: Scene, one: Candidate, before: dict[str, Exit]) -> Finding:
    events = [("may have failed first", one.event), *(("ended", other.event) for other in before.values())]
    names = (*before, one.rank)
    return Finding(
        "unknown", "cannot tell", names, events=events[:4], missing="the logs of those that ended before"
    )


def _alike_at_once(scene: Scene, one: Candidate, found: Sequence[Candidate]) -> list[Candidate]:
    """Those, if they are several, who wrote the same line of no more than a level, or raised the same, at nearly one
    time as `one`.
    """
    if (one.event.role not in ("error", "exception") and one.class_ not in OF_A_MACHINE) or not one.is_own:
        return []
    said = masked(one.event.text)
    low, high = scene.clocks.of(one.event)
    # A traceback may have no time of its own, but one before which it was written.
    low = high if math.isfinite(high) else low
    same = [
        other
        for other in found
        if other.is_own
        and masked(other.event.text) == said
        and not scene.clocks.of(other.event)[0] > low + TOGETHER
    ]
    return same if len(same) >= SEVERAL else []


def _of_host(scene: Scene, same: Sequence[Candidate], said: str) -> Finding | None:
    """The host of which these are all ranks, if the job has others: `said` is what their first record tells."""
    names = tuple(one.rank for one in same)
    whole = whole_host(scene, set(names))
    if not whole or len(set(scene.host_of.values())) < 2:
        return None
    first = same[0]
    when = time_of(scene, first.event)
    return Finding("host", "likely", names, (whole,), first.class_, when, [(said, first.event)])


def _gathered(scene: Scene, found: list[Candidate]) -> Finding | None:
    """Those whose failures an error that all raise tells of: what they met, they met in one thing that all did."""
    told = [one for one in scene.accusations if one.event.class_ == "gathered"]
    if not told or not all(one.event.class_ == found[0].event.class_ for one in found):
        return None
    named = {scene.name_of(number) for number in told[0].ranks}
    if (
        len(named) < 2
        or named != {one.rank for one in found}
        or any(one.ranks != told[0].ranks for one in told)
    ):
        return None
    first = min((one.event for one in found), key=lambda event: (scene.clocks.of(event)[0], event.number))
    events = [("failed first", first), ("accused by others", told[0].event)]
    return Finding(
        "rank", "likely", tuple(one.rank for one in found), (), first.class_, time_of(scene, first), events
    )


def _precedes(scene: Scene, one: Candidate, other: Candidate) -> bool:
    if ended_at_once(one, other):
        # They stand in the order of their numbers.
        return False
    if one.event.path == other.event.path and one.event.low == other.event.low > -math.inf:
        # Two pipes are read in turn: what has one time in one file has no order.
        return one.rank == other.rank
    return scene.clocks.is_before(one.event, other.event)


def _narrowed(scene: Scene, left: list[Candidate]) -> list[Candidate]:
    """Of candidates that may all have been the first, those that more speaks for."""
    if len(left) < 2:
        return left
    strongest = max(one.strength for one in left)
    if strongest < 3 or all(one.event.own for one in left):
        # What came at nearly one time is told apart by what it says; what has no time at all is not, nor what was
        # raised before it by the stamps.
        begun = min(scene.clocks.of(one.event)[0] for one in left if one.strength == strongest)
        left = [
            one
            for one in left
            if one.strength == strongest
            or (one.event.role == "exception" and one.event.own and scene.clocks.of(one.event)[0] <= begun)
        ]
    classes = {one.class_ for one in left}
    tests: tuple[Callable[[Candidate], bool], ...] = (
        lambda one: not any(one.class_ in _CONSEQUENCES.get(class_, ()) for class_ in classes),
        lambda one: scene.stall is not None and one.event.own and scene.stall.fits(one.event, scene.clocks),
        lambda one: one.exit is not None and one.exit.is_root,
        lambda one: bool(against(scene, one.rank)),
    )
    for speaks_for in tests:
        left = [one for one in left if speaks_for(one)] or left
    left = _by_exits(left)
    if len(left) > 1 and all(one.event.own for one in left) and not _on_several_hosts(scene, left):
        order = sorted(left, key=lambda one: scene.clocks.of(one.event)[0])
        gap = scene.clocks.of(order[1].event)[0] - scene.clocks.of(order[0].event)[0]
        if gap > order[0].event.high - order[0].event.low:
            return order[:1]
    return left


def _by_exits(left: list[Candidate]) -> list[Candidate]:
    """The one that a launcher saw end well before the others, where it tells when each of them did."""
    exits = [one.exit for one in left if one.exit is not None and one.exit.event.own]
    if len(left) < 2 or len(exits) < len(left) or len({one.event.path for one in exits}) > 1:
        return left
    order = sorted(left, key=lambda one: one.exit.event.low if one.exit else math.inf)
    lows = sorted(one.event.low for one in exits)
    return order[:1] if lows[1] - lows[0] >= _APART else left


def _on_several_hosts(scene: Scene, left: Sequence[Candidate]) -> bool:
    known = {scene.host_of.get(one.rank) for one in left}
    return len(known - {None}) > 1


def _met_alike(scene: Scene, left: Sequence[Candidate]) -> Finding | None:
    """Several that wrote the same, if one line of a launcher tells of their ends and of no others'."""
    exits = {id(one.exit.event): one.exit.event for one in left if one.exit is not None}
    said = {(one.class_, masked(one.event.text)) for one in left}
    if len(exits) != 1 or len(said) != 1 or not all(one.exit and one.is_own for one in left):
        return None
    there = exits.popitem()[1]
    names = tuple(one.rank for one in left)
    if {rank_of(scene, one) for one in scene.exits if one.event is there} != set(names):
        return None
    first = min((one.event for one in left), key=lambda event: scene.clocks.of(event)[0])
    events = [("failed first", first), ("their exits", there)]
    return Finding("rank", "likely", names, (), left[0].class_, time_of(scene, first), events)


def _tie(scene: Scene, left: list[Candidate]) -> Finding:
    return Finding(
        "unknown",
        "cannot tell",
        tuple(one.rank for one in left),
        cause=left[0].class_ if len({one.class_ for one in left}) == 1 else None,
        events=[("may have failed first", one.event) for one in left[:4]],
        missing="stamps on the lines of errors, or clocks that agree",
    )


def _named(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> Finding:
    """Names a rank, as surely as findings agree."""
    findings = _findings(scene, one, firm)
    certainty: Certainty = "certain" if len(findings) >= 2 and one.strength >= 2 else "likely"
    by_exit = one.exit is not None and one.exit.is_strong and one.exit.code is not None
    if one.strength == 3 and by_exit and not _is_guess(one):
        certainty = "certain"
    if one.event.role == "error" and one.is_own:
        certainty = "likely"
    if not _is_clear(scene, one, firm) or _fell_before(scene, one) or doubts.are_there(scene, one, firm):
        certainty = "likely"
    events = [("failed first", one.event)]
    if one.exit is not None and one.exit.event is not one.event:
        events.append(("its exit", one.exit.event))
    events += [("accused by others", told.event) for told in against(scene, one.rank)[:2]]
    others = tuple(
        other.rank
        for other in firm
        if other is not one and not scene.clocks.is_before(one.event, other.event, sure=True)
    )
    return Finding(
        "rank",
        certainty,
        (one.rank,),
        scene.hosts_of(one.rank),
        one.class_,
        time_of(scene, one.event),
        events,
        others,
    )


def _findings(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> list[str]:
    """What speaks for a candidate, one word a finding."""
    told = []
    if one.is_own:
        told.append("own cause")
    if (
        one.exit is not None
        and not _is_guess(one)
        and (one.exit.is_strong or one.exit.event.class_ in ("root", "field", "srun", "spawn"))
    ):
        told.append("exit")
    if scene.stall is not None and one.event.own and scene.stall.fits(one.event, scene.clocks):
        told.append("fits the stall")
    told += ["accuser"] * min(
        len({against.event.speaker or against.event.path for against in against(scene, one.rank)}), 2
    )
    if one.is_own and one.strength == 3 and len(firm) == 1 and _others_fell(scene, one):
        told.append("all others are victims")
    return told


def _others_fell(scene: Scene, one: Candidate) -> bool:
    """Whether others told of a failure: later, or, where no times say so, each of them did."""
    rest = [other for name, other in scene.stories.items() if name != one.rank and other.speaker.lines]
    fell = [other.victims[0] for other in rest if other.victims]
    is_first = all(scene.clocks.is_before(one.event, event) for event in fell)
    return bool(fell) and (is_first or all(other.victims or other.teardown for other in rest))


def _is_guess(one: Candidate) -> bool:
    return one.exit is not None and one.exit.is_guess


def _fell_before(scene: Scene, one: Candidate) -> bool:
    """Whether another rank told of somebody's failure before: then the first may be one of whom nothing is told."""
    return any(
        scene.clocks.is_before(story.victims[0], one.event)
        for name, story in scene.stories.items()
        if name != one.rank and story.victims
    )


def _is_clear(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> bool:
    """Whether no other candidate may have been before, however clocks differ."""
    return all(
        scene.clocks.is_before(one.event, other.event, sure=True) and not _were_listed_at_once(one, other)
        for other in firm
        if other is not one and other.strength >= one.strength
    )


def _were_listed_at_once(one: Candidate, other: Candidate) -> bool:
    """Whether a launcher told of both exits in one breath: the order of its list need not be that of the ends."""
    listed = not one.is_own and not other.is_own and one.event.path == other.event.path
    return listed and not other.event.low > one.event.low
