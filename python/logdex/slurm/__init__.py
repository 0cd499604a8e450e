"""Jobs of Slurm: which files are theirs, when they were started again, and whether they live. Needs no TorchX."""

from logdex.slurm.attempts import Attempt, attempts

__all__ = ["Attempt", "attempts"]
