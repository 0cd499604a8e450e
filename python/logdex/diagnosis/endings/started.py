"""Whose process is which, as a launcher says that started all of them: a kernel tells of one by its number alone."""

from __future__ import annotations

from logdex.diagnosis.scene import Scene


def by_launchers(scene: Scene) -> dict[str, str]:
    """The rank of each process that a launcher says it started, as DeepSpeed's does, where its numbers tell which."""
    world = set(range(max(scene.world or 0, len(scene.ranks))))
    found: dict[str, str] = {}
    for witness in scene.witnesses:
        told = {
            pid: place
            for event in witness.events
            if (pid := event.said("launched")) and (place := event.said("place"))
        }
        if len(set(told.values())) < len(told):
            # The launchers of several hosts, or of several attempts, wrote into one log.
            continue
        in_its_file = scene.launchers.of(witness.path).locals
        if told and {int(place) for place in told.values()} == world:
            found |= {pid: scene.name_of(int(place)) for pid, place in told.items()}
        found |= {
            pid: in_its_file[place][0] for pid, place in told.items() if len(in_its_file.get(place, ())) == 1
        }
    return found
