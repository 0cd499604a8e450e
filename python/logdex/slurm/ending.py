"""Whether a job has ended, for those who follow its logs."""

from __future__ import annotations

from collections.abc import Callable

from logdex.slurm.ask import EVERY, Bell, Poll


class JobEnding:
    """Tells whether a job is over, that is, ended and not to be started again. Asks by the poll that all share."""

    every = EVERY

    def __init__(self, poll: Poll, nothing_new: Callable[[], bool] | None = None) -> None:
        """`nothing_new` says whether all of its logs are read already; until they are, it is not over."""
        self._poll = poll
        self._nothing_new = nothing_new
        self._bell = Bell()
        poll.add(self._bell)

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on another thread, when Slurm has said something new."""
        self._bell.add(ring)

    def __call__(self) -> bool:
        """True once the job is over."""
        if not self._poll.latest().over:
            return False
        return self._nothing_new is None or self._nothing_new()
