"""`Times`: the time of a line for the gutter and the merge, by what stands on it or on the lines before it."""

from __future__ import annotations

import bisect
from datetime import datetime, timedelta

from logdex import _core
from logdex._core import Question

_KEPT = 4096
"""Of how many lines the stamps are remembered."""
_BACK = 64
"""How many lines before one without a stamp are looked at."""


class Times:
    """The times of one log's lines, without an index: each line's own stamp, or the last one before it.

    Unlike `Record.time`, it does not hang on the rest of the file, so it is there at once in a log of any size. A stamp
    without a year is taken to be near the time of the file's last change, or the reference.
    """

    def __init__(self, question: Question) -> None:
        """`question` says the zone, the format, the reference, and by how much the clock was behind."""
        self._question = question
        # A format that somebody teaches is some text.
        self.are_told = question.stamp is not None and not question.stamp.__reduce__()[1][0]
        """Whether a table tells the times of lines by their place, as it does of a container's."""
        self._skew = timedelta(microseconds=question.skew // 1000)
        self._at: list[int] = []
        self._own: dict[int, datetime] = {}

    def of(self, record: _core.Record) -> datetime | None:
        """The time of a record."""
        if self.are_told:
            return record.time or self._told(record.offset)
        return self._stamp(record) or self._before(record.offset)

    def asked(self, *, after: int, before: int | None = None) -> Question:
        """The question for the lines from one byte to another, whose records say their times where those are told."""
        return self._question.but(after=after, before=before, records=self.are_told)

    def _told(self, offset: int) -> datetime | None:
        with _core.Records(self.asked(after=offset, before=offset + 1)) as records:
            return next((record.time for record in records), None)

    def _stamp(self, record: _core.Record) -> datetime | None:
        known = self._own.get(record.offset)
        if known is not None:
            return known
        asked = self._question
        # No stamp stands behind the first few hundred characters.
        stamp = _core.parse_time(record.text[:1024].encode(), asked.zone, asked.reference, asked.stamp)
        if stamp is not None:
            stamp += self._skew
            if len(self._at) >= _KEPT:
                self._at.clear()
                self._own.clear()
            bisect.insort(self._at, record.offset)
            self._own[record.offset] = stamp
        return stamp

    def _before(self, offset: int) -> datetime | None:
        if offset == 0:
            return None
        asked = self._question.but(size=offset, last=_BACK)
        for record in reversed(list(_core.Records(asked))):
            if stamp := self._stamp(record):
                return stamp
        return None
