"""Who ran, where, and is it alive: what outlives the launcher. Nothing here needs TorchX."""

from logdex.torchx_backend.jobs.end import end
from logdex.torchx_backend.jobs.launched import Launched
from logdex.torchx_backend.jobs.record import TERMINAL, JobRecord, Replica
from logdex.torchx_backend.jobs.store import JobStore
from logdex.torchx_backend.jobs.verdict import Verdict, is_here, is_running, judge

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
