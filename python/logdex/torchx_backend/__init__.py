"""TorchX's side of logdex. Importing it makes the scheduler `local_persistent` known to TorchX."""

from logdex.torchx_backend.register import register

register()
