"""TorchX's side of logdex. Importing it makes `local_persistent` and `slurm_persistent` known to TorchX."""

from logdex.torchx_backend.register import register

register()
