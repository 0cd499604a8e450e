"""Candidates: each rank's own first cause, and the exits of those that said nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from logdex.diagnosis.endings.whose_exit import first_exits, rank_of
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.scene import Candidate, Scene

_SAW = ("root", "field", "agent", "srun", "spawn", "mpirun")
"""How launchers say which process ended first."""
_BY_THEMSELVES = (-11, -7, -4, -8)
"""The signals that come of what a process does itself: no launcher sends them to end the rest."""
_AT_ONCE = 1.0
"""Within so many seconds a launcher, which writes whole ones, saw processes end at once."""


def candidates(scene: Scene) -> list[Candidate]:
    """Each rank's own first cause, and the exits of those that said nothing."""
    told: dict[str, Candidate] = {}
    for name, there in scene.stories.items():
        event = there.cause
        if event is not None and not (scene.stall and scene.stall.is_later(event, scene.clocks)):
            told[name] = Candidate(name, event.class_, event, there.weight)
            if event.role in ("victim", "named"):
                told[name].class_ = "network"
            if event.role == "exit":
                told[name].class_ = "killed" if "illed" in event.text else "crash"
    for one in first_exits(scene):
        rank = rank_of(scene, one)
        if rank is None:
            continue
        known = told.get(rank)
        if known is not None:
            known.exit = known.exit or one
            # What is no more than a level says more where a launcher saw that rank end first.
            known.strength = max(known.strength, 2) if one.event.class_ in _SAW else known.strength
        elif one.is_strong and not _fell_first(scene, rank, one):
            told[rank] = Candidate(rank, one.class_, one.event, 3, one)
    _add_those_at_once(scene, told)
    _confirm_memory(scene, told)
    return list(told.values())


def _add_those_at_once(scene: Scene, told: dict[str, Candidate]) -> None:
    """Adds those that a launcher saw end by the same signal at once: which of them it calls the root is chance."""
    alike = Alike(scene.exits)
    for root in [one for one in told.values() if not one.is_own]:
        for other in alike.take_beside(root.exit) if root.exit else ():
            rank = rank_of(scene, other)
            if rank is not None and rank not in told and not _fell_first(scene, rank, other):
                told[rank] = Candidate(rank, other.class_, other.event, 3, other)


class Alike:
    """Exits by what makes them alike, so that those beside a root are found without a look at all.

    Each is handed out once: of a thousand ranks that a signal ended at once, each would else look at each other one,
    to find it known.
    """

    def __init__(self, exits: Iterable[Exit]) -> None:
        self._there: dict[tuple[str, int | None], list[tuple[float, int, Exit]]] = {}
        for place, one in enumerate(exits):
            if (when := _moment(one)) is not None:
                self._there.setdefault((one.event.path, one.code), []).append((when, place, one))
        for same in self._there.values():
            same.sort(key=_when)

    def take_beside(self, root: Exit) -> list[Exit]:
        """Those of which `_is_beside` is true and that were not taken before, in the order in which they are told."""
        same = self._there.get((root.event.path, root.code), [])
        if (when := _moment(root)) is None:
            return []
        first = bisect_left(same, when - _AT_ONCE, key=_when)
        end = bisect_right(same, when + _AT_ONCE, key=_when)
        taken = sorted(same[first:end], key=lambda one: one[1])
        del same[first:end]
        return [one for _, _, one in taken]


def _moment(one: Exit) -> float | None:
    """When a process ended, as far as its launcher tells that; 0 where nobody does, and nobody else ended it."""
    if one.time is not None or one.code not in _BY_THEMSELVES:
        return one.time
    return one.event.low if one.event.own else 0.0


def _when(one: tuple[float, int, Exit]) -> float:
    return one[0]


def ended_at_once(one: Candidate, other: Candidate) -> bool:
    """Whether all that is known of two is that a launcher saw them end alike, in one moment."""
    return bool(
        one.exit and other.exit and not one.is_own and not other.is_own and _is_beside(one.exit, other.exit)
    )


def _is_beside(one: Exit, root: Exit) -> bool:
    """Whether a process ended as the one that its launcher calls the root did, and in the same moment."""
    return (
        one.event.path == root.event.path
        and one.code == root.code
        and (when := _moment(one)) is not None
        and (other := _moment(root)) is not None
        and abs(when - other) <= _AT_ONCE
    )


def _fell_first(scene: Scene, name: str, one: Exit) -> bool:
    """Whether a rank had told of others' failure before it ended."""
    there = scene.stories.get(name)
    return bool(there and there.victims and not one.oom)


def _confirm_memory(scene: Scene, told: dict[str, Candidate]) -> None:
    """A kill by signal 9 was for want of memory where a witness saw that."""
    saw = any(event.class_ == "host_oom" for one in scene.witnesses for event in one.events)
    for one in told.values():
        if saw and one.class_ == "killed":
            one.class_ = "host_oom"
