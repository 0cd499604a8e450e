"""`Screen`: what is on the screen and where the person is, without a terminal."""

from __future__ import annotations

from logdex._core import Question
from logdex.inputs.input import Input
from logdex.inputs.spool import Spool
from logdex.log import Log
from logdex.view import window
from logdex.view.later import Later, viewed
from logdex.view.pager import Line, Pager, Place
from logdex.view.rows import Manner
from logdex.view.window import Item, Window


class Screen:
    """The window, the current line on it, and how lines are shown.

    Each method reads what it needs by the pager that it is given, which may be another thread's, and only then changes
    what is shown: one that fails or is cancelled leaves the screen as it was.
    """

    def __init__(self, pager: Pager, manner: Manner, later: Later | None = None) -> None:
        """Empty; `last` or `go` come next."""
        self.later = later
        """Who looks for logs that are to come, where some may."""
        self.pager = pager
        """What it was opened with."""
        self.manner = manner
        self.window = Window((), 0, pager.start)
        self.current = 0
        """Which item on the screen is the current one."""

    def shown(self) -> list[Item]:
        """The items on the screen, from the first row on."""
        found, rows = [], 0
        at, lines = self.window.top, self.window.lines
        while at < len(lines) and rows < self.manner.height:
            item = self.manner.shape(lines, at)
            found.append(item)
            at, rows = at + item.count, rows + item.rows
        return found

    def lines_of(self, item: Item) -> tuple[Line, ...]:
        """The lines of an item."""
        return self.window.lines[item.first : item.first + item.count]

    @property
    def line(self) -> Line | None:
        """The current line: the first of its item."""
        shown = self.shown()
        return self.window.lines[shown[min(self.current, len(shown) - 1)].first] if shown else None

    @property
    def here(self) -> Place:
        """The place before the current line."""
        shown = self.shown()
        return self.window.place(shown[min(self.current, len(shown) - 1)].first) if shown else self.window.end

    @property
    def behind(self) -> Place:
        """The place behind the current item."""
        shown = self.shown()
        if not shown:
            return self.window.end
        item = shown[min(self.current, len(shown) - 1)]
        return self.window.place(item.first + item.count)

    def move(self, pager: Pager, by: int) -> None:
        """The current line `by` items on; the screen follows where it would leave it."""
        wanted = self.current + by
        most = self._whole() - 1
        if 0 <= wanted <= most:
            self.current = wanted
            return
        beyond = wanted - most if wanted > most else wanted
        self._put(pager, window.moved(pager, self.window, beyond, self.manner.height, self.manner.shape))
        self.current = max(0, self._whole() - 1) if by > 0 else 0

    def scroll(self, pager: Pager, by: int) -> None:
        """The screen `by` items on; at the ends of the log the current line goes to its first or last."""
        moved = window.moved(pager, self.window, by, self.manner.height, self.manner.shape)
        if moved.here == self.window.here:
            self.current = max(0, self._whole() - 1) if by > 0 else 0
            return
        self._put(pager, moved)
        self.current = max(0, min(self.current, self._whole() - 1))

    def last(self, pager: Pager) -> None:
        """The last screen, and its last line."""
        self._put(pager, window.last(pager, self.manner.height, self.manner.shape))
        self.current = max(0, self._whole() - 1)

    def go(self, pager: Pager, place: Place, line: Line | None = None) -> None:
        """The screen around a place; `line` there, or the first one behind it, becomes the current one."""
        above = self.manner.height // 3
        self._put(pager, window.at(pager, place, self.manner.height, self.manner.shape, above))
        shown = self.shown()
        self.current = max(0, len(shown) - 1)
        for number, item in enumerate(shown):
            lines = self.lines_of(item)
            there = any((one.log, one.offset) == (line.log, line.offset) for one in lines) if line else False
            if there or (line is None and _is_behind(lines[-1], place)):
                self.current = number
                break

    def again(self, pager: Pager) -> None:
        """The same place, where the manner, the size or the filter is another."""
        self.go(pager, self.here)

    def take_in(self, come: list[Question]) -> None:
        """Logs that have come, none of whose lines were shown."""
        for one in come:
            _catch_up(one)
        self.pager = self.pager.joined(come, [_stream_of(one) for one in come])
        self.manner.gutter = True
        held = self.window
        self.window = Window(held.lines, held.top, held.begin + (0,) * len(come))

    def _whole(self) -> int:
        """How many items are on the screen with all their rows."""
        rows, count = 0, 0
        for item in self.shown():
            rows += item.rows
            count += rows <= self.manner.height or count == 0
        return count

    def _put(self, pager: Pager, window: Window) -> None:
        pager.check()
        self.window = window


def _is_behind(line: Line, place: Place) -> bool:
    return line.offset >= place[line.log]


def open_screen(log: Log, *, follow: bool = False) -> Screen:
    """An empty screen of a log, whose files are looked up now; of a `follow`, one may come later.

    Raises:
        OSError: There is no such file.
        ValueError: A handle is none.
    """
    asked = log._followed(None, whole=False).but(follow=True) if follow else log._question
    found, newcomers = log._files(asked)
    later = None if newcomers is None else Later(newcomers)
    questions = [viewed(one) for one in found]
    if later is not None and not questions:
        questions = [later.nothing()]
    for one in questions:
        _catch_up(one)
    many = len(questions) > 1
    streams = [_stream_of(one) for one in questions] if many else ()
    pager = Pager(questions, streams=streams, waits=follow)
    return Screen(pager, Manner(gutter=many), later)


def _catch_up(question: Question) -> None:
    """Waits until what there is of a text that is made of a log is made."""
    spool = getattr(_kept(question), "spool", None)
    if isinstance(spool, Spool):
        spool.catch_up()


def _kept(question: Question) -> object:
    """What was asked, or what its text is made by."""
    kept = question.keep
    return kept[0] if isinstance(kept, tuple) and kept else kept


def _stream_of(question: Question) -> str | None:
    """The stream that a file has, by its name."""
    one = _kept(question)
    return one.source.stream if isinstance(one, Input) and one.source is not None else None
