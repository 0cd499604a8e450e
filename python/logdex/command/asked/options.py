"""What the options of all commands have in common: how help is laid out, numbers, clocks that were wrong, sources."""

from __future__ import annotations

import argparse
import os
import sys

_DIGITS = len(str(sys.maxsize))


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Asks the terminal for its width itself: argparse imports `shutil` for that, at every option that is added."""

    def __init__(self, prog: str) -> None:
        """`prog` is the command's name."""
        super().__init__(prog, width=columns() - 2)


def columns(*, otherwise: int = 80) -> int:
    """How wide what is shown may be: `$COLUMNS`, or else the terminal's width, `otherwise` where there is none."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size().columns or otherwise
    except OSError:
        return otherwise


def add_skew(to: argparse._ActionsContainer) -> None:
    """The option for clocks that were wrong."""
    to.add_argument(
        "--skew",
        action="append",
        default=[],
        metavar="[SOURCE=]AMOUNT",
        help="the clock that wrote the stamps of SOURCE (a label, a part of its path, or a pattern; default all) was "
        "behind by AMOUNT, such as host1=+2.4s, or ahead where that is negative: times are shown, compared and put in "
        "order by it; can be repeated",
    )


def sources_or_stdin(made: argparse.ArgumentParser, sources: list[str]) -> list[str]:
    """The sources that were named; without any, what is piped in, or an error where nothing is."""
    if not sources and (sys.stdin is None or sys.stdin.isatty()):
        made.error("name a file, a directory, a glob or a handle, or pipe something in")
    return sources or ["-"]


def lines(text: str) -> int:
    """An option's value that is a number of lines."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    # More lines than there can be are all of them.
    return int(text) if len(text) < _DIGITS else sys.maxsize


def positive(text: str) -> int:
    """An option's value that is a number of lines, and at least 1."""
    number = lines(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be at least 1")
    return number
