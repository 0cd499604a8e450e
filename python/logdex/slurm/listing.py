"""The jobs of Slurm that a person submitted, the newest first, by a question to its accounts and one to its queue."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from logdex.jobs.listing import Listed, Looked, Wanted
from logdex.slurm import find
from logdex.slurm.ask import Run, run_here
from logdex.slurm.ids import JobId
from logdex.slurm.rows import SACCT, Row, of_sacct
from logdex.slurm.states import ENDED, app_state, last_attempts, lives, of_all, plain

_PATIENCE = 5.0
"""Seconds after which a list does without the jobs of Slurm."""

_SINCE = "now-30days"
"""The accounts may go back for years, and are asked for so much of them."""

_ACCOUNTS = ("sacct", "-n", "-P", "-D", "-X", "-S", _SINCE, "-o", ",".join(("Submit", *SACCT)))
_QUEUE = ("squeue", "-h", "-r", "-t", "all", "-o", "%V|%i|%A|%j|%T|%S|%e||%N|%Z|")
"""The same fields, as far as the queue knows them, with the jobs that ended in the last minutes.

The accounts lag behind by seconds, so that they lack what was submitted just now; and a cluster may keep none.
"""


class ListedJob(Listed):
    """A job of Slurm; its logs are some of the files in the directory in which it was submitted."""

    job: JobId
    rows: Sequence[Row]

    def size(self) -> int:
        """The bytes of the job's logs."""
        total = 0
        where = find.directories(self.rows)
        for path in {*find.told(self.job, self.rows), *find.named_after(self.job, self.rows, where)}:
            with suppress(OSError):
                total += os.stat(path).st_size
        return total


def jobs(
    wanted: Wanted,
    states: Collection[str] | None = None,
    *,
    run: Run | None = None,
) -> Iterator[Listed]:
    """The user's jobs of the last 30 days, or without accounting those that the queue still knows, the newest first.

    None where there is no Slurm, or where it does not answer within 5 s.

    Args:
        wanted: Whether a job is meant, by its handle or by its name.
        states: TorchX's names of states; if given, only jobs in one of them.
        run: Runs a command where Slurm is; default on this host.
    """
    found = []
    for number, (submitted, rows) in _known(run or partial(run_here, patience=_PATIENCE)).items():
        handle = f"slurm://torchx/{number}"
        if not (wanted(handle) or any(wanted(row.name) for row in rows)):
            continue
        look = _looked(rows)
        if states is None or look.state in states:
            listed = ListedJob(handle, submitted, rows[0].directory, lambda look=look: look)  # type: ignore[misc]
            listed.job, listed.rows = JobId(number), rows
            found.append(listed)
    yield from sorted(found, key=lambda one: -(one.started or 0.0))


def _known(run: Run) -> dict[int, tuple[float | None, list[Row]]]:
    """Each job that the accounts know, and of those in the queue the others."""
    accounts, queue = (_by_job(_asked(run, command)) for command in (_ACCOUNTS, _QUEUE))
    return queue | accounts


def _asked(run: Run, command: Sequence[str]) -> str:
    """Lines of the time of submission and the fields `SACCT`; none where the command is not there or fails."""
    answer = run([*command, "-u", str(os.getuid())])
    return answer.out if answer.code == 0 else ""


def _by_job(text: str) -> dict[int, tuple[float | None, list[Row]]]:
    """Of each job when it was submitted, and the last attempt of each of its parts; `text` as `_asked` gives it."""
    found: dict[int, tuple[float | None, list[Row]]] = {}
    for line in text.splitlines():
        submitted, _, rest = line.partition("|")
        for row in of_sacct(rest):
            found.setdefault(row.id.job, (_seconds(submitted), []))[1].append(row)
    return {number: (first, last_attempts(rows)) for number, (first, rows) in found.items()}


def _looked(rows: Sequence[Row]) -> Looked:
    over = not lives(rows)
    exits: dict[str, list[int | None]] = {}
    for row in rows:
        exits.setdefault(row.name, []).append(row.exit if plain(row.state) in ENDED else None)
    ends = [end for row in rows if (end := _seconds(row.end)) is not None]
    words = dict.fromkeys(f"{row.name}: {row.state}" for row in rows)
    state = of_all([app_state(row.state, over=over) for row in rows])
    return Looked(state, ", ".join(words), max(ends, default=None) if over else None, exits, None)


def _seconds(text: str) -> float | None:
    """A moment in the cluster's time, which is taken to be this host's, in seconds since the epoch."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
