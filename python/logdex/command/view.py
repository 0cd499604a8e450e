"""`logdex view`: a pager of logs, on Textual, which is imported only then."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence

from logdex.command import arguments, elsewhere
from logdex.command.complain import complain

_EPILOG = """\
examples:
  logdex view train.log            its end, whatever its size; h tells the keys
  logdex view runs/llama/          all ranks in the order of time
  logdex view -f slurm-77.out      and what comes

exit status: 0 it was shown, 2 something went wrong
"""


def parser(prog: str = "logdex view") -> argparse.ArgumentParser:
    """The options of `logdex view`."""
    made = argparse.ArgumentParser(
        prog,
        description="Page through logs of any size: search, jump to times and steps, filter, follow.",
        epilog=_EPILOG,
        formatter_class=arguments.Formatter,
    )
    made.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a file, directory, glob or handle; several: in order of time",
    )
    made.add_argument("-f", "--follow", action="store_true", help="go on with what is written")
    made.add_argument("--tz", metavar="ZONE", help="zone of stamps without one; default the machine's")
    made.add_argument(
        "--stamp", metavar="FORMAT", help="look for stamps of this format first, as in `logdex`"
    )
    made.add_argument("--prefix", default="", metavar="TEXT", help="look for them only right behind TEXT")
    arguments.add_skew(made)
    return made


def main(given: Sequence[str], prog: str = "logdex view") -> int:
    """Runs the command; returns its exit status."""
    args = parser(prog).parse_args(given)
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

    title = " ".join(os.path.basename(one) or one for one in args.sources)
    try:
        sources = args.sources[0] if len(args.sources) == 1 else args.sources
        log = open(sources, tz=args.tz, stamp=args.stamp, prefix=args.prefix, skew=skew.said(args.skew))
        lines = open_screen(log)
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
    return viewer.return_code or 0
