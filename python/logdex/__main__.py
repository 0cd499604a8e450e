"""`python -m logdex`: the command."""

from logdex.command.cli import console

console()
