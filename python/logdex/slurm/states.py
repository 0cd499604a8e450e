"""Which of Slurm's states are the end of a job."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from logdex.slurm.rows import Row

ENDED = frozenset(
    (
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "LAUNCH_FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "RECONFIG_FAIL",
        "REQUEUED",
        "REVOKED",
        "TIMEOUT",
    )
)
"""The states in which an attempt is over. All others, also those that later releases add, are of one that is not."""

COMES_AGAIN = frozenset(("BOOT_FAIL", "NODE_FAIL", "PREEMPTED", "REQUEUED"))
"""Those of them after which Slurm starts a job again, if it was submitted with `--requeue`."""

_STATES = {
    "CANCELLED": "CANCELLED",
    "COMPLETED": "SUCCEEDED",
    "RUNNING": "RUNNING",
    "COMPLETING": "RUNNING",
    "SIGNALING": "RUNNING",
    "STAGE_OUT": "RUNNING",
}
"""Slurm's states that have a counterpart in TorchX; of the others those that end a job fail it."""

_FIRST = ("RUNNING", "PENDING", "FAILED", "CANCELLED", "SUCCEEDED")


def app_state(state: str, *, over: bool = True) -> str:
    """A state of Slurm by TorchX's name; `over` says whether the job ended for good."""
    name = plain(state)
    if name == "REQUEUED" or (name in COMES_AGAIN and not over):
        return "PENDING"
    return _STATES.get(name, "FAILED" if name in ENDED else "PENDING")


def of_all(states: Collection[str]) -> str:
    """The state of a job by those of its parts: it runs while one does, and failed once all ended and one failed."""
    return next((one for one in _FIRST if one in states), "UNKNOWN")


def plain(state: str) -> str:
    """A state's name alone: `CANCELLED by 1000` is CANCELLED, and `sacct` may cut it to `CANCELLED+`."""
    match = re.match(r"[A-Z_]+", state)
    return match[0] if match else state


def lives(rows: Sequence[Row]) -> bool:
    """Whether any of the parts of a job waits, runs or is being cleaned up after."""
    return any(plain(one.state) not in ENDED for one in last_attempts(rows))


def comes_again(row: Row) -> bool:
    """Whether the end that the controller tells of may be one after which the job is started again.

    Between the end of an attempt and its return to the queue there is a moment in which only the end is to be seen.
    """
    return row.requeues and plain(row.state) in COMES_AGAIN


def last_attempts(rows: Sequence[Row]) -> list[Row]:
    """Of each part the row of its last attempt; the accounts give them in their order."""
    return list({one.id: one for one in rows}.values())
