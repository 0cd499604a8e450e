"""`Choosing`: marks, the selection, and how lines are shown."""

from __future__ import annotations

from collections.abc import Callable

from logdex.log import Log
from logdex.view import jumps, marks
from logdex.view.moving import Moving
from logdex.view.pager import Line, Pager
from logdex.view.screen import Screen


class Choosing(Moving):
    """Keys that mark, copy and fold lines."""

    def __init__(self, log: Log, lines: Screen, *, following: bool) -> None:
        """As `Moving`; nothing is marked."""
        super().__init__(log, lines, following=following)
        self.marks = marks.Marks()

    def action_mark(self) -> None:
        """Marks the line, or no longer."""
        if (line := self.lines.line) is not None:
            self.marks.turn(line)
            self._paint()

    def action_mark_next(self, way: int) -> None:
        """The next mark, or the one before."""
        line = self.lines.line
        found = self.marks.next(line, way) if line is not None else None
        if found is None:
            self._result("no mark: m makes one")
            return
        self._do(lambda pager: self._to(pager, found))

    def _to(self, pager: Pager, line: Line) -> None:
        self.lines.go(pager, jumps.around(pager, line, pager.start, backwards=False), line)

    def action_select(self) -> None:
        """Begins a selection at the line, or ends it."""
        self.view.chosen = None if self.view.chosen is not None else self.lines.here
        self._paint()

    def action_copy(self) -> None:
        """Copies the selection through the terminal."""

        def copied(text: str) -> str:
            self.call_from_thread(self.copy_to_clipboard, text)
            return f"{text.count(chr(10)):,} lines copied"

        self._hand_on(copied)

    def _hand_on(self, hand: Callable[[str], str]) -> None:
        chosen, line = self.view.chosen, self.lines.line
        behind = self.lines.behind

        def job(pager: Pager) -> str:
            if chosen is not None:
                lines = marks.selection(pager, min(chosen, self.lines.here), max(chosen, behind))
            else:
                lines = self.marks.lines() or ([line] if line is not None else [])
            return hand(marks.text(pager, lines))

        self.view.chosen = None
        self._do(job, "numbering lines")

    def action_wrap(self) -> None:
        """Wraps long lines, or cuts them."""
        self.manner.wrap, self.manner.aside = not self.manner.wrap, 0
        self._do(self.lines.again)

    def action_fold(self) -> None:
        """Folds tracebacks, or shows all lines."""
        self.manner.fold = not self.manner.fold
        self.manner.opened.clear()
        self._do(self.lines.again)

    def action_open(self) -> None:
        """Opens a folded record, or closes it."""
        line = self.lines.line
        if line is not None:
            self.manner.opened ^= {(line.log, line.offset)}
            self._do(self.lines.again)

    def action_gutter(self) -> None:
        """Shows time and rank before each line, or not."""
        self.manner.gutter = not self.manner.gutter
        self._do(self.lines.again)
