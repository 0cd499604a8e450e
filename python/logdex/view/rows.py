"""The rows of a screen: lines as text in cells, folded, wrapped or cut, with a gutter."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from logdex.view import fold
from logdex.view.pager import Line
from logdex.view.safe import last_frame, safe
from logdex.view.window import Item

_GRAVE = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|Traceback)\b|\b\w*(?:Error|Exception): ")
_WARN = re.compile(r"\bWARN(?:ING)?\b")
LOOKED_AT = 4096
"""Of how many characters of a line matches and levels are shown."""


@dataclass
class Manner:
    """How lines are shown."""

    width: int = 80
    height: int = 22
    wrap: bool = False
    fold: bool = True
    gutter: bool = False
    aside: int = 0
    """How many characters of lines that are cut are left of the screen."""
    search: re.Pattern[str] | None = None
    opened: set[tuple[int, int]] = field(default_factory=set)
    """Folded records that were opened, by log and offset."""

    def shape(self, lines: Sequence[Line], first: int) -> Item:
        """See `window.Shape`."""
        line = lines[first]
        if self.fold and (line.log, line.offset) not in self.opened:
            count = fold.length(lines, first)
            if count > 1:
                return Item(first, count)
        return Item(first, 1, len(self._cut(line.text)) if self.wrap else 1)

    def rows(self, lines: Sequence[Line]) -> list[str]:
        """The text of an item, row for row."""
        return self._cut(fold.summary(lines))

    def gutter_of(self, line: Line) -> str:
        """What stands before a line."""
        if not self.gutter:
            return ""
        time = f"{line.time:%H:%M:%S}" if line.time is not None else " " * 8
        return f"{time} {'' if line.rank is None else line.rank:>4} │ "

    def _cut(self, text: str) -> list[str]:
        width = max(self.width - 2 - (16 if self.gutter else 0), 8)
        if self.wrap:
            # Imported where it is needed: the first screen is there before Rich is.
            from rich.cells import chop_cells

            whole = safe(last_frame(text), width * max(self.height - 1, 1))
            # No line takes more than a screen: what is behind that is shown where lines are cut.
            return chop_cells(whole, width)[: max(self.height - 1, 1)] or [""]
        return [safe(last_frame(text), self.aside + width)[self.aside :]]


def color_of(text: str) -> str | None:
    """The colour of a row by how grave its line is."""
    if _GRAVE.search(text, 0, LOOKED_AT):
        return "red"
    return "yellow" if _WARN.search(text, 0, LOOKED_AT) else None


def mark_of(line: Line, *, current: bool, marked: Collection[tuple[int, int]], folded: bool) -> str:
    """The sign in the first cell of a row."""
    if current:
        return ">"
    if (line.log, line.offset) in marked:
        return "*"
    return "+" if folded else " "
