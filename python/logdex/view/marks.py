"""Marked and selected lines: which they are, and how they are handed on."""

from __future__ import annotations

import os
from collections.abc import Iterable

from logdex.view.pager import Line, Pager, Place

_MOST = 100_000
"""How many lines a selection may have."""


class Marks:
    """The lines that were marked, in the order of their time, and of their place within a log."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], Line] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._lines

    def keys(self) -> frozenset[tuple[int, int]]:
        """Log and offset of each."""
        return frozenset(self._lines)

    def turn(self, line: Line) -> bool:
        """Marks a line, or no longer; returns whether it is marked now."""
        key = (line.log, line.offset)
        if self._lines.pop(key, None) is not None:
            return False
        self._lines[key] = line
        return True

    def lines(self) -> list[Line]:
        """All of them, in order."""
        return sorted(self._lines.values(), key=_order)

    def next(self, line: Line, way: int) -> Line | None:
        """The mark after a line (`way` 1) or before it (-1); from the end again where there is none."""
        marked = self.lines()
        ahead = [
            one for one in marked if (_order(one) > _order(line) if way > 0 else _order(one) < _order(line))
        ]
        among = ahead or marked
        return (among[0] if way > 0 else among[-1]) if among else None


def _order(line: Line) -> tuple[float, int, int]:
    return line.time.timestamp() if line.time else float("-inf"), line.log, line.offset


def selection(pager: Pager, begin: Place, end: Place) -> list[Line]:
    """The lines between two places, whichever comes first.

    Raises:
        ValueError: There are more than 100,000.
    """
    if begin > end:
        begin, end = end, begin
    found: list[Line] = []
    for line in pager.after(begin, _MOST + 1):
        if any(one.offset >= end[one.log] for one in (line,)):
            break
        found.append(line)
    if len(found) > _MOST:
        raise ValueError(
            f"the selection has more than {_MOST:,} lines; write them with `logdex --since ... > FILE`"
        )
    return found


def text(pager: Pager, lines: Iterable[Line]) -> str:
    """The lines as text, each behind its file and the number of its line, as grep says them."""
    parts = [f"{pager.questions[one.log].path}:{number(pager, one)}:{one.text}\n" for one in lines]
    return "".join(parts)


def number(pager: Pager, line: Line) -> int:
    """Which line of its file it is, from 1."""
    question = pager.questions[line.log].but(after=line.offset, before=line.behind, records=True)
    with pager.ask(question) as records:
        return next((record.number for record in records), 0)


def save(path: str, said: str) -> int:
    """Writes text to a file that is not there yet; returns how many bytes that was.

    Raises:
        OSError: There is one, or it cannot be written.
    """
    data = said.encode("utf-8", "surrogateescape")
    with open(os.path.expanduser(path), "xb") as file:
        return file.write(data)
