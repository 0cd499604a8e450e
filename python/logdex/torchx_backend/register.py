"""Making `local_persistent` known to TorchX without harm.

An entry point in the group `torchx.schedulers` would hide TorchX's own schedulers on 0.7.0 and become the
default on nightly. So the name goes, last, into the dictionary from which both build their list at each call.
"""

from logdex.torchx_backend.rebind import bind_lazily

NAME = "local_persistent"
MODULE = "logdex.torchx_backend.schedulers.local"


def register() -> None:
    """Adds the scheduler to those of TorchX, which must be installed. Doing it twice is doing it once."""
    from torchx import schedulers

    schedulers.DEFAULT_SCHEDULER_MODULES.setdefault(NAME, MODULE)
    bind_lazily()
