"""Asking Slurm: one question at a time about a job, at most every 5 s, however many wait for the answer."""

from __future__ import annotations

import collections
import logging
import os
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from logdex.slurm.ids import JobId
from logdex.slurm.rows import SACCT, Row, of_sacct, of_scontrol
from logdex.slurm.states import COMES_AGAIN, comes_again, last_attempts, lives, plain

EVERY = 5.0
"""Seconds between two questions about a job."""

_PATIENCE = 60.0
"""Seconds after which a command of Slurm counts as not answering."""

_ABSENT = 127
"""The exit status of a command that is not there, as the shell says it."""

_log = logging.getLogger("logdex")


class CommandResult(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def why(self) -> str:
        """Why it failed, as far as it said: of several lines the last, with which it gave up."""
        return self.err.strip().rpartition("\n")[2]


Run = Callable[[Sequence[str]], CommandResult]
"""Runs a command where Slurm is: here, or behind a tunnel."""


def run_here(command: Sequence[str], patience: float = _PATIENCE) -> CommandResult:
    """Runs a command of Slurm on this host; one that is not there or does not answer ends as the shell would say.

    It has not answered after `patience` seconds; default 60.
    """
    # What Slurm's commands print can be changed by the environment of whoever calls them.
    changed = ("SLURM_TIME_FORMAT", "SACCT_FORMAT", "SLURM_BITSTR_LEN")
    environment = {name: value for name, value in os.environ.items() if name not in changed}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=patience,
            env=environment,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError:
        return CommandResult(_ABSENT, "", f"{command[0]}: not found")
    except (OSError, subprocess.TimeoutExpired) as error:
        return CommandResult(124, "", f"{command[0]}: {error}")
    return CommandResult(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Told:
    """What Slurm said of a job when it was last asked."""

    rows: tuple[Row, ...] = ()
    """Its parts now; where only the accounts know it, all attempts of them."""
    over: bool = False
    """Whether it has ended, and Slurm will not start it again."""
    unknown: bool = False
    """Whether Slurm is there and knows no such job."""
    trouble: str = ""
    """Why nothing could be learnt, if so."""


class Poll:
    """What Slurm says of one job, asked at most every 5 s for any number of followers of this process.

    `scontrol` is asked first: it knows the job while it lives and some minutes longer, with or without accounting, and
    says at once when it was requeued. `sacct` is asked once that has forgotten it, and of an array also about the tasks
    that it has forgotten while others live: at first, and whenever it no longer tells of one.
    """

    def __init__(
        self,
        job: JobId,
        run: Run = run_here,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        """Asks nothing yet.

        Args:
            job: Of which job.
            run: Runs a command where Slurm is.
            clock: Seconds that only grow.
            start: Runs a function beside, as on a thread.
        """
        self.job = job
        self._run = run
        self._clock = clock
        self._start = start or _beside
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._told: Told | None = None
        self._due = float("-inf")
        self._forgotten = False
        self._has_ended = False
        self._listed: frozenset[JobId] = frozenset()
        self._left: dict[JobId, list[Row]] = {}
        self._rings: weakref.WeakSet[Bell] = weakref.WeakSet()

    def told(self) -> Told:
        """What Slurm says; waits for the first answer, and for no other."""
        with self._first:
            if self._told is None:
                self._ask()
        return self.latest()

    def latest(self) -> Told:
        """What Slurm said last; asks again beside when that is 5 s old and the job is not over."""
        if self._told is None:
            return self.told()
        with self._lock:
            told = self._told
            due = self._clock() >= self._due and not told.over
            if due:
                # Whoever comes while it is asked takes the answer that is there.
                self._due = float("inf")
        if due:
            try:
                self._start(self._ask)
            except RuntimeError:  # the interpreter ends, or has no thread to give
                with self._lock:
                    self._due = self._clock() + EVERY
        return told

    def fresh(self) -> Told:
        """What Slurm says, no older than 5 s: waits for an answer where one is due, unless it is on its way.

        A job that is over is asked about again: it may have been requeued by hand.
        """
        with self._first:
            with self._lock:
                due = self._told is None or self._clock() >= self._due
                self._due = float("inf") if due else self._due
            if due:
                self._ask()
            return self._told or Told()

    def add(self, bell: Bell) -> None:
        """Has `bell` rung after each answer that says something new."""
        with self._lock:
            self._rings.add(bell)

    def _ask(self) -> None:
        before = self._told
        told = before or Told()
        try:
            told = self._asked(told)
        finally:
            with self._lock:
                self._told = told
                self._due = self._clock() + EVERY
                bells = list(self._rings) if told != before else []
        for bell in bells:
            bell.ring()

    def _asked(self, before: Told) -> Told:
        trouble = ""
        if not self._forgotten:
            answer = self._run(["scontrol", "show", "job", str(self.job)])
            if answer.code == 0 and (rows := of_scontrol(answer.out)):
                return self._as_controller_says(rows, self._left_out(before, rows))
            self._forgotten = "Invalid job id" in answer.err
            trouble = "" if self._forgotten else answer.why or f"scontrol exited with {answer.code}"
        answer = self._run(sacct(self.job))
        if answer.code == 0 and (rows := of_sacct(answer.out)):
            return self._as_accounts_say(rows)
        if trouble:
            return self._in_trouble(before, trouble)
        # Nobody will write to the log of a job that was known and no more is; neither to one that never was.
        return Told(before.rows, over=True, unknown=not before.rows)

    def _left_out(self, before: Told, rows: list[Row]) -> tuple[Row, ...]:
        """Of an array whose other tasks live, those that have ended and that the controller has forgotten.

        What was known of them counts until the accounts know more, which they may never.
        """
        listed = frozenset(one.id for one in rows)
        gone = [one for one in before.rows if one.id in self._listed - listed and one.id.task is not None]
        is_first = not self._listed and any(one.id.job == self.job.job and one.is_of_array for one in rows)
        self._listed = listed
        if gone or is_first:
            answer = self._run(sacct(self.job))
            ended = of_sacct(answer.out) if answer.code == 0 else []
            self._left |= {one.id: [one] for one in gone}
            self._left |= {one.id: [each for each in ended if each.id == one.id] for one in ended}
        return tuple(
            one
            for part, attempts in self._left.items()
            if part not in listed and part.task is not None
            for one in attempts
        )

    def _as_controller_says(self, rows: list[Row], left_out: tuple[Row, ...]) -> Told:
        # An end after which it may be started again is believed when it is still there at the next question.
        ended = not lives(rows)
        over = ended and (self._has_ended or not any(map(comes_again, rows)))
        self._has_ended = ended
        return Told((*left_out, *rows), over=over)

    def _as_accounts_say(self, rows: list[Row]) -> Told:
        # They lag behind: what they do not call ended is believed to be when the controller, too, has nothing to say.
        ended = not lives(rows) and not any(plain(one.state) in COMES_AGAIN for one in last_attempts(rows))
        over = ended or (self._forgotten and self._has_ended)
        self._has_ended = self._forgotten
        return Told(tuple(rows), over=over)

    def _in_trouble(self, before: Told, why: str) -> Told:
        if before.trouble != why:
            _log.warning("job %s: Slurm cannot be asked (%s); its logs are read as they are", self.job, why)
        return replace(before, trouble=why)


class Bell:
    """Rings for those who wait for news of a job."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._waiting: list[Callable[[], None]] = []

    def add(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on any thread, when there is news."""
        self._waiting.append(ring)

    def ring(self) -> None:
        """Calls those who wait."""
        for ring in list(self._waiting):
            ring()


def sacct(job: JobId) -> list[str]:
    """The command that lists all attempts of a job."""
    return ["sacct", "-n", "-P", "-D", "-X", "-j", str(job), "-o", ",".join(SACCT)]


def _beside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="logdex-slurm", daemon=True).start()


_polls: weakref.WeakValueDictionary[tuple[int, str, JobId], Poll] = weakref.WeakValueDictionary()
_polls_lock = threading.Lock()
_recent: collections.deque[Poll] = collections.deque(maxlen=64)
"""Those that were used last, so that who asks again and again is no reason to ask Slurm as often."""


def poll_of(job: JobId, where: str = "", run: Run = run_here) -> Poll:
    """The poll of a job of the Slurm here, or of that behind a tunnel `where`, which all of this process share."""
    # A fork has its parent's polls, and maybe one that waits for an answer that only the parent gets.
    key = (os.getpid(), where, job)
    with _polls_lock:
        known = _polls.get(key)
        if known is None:
            known = _polls[key] = Poll(job, run)
        if known not in _recent:
            _recent.append(known)
        return known
