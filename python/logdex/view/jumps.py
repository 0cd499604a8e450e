"""Places that a person names: a moment, a step, the number of a line, an offset, the first failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from logdex import _core, _when
from logdex._core import Question
from logdex.view.pager import Line, Pager, Place

ERRORS = r"\b(?:ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)|\b\w*(?:Error|Exception): "
"""What `e` and `E` look for."""
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?")
_NUMBER = re.compile(r"[0-9][0-9_,]*")
_MOST = 2**63 - 1
"""No line has a greater number, step or offset."""


def around(pager: Pager, line: Line, place: Place, *, backwards: bool) -> Place:
    """The place before `line`, and in the other logs what was at the same time, on this side of `place`."""
    at = [
        line.offset if log == line.log else _same_time(pager, log, line.time, was, backwards=backwards)
        for log, was in enumerate(place)
    ]
    return tuple(at)


def _same_time(pager: Pager, log: int, time: datetime | None, was: int, *, backwards: bool) -> int:
    if time is None:
        return was
    found = _first(pager, log, pager.questions[log].but(since=nanoseconds(time), strict=False))
    # Never back over what was passed: two lines of one moment would take turns for ever.
    return min(found, was) if backwards else max(found, was)


def nanoseconds(time: datetime) -> int:
    """Since 1970 UTC."""
    return (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1) * 1000


def of_moment(pager: Pager, said: str) -> Place:
    """The place before the first line of a moment or later, as `--since` takes it.

    A time of day is the log's last such moment; `-5m` is 5 minutes before the log's last line.

    Raises:
        ValueError: `said` says no moment, or no line is that late.
    """
    zone = pager.questions[0].zone
    ends = pager.before(pager.end(), 1)
    newest = next((line.time for line in ends if line.time), None) or _last(pager)
    asked = nanoseconds(newest) if newest else _when.now()
    if newest and _CLOCK.fullmatch(said):
        said = f"{newest:%Y-%m-%d} {said}"
        moment = _when.moment(said, "since", zone, asked)
        if moment is not None and moment > asked:
            said = f"{newest - timedelta(days=1):%Y-%m-%d} {said.split()[-1]}"
    moment = _when.moment(said.removeprefix("-"), "since", zone, asked)
    found = of_time(pager, moment)
    if found == pager.end():
        raise ValueError(f"no line is as late as {said}")
    return found


def _last(pager: Pager) -> datetime | None:
    """The last time in any log, by its whole: of a format that a file elects, no line says its time by itself."""
    spans = [_core.span(one.but(strict=False)) for one in pager.questions]
    return max((span[1] for span in spans if span is not None), default=None)


def of_time(pager: Pager, moment: int | None) -> Place:
    """The place before the first line of each log of that nanosecond since 1970 UTC, or later."""
    return tuple(
        _first(pager, log, one.but(since=moment, strict=False)) for log, one in enumerate(pager.questions)
    )


def of_step(pager: Pager, step: int) -> Place:
    """The place before the first line of each log of that training step or a later one.

    Raises:
        ValueError: There is none.
    """
    asked = [one.but(steps=(step, None, None), strict=False) for one in pager.questions]
    found = tuple(_first(pager, log, one) for log, one in enumerate(asked))
    if found == pager.end():
        raise ValueError(f"no line is of step {step} or a later one")
    return found


def of_number(pager: Pager, number: int, log: int = 0) -> Place:
    """The place before the line of that number, from 1, of a log; of the last line where there are fewer.

    The index of times knows how many lines come before a block, so that one block is read.
    """
    question = pager.questions[log]
    start = _core.line_start(question, max(number, 1))
    return _alone(pager, log, pager.line_start(log, pager.end()[log]) if start is None else start)


def _alone(pager: Pager, log: int, at: int) -> Place:
    """A place in one log, and in the others what was at the time of the line there."""
    return (
        around(pager, line, pager.start, backwards=False)
        if (line := line_at(pager, log, at))
        else pager.end()
    )


def line_at(pager: Pager, log: int, at: int) -> Line | None:
    """The line that begins at a byte, or the first behind it."""
    with pager.ask(pager.questions[log].but(after=at)) as records:
        record = next(records, None)
    return pager.line(log, record) if record else None


def of_offset(pager: Pager, offset: int, log: int = 0) -> Place:
    """The place before the line in which a byte is."""
    return _alone(pager, log, pager.line_start(log, offset + 1))


def of_share(pager: Pager, at: int) -> Place:
    """The place at a byte, where all logs stand one behind the other; in the others what was at the same time."""
    log, sizes = 0, pager.end()
    while log < len(sizes) - 1 and at >= sizes[log]:
        at, log = at - sizes[log], log + 1
    return of_offset(pager, at, log)


def _first(pager: Pager, log: int, question: Question) -> int:
    """Where the first line of an answer begins; the end of the log where there is none."""
    try:
        with pager.ask(question) as records:
            record = next(records, None)
    except ValueError:
        # No line has a time or a step.
        record = None
    return pager.end()[log] if record is None else record.offset


def go(pager: Pager, said: str) -> Place:
    """The place that `:` was told: `1200` (a line), `50%`, `byte 4096`, `step 41000`, or a moment.

    Raises:
        ValueError: It is none of these, or there is no such place.
        Cancelled: It was ended.
    """
    words = said.split()
    if len(words) == 2 and words[0] in ("step", "byte", "line") and _NUMBER.fullmatch(words[1]):
        number = _number(words[1])
        ways: dict[str, Callable[[Pager, int], Place]] = {
            "step": of_step,
            "byte": of_offset,
            "line": of_number,
        }
        return ways[words[0]](pager, number)
    if said.endswith("%") and said[:-1].isdecimal():
        return _alone(pager, 0, pager.line_start(0, pager.end()[0] * min(_number(said[:-1]), 100) // 100))
    if _NUMBER.fullmatch(said):
        return of_number(pager, _number(said))
    return of_moment(pager, said)


def _number(digits: str) -> int:
    return min(int(digits.replace(",", "").replace("_", "")[:20]), _MOST)
