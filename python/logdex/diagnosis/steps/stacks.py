"""The step that looks at dumps of stacks: who was not in the collective in which all others waited."""

from __future__ import annotations

from logdex.diagnosis.records.events import Event
from logdex.diagnosis.scene import Candidate, Scene, time_of
from logdex.diagnosis.verdict import Finding

_DEEP = 400
"""So many lines behind its head a frame is still of the same dump, which has the stacks of all threads."""


def elsewhere(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one whose stacks show no collective, where all ranks dumped theirs and all others waited in one."""
    dumps = _dumps(scene)
    if len(dumps) < 3 or len(dumps) < max(len(scene.ranks), scene.world or 0):
        return None
    names = away(scene)
    if len(names) != 1:
        return None
    first = min(dumps.values(), key=lambda event: (event.low, event.number))
    other = next(name for name in dumps if name != names[0])
    events = [
        ("its stacks", dumps[names[0]]),
        ("the others' stacks", _behind(scene, other, dumps[other])[0]),
    ]
    return Finding("rank", "likely", (names[0],), (), "busy", time_of(scene, first), events)


def away(scene: Scene) -> list[str]:
    """Those whose last dump has no frame that waits for others."""
    return [name for name, dump in _dumps(scene).items() if not _behind(scene, name, dump)]


def _dumps(scene: Scene) -> dict[str, Event]:
    """The last dump of each rank."""
    told = {
        name: next((event for event in reversed(one.victims) if event.class_ == "dump"), None)
        for name, one in scene.stories.items()
    }
    return {name: dump for name, dump in told.items() if dump is not None}


def _behind(scene: Scene, name: str, dump: Event) -> list[Event]:
    """The frames behind a dump's head that wait for others."""
    return [
        event
        for event in scene.stories[name].speaker.events
        if event.class_ == "waiting" and event.path == dump.path and 0 < event.number - dump.number <= _DEEP
    ]
