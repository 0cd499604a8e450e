"""Making `local_persistent` and `slurm_persistent` known to TorchX without harm.

An entry point in the group `torchx.schedulers` would hide TorchX's own schedulers on 0.7.0 and become the
default on nightly. So the names go, last, into the dictionary from which both build their list at each call.
"""

from logdex.torchx_backend.rebind import bind_lazily

SCHEDULERS = {
    "local_persistent": "logdex.torchx_backend.schedulers.local",
    "slurm_persistent": "logdex.torchx_backend.schedulers.slurm",
}
"""The schedulers, by the name that the user says."""


def register() -> None:
    """Adds the schedulers to those of TorchX, which must be installed. Doing it twice is doing it once."""
    from torchx import schedulers

    for name, module in SCHEDULERS.items():
        schedulers.DEFAULT_SCHEDULER_MODULES.setdefault(name, module)
    bind_lazily()
