"""`Times`: the time of a line for the gutter and the merge, by what stands on it or on the lines before it."""

from __future__ import annotations

import bisect
import os
import time
from datetime import datetime, timedelta
from functools import cached_property

from logdex import _core
from logdex._core import Question

_KEPT = 4096
"""Of how many lines the stamps are remembered."""
_VOTERS = 1 << 20
"""So many bytes of a log elect its format, as in the engine."""
_BACK = 64
"""How many lines before one without a stamp are looked at."""


class Times:
    """The times of one log's lines, without an index: each line's own stamp, or the last one before it.

    Unlike `Record.time`, it does not hang on the rest of the file, so it is there at once in a log of any size. A stamp
    without a year is taken to be near the time of the file's last change, or the reference. A format that might be
    something else counts where the log's beginning elects it; the times of a container's lines are told by their place.
    """

    def __init__(self, question: Question) -> None:
        """`question` says the zone, the format, the reference, and by how much the clock was behind."""
        self._question = question
        self._skew = timedelta(microseconds=question.skew // 1000)
        self._at: list[int] = []
        self._own: dict[int, datetime] = {}

    def of(self, record: _core.Record) -> datetime | None:
        """The time of a record."""
        return self._stamp(record) or self._before(record.offset)

    def _stamp(self, record: _core.Record) -> datetime | None:
        known = self._own.get(record.offset)
        if known is not None:
            return known
        stamp = self._told(record.offset) or self._on(record.text)
        if stamp is not None:
            stamp += self._skew
            if len(self._at) >= _KEPT:
                self._at.clear()
                self._own.clear()
            bisect.insort(self._at, record.offset)
            self._own[record.offset] = stamp
        return stamp

    def _told(self, offset: int) -> datetime | None:
        asked = self._question
        return asked.stamp.moment(offset, asked.zone) if asked.stamp is not None else None

    def _on(self, text: str) -> datetime | None:
        # No stamp stands behind the first few hundred characters.
        line = text[:1024].encode("utf-8", "replace")
        return self._election.parse_time(line, self._question.zone, self._reference)

    @cached_property
    def _election(self) -> _core.Election:
        try:
            with open(self._question.begun or self._question.path, "rb") as file:
                head = file.read(_VOTERS)
        except OSError:
            head = b""  # Whoever reads lines says so.
        return _core.Election(head, self._question.stamp)

    @cached_property
    def _reference(self) -> int:
        if self._question.reference is not None:
            return self._question.reference
        try:
            return os.stat(self._question.path).st_mtime_ns
        except OSError:
            return time.time_ns()

    def _before(self, offset: int) -> datetime | None:
        if offset == 0:
            return None
        asked = self._question.but(size=offset, last=_BACK)
        for record in reversed(list(_core.Records(asked))):
            if stamp := self._stamp(record):
                return stamp
        return None
