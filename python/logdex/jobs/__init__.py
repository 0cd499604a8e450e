"""Who ran, where, and is it alive: what outlives the launcher. Nothing here needs TorchX."""

from logdex.jobs.end import end
from logdex.jobs.launched import Launched
from logdex.jobs.record import TERMINAL, JobRecord, Replica
from logdex.jobs.store import JobStore
from logdex.jobs.verdict import Verdict, is_here, is_running, judge

__all__ = [
    "TERMINAL",
    "JobRecord",
    "JobStore",
    "Launched",
    "Replica",
    "Verdict",
    "end",
    "is_here",
    "is_running",
    "judge",
]
