"""`Pager`: lines around a place, forwards and backwards, of one log or of many in the order of time."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from logdex import _core
from logdex._core import Question
from logdex._filters import with_filters
from logdex._question import pattern_of
from logdex.view.times import Times

Place: TypeAlias = tuple[int, ...]
"""A place between lines: in each log, the byte at which the next line begins."""

_CHUNK = 64
"""How many lines of a log are read at once at first; four times as many each time more are wanted."""
_MOST = 4096


class Cancelled(Exception):
    """The person no longer waits for it."""


@dataclass(frozen=True)
class Line:
    """A line of one of the logs."""

    log: int
    """Which of the logs, from 0."""
    offset: int
    """Where it begins in its file, in bytes."""
    behind: int
    """Where it ends in its file, in bytes."""
    text: str
    """Without its end."""
    time: datetime | None
    """Its own stamp, or that of the last line before it that has one."""
    rank: int | None
    source: str


@dataclass(frozen=True)
class Filter:
    """Which lines are shown. All that is said must be so."""

    regex: str | None = None
    level: str | None = None
    rank: int | None = None
    where: str | None = None
    """What fields must be, as `Log.lines` takes it; several conditions between `&&`."""
    stream: str | None = None
    """"stdout" or "stderr"."""

    @property
    def said(self) -> str:
        """It in a few words; empty where every line is shown."""
        parts = (("&", self.regex), ("level ", self.level), ("rank ", self.rank), ("", self.where))
        said = [f"{name}{value}" for name, value in parts if value is not None]
        return ", ".join([*said, *([self.stream] if self.stream else [])])

    def question(self, asked: Question, also: str | None = None) -> Question:
        """The engine's part of it, put into a question, which then is about lines with the regex `also`.

        Raises:
            re.error: A regex is none.
            ValueError: `level` is no level, or `where` no condition.
        """
        regex = self.regex if also is None else also
        where = [one.strip() for one in (self.where or "").split("&&") if one.strip()]
        return with_filters(asked.but(pattern=pattern_of(regex)), regex, self.level, where, None)

    def keeps(self, record: _core.Record, *, also: bool = False) -> bool:
        """What the engine was not asked; `also`: it was asked for another regex."""
        if self.rank is not None and record.rank != self.rank:
            return False
        return not also or self.regex is None or re.search(self.regex, record.text) is not None


class Pager:
    """Lines of logs, read around a place; holds none of them.

    The order of many logs is that in which they would come if, again and again, the earliest of their next lines came
    first. So every log's lines stay in the order of its file, and no line is lost or comes twice wherever a screen
    begins, whatever stamps go back; only how logs interleave around such a stamp may hang on where the reading began.

    Every call opens the files anew: what was rotated or written anew is seen as it is then.
    """

    def __init__(
        self,
        questions: list[Question],
        shown: Filter | None = None,
        streams: Sequence[str | None] = (),
        *,
        waits: bool = False,
    ) -> None:
        """`questions` have in common what is asked of each log; at least one. `streams` says which each has.

        One that `waits` takes a file that is not there for one without a line.
        """
        self.questions = questions
        self.streams = tuple(streams) or (None,) * len(questions)
        self.filter = shown or Filter()
        self.waits = waits
        self.times = [Times(one) for one in questions]
        self._answers: set[_core.Records] = set()
        self._lock = threading.Lock()
        self._cancelled = False

    def filtered(self, shown: Filter) -> Pager:
        """The same logs with another filter."""
        return Pager(self.questions, shown, self.streams, waits=self.waits)

    def joined(self, questions: list[Question], streams: Sequence[str | None]) -> Pager:
        """The same logs and others behind them."""
        return Pager([*self.questions, *questions], self.filter, [*self.streams, *streams], waits=self.waits)

    @property
    def start(self) -> Place:
        """Before the first line."""
        return (0,) * len(self.questions)

    def end(self) -> Place:
        """Behind the last line that is there now."""
        return tuple(self._size(one.path) for one in self.questions)

    def _size(self, path: str) -> int:
        try:
            return os.stat(path).st_size
        except FileNotFoundError as error:
            if self.waits:
                return 0
            said = f"{error.strerror}; check the path, or follow=True to wait for the file"
            raise FileNotFoundError(error.errno, said, path) from None

    def after(self, place: Place, count: int) -> list[Line]:
        """The first `count` lines behind `place`.

        Raises:
            OSError: What the system says of a file.
            Cancelled: `cancel` was called meanwhile.
        """
        return self._merged([self._forward(log, at) for log, at in enumerate(place)], count, backwards=False)

    def before(self, place: Place, count: int) -> list[Line]:
        """The last `count` lines before `place`, in order; raises as `after`."""
        ways = [self._backward(log, at, count) for log, at in enumerate(place)]
        return self._merged(ways, count, backwards=True)[::-1]

    def cancel(self) -> None:
        """Ends what is being read, from any thread, and all that is asked later; make another to go on."""
        with self._lock:
            self._cancelled = True
            for answer in self._answers:
                answer.close()

    def check(self) -> None:
        """Raises `Cancelled` if it was."""
        if self._cancelled:
            raise Cancelled

    @contextmanager
    def ask(self, question: Question) -> Iterator[Iterator[_core.Record]]:
        """The records of an answer, which `cancel` ends."""
        answer = _core.Records(question)
        with self._lock:
            if self._cancelled:
                raise Cancelled
            self._answers.add(answer)
        try:
            with answer:
                yield self._drawn(answer)
        finally:
            with self._lock:
                self._answers.discard(answer)

    def _drawn(self, answer: _core.Records) -> Iterator[_core.Record]:
        yield from answer
        # What was closed looks like what has ended.
        if self._cancelled:
            raise Cancelled

    @property
    def has_streams(self) -> bool:
        """Whether it is known of a line to which stream it was written."""
        return any(one in ("stdout", "stderr") for one in self.streams)

    def shows(self, log: int) -> bool:
        """Whether lines of a log may be of the stream that is asked for."""
        return self.filter.stream is None or self.streams[log] in (None, self.filter.stream)

    def _forward(self, log: int, at: int) -> Generator[Line, None, None]:
        if not self.shows(log) or (self.waits and not os.path.exists(self.questions[log].path)):
            return
        with self.ask(self.filter.question(self.questions[log].but(after=at))) as records:
            for record in records:
                if self.filter.keeps(record):
                    yield self.line(log, record)

    def _backward(self, log: int, at: int, count: int) -> Generator[Line, None, None]:
        size = min(count, _CHUNK)
        while at > 0 and self.shows(log):
            asked = self.filter.question(self.questions[log].but(size=at, last=size))
            with self.ask(asked) as records:
                found = list(records)
            for record in reversed(found):
                if self.filter.keeps(record):
                    yield self.line(log, record)
            if len(found) < size:
                return
            at = found[0].offset
            size = min(size * 4, _MOST)

    def _merged(self, ways: list[Generator[Line, None, None]], count: int, *, backwards: bool) -> list[Line]:
        if count < 1:
            return []
        if len(ways) == 1:
            drawn = [line for line, _ in zip(ways[0], range(count), strict=False)]
            _close(ways)
            return drawn
        heads = [(next(way, None), way) for way in ways]
        found: list[Line] = []
        while len(found) < count:
            there = [(line, log) for log, (line, _) in enumerate(heads) if line is not None]
            if not there:
                break
            if backwards:
                line, log = max(there, key=lambda one: (_moment(one[0]), one[1]))
            else:
                line, log = min(there, key=lambda one: (_moment(one[0]), one[1]))
            found.append(line)
            heads[log] = (next(heads[log][1], None), heads[log][1])
        _close(ways)
        return found

    def line_start(self, log: int, at: int) -> int:
        """Where the last line begins that begins before a byte of a log; 0 where there is none."""
        with self.ask(self.questions[log].but(size=max(at, 0), last=1)) as records:
            return next((record.offset for record in records), 0)

    def line(self, log: int, record: _core.Record) -> Line:
        """What is shown of a record of a log."""
        behind = self._behind(log, record)
        return Line(
            log,
            record.offset,
            behind,
            record.text.removesuffix("\n"),
            self.times[log].of(record),
            record.rank,
            record.source,
        )

    def _behind(self, log: int, record: _core.Record) -> int:
        if "\ufffd" not in record.text:
            return record.offset + len(record.text.encode())
        # Bytes that are no text became characters of another length.
        with open(self.questions[log].path, "rb") as file:
            file.seek(record.offset)
            return record.offset + len(file.readline())


def _close(ways: list[Generator[Line, None, None]]) -> None:
    for way in ways:
        way.close()


def _moment(line: Line) -> float:
    """What has no time comes before all that has one."""
    return line.time.timestamp() if line.time is not None else float("-inf")
