"""The viewer on a terminal."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import get_current_worker

from logdex.log import Log
from logdex.view import density, jumps, marks, search
from logdex.view.growth import Change, Growth
from logdex.view.keys import HELP, KEYS
from logdex.view.lines_view import LinesView
from logdex.view.pager import Cancelled, Filter, Line, Pager, Place
from logdex.view.safe import safe
from logdex.view.screen import Screen, open_screen
from logdex.view.strip_view import StripView

_LOOK = 0.2
"""How often it is looked whether a log has grown, in seconds."""
_OLD = 10.0
"""How old the strip may be of a log that grows, in seconds; at least 20 times as long as it takes to make."""
_STREAMS = (None, "stdout", "stderr")
Job = Callable[[Pager], object]


class Help(ModalScreen[None]):
    """All keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,h,f1,enter", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        """See Textual."""
        with VerticalScroll():
            yield Static(HELP, markup=False)


class Viewer(App[None]):
    """A pager of logs; see `logdex.view.keys` for what it does.

    What is read at once without a filter is read where the key is handled. What may take long, a search, a jump that
    needs an index, a filter, is a job on a thread: one at a time, ended by Esc; keys that move wait for it.
    """

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
        super().__init__(ansi_color=True)
        self.title = title
        self.log_viewed = log
        self.lines = lines or open_screen(log, follow=follow)
        self.pager = self.lines.pager
        self.manner = self.lines.manner
        self.following = follow
        self.marks = marks.Marks()
        self.said = ""
        self._job: Pager | None = None
        self._waiting: deque[tuple[Job, str]] = deque()
        self._way = 1
        self._growth = Growth(self.pager)
        self._sized = False
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

    # Jobs.

    def _do(self, job: Job, said: str = "") -> None:
        """Does what is quick, or waits for what is being done; `said` tells that it may take long."""
        if self._job is not None:
            self._waiting.append((job, said))
        elif said or self.pager.filter.said:
            self._job = self.pager.filtered(self.pager.filter)
            self.said = said
            self._paint_status()
            self._run(self._job, job)
        else:
            self._result(self._tried(job, self.pager))

    @work(thread=True, group="job")
    def _run(self, pager: Pager, job: Job) -> None:
        said = self._tried(job, pager)
        if get_current_worker().is_cancelled or not self.is_running:
            return
        self.call_from_thread(self._done, pager, said)

    def _tried(self, job: Job, pager: Pager) -> str:
        try:
            said = job(pager)
        except Cancelled:
            return "stopped"
        except re.error as error:
            return f"no regex: {error}"
        except OSError as error:
            return f"{error.filename or ''}: {error.strerror or error}"
        except (ValueError, TypeError, LookupError) as error:
            return str(error)
        return said if isinstance(said, str) else ""

    def _done(self, pager: Pager, said: str) -> None:
        if pager is not self._job:
            return
        self._job = None
        self._result(said)
        if self._waiting:
            self._do(*self._waiting.popleft())

    def _result(self, said: str) -> None:
        self.said = said
        self._paint()

    def action_stop(self) -> None:
        """Ends a search, then a selection, then a follow."""
        self._waiting.clear()
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()
            self.said = "stopped"
        elif self.view.chosen is not None:
            self.view.chosen = None
        else:
            self.following = False
        self._paint()

    def _told(self, what: str) -> Callable[[float], None]:
        def told(share: float) -> None:
            self.call_from_thread(self._say, f"{what} {share:.0%}  (Esc stops it)")

        return told

    def _say(self, said: str) -> None:
        if self._job is not None:
            self.said = said
            self._paint_status()

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

    # Moving.

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

    # What is asked for at the bottom of the screen.

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

    def action_stop_job(self) -> None:
        """Ends what is being done."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # Marks, the selection and how lines are shown.

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

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    # What is written meanwhile.

    def action_follow(self) -> None:
        """Shows what comes, or stops that."""
        self.following = not self.following
        if self.following:
            self._do(self.lines.last)
        else:
            self._paint()

    def _look(self) -> None:
        """Looks whether a log has grown, was cut, or is another one now."""
        if self._job is not None:
            return
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
