"""What Slurm's accounts say of a job's steps, where a table of them stands behind the output, as `sacct` prints it."""

from __future__ import annotations

import re

from logdex.diagnosis.records.events import Event
from logdex.diagnosis.scene import Scene, last_lines

_STEP = re.compile(r"(?<![\w.:,-])\d+(?:_\d+)?\.\d+(?=[|\s]).*\b[A-Z]{4}[A-Z_]*\b.*\b\d+:\d+\b")
"""A row for a step that is no batch script, with columns of any kind: `90007.0|srun|COMPLETED|0:0`."""
_WELL = r"\bCOMPLETED\b\W.*\b0:0\b"
"""How the rest of a row has what ended well."""
_STEP_ENDED = re.compile(_WELL)
_STEP_TOLD = re.compile(r"\b(?:STEP|scancel) (\d+)\.(\d+)\b")
"""How an order to end a step names it."""


def is_of_a_step_beside(scene: Scene, order: Event) -> bool:
    """Whether a step of Slurm was ended and the accounts have the job and another step of it as ended with 0."""
    found = _STEP_TOLD.search(order.text)
    if found is None:
        return False
    there = [tail.text for tail in last_lines(scene, order.path)]
    job, step = found.groups()
    own = re.compile(rf"(?<![\w.:,-]){job}[|\s].*{_WELL}")
    other = re.compile(rf"(?<![\w.:,-]){job}\.(?!{step}\b)\d+[|\s].*{_WELL}")
    return any(map(own.search, there)) and any(map(other.search, there))


def each_step_ended_well(scene: Scene, path: str) -> bool:
    """Whether Slurm's accounts have a step of the job, and each as ended with 0: srun saw all of its tasks end so.

    A task may be a script, which ends well whatever ran in it: against a rank's own cause that is no word.
    """
    if any(
        one.cause is not None and one.cause.role in ("cause", "exception") for one in scene.stories.values()
    ):
        return False
    steps = [tail.text for tail in last_lines(scene, path) if _STEP.search(tail.text)]
    return bool(steps) and all(_STEP_ENDED.search(text) for text in steps)
