"""The attempts of a job: Slurm starts it again when a node failed, when it was preempted, or when it was asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logdex.slurm.ask import Run, run_here, sacct
from logdex.slurm.find import is_part
from logdex.slurm.ids import JobId, parse
from logdex.slurm.rows import Row, of_sacct, of_scontrol
from logdex.slurm.states import ENDED, plain


@dataclass(frozen=True)
class Attempt:
    """One start of a job, or of a task or a component of it, and how that ended."""

    job: str
    """Which job, task or component, as Slurm writes it."""
    number: int
    """How often it had been started before: 0 for the first, as in `$SLURM_RESTART_COUNT`."""
    state: str
    """In Slurm's word: RUNNING, COMPLETED, REQUEUED, NODE_FAIL, PREEMPTED, TIMEOUT and the like."""
    start: datetime | None
    """When it began, naive, in the cluster's time; None where it has not."""
    end: datetime | None
    """When it ended; None where it has not."""
    exit: int | None
    """The exit status, negative for a signal; None where it has not ended."""
    nodes: str
    """The hosts, in Slurm's short form such as `gpu[01-08]`."""


def attempts(job: str | int, *, run: Run = run_here) -> list[Attempt]:
    """The attempts of a job, the earliest first.

    Where there is no accounting, only the last of each part is known, and how many there were before.

    Args:
        job: Its id: `12345`, `"12345_7"` for a task of an array, `"12345+1"` for a component.
        run: Runs a command where Slurm is; default on this host.

    Raises:
        ValueError: It is not an id.
        LookupError: Slurm does not know the job, or cannot be asked.

    Examples:
        >>> from logdex import slurm
        >>> for one in slurm.attempts("12345"):  # doctest: +SKIP
        ...     print(one.number, one.state, one.start, one.end)
        0 NODE_FAIL 2026-11-22 02:00:00 2026-11-22 03:10:07
        1 RUNNING 2026-11-22 03:12:10 None
    """
    meant = parse(str(job))
    accounts = run(sacct(meant))
    before = of_sacct(accounts.out) if accounts.code == 0 else []
    controller = run(["scontrol", "show", "job", str(meant)])
    now = of_scontrol(controller.out) if controller.code == 0 else []
    found = joined(
        [one for one in before if is_part(meant, one)], [one for one in now if is_part(meant, one)]
    )
    if not found:
        why = (accounts.why or "sacct knows no such job", controller.why)
        raise LookupError(f"slurm:{meant}: nothing is known of this job ({'; '.join(filter(None, why))})")
    return found


def joined(accounts: Sequence[Row], controller: Sequence[Row]) -> list[Attempt]:
    """The attempts that the accounts list, and of the last what the controller says, which is not late."""
    parts: dict[JobId, list[Row]] = {}
    for row in accounts:
        parts.setdefault(row.id, []).append(row)
    found: list[Attempt] = []
    for now in controller:
        known = parts.setdefault(now.id, [])
        if known and (plain(known[-1].state) != "REQUEUED" and len(known) > now.restarts):
            known.pop()
        known.append(now)
    for part, rows in parts.items():
        last = rows[-1]
        # The controller counts; what the accounts do not have is left out, and the numbers say so.
        first = max(last.restarts + 1 - len(rows), 0)
        found += [_attempt(part, first + k, replace(row)) for k, row in enumerate(rows)]
    return sorted(found, key=lambda one: (one.start or datetime.max, one.number))


def _attempt(part: JobId, number: int, row: Row) -> Attempt:
    # The controller says of what lives when its time is up, which is no end.
    over = plain(row.state) in ENDED and bool(row.end)
    ended, code = (_moment(row.end), row.exit) if over and row.exit is not None else (None, None)
    return Attempt(str(part), number, plain(row.state), _moment(row.start), ended, code, row.nodes)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
