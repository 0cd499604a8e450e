"""`Moving`: to other lines, by keys, searches and jumps, and which lines there are."""

from __future__ import annotations

import re
from dataclasses import replace

from logdex.log import Log
from logdex.view import jumps, search
from logdex.view.pager import Filter, Pager
from logdex.view.screen import Screen
from logdex.view.working import Working

_STREAMS = (None, "stdout", "stderr")


class Moving(Working):
    """Keys that move the screen."""

    def __init__(self, log: Log, lines: Screen, *, following: bool) -> None:
        """`log` is what `lines` shows."""
        super().__init__(lines, following=following)
        self.log_viewed = log
        self._way = 1

    def action_move(self, by: int) -> None:
        """A line on or back."""
        self._leave(by)
        self._do(lambda pager: self.lines.move(pager, by))

    def action_page(self, by: int) -> None:
        """A screen on or back."""
        self._leave(by)
        self._do(lambda pager: self.lines.scroll(pager, by * max(len(self.lines.shown()) - 1, 1)))

    def action_half(self, by: int) -> None:
        """Half a screen on or back."""
        self._leave(by)
        self._do(lambda pager: self.lines.scroll(pager, by * max(len(self.lines.shown()) // 2, 1)))

    def _leave(self, by: int) -> None:
        # Who goes back wants to read, not to be carried to the end.
        self.following = self.following and by > 0

    def action_first(self) -> None:
        """The first line."""
        self._leave(-1)
        self._do(self._first)

    def _first(self, pager: Pager) -> None:
        self.lines.go(pager, pager.start)

    def action_last(self) -> None:
        """The last line."""
        self._do(self.lines.last)

    def action_aside(self, by: int) -> None:
        """The text of cut lines to the left or right, half a screen."""
        self.manner.aside = max(0, self.manner.aside + by * max(self.manner.width // 2, 1))
        self._paint()

    # Searching and jumping.

    def action_again(self, way: int) -> None:
        """The next match, or the one before."""
        if self.manner.search is None:
            self._result("no search yet: / or ?")
            return
        self._search(self.manner.search.pattern, self._way * way)

    def action_error(self, way: int) -> None:
        """The next error, or the one before."""
        self._search(jumps.ERRORS, way)

    def _search(self, regex: str, way: int) -> None:
        def job(pager: Pager) -> str:
            place = self.lines.behind if way > 0 else self.lines.here
            found = search.find(pager, regex, place, backwards=way < 0, told=self._told("searching"))
            if found is None:
                return "no match " + ("further on" if way > 0 else "before")
            line, there = found
            self.lines.go(pager, there, line)
            return ""

        self._leave(way)
        self._do(job, "searching  (Esc stops it)")

    def action_failure(self) -> None:
        """What failed first, and the line that says so."""

        def job(pager: Pager) -> str:
            told = self.log_viewed.ranks().diagnosis
            if told.time is not None:
                self.lines.go(pager, jumps.of_time(pager, jumps.nanoseconds(told.time)))
            return " ".join(told.text.split())

        self._leave(-1)
        self._do(job, "asking the ranks")

    def action_rank(self, by: int) -> None:
        """The next rank or the one before, at the same moment."""
        rank = self.pager.filter.rank
        if rank is None:
            rank = line.rank if (line := self.lines.line) is not None and line.rank is not None else -1
            by = 0 if rank >= 0 else by
        self._filter(replace(self.pager.filter, rank=max(0, rank + by)))

    def action_stream(self) -> None:
        """Both streams, only stdout, only stderr, in turn."""
        if not self.pager.has_streams:
            self._result("nothing here tells stdout from stderr")
            return
        now = self.pager.filter
        self._filter(replace(now, stream=_STREAMS[(_STREAMS.index(now.stream) + 1) % len(_STREAMS)]))

    def _filter(self, wanted: Filter) -> None:
        try:
            wanted.question(self.pager.questions[0])
        except (re.error, ValueError) as error:
            self._result(str(error))
            return
        self.action_stop_job()
        self.pager = self.pager.filtered(wanted)
        place = self.lines.here
        self._do(lambda pager: self.lines.go(pager, place))
