"""`logdex ranks`: who failed first and why in a few lines, then a line for each rank with its history as a heat map."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from logdex import _when
from logdex._core import Question
from logdex._question import zone_of
from logdex._resolve import called, inputs
from logdex._when import moment
from logdex.command import arguments, clock, elsewhere, hints, words
from logdex.command.complain import complain, hush
from logdex.command.heat import bar, svg
from logdex.command.live import Live
from logdex.diagnosis.cells import Cell, columns
from logdex.diagnosis.groups import folded
from logdex.diagnosis.short import plain, ranges
from logdex.inputs.input import Input, Wish
from logdex.inputs.layouts import Source
from logdex.inputs.skew import of_words
from logdex.ranks import CLOCKS, Named, Rank, Ranks, summarize
from logdex.regex.join import join

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_MOST_ROWS = 32
_EPILOG = """\
examples:
  logdex ranks runs/llama/
  logdex ranks runs/llama/ slurm-77.out --html answer.html
  logdex ranks runs/llama/ -e 'loss=nan|Traceback' --svg ranks.svg

exit status: 0 no rank failed, 1 a failure is named, 2 something went wrong,
3 the job was told to stop, 4 the logs do not tell
"""


def parser(prog: str = "logdex ranks") -> argparse.ArgumentParser:
    """The options of `logdex ranks`."""
    made = argparse.ArgumentParser(
        prog,
        description="Say which rank failed first and why, which are silent, and who wrote when.",
        epilog=_EPILOG,
        formatter_class=arguments.Formatter,
    )
    made.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a file, directory, glob, handle, or -; of ranks, launchers, schedulers",
    )
    made.add_argument(
        "-e", "--errors", action="append", default=[], metavar="RE", help="what is an error; several: any"
    )
    made.add_argument("-i", "--ignore-case", action="store_true", help="RE in any case")
    made.add_argument(
        "-f", "--follow", action="store_true", help="say so when it is known, and again at the end"
    )
    made.add_argument("--since", metavar="WHEN", help="only lines of this moment or later")
    made.add_argument("--until", metavar="WHEN", help="only lines of this moment or earlier")
    made.add_argument("--tz", metavar="ZONE", help="zone of stamps without one; default the machine's")
    made.add_argument(
        "--clocks",
        type=_seconds,
        default=CLOCKS,
        metavar="SECONDS",
        help=f"by how much clocks of two hosts may differ that nothing measures (default {CLOCKS:g})",
    )
    arguments.add_skew(made)
    made.add_argument("--all", action="store_true", help=f"all ranks, where {_MOST_ROWS} and more are folded")
    made.add_argument("--json", action="store_true", help="the answer as JSON, and nothing else")
    made.add_argument("--html", metavar="FILE", help="write a page to hand on, too")
    made.add_argument("--svg", metavar="FILE", help="write the heat map as a picture, too")
    made.add_argument("--color", choices=["auto", "always", "never"], default="auto")
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
        if (status := elsewhere.run(args, ["ranks", *argv])) is not None:
            return status
        with warnings.catch_warnings():
            # See `cli.run`.
            warnings.simplefilter("ignore", FutureWarning)
            told = _follow(args, trouble) if args.follow else _ask(args, trouble, None)[0]
        for error in trouble:
            complain(error)
        if told.ranks:
            _show_as_far_as_it_is_read(told, args)
    except re.error as error:
        complain(ValueError(f"-e {error.pattern!r}: {error}"))
        return 2
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = "standard output"
        complain(error)
        return 2
    return 2 if trouble else told.diagnosis.status


def _ask(
    args: argparse.Namespace, trouble: list[Exception], states: dict[str, bytes] | None
) -> tuple[Ranks, list[Input]]:
    """What the ranks did as far as the logs go now, and the files that were read."""
    found = _found(args, trouble, Wish(follow=args.follow))
    if (skews := of_words(args.skew)) is not None:
        skews.settle(found, more=args.follow)
    if not states:
        # At the first look: a moment stays the one that it was taken for.
        clock.settle(args, found)
    now = _when.now()
    named = [_named(one, args, now) for one in found]
    errors = join(args.errors, ignore_case=args.ignore_case) if args.errors else None
    told = summarize(named, errors, clocks=args.clocks, tolerate=trouble.append, states=states)
    if (args.since or args.until) and not args.follow and not any(one.lines for one in told.ranks):
        hints.say_of_empty_range(args, found)
    return told, found


def _follow(args: argparse.Namespace, trouble: list[Exception]) -> Ranks:
    """Looks again whenever a log has grown; says the answer when it is another, and returns the last."""

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        trouble.clear()
        return _ask(args, trouble, states)

    def find() -> list[Input]:
        # What cannot be had now is told when the logs are looked at.
        return _found(args, [], Wish(follow=True))

    def tell(told: Ranks) -> None:
        sys.stdout.write(
            (json.dumps(told.diagnosis.to_dict()) if args.json else told.diagnosis.text + "\n") + "\n"
        )
        sys.stdout.flush()

    return Live(look, find, tell).run()


def _found(args: argparse.Namespace, trouble: list[Exception], wish: Wish) -> list[Input]:
    """The files to read, those that are spooled whole; what cannot be had is `trouble`."""
    found: list[tuple[str, list[Input]]] = []
    for argument in args.sources:
        try:
            found.append((argument, inputs(argument, wish)))
        except (OSError, ValueError, LookupError) as error:
            trouble.append(error)
    whole = []
    for one in called(found):
        try:
            # To a follow, what comes through a pipe has no end.
            one.check() if wish.follow else one.settle()
        except OSError as error:
            # How its rank ended may be what is missing of it.
            trouble.append(error)
        else:
            whole.append(one)
    return whole


def _named(one: Input, args: argparse.Namespace, now: int) -> Named:
    zone = zone_of(args.tz)
    question = Question(
        path=one.path,
        zone=zone,
        index=one.stays,
        name=one.alias,
        keep=one,
        since=moment(args.since, "since", zone, now),
        until=moment(args.until, "until", zone, now),
        skew=one.skew,
        strict=False,
    )
    return Named(question, one.source or Source(one.label, ()), one.name, one.exit, one.said)


def _show_as_far_as_it_is_read(told: Ranks, args: argparse.Namespace) -> None:
    try:
        show(told, args)
    except BrokenPipeError:
        # The exit status is an answer too, and the same whether the screen was read to its end.
        hush()


def show(told: Ranks, args: argparse.Namespace) -> None:
    """Writes the answer to standard output, the page and the picture."""
    if args.html:
        with open(args.html, "w", encoding="utf-8") as file:
            file.write(told.to_html())
    if args.svg:
        with open(args.svg, "w", encoding="utf-8") as file:
            file.write(svg(told))
    for written in filter(None, (args.html, args.svg)):
        sys.stderr.write(f"logdex: wrote {written}\n")
    if args.json:
        print(json.dumps(told.diagnosis.to_dict(), indent=2))
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
        width = arguments.columns(otherwise=120)
        console = Console(file=sys.stdout, width=width, color_system=None, highlight=False, soft_wrap=True)
    for line in verdict(told):
        console.print(line)
    _table(console, told, *folded(told.ranks, _alone(told), None if args.all else _MOST_ROWS))


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
