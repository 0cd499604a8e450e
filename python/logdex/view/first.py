"""The first screen, painted before Textual is imported: that takes longer than to find the end of a log of any size.

What is typed meanwhile is neither shown nor lost: the viewer reads it when it is there.
"""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from logdex.view.rows import mark_of
from logdex.view.screen import Screen

_ENTER, _LEAVE = "\x1b[?1049h\x1b[H\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"
BELOW = 2
"""How many rows below the lines are not theirs: the strip and the status."""


@contextmanager
def terminal() -> Iterator[None]:
    """The other screen of the terminal, without an echo of what is typed; the terminal is left as it was."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        _write(_ENTER)
        yield
    finally:
        _write(_LEAVE)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def size() -> tuple[int, int]:
    """Columns and rows that lines have on this terminal."""
    there = os.get_terminal_size(sys.stdout.fileno())
    return max(there.columns, 1), max(there.lines - BELOW, 1)


def paint(screen: Screen, title: str) -> None:
    """Writes the rows of a screen, and a status line without what takes time to know."""
    rows: list[str] = []
    for number, item in enumerate(screen.shown()):
        lines = screen.lines_of(item)
        current = number == screen.current
        sign = mark_of(lines[0], current=current, marked=(), folded=item.count > 1)
        head = screen.manner.gutter_of(lines[0])
        for row, text in enumerate(screen.manner.rows(lines)):
            rows.append(f"{sign if not row else ' '} {head if not row else ' ' * len(head)}{text}")
    width, height = screen.manner.width, screen.manner.height
    rows = [*rows[:height], *["~"] * (height - len(rows)), ""]
    # Characters of two cells would wrap a row that is as long as the screen is wide.
    _write(_CUT + "\r\n".join([*rows, f"\x1b[7m{title[:width].ljust(width)}\x1b[0m"]) + _WRAP)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
