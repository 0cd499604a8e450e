"""`Window`: the lines that are held around the top of the screen, and how it moves. Knows nothing of terminals."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from logdex.view.pager import Line, Pager, Place

_HELD = 400
"""How many lines are held behind the top and before it, besides a screen."""


@dataclass(frozen=True)
class Window:
    """Lines that follow each other, of which `lines[top]` is the first on the screen."""

    lines: tuple[Line, ...]
    top: int
    begin: Place
    """The place before `lines[0]`."""

    def place(self, index: int) -> Place:
        """The place before `lines[index]`, or behind all of them."""
        at = list(self.begin)
        for line in self.lines[:index]:
            at[line.log] = line.behind
        return tuple(at)

    @property
    def here(self) -> Place:
        """The place before the first line on the screen."""
        return self.place(self.top)

    @property
    def end(self) -> Place:
        """The place behind the last line that is held."""
        return self.place(len(self.lines))


@dataclass(frozen=True)
class Item:
    """Lines that are shown as one, and how many rows of the screen that takes."""

    first: int
    count: int = 1
    rows: int = 1


Shape: TypeAlias = Callable[[Sequence[Line], int], Item]
"""What the line at an index is the first of."""


def single(lines: Sequence[Line], first: int) -> Item:
    """Each line by itself, in one row."""
    return Item(first)


def items(lines: Sequence[Line], shape: Shape) -> list[Item]:
    """All lines, as they are shown."""
    found: list[Item] = []
    at = 0
    while at < len(lines):
        item = shape(lines, at)
        found.append(item)
        at += item.count
    return found


def at(pager: Pager, place: Place, height: int, shape: Shape = single, above: int = 0) -> Window:
    """A screen of `height` rows from `above` lines before `place` on; at the end of the log, the last ones."""
    earlier = pager.before(place, above) if above else []
    return moved(pager, Window(tuple(earlier), 0, _begin(place, earlier)), 0, height, shape)


def last(pager: Pager, height: int, shape: Shape = single) -> Window:
    """The last screen."""
    return moved(pager, Window((), 0, pager.end()), 0, height, shape)


def _begin(place: Place, earlier: list[Line]) -> Place:
    at = list(place)
    for line in reversed(earlier):
        at[line.log] = line.offset
    return tuple(at)


def moved(pager: Pager, window: Window, by: int, height: int, shape: Shape = single) -> Window:
    """The window, `by` items further on (or back if negative), as far as there are lines."""
    lines, top, begin = window.lines, window.top, window.begin
    ended = begun = False
    while True:
        shown = items(lines, shape)
        at = _item_of(shown, top) + by
        if at + height > len(shown) and not ended:
            # Also where a fold may go on behind what is held.
            more = pager.after(Window(lines, 0, begin).end, max(at + height - len(shown), height))
            lines, ended = (*lines, *more), not more
        elif not begun and (at < 0 or _last_top(shown, height) == 0):
            earlier = pager.before(begin, max(-at, height))
            begin, lines, top, begun = (
                _begin(begin, earlier),
                (*earlier, *lines),
                top + len(earlier),
                not earlier,
            )
        else:
            break
    at = max(0, min(at, _last_top(shown, height)))
    return trimmed(Window(lines, shown[at].first if shown else 0, begin), height)


def _item_of(shown: list[Item], line: int) -> int:
    """Which item a line is in; behind all where it is behind all lines."""
    return bisect.bisect_right(shown, line, key=lambda item: item.first) - 1 if shown else 0


def _last_top(shown: list[Item], height: int) -> int:
    """The first item of the last screen."""
    rows, at = 0, len(shown)
    while at > 0 and rows + shown[at - 1].rows <= height:
        at -= 1
        rows += shown[at].rows
    return min(at, max(len(shown) - 1, 0))


def trimmed(window: Window, height: int) -> Window:
    """The window without what is far from the screen."""
    first = max(0, window.top - _HELD)
    behind = window.top + height + _HELD
    if first == 0 and behind >= len(window.lines):
        return window
    return Window(window.lines[first:behind], window.top - first, window.place(first))
