"""What Slurm's step daemon says: of its host's part of a step, though in the file, and under the label, of one task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from logdex.diagnosis.records.events import Speaker

if TYPE_CHECKING:
    from logdex.diagnosis.scene import Scene

_DAEMON = re.compile(r"^(?: {0,4}\d{1,5}: )?slurmstepd(?:-[\w.-]+)?: ")
"""How its lines begin, behind the label of `srun -l` perhaps; a host's name follows where several daemons run."""


def hear(scene: Scene) -> None:
    """Takes from ranks the causes that the daemon tells: it writes to the first task of its host, whichever failed."""
    for rank in scene.ranks:
        told = [event for event in rank.events if event.role == "cause" and _DAEMON.match(event.text)]
        if told:
            rank.events = [event for event in rank.events if event not in told]
            _witness_of(scene, rank).events += told
        for event in told:
            event.speaker = ""


def _witness_of(scene: Scene, rank: Speaker) -> Speaker:
    """Who wrote into the file of a rank beside it."""
    for one in scene.witnesses:
        if one.path == rank.path:
            return one
    scene.add(Speaker("", rank.path, is_rank=False, mtime=rank.mtime, attempt=rank.attempt))
    return scene.speakers[-1]
