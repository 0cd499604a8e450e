"""`Asking`: what a person types at the bottom of the screen."""

from __future__ import annotations

import re
from dataclasses import replace

from logdex.view import jumps, marks
from logdex.view.choosing import Choosing
from logdex.view.lines_view import LinesView


class Asking(Choosing):
    """Searches, jumps, filters and files to save to."""

    def on_lines_view_typing(self, _: LinesView.Typing) -> None:
        """See `LinesView`."""
        self._paint_status()

    def on_lines_view_typed(self, event: LinesView.Typed) -> None:
        """Does what was asked for."""
        asked, said = event.asked, event.said
        if asked in ("/", "?"):
            self._ask_search(asked, said)
        elif asked == ":":
            if said.strip() in ("q", "quit"):
                self.exit()
            elif said.strip():
                self._leave(-1)
                self._do(lambda pager: self.lines.go(pager, jumps.go(pager, said.strip())), "going there")
        elif asked == "where":
            self._filter(replace(self.pager.filter, where=said.strip() or None))
        elif asked == "save to":
            self._hand_on(lambda text: f"{marks.save(said, text):,} bytes in {said}")
        else:
            self._ask_filter(asked, said.strip())

    def _ask_search(self, asked: str, said: str) -> None:
        self._way = 1 if asked == "/" else -1
        if said:
            try:
                self.manner.search = re.compile(said)
            except re.error as error:
                self._result(f"no regex: {error}")
                return
        self.action_again(1)

    def _ask_filter(self, asked: str, said: str) -> None:
        now = self.pager.filter
        if asked == "&":
            now = replace(now, regex=said or None)
        elif asked == "level":
            now = replace(now, level=said or None)
        elif said and not (said.isdecimal() and len(said) < 10):
            self._result(f"{said!r} is no rank")
            return
        else:
            now = replace(now, rank=int(said) if said else None)
        self._filter(now)
