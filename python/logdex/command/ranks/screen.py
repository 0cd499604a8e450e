"""The answer of `logdex ranks` on a terminal: the verdict in a few lines, and below it a row for each rank or group."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from logdex.command.asked import elsewhere, options
from logdex.command.complain import tell
from logdex.command.ranks.heat import bar, svg
from logdex.diagnosis.page.cells import Cell, columns
from logdex.diagnosis.page.groups import folded
from logdex.diagnosis.records.short import plain, ranges

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from logdex.ranks import Rank, Ranks

MOST_ROWS = 32
"""Of so many ranks each has a row; where there are more, those that did alike share one."""


def show(told: Ranks, args: argparse.Namespace) -> None:
    """Writes the answer to standard output, the page and the picture."""
    if args.html:
        with open(args.html, "w", encoding="utf-8") as file:
            file.write(told.to_html())
    if args.svg:
        with open(args.svg, "w", encoding="utf-8") as file:
            file.write(svg(told))
    for written in filter(None, (args.html, args.svg)):
        tell(f"logdex: wrote {written}\n")
    if args.json:
        # Of a follow each answer is a line.
        print(json.dumps(told.diagnosis.to_dict(), indent=None if args.follow else 2))
        return
    try:
        from logdex.command.console import Console
    except ImportError:
        raise ValueError("ranks are shown by rich: pip install rich") from None

    # What the terminal cannot show must not end this: blocks, or the name of a file that is no text.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    forced = {"always": True, "never": False}.get(args.color, elsewhere.runs_for_another() or None)
    console = Console(
        file=sys.stdout,
        force_terminal=forced,
        no_color=None if forced is None else not forced,
        highlight=False,
        soft_wrap=True,
    )
    if not console.is_terminal and args.color != "always":
        width = options.columns(otherwise=120)
        console = Console(file=sys.stdout, width=width, color_system=None, highlight=False, soft_wrap=True)
    for line in verdict(told):
        console.print(line)
    _table(console, told, *folded(told.ranks, _alone(told), None if args.all else MOST_ROWS))


def _alone(told: Ranks) -> tuple[str, ...]:
    """Whom the table shows alone."""
    return told.diagnosis.ranks if told.diagnosis.kind in ("rank", "host", "unknown") else ()


def verdict(told: Ranks) -> list[Text]:
    """The answer in at most twelve lines, and one that is empty."""
    from rich.text import Text

    facts = told.diagnosis.facts
    wide = max((len(title) for title, _ in facts), default=0)
    out = []
    for title, text in facts:
        style = "red" if title == "first failure" and told.diagnosis.kind not in ("none", "unknown") else ""
        out.append(Text.assemble((f"{title:<{wide}}  ", "bold"), (text, f"bold {style}" if style else "")))
    return [*out, Text("")]


def _table(console: Console, told: Ranks, rows: Sequence[Rank], alike: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for name in ("rank", "lines", "errors", "first error", "last line", "silent"):
        table.add_column(name, justify="left" if name == "rank" else "right", no_wrap=True)
    labels = [plain(_label(row, names), 32) for row, names in zip(rows, alike, strict=True)]
    width = max(console.width - max(len(label) for label in labels) - 52, 20)
    table.add_column(_axis(told, width), no_wrap=True)
    named = set(told.diagnosis.ranks) if told.diagnosis.kind in ("rank", "host") else set()
    for one, label, cells in zip(rows, labels, columns(rows, told.first, told.last, width), strict=True):
        style = "bold red" if one.name in named else "bold yellow" if one.is_silent else ""
        table.add_row(
            Text(label, style),
            f"{one.lines:,}",
            Text(f"{one.errors:,}", "red" if one.errors else "dim"),
            _clock(one.first_error.time, "%H:%M:%S") if one.first_error else Text("-", "dim"),
            _clock(one.last, "%H:%M:%S") if one.last else Text("-", "dim"),
            _span(one.silent) if one.silent >= 0.5 else Text("-", "dim"),
            _heat(cells),
        )
    console.print(table)
    console.print(
        Text("each column: lines written, from · none to █ most; ", "dim")
        + Text("!", "white on red")
        + Text(
            " errors" + ("; a row of many ranks shows the first of them" if max(map(len, alike)) > 1 else ""),
            "dim",
        )
    )


def _label(row: Rank, names: Sequence[str]) -> str:
    return row.name if len(names) == 1 else f"{ranges(names, 3)} ({len(names)})"


def _axis(told: Ranks, width: int) -> str:
    if told.first is None or told.last is None:
        return "history"
    left, right = f"{told.first:%H:%M:%S}", f"{told.last:%H:%M:%S}"
    return left + " " * max(width - len(left) - len(right), 1) + right


def _heat(cells: list[Cell]) -> Text:
    from rich.text import Text

    text = Text()
    for cell in cells:
        text.append(*bar(cell))
    return text


def _clock(time: datetime | None, form: str = "%H:%M:%S.%f") -> str:
    if time is None:
        return "an unknown time"
    text = f"{time:{form}}"
    return text[:-3] if form.endswith("%f") else text


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
