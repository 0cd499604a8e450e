"""The widget that paints how many lines and errors there were when."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo
from zoneinfo import ZoneInfo

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from logdex._core import Zone
from logdex.view.density import Density, Stretch, density


class StripView(Widget):
    """One row: when the first line was, a bar for each stretch of time, when the last was, and how errors are known.

    A cell with an error is red, and `!` where a terminal has no colours; the cell of the current line is reversed.
    """

    class Clicked(Message):
        """A cell was clicked."""

        def __init__(self, at: int, *, timed: bool) -> None:
            super().__init__()
            self.at = at
            """When the cell begins, in nanoseconds since 1970 UTC; or its byte, counted over all logs."""
            self.timed = timed

    class Drawn(Message):
        """What is shown is known, or how far that is; may come from any thread."""

        def __init__(self, parts: list[Stretch], found: Density | None, said: str = "") -> None:
            super().__init__()
            self.parts = parts
            self.found = found
            self.said = said

    def __init__(self, zone: Zone) -> None:
        """`zone` is that of the moments at its ends."""
        super().__init__()
        self._zone = zone
        self._parts: list[Stretch] = []
        self.shown: Density | None = None
        self.said = ""
        """What stands there as long as nothing is known."""
        self.here: int | None = None
        """The moment of the current line, in nanoseconds since 1970 UTC."""

    def of(self, parts: list[Stretch]) -> Density | None:
        """Parts in as many cells as there is room for; None where there is none."""
        room = self._room(parts)
        return density(parts, room) if parts and room > 0 else None

    def on_strip_view_drawn(self, event: Drawn) -> None:
        """Shows it."""
        self.said = event.said
        if not event.said:
            self._parts = event.parts
            fits = event.found is not None and len(event.found.lines) == self._room(event.parts)
            self.shown = event.found if fits else self.of(event.parts)
        self.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """As wide as the screen; what was found by looking here and there stays what it was."""
        before, self.shown = self.shown, self.of(self._parts)
        if self.shown is not None and before is not None and before.sampled:
            self.shown.sampled = True
            for cell in (cell for cell, grave in enumerate(before.grave) if grave):
                self.shown.grave[self.shown.cell(before.at(cell))] = True
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """See Textual."""
        width = self.size.width
        found = self.shown
        if found is None:
            return Strip([Segment(self.said, Style(dim=True))]).adjust_cell_length(width)
        head, tail, note = self._labels(found)
        row = [Segment(head.ljust(self._indent()), Style(dim=True))]
        here = found.cell(self.here) if found.timed and self.here is not None else -1
        for cell, bar in enumerate(found.bars()):
            grave = found.grave[cell]
            sign = "!" if grave and self.app.no_color else bar
            row.append(Segment(sign, Style(color="red" if grave else None, reverse=cell == here)))
        row.append(Segment(f" {tail} {note}", Style(dim=True)))
        return Strip(row).adjust_cell_length(width)

    def on_click(self, event: events.Click) -> None:
        """Tells which cell it was."""
        found, cell = self.shown, event.x - self._indent()
        if found is not None and 0 <= cell < len(found.lines):
            self.post_message(self.Clicked(found.at(cell), timed=found.timed))

    def _labels(self, found: Density) -> tuple[str, str, str]:
        note = "!some" if found.sampled else "!all"
        if not found.timed:
            return "begin", "end", note
        first, last = self._moment(found.begin), self._moment(found.end)
        form = "%H:%M" if first.date() == last.date() else "%m-%d %H:%M"
        return f"{first:{form}}", f"{last:{form}}", note

    def _indent(self) -> int:
        """Where the bars begin."""
        return 6 if self.shown is None else len(self._labels(self.shown)[0]) + 1

    def _room(self, parts: list[Stretch]) -> int:
        """How many bars there are, between labels that are as long as they may be."""
        spans = [part.span for part in parts if part.span is not None]
        ends = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else (0, 0)
        is_a_day = self._moment(ends[0]).date() == self._moment(ends[1]).date()
        return self.size.width - (2 * (6 if is_a_day else 12) + 6)

    def _moment(self, ns: int) -> datetime:
        zone: tzinfo | None = ZoneInfo(self._zone.name) if self._zone.name else None
        return datetime.fromtimestamp(ns / 1e9, timezone.utc).astimezone(zone)
