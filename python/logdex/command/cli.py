"""The `logdex` command: from the words of a command line to an exit status."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence

from logdex.command.asked import words
from logdex.command.asked.arguments import parser
from logdex.command.asked.contradictions import contradiction
from logdex.command.asked.options import sources_or_stdin
from logdex.command.complain import UNUSABLE, complain, complain_of_output, complain_of_regex, hush, tell
from logdex.process import interrupted


def main(argv: Sequence[str] | None = None, prog: str = "logdex") -> int:
    """Runs the command; returns its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        if given[:1] == ["ranks"]:
            from logdex.command.ranks import ranks

            return ranks.main(given[1:], f"{prog} ranks")
        if given[:1] == ["index"]:
            from logdex.command import index

            return index.main(given[1:], f"{prog} index")
        if given[:1] == ["ls"]:
            from logdex.command import ls

            return ls.main(given[1:], f"{prog} ls")
        if given[:1] == ["view"]:
            from logdex.command import view

            return view.main(given[1:], f"{prog} view")
        made = parser(prog)
        return run(made, words.parse(made, given, "--regex"), given)
    except BrokenPipeError:
        return _quiet()
    except KeyboardInterrupt:
        return interrupted.STATUS
    except OSError as error:
        complain_of_output(error)
        return 2


def run(made: argparse.ArgumentParser, args: argparse.Namespace, given: Sequence[str] = ()) -> int:
    """Does what parsed arguments say, which were `given` as these words, if at all; returns the exit status."""
    if args.completion:
        from logdex.command import index, ls, view
        from logdex.command.asked.completion import script
        from logdex.command.ranks import ranks

        others = {"ranks": ranks.parser(), "index": index.parser(), "ls": ls.parser(), "view": view.parser()}
        sys.stdout.write(script(args.completion, made, others))
        return 0
    args.sources = sources_or_stdin(made, args.sources)
    args.before = (args.context or 0) if args.before is None else args.before
    args.after = (args.context or 0) if args.after is None else args.after
    if wrong := contradiction(args):
        made.error(wrong)
    from logdex.command.asked import elsewhere
    from logdex.command.lines import show
    from logdex.command.lines.answer import TROUBLE
    from logdex.command.lines.progress import Progress

    try:
        if given and (status := elsewhere.run(args, given)) is not None:
            return status
        with Progress(args), warnings.catch_warnings():
            # What `re` may one day make of `[[`: a person who searches for it has no use for that.
            warnings.simplefilter("ignore", FutureWarning)
            return show.run(args)
    except UNUSABLE as error:
        pattern = getattr(error, "pattern", None)
        complain_of_regex(error, "--exclude" if pattern in args.exclude else "-e")
    except BrokenPipeError:
        return _quiet()
    except (OSError, ValueError, TypeError) as error:
        complain(error)
    return TROUBLE


def _quiet() -> int:
    """Lines were selected, and the reader had enough of them."""
    hush()
    return 0


def console() -> None:
    """The console script."""
    _stand_in()
    interrupted.leave_quietly()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Bars are no letters everywhere; lines of logs go out as bytes.
        sys.stdout.reconfigure(errors="replace")
    try:
        interrupted.raise_again()
        status = main()
    except SystemExit as left:  # argparse's, with a number
        status = int(left.code or 0)
    except KeyboardInterrupt:
        status = interrupted.STATUS
    interrupted.leave_quietly()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    except OSError as error:
        # Where there is trouble already, it is this.
        if status != 2:
            tell(f"logdex: standard output: {error.strerror}\n")
        status = 2
    tell("")  # What others wrote there may not have gone out yet.
    # Threads that wait for a slow reader or writer must not keep the process.
    os._exit(status)


def _stand_in() -> None:
    """Opens something in place of standard streams that are closed: else the first log would take their numbers.

    Reading or writing it fails, but for what is said on stderr, which is lost.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
