"""The name of a job: a number, and behind it a task of an array or a component of a heterogeneous job."""

from __future__ import annotations

import re
from typing import NamedTuple

_ID = re.compile(r"(?P<job>[0-9]{1,10})(?:_(?P<task>[0-9]{1,10}))?(?:\+(?P<component>[0-9]{1,5}))?")


class JobId(NamedTuple):
    """Which job, or which part of it, is meant."""

    job: int
    """The number that `sbatch` said: of an array or a heterogeneous job that of the whole."""
    task: int | None = None
    """The task of the array that is meant; None for all."""
    component: int | None = None
    """The component of the heterogeneous job that is meant; None for all."""

    def __str__(self) -> str:
        """As Slurm writes it."""
        task = "" if self.task is None else f"_{self.task}"
        return f"{self.job}{task}" + ("" if self.component is None else f"+{self.component}")


def parse(text: str) -> JobId:
    """The job that `text` names: `12345`, `12345_7` or `12345+1`.

    Raises:
        ValueError: It names none.
    """
    match = _ID.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not the id of a Slurm job; write 12345, 12345_7 for a task, 12345+1")
    return of_match(match)


def of_match(match: re.Match[str]) -> JobId:
    """The job of a match with the groups `job`, `task` and `component`."""
    job, task, component = match.group("job", "task", "component")
    return JobId(int(job), None if task is None else int(task), None if component is None else int(component))
