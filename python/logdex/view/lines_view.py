"""The widget that paints the rows of a screen."""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from logdex.view.keys import PROMPTS
from logdex.view.rows import LOOKED_AT, color_of, mark_of
from logdex.view.screen import Screen


class LinesView(Widget, can_focus=True):
    """The rows; tells where it was clicked and how large it is, and knows nothing else."""

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, item: int) -> None:
            super().__init__()
            self.item = item

    class Typed(Message):
        """Something was typed at the prompt, and Enter."""

        def __init__(self, asked: str, said: str) -> None:
            super().__init__()
            self.asked = asked
            self.said = said

    class Typing(Message):
        """What stands at the prompt has changed, or it was left."""

    class Sized(Message):
        """It has another size."""

    def __init__(self, screen_of_lines: Screen) -> None:
        super().__init__()
        self._lines = screen_of_lines
        self._painted: list[Strip] = []
        self._items: list[int] = []
        self.marked: frozenset[tuple[int, int]] = frozenset()
        self.chosen: tuple[int, ...] | None = None
        """Where the selection began, as a place."""
        self.asked = ""
        """What the prompt asks for; empty where there is none."""
        self.typed = ""

    def paint(self) -> None:
        """Paints the screen anew."""
        manner = self._lines.manner
        self._painted, self._items = [], []
        here = self._lines.here if self.chosen is not None else None
        for number, item in enumerate(self._lines.shown()):
            lines = self._lines.lines_of(item)
            key = (lines[0].log, lines[0].offset)
            current = number == self._lines.current
            sign = mark_of(lines[0], current=current, marked=self.marked, folded=item.count > 1)
            head = manner.gutter_of(lines[0])
            chosen = here is not None and _between(key, self.chosen or (), here)
            for row, text in enumerate(manner.rows(lines)):
                segments = _segments(
                    text,
                    manner.search,
                    head=head if not row else " " * len(head),
                    mark=sign if not row else ("*" if key in self.marked else " "),
                    current=current,
                    chosen=chosen or (current and here is not None),
                )
                self._painted.append(Strip(segments))
                self._items.append(number)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """See Textual."""
        width = self.size.width
        if y < len(self._painted):
            return self._painted[y].adjust_cell_length(width)
        return Strip([Segment("~".ljust(width), Style(dim=True))], width)

    def on_key(self, event: events.Key) -> None:
        """The prompt: opened and filled here, not by a widget of its own that must be given the focus first.

        Keys may come faster than that, as what is pasted or sent by tmux does, and would be taken for other commands.
        """
        if not self.asked and event.character not in PROMPTS:
            return
        event.stop()
        event.prevent_default()
        if not self.asked:
            self.asked, self.typed = PROMPTS[event.character or ""], ""
        elif event.key == "enter":
            self.post_message(self.Typed(self.asked, self.typed))
            self.asked = ""
        elif event.key in ("escape", "ctrl+c") or (event.key == "backspace" and not self.typed):
            self.asked = ""
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.key == "ctrl+u":
            self.typed = ""
        elif event.is_printable and event.character:
            self.typed += event.character
        self.post_message(self.Typing())

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted at the prompt, up to its first line end."""
        if self.asked:
            self.typed += event.text.split("\n")[0]
            self.post_message(self.Typing())

    def on_click(self, event: events.Click) -> None:
        """The row under the pointer becomes the current one."""
        if event.y < len(self._items):
            self.post_message(self.Clicked(self._items[event.y]))

    def on_resize(self, _: events.Resize) -> None:
        """Tells the app."""
        self.post_message(self.Sized())


def _segments(
    text: str, search: re.Pattern[str] | None, *, head: str, mark: str, current: bool, chosen: bool
) -> list[Segment]:
    """A row, coloured; without colours the mark in its first cell tells as much."""
    looked = text[:LOOKED_AT]
    base = Style(reverse=chosen, bold=current, color=color_of(text))
    done = [Segment(mark + " ", Style(bold=True)), Segment(head, Style(dim=True))]
    at = 0
    for match in search.finditer(looked) if search else ():
        if match.end() > match.start():
            done.append(Segment(text[at : match.start()], base))
            done.append(Segment(match[0], base + Style(reverse=not chosen, bold=True)))
            at = match.end()
    done.append(Segment(text[at:], base))
    return done


def _between(key: tuple[int, int], begin: tuple[int, ...], end: tuple[int, ...]) -> bool:
    log, offset = key
    low, high = min(begin[log], end[log]), max(begin[log], end[log])
    return low <= offset < high
