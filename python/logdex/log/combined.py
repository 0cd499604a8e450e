"""`combined`: the two streams of a process as one log."""

from __future__ import annotations

from logdex.log import Log


def combined(log: Log, beside: str) -> Log:
    """The combined stream of `log`, the standard output of a process, and `beside`, its standard error.

    The whole lines of both in the order in which they arrived, where a scheduler recorded that; else by time.
    """
    both = Log(log.path, tz=log.tz)
    both._plain = log._plain.but(beside=beside)
    return both
