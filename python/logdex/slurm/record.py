"""How Slurm says that a job ended, as a witness says it to who asks which rank failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from logdex.inputs.said import Said
from logdex.slurm.rows import Row
from logdex.slurm.states import ENDED, last_attempts, plain

_WELL = frozenset(("COMPLETED", "REQUEUED", "REVOKED"))
"""The ends that are no failure of the job's."""


def said_of(rows: Sequence[Row]) -> tuple[Said, ...]:
    """What is said of the last attempt of a job; nothing of one with several parts, which end each for itself."""
    parts = last_attempts(rows)
    if len(parts) != 1:
        return ()
    row = parts[0]
    state = plain(row.state)
    if state not in ENDED or state in _WELL:
        return ()
    nodes = f" on {row.nodes}" if row.nodes else ""
    return (
        Said(f"sacct: job {row.id} {state}{nodes}{_status(row.exit)}", _moment(row.end), f"slurm:{row.id}"),
    )


def _status(code: int | None) -> str:
    if not code:
        return ""
    return f", exit code {code}" if code > 0 else f", exit by signal {-code}"


def _moment(text: str) -> float | None:
    """A time of the cluster, whose zone is taken for this host's."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
