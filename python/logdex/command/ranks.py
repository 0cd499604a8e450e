"""`logdex ranks`: the answer first, then a line for each rank with its history as a heat map."""

from __future__ import annotations

import argparse
import io
import re
import sys
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from logdex._core import Question
from logdex._question import zone_of
from logdex._resolve import inputs
from logdex.command import arguments, words
from logdex.command.complain import complain
from logdex.command.heat import Cell, bar, columns, svg
from logdex.inputs.input import Input, Wish
from logdex.inputs.layouts import Source
from logdex.ranks import CLOCKS, Rank, Ranks, summarize
from logdex.regex.join import join

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_MOST_ROWS = 40
_EPILOG = """\
examples:
  logdex ranks runs/llama/
  logdex ranks runs/llama/ -e 'loss=nan|Traceback' --svg ranks.svg

exit status: 0 no rank failed, 1 one did, 2 something went wrong
"""


def parser(prog: str = "logdex ranks") -> argparse.ArgumentParser:
    """The options of `logdex ranks`."""
    made = argparse.ArgumentParser(
        prog,
        description="Say which rank failed first and which are silent, and show who wrote when.\n",
        epilog=_EPILOG,
        formatter_class=arguments.Formatter,
    )
    made.add_argument("sources", nargs="*", metavar="SOURCE", help="a file, directory, glob, handle, or -")
    made.add_argument(
        "-e",
        "--errors",
        action="append",
        default=[],
        metavar="RE",
        help="take lines in which RE is found for errors",
    )
    made.add_argument("-i", "--ignore-case", action="store_true", help="let RE match in any case")
    made.add_argument("--tz", metavar="ZONE", help="take stamps for times in this zone where they name none")
    made.add_argument(
        "--clocks",
        type=_seconds,
        default=CLOCKS,
        metavar="SECONDS",
        help=f"assume that the clocks of two hosts differ by up to so many seconds (default {CLOCKS:g})",
    )
    made.add_argument(
        "--all", action="store_true", help=f"show all ranks, not the {_MOST_ROWS} that say most"
    )
    made.add_argument("--svg", metavar="FILE", help="write the heat map as a picture, too")
    made.add_argument("--color", choices=["auto", "always", "never"], default="auto", help="use colours")
    return made


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def main(argv: Sequence[str], prog: str = "logdex ranks") -> int:
    """Runs `logdex ranks`; returns its exit status."""
    made = parser(prog)
    args = words.parse(made, argv, "--errors")
    args.sources = arguments.sources_or_stdin(made, args.sources)
    trouble: list[Exception] = []
    try:
        named = [
            (_question(one, args.tz), one.source or Source(one.label, ())) for one in _found(args, trouble)
        ]
        with warnings.catch_warnings():
            # See `cli.run`.
            warnings.simplefilter("ignore", FutureWarning)
            errors = join(args.errors, ignore_case=args.ignore_case)
            told = summarize(named, errors, clocks=args.clocks, tolerate=trouble.append)
        for error in trouble:
            complain(error)
        if told.ranks:
            show(told, args)
    except re.error as error:
        complain(ValueError(f"-e {error.pattern!r}: {error}"))
        return 2
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = "standard output"
        complain(error)
        return 2
    return 2 if trouble else int(told.first_failure is not None)


def _found(args: argparse.Namespace, trouble: list[Exception]) -> list[Input]:
    """The files to read, those that are spooled whole; what cannot be had is `trouble`."""
    found: list[Input] = []
    for argument in args.sources:
        try:
            found += inputs(argument, Wish())
        except (OSError, ValueError, LookupError) as error:
            trouble.append(error)
    for one in found:
        one.settle()
    return found


def _question(one: Input, tz: str | None) -> Question:
    return Question(one.path, zone=zone_of(tz), index=one.spool is None, name=one.alias, keep=one)


