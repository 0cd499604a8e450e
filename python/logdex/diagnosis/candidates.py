"""Candidates: each rank's own first cause, and the exits of those that said nothing."""

from __future__ import annotations

from logdex.diagnosis.exits import Exit
from logdex.diagnosis.scene import Candidate, Scene, rank_of


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
    agents = any(one.event.class_ in ("root", "field", "agent") for one in scene.exits)
    for one in scene.exits:
        if one.is_teardown or not one.is_root or (one.is_task and agents):
            continue
        rank = rank_of(scene, one)
        if rank is None:
            continue
        known = told.get(rank)
        if known is not None:
            known.exit = known.exit or one
        elif one.is_strong and not _fell_first(scene, rank, one):
            told[rank] = Candidate(rank, one.class_, one.event, 3, one)
    _confirm_memory(scene, told)
    return list(told.values())


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
