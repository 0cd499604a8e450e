"""`logdex view`: a pager of logs, on Textual, which is imported only then."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence

from logdex.command.asked import elsewhere, options
from logdex.command.complain import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex.inputs.input import Input

_MOMENT = 0.2
"""How long the first screen waits for the end of what is piped in, in seconds."""

_EPILOG = """\
examples:
  logdex view train.log              its end, whatever its size; h tells the keys
  logdex view runs/llama/            all ranks in the order of time
  logdex view -f slurm-77.out        and what comes, also where the file is to come
  kubectl logs job/x | logdex view   what comes through a pipe

exit status: 0 it was shown, 2 something went wrong
"""


def parser(prog: str = "logdex view") -> argparse.ArgumentParser:
    """The options of `logdex view`."""
    made = argparse.ArgumentParser(
        prog,
        description="Page through logs of any size: search, jump to times and steps, filter, follow.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    made.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a file, directory, glob, handle, or - for standard input; several: in order of time",
    )
    made.add_argument("-f", "--follow", action="store_true", help="go on with what is written")
    made.add_argument("--tz", metavar="ZONE", help="zone of stamps without one; default the machine's")
    made.add_argument(
        "--stamp", metavar="FORMAT", help="look for stamps of this format first, as in `logdex`"
    )
    made.add_argument("--prefix", default="", metavar="TEXT", help="look for them only right behind TEXT")
    options.add_skew(made)
    return made


def main(given: Sequence[str], prog: str = "logdex view") -> int:
    """Runs the command; returns its exit status."""
    made = parser(prog)
    args = made.parse_args(given)
    args.sources = options.sources_or_stdin(made, args.sources)
    piped = None
    if not sys.stdin.isatty() and sys.stdout.isatty():
        # Keys come from the terminal, and what is piped in from a copy of the descriptor.
        piped = _take_terminal()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain(ValueError("view needs a terminal; without one, `logdex SOURCE` writes the lines"))
        return 2
    try:
        if (status := elsewhere.view(args, ["view", *given])) is not None:
            return status
    except (OSError, ValueError) as error:
        complain(error)
        return 2
    if importlib.util.find_spec("textual") is None:
        if elsewhere.runs_for_another():
            from logdex.remote.there import HERE_INSTEAD

            return HERE_INSTEAD
        complain(ValueError("view needs Textual, which is not installed; pip install 'logdex[view]'"))
        return 2
    from logdex._open import open
    from logdex.inputs import skew
    from logdex.view import first
    from logdex.view.screen import open_screen

    title = " ".join("stdin" if one == "-" else os.path.basename(one) or one for one in args.sources)
    try:
        text = _piped(args, piped)
        sources = args.sources[0] if len(args.sources) == 1 else args.sources
        log = open(sources, tz=args.tz, stamp=args.stamp, prefix=args.prefix, skew=skew.said(args.skew))
        lines = open_screen(log, follow=args.follow)
        lines.manner.width, lines.manner.height = first.size()
        lines.last(lines.pager)
    except (OSError, ValueError, LookupError) as error:
        complain(error)
        return 2
    try:
        with first.terminal():
            first.paint(lines, title)
            # It takes longer to import than all before.
            from logdex.view.app import Viewer

            viewer = Viewer(log, title=title, follow=args.follow, lines=lines)
            viewer.run()
    except ImportError as error:
        complain(
            ValueError(f"view needs Textual, which cannot be imported ({error}); reinstall 'logdex[view]'")
        )
        return 2
    if text is not None and text.spool is not None and text.spool.error is not None:
        complain(text.spool.error)
        return 2
    return viewer.return_code or 0


def _take_terminal() -> int | None:
    """Makes the terminal standard input; the descriptor of what was that, or None where there is no terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    piped = os.dup(0)
    os.dup2(terminal, 0)
    os.close(terminal)
    return piped


def _piped(args: argparse.Namespace, piped: int | None) -> Input | None:
    """What is piped in, in the place of `-` among the sources; at first, so much of it as comes in a moment.

    Raises:
        ValueError: Nothing is piped in.
    """
    if "-" not in args.sources:
        return None
    if piped is None:
        raise ValueError("-: nothing is piped in; name a file, a directory, a glob or a handle")
    from logdex.inputs.paths import of_stream

    text = of_stream(piped)
    if text.spool is not None:
        text.spool.join(_MOMENT)
    args.sources = [text.path if one == "-" else one for one in args.sources]
    return text
