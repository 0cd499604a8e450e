"""`Rank`: what one rank wrote, summed up; and `Quote`, a line of a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

_LEAST_SILENCE = 5.0
_MANY_GAPS = 20.0


@dataclass(frozen=True)
class Quote:
    """A line of a log."""

    text: str
    """The line, without its end."""
    time: datetime | None
    """When it was written, as an aware datetime; None where that is not known."""
    resolution: int
    """How exact the time is, in nanoseconds, as in `Record`; 0 where there is none."""
    number: int
    """Which line of the file it is, from 1."""
    path: str
    """The file."""


@dataclass(frozen=True)
class Rank:
    """What one rank did.

    Times are aware datetimes in the zone of the question, None where no line has one.
    """

    name: str
    """Who it is: "3" for the global rank 3, "trainer/0:3" for the local rank 3 of a replica, else its file's label."""
    lines: int = 0
    """How many lines it wrote."""
    errors: int = 0
    """How many of them are errors."""
    first: datetime | None = None
    """The earliest time of its lines."""
    last: datetime | None = None
    """The latest time of its lines."""
    last_line: Quote | None = None
    """The last line that it wrote."""
    first_error: Quote | None = None
    """Its first error."""
    last_error: Quote | None = None
    """The last error, which of a traceback is what was raised."""
    silent: float = 0.0
    """For how many seconds the others went on after its last line."""
    history: Sequence[tuple[float, float, int, int]] = field(default=(), repr=False)
    """Columns of time in which it wrote: start and width in seconds, since 1970 UTC; lines, errors."""
    host: str | None = None
    """The host on which it ran, if the logs tell."""
    is_witness: bool = False
    """It is no rank, but a launcher, a scheduler or a driver that tells of ranks."""

    @property
    def is_silent(self) -> bool:
        """Whether it stopped without an error while others went on, much longer than it paused before."""
        if self.is_witness or self.errors or self.first is None or self.last is None or self.lines < 2:
            return False
        pause = (self.last - self.first).total_seconds() / (self.lines - 1)
        return self.silent > max(_LEAST_SILENCE, _MANY_GAPS * pause)
