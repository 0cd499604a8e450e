"""The next line that a regex selects, forwards or backwards: in pieces, so that it can be told how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from logdex import _core
from logdex.view.jumps import around
from logdex.view.pager import Line, Pager, Place

_LEAST = 1 << 20
_LARGEST = 256 << 20
"""How many bytes of a log are asked about at once: few at first, four times as many each time."""

Told = Callable[[float], object]
"""Is told how much of what is to be searched was, from 0 to 1."""


def find(
    pager: Pager, regex: str, place: Place, *, backwards: bool = False, told: Told = lambda _: None
) -> tuple[Line, Place] | None:
    """The next line with `regex` that the pager's filter lets through, and the place before it.

    Args:
        pager: The logs; `pager.cancel` ends it.
        regex: As for `Log.lines`.
        place: Where to begin. Forwards, the first line behind it; backwards, the last before it.
        backwards: Which way.
        told: Called now and then with how much was searched.

    Raises:
        re.error: `regex` is none.
        OSError: What the system says of a file.
        Cancelled: It was ended.
    """
    ends = pager.end()
    found: list[Line] = []
    for log, at in enumerate(place):
        share = _Share(told, log, len(place), at if backwards else ends[log] - at)
        way = _pieces_back(pager, log, at) if backwards else _pieces(pager, log, at, ends[log])
        if line := _in_pieces(pager, regex, log, way, share, backwards=backwards):
            found.append(line)
    if not found:
        return None
    key = max if backwards else min
    line = key(found, key=lambda one: (one.time.timestamp() if one.time else float("-inf"), one.log))
    return line, around(pager, line, place, backwards=backwards)


class _Share:
    """How far the search of one of several logs is, as a part of all."""

    def __init__(self, told: Told, log: int, logs: int, size: int) -> None:
        self._told, self._log, self._logs, self._size, self._done = told, log, logs, max(size, 1), 0

    def add(self, size: int) -> None:
        self._done += size
        self._told((self._log + min(self._done / self._size, 1.0)) / self._logs)


def _pieces(pager: Pager, log: int, at: int, end: int) -> Iterator[tuple[int, int | None]]:
    size = _LEAST
    while at < end:
        cut = pager.line_start(log, at + size) if at + size < end else 0
        # A line that is longer than the piece is one piece with all behind it.
        yield at, cut if cut > at else None
        if cut <= at:
            return
        at, size = cut, min(size * 4, _LARGEST)


def _pieces_back(pager: Pager, log: int, at: int) -> Iterator[tuple[int, int | None]]:
    size = _LEAST
    while at > 0:
        cut = pager.line_start(log, at - size) if at > size else 0
        yield cut, at
        at, size = cut, min(size * 4, _LARGEST)


def _in_pieces(
    pager: Pager,
    regex: str,
    log: int,
    pieces: Iterator[tuple[int, int | None]],
    share: _Share,
    *,
    backwards: bool,
) -> Line | None:
    for begin, end in pieces if pager.shows(log) else ():
        asked = pager.questions[log].but(after=begin, before=end)
        hit: _core.Record | None = None
        with pager.ask(pager.filter.question(asked, regex)) as records:
            for record in records:
                if pager.filter.keeps(record, also=True):
                    hit = record
                    if not backwards:
                        break
        if hit is not None:
            return pager.line(log, hit)
        share.add((end or begin) - begin)
    return None
