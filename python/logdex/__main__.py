"""`python -m logdex`: the command."""

from logdex.cli import console

console()