def show(told: Ranks, args: argparse.Namespace) -> None:
    """Writes the answer to standard output, and the picture."""
    try:
        from rich.console import Console
    except ImportError:
        raise ValueError("ranks are shown by rich: pip install rich") from None

    # What the terminal cannot show must not end this: blocks, or the name of a file that is no text.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    forced = {"always": True, "never": False}.get(args.color)
    console = Console(
        file=sys.stdout,
        force_terminal=forced,
        no_color=None if forced is None else not forced,
        highlight=False,
        soft_wrap=True,
    )
    if not console.is_terminal and args.color != "always":
        console = Console(
            file=sys.stdout,
            width=arguments.columns(otherwise=120),
            color_system=None,
            highlight=False,
            soft_wrap=True,
        )
    for line in verdict(told):
        console.print(line)
    _table(console, told, _rows(told, args.all))
    if args.svg:
        with open(args.svg, "w", encoding="utf-8") as file:
            file.write(svg(told))
        sys.stderr.write(f"logdex: wrote {args.svg}\n")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def verdict(told: Ranks) -> list[Text]:
    """What happened, in a few lines."""
    from rich.text import Text

    lines = sum(one.lines for one in told.ranks)
    errors = sum(one.errors for one in told.ranks)
    head = ", ".join([_many(len(told.ranks), "rank"), _many(lines, "line"), f"{errors:,} of them errors"])
    if told.first and told.last:
        head += f", {told.first:%Y-%m-%d %H:%M:%S} to {_clock(told.last)} {told.last:%Z}"
    out = [Text(head, "bold")]
    first = told.first_failure
    if first is None or first.first_error is None:
        out.append(Text.assemble(("first failure  ", "bold"), ("none", "green")))
    else:
        error = first.first_error
        out.append(
            Text.assemble(
                ("first failure  ", "bold"),
                (f"{_who(first)}", "bold red"),
                f" at {_clock(error.time)}: ",
                (_message(error.text), "red"),
            )
        )
        raised = first.last_error
        if raised and raised.number != error.number:
            out.append(Text.assemble("               and in the end: ", (_message(raised.text), "red")))
        out.append(Text(f"               {error.path}:{error.number}", "dim"))
        out += _others(told, first)
    for one in told.silent[:5]:
        said = _message(one.last_line.text) if one.last_line else ""
        out.append(
            Text.assemble(
                ("silent         ", "bold"),
                (_who(one), "bold yellow"),
                f" since {_clock(one.last)}, {_span(one.silent)} before the last line of all, "
                f"without an error; its last line: {said}",
            )
        )
    if len(told.silent) > 5:
        out.append(Text(f"               and {len(told.silent) - 5} more"))
    mute = [one for one in told.ranks if not one.lines]
    if mute:
        out.append(Text.assemble(("no line        ", "bold"), f"of {_names(mute)}"))
    out.append(Text(""))
    return out


def _others(told: Ranks, first: Rank) -> list[Text]:
    """Who failed together with the first, and who after it."""
    from rich.text import Text

    together = told.with_the_first
    out = []
    if together:
        names = _names(together)
        out.append(
            Text(f"               clocks cannot tell it from {names}, which failed within {told.clocks:g} s")
        )
    after = [one for one in told.failed if one is not first and one not in together]
    if after and first.first_error and first.first_error.time and after[0].first_error:
        next_ = after[0].first_error
        if next_.time:
            later = (next_.time - first.first_error.time).total_seconds()
            out.append(
                Text.assemble(
                    ("after it       ", "bold"),
                    f"{_names(after)}, the first of them {_span(later)} later: {_message(next_.text)}",
                )
            )
    return out


def _rows(told: Ranks, all_: bool) -> tuple[Rank, ...]:
    """The ranks to show: all, or those that say most."""
    if all_ or len(told.ranks) <= _MOST_ROWS:
        return told.ranks
    mute = [one for one in told.ranks if not one.lines]
    telling = [*mute[: _MOST_ROWS // 4], *told.failed[: _MOST_ROWS // 2], *told.silent[: _MOST_ROWS // 4]]
    rest = [one for one in told.ranks if one not in telling]
    kept = telling + rest[: _MOST_ROWS - len(telling)]
    return tuple(one for one in told.ranks if one in kept)


def _table(console: Console, told: Ranks, rows: tuple[Rank, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for name in ("rank", "lines", "errors", "first error", "last line", "silent"):
        table.add_column(name, justify="left" if name == "rank" else "right", no_wrap=True)
    wide = max(len(one.name) for one in rows)
    width = max(console.width - wide - 52, 20)
    table.add_column(_axis(told, width), no_wrap=True)
    first = told.first_failure
    for one, cells in zip(rows, columns(told, rows, width), strict=True):
        style = "bold red" if one is first else "bold yellow" if one.is_silent else ""
        table.add_row(
            Text(one.name, style),
            f"{one.lines:,}",
            Text(f"{one.errors:,}", "red" if one.errors else "dim"),
            _clock(one.first_error.time, "%H:%M:%S") if one.first_error else Text("-", "dim"),
            _clock(one.last, "%H:%M:%S") if one.last else Text("-", "dim"),
            _span(one.silent) if one.silent >= 0.5 else Text("-", "dim"),
            _heat(cells),
        )
    console.print(table)
    left_out = len(told.ranks) - len(rows)
    if left_out:
        console.print(f"{left_out} more ranks without anything to say; --all shows them")
    console.print(
        Text("each column: lines written, from · none to █ most; ", "dim")
        + Text("!", "white on red")
        + Text(" errors", "dim")
    )


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


def _who(rank: Rank) -> str:
    return f"rank {rank.name}" if rank.name.isdigit() else rank.name


def _names(ranks: Sequence[Rank]) -> str:
    names = [one.name for one in ranks]
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"rank {shown}" if len(names) == 1 else f"ranks {shown}"


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


_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")


def _message(text: str) -> str:
    """A line as it can be quoted within a line: no colours, no control characters, not too long."""
    plain = _CONTROL.sub("", text)
    return plain if len(plain) <= 160 else plain[:157] + "..."
