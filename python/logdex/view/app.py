"""The viewer on a terminal."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import get_current_worker

from logdex._core import Question
from logdex.log import Log
from logdex.view import density, jumps
from logdex.view.asking import Asking
from logdex.view.growth import Change, Growth
from logdex.view.keys import HELP, KEYS
from logdex.view.later import Later
from logdex.view.lines_view import LinesView
from logdex.view.pager import Cancelled, Filter, Pager, Place
from logdex.view.safe import safe
from logdex.view.screen import Screen, open_screen
from logdex.view.strip_view import StripView

_LOOK = 0.2
"""How often it is looked whether a log has grown, in seconds."""
_OTHERS = 1.0
"""How often it is looked whether other logs have come, in seconds."""
_OLD = 10.0
"""How old the strip may be of a log that grows, in seconds; at least 20 times as long as it takes to make."""


class Help(ModalScreen[None]):
    """All keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,h,f1,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """See Textual."""
        with VerticalScroll():
            yield Static(HELP, markup=False)


class Viewer(Asking):
    """A pager of logs; see `logdex.view.keys` for what it does, and `working` for how."""

    CSS = """
    LinesView { height: 1fr; }
    StripView { height: 1; }
    #status { height: 1; text-style: reverse; }
    Help { align: center middle; }
    Help VerticalScroll { width: 76; max-height: 90%; border: solid; padding: 0 1; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, action, does) for keys, action, _, does in KEYS if keys
    ]

    def __init__(self, log: Log, *, title: str, follow: bool = False, lines: Screen | None = None) -> None:
        """`log` is what is viewed; `lines` is a screen of it, if there is one already.

        Raises:
            OSError: There is no such file.
            ValueError: A handle is none.
        """
        super().__init__(log, lines or open_screen(log, follow=follow), following=follow)
        self.title = title
        self._growth = Growth(self.pager)
        self._sized = False
        self._come: list[Question] = []
        self._later_due = 0.0
        self._strip_of: Place = ()
        self._strip_due = 0.0

    def compose(self) -> ComposeResult:
        """See Textual."""
        self.view = LinesView(self.lines)
        yield self.view
        self.strip = StripView(self.pager.questions[0].zone)
        yield self.strip
        yield Static("", id="status", markup=False)

    def on_mount(self) -> None:
        """The end of the log; then its index, behind it."""
        self.view.focus()
        self.set_interval(_LOOK, self._look)

    def on_lines_view_sized(self, _: LinesView.Sized) -> None:
        """The screen has its first size, or another one."""
        size = self.view.size
        first, self._sized = not self._sized, True
        self.manner.width, self.manner.height = max(size.width, 1), max(size.height, 1)
        self._do(self.lines.again if self.lines.window.lines else self.lines.last)
        if first:
            self._draw_strip()

    def on_lines_view_clicked(self, message: LinesView.Clicked) -> None:
        """See `LinesView`."""
        self.lines.current = message.item
        self._paint()

    # What is shown.

    def _paint(self) -> None:
        self.view.marked = self.marks.keys()
        self.view.paint()
        line = self.lines.line
        self.strip.here = jumps.nanoseconds(line.time) if line is not None and line.time is not None else None
        self.strip.refresh()
        self._paint_status()

    def _paint_status(self) -> None:
        status = self.query_one("#status", Static)
        if self.view.asked:
            ask = self.view.asked if len(self.view.asked) == 1 else self.view.asked + " "
            # The end of what is typed, where it is longer than the screen is wide.
            status.update(f"{ask}{safe(self.view.typed, 10_000)}_"[-max(self.size.width, 1) :])
            return
        line = self.lines.line
        end = sum(self.lines.window.end)
        size = max(sum(self._growth.sizes()), 1)
        parts = [self.title, f"{min(end / size, 1):.0%}"]
        if line is not None:
            if line.time is not None:
                parts.append(f"{line.time:%Y-%m-%d %H:%M:%S}")
            if line.rank is not None:
                parts.append(f"rank {line.rank}")
        parts += ["[follow]"] * self.following + [f"[{self.pager.filter.said}]"] * bool(
            self.pager.filter.said
        )
        parts += ["[select]"] * (self.view.chosen is not None) + [self.said or "h: help"]
        status.update(safe("  ".join(parts), max(self.size.width, 1)))

    # What is written meanwhile.

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    def action_follow(self) -> None:
        """Shows what comes, or stops that."""
        self.following = not self.following
        if self.following:
            self._do(self.lines.last)
        else:
            self._paint()

    def _look(self) -> None:
        """Looks whether a log has grown, was cut, or is another one now, and whether others have come."""
        if self._job is not None:
            return
        if self._come:
            self._take_in()
        if self.lines.later is not None and time.monotonic() >= self._later_due:
            # On a thread, one look at a time: there may be many directories.
            self._later_due = float("inf")
            self._look_for_others(self.lines.later)
        window = self.lines.window
        change, now = self._growth.look(window.end), self._growth.sizes()
        # What is empty shows its first lines, unless nothing is there because of a filter.
        waits = self.following or not (window.lines or self.pager.filter.said)
        if change is Change.ANEW:
            self.lines.window = type(window)((), 0, now)
            self._do(self._anew)
        elif change is Change.GREW and waits:
            self._do(self.lines.last)
        if now != self._strip_of and time.monotonic() >= self._strip_due:
            self._draw_strip()

    @work(thread=True, group="others")
    def _look_for_others(self, later: Later) -> None:
        try:
            self._come += later.look()
        except (OSError, ValueError, LookupError) as error:
            self.said = str(error)
        self._later_due = time.monotonic() + _OTHERS

    def _take_in(self) -> None:
        """Logs that have come are viewed with the others from now on."""
        come, self._come = self._come, []
        self.lines.take_in(come)
        wanted = self.pager.filter
        self.pager = self.lines.pager.filtered(wanted)
        if self.view.chosen is not None:
            self.view.chosen += (0,) * len(come)
        self._growth = Growth(self.pager)
        self._strip_due = time.monotonic()

    def _anew(self, pager: Pager) -> str:
        self.lines.last(pager)
        return "the log was cut or replaced: this is its end now"

    # The strip.

    def action_strip(self) -> None:
        """Shows the strip, or not."""
        self.strip.display = not self.strip.display

    def on_strip_view_clicked(self, event: StripView.Clicked) -> None:
        """Goes to the moment that was clicked."""
        at = event.at
        self._leave(-1)
        if event.timed:
            self._do(lambda pager: self.lines.go(pager, jumps.of_time(pager, at)), "going there")
        else:
            self._do(lambda pager: self.lines.go(pager, jumps.of_share(pager, at)), "going there")

    def _draw_strip(self) -> None:
        self._strip_of, self._strip_due = self._growth.sizes(), float("inf")
        self._make_strip()

    @work(thread=True, group="strip", exclusive=True)
    def _make_strip(self) -> None:
        """Indexes of times for what has none, so that jumps are seeks too; a failure shows when one is asked for."""
        worker, begun, strip = get_current_worker(), time.monotonic(), self.strip
        pager, before = self.pager.filtered(Filter()), -1

        def told(share: float) -> None:
            nonlocal before
            if worker.is_cancelled or not self.is_running:
                raise Cancelled
            if strip.shown is None and int(share * 100) > before:
                before = int(share * 100)
                strip.post_message(strip.Drawn([], None, f"indexing {before}%"))

        try:
            parts = density.parts_of(pager, told)
            found = strip.of(parts)
            strip.post_message(strip.Drawn(parts, found))
            if found is not None:
                density.sample(pager, found)
                strip.post_message(strip.Drawn(parts, found))
        except Cancelled:
            return
        except (OSError, ValueError):
            pass  # Who asks for it is told; it may be for a file that is still to come.
        self._strip_due = time.monotonic() + max(_OLD, 20 * (time.monotonic() - begun))
