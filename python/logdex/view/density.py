"""`Density`: how many lines of some logs there were when, and where errors are, in so many cells as a strip has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from logdex import _core
from logdex._core import Question
from logdex.view.jumps import ERRORS
from logdex.view.pager import Pager

BARS = " ▁▂▃▄▅▆▇█"
_EXACT = 16 << 20
"""Logs that have no more bytes than that, together, are counted line by line; of larger ones the index says enough."""
_SAMPLE = 64 << 10
"""How many bytes are looked at for errors where the levels of a stretch are not known."""
_SAMPLES = 2
"""How many such looks there are for a cell."""

_Told: TypeAlias = Callable[[float], object]


@dataclass(frozen=True)
class Stretch:
    """Some lines of a log that stand one behind the other."""

    log: int
    begin: int
    """Where they begin, in bytes."""
    end: int
    lines: int
    span: tuple[int, int] | None
    """From when to when, in nanoseconds since 1970 UTC."""
    grave: bool | None
    """Whether an error is among them; None where nobody knows."""


@dataclass
class Density:
    """Lines and errors over time, or over the bytes of the logs where no line has a time."""

    begin: int
    """The first moment, in nanoseconds since 1970 UTC; or 0."""
    end: int
    """The last moment; or how many bytes there are."""
    timed: bool
    lines: list[float]
    """How many lines each cell stands for."""
    grave: list[bool]
    """In which cells an error is."""
    sampled: bool = False
    """Whether errors were only looked for here and there."""
    _unknown: list[list[Stretch]] = field(default_factory=list)

    def cell(self, at: int) -> int:
        """The cell of a moment, or of a byte."""
        width = len(self.lines)
        share = (at - self.begin) / max(self.end - self.begin, 1)
        return min(max(int(share * width), 0), width - 1)

    def at(self, cell: int) -> int:
        """The moment at which a cell begins, or its byte."""
        return self.begin + (self.end - self.begin) * cell // len(self.lines)

    def bars(self) -> str:
        """A character for each cell: the higher the more lines, empty only where there are none."""
        most = max(self.lines, default=0) or 1
        high = len(BARS) - 1
        return "".join(BARS[max(1, round(lines / most * high)) if lines else 0] for lines in self.lines)


def parts_of(pager: Pager, told: _Told = lambda _: None) -> list[Stretch]:
    """What is known of all logs, the index of times brought up to date; `told` is called with the share that is done.

    Raises:
        OSError: What the system says of a file.
        Cancelled: Whatever `told` raises ends it.
    """
    sizes = pager.end()
    if sum(sizes) <= _EXACT:
        return [part for log in range(len(sizes)) for part in _line_by_line(pager, log)]
    found: list[Stretch] = []
    for log, question in enumerate(pager.questions):
        before = sum(sizes[:log])
        share = _share(told, before, max(sum(sizes), 1))
        found += [Stretch(log, *part) for part in _core.outline(question, share)]
    return found


def _share(told: _Told, before: int, whole: int) -> _Told:
    return lambda done: told((before + done) / whole)


def _line_by_line(pager: Pager, log: int) -> Iterable[Stretch]:
    question = pager.questions[log].but(records=True, levels=True, strict=False)
    begin, span, grave = 0, None, False
    with pager.ask(question) as records:
        for record in records:
            if record.offset > begin:
                yield Stretch(log, begin, record.offset, 1, span, grave)
            begin, level, time = record.offset, record.level, record.time_ns
            span = None if time is None else (time, time)
            grave = level is not None and level >= "error"
    if (end := pager.end()[log]) > begin:
        yield Stretch(log, begin, end, 1, span, grave)


def density(parts: Sequence[Stretch], width: int) -> Density:
    """The parts in `width` cells: the lines of each spread evenly over the cells that it covers."""
    spans = [part.span for part in parts if part.span is not None]
    if spans:
        begin, end = min(low for low, _ in spans), max(high for _, high in spans)
    else:
        begin, end = 0, max(sum(_sizes(parts)), 1)
    found = Density(begin, end, bool(spans), [0.0] * width, [False] * width)
    found._unknown = [[] for _ in range(width)]
    before = _before(parts)
    for part in parts:
        if spans and part.span is None:
            continue
        low, high = (
            part.span
            if part.span is not None
            else (before[part.log] + part.begin, before[part.log] + part.end)
        )
        first, last = found.cell(low), found.cell(high)
        for cell in range(first, last + 1):
            found.lines[cell] += part.lines / (last - first + 1)
            found.grave[cell] |= bool(part.grave)
            if part.grave is None:
                found._unknown[cell].append(part)
    return found


def _sizes(parts: Iterable[Stretch]) -> list[int]:
    sizes: dict[int, int] = {}
    for part in parts:
        sizes[part.log] = max(sizes.get(part.log, 0), part.end)
    return [sizes.get(log, 0) for log in range(max(sizes, default=-1) + 1)]


def _before(parts: Iterable[Stretch]) -> list[int]:
    """How many bytes of other logs stand before each, where all stand one behind the other."""
    sizes = _sizes(parts)
    return [sum(sizes[:log]) for log in range(len(sizes))]


def sample(pager: Pager, found: Density) -> None:
    """Looks for errors here and there, in the cells of which nobody knows; says so in `sampled`.

    Raises:
        OSError: What the system says of a file.
        Cancelled: It was ended.
    """
    for cell, parts in enumerate(found._unknown):
        found.sampled |= bool(parts)
        if not found.grave[cell]:
            step = max(len(parts) // _SAMPLES, 1)
            found.grave[cell] = any(_errs(pager, part) for part in parts[::step][:_SAMPLES])


def _errs(pager: Pager, part: Stretch) -> bool:
    begin = pager.line_start(part.log, (part.begin + part.end) // 2)
    asked: Question = pager.questions[part.log].but(after=begin, before=min(begin + _SAMPLE, part.end))
    with pager.ask(type(pager.filter)().question(asked, ERRORS)) as records:
        return next(records, None) is not None
