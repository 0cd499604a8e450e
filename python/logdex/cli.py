"""The `logdex` command: its options. Imports stay light, for `--help` is read while jobs burn."""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence

_DESCRIPTION = """\
Show the lines of training logs, by regex and by time: whole, in order, from files, directories, globs,
standard input and TorchX handles (scheduler://session/app[/role[/replicas]]).
"""

_DIGITS = len(str(sys.maxsize))
_REGEX_LAST = re.compile(r"-[ivfct]*e")
"""Short options of which the last is `-e`."""

_EPILOG = """\
examples:
  logdex runs/llama/ --since 02:10 --until 02:12 -e 'NCCL|ERROR' -C3
  logdex -f local_persistent://torchx/echo-n9x -e 'nan|OOM|Traceback' -n 50
  kubectl logs job/x | logdex --since 10m -e NCCL
  logdex ranks runs/llama/          which rank failed first, who is silent

exit status: 0 a line was selected, 1 none was, 2 something went wrong
"""


def parser(prog: str = "logdex") -> argparse.ArgumentParser:
    """The options of `logdex` itself."""
    made = argparse.ArgumentParser(prog, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=Formatter)
    add_arguments(made)
    return made


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Adds the options to a parser, ours or `torchx logdex`'s."""
    made.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="a file, directory, glob, handle, or - for stdin"
    )
    which = made.add_argument_group("which lines")
    which.add_argument(
        "-e",
        "--regex",
        action="append",
        default=[],
        metavar="RE",
        help="in which Python's re.search finds RE; several: any",
    )
    which.add_argument("-i", "--ignore-case", action="store_true", help="RE in any case")
    which.add_argument("-v", "--invert", action="store_true", help="those that do not match")
    which.add_argument(
        "--since", metavar="WHEN", help="of this moment on: '2026-11-22 02:10', 02:10, 10m, 'yesterday 14:00'"
    )
    which.add_argument("--until", metavar="WHEN", help="up to this moment, included")
    which.add_argument("-n", "--last", type=_positive, metavar="N", help="only the last N of them")
    which.add_argument("--streams", choices=["stdout", "stderr", "combined"], help="where there are several")
    how = made.add_argument_group("how")
    how.add_argument(
        "-f",
        "--follow",
        "-t",
        "--tail",
        action="store_true",
        help="go on with what is written, until the app ends",
    )
    how.add_argument(
        "-A", dest="after", type=_number, default=None, metavar="N", help="show N lines after each"
    )
    how.add_argument(
        "-B", dest="before", type=_number, default=None, metavar="N", help="show N lines before each"
    )
    how.add_argument("-C", dest="context", type=_number, default=0, metavar="N", help="both")
    how.add_argument(
        "--records", action="store_true", help="show the whole record: a traceback with its head"
    )
    how.add_argument("-c", "--count", action="store_true", help="only how many there are, for each source")
    how.add_argument(
        "--merge",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="several sources in order of time (default; by arrival with -f), or one after the other",
    )
    how.add_argument(
        "--labels",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="say before each line where it is from (default: if there are several)",
    )
    how.add_argument("--json", action="store_true", help="one JSON object a line: source, rank, time, text")
    how.add_argument(
        "--tz",
        metavar="ZONE",
        help="zone of stamps without one and of WHEN, such as UTC; default the machine's",
    )
    how.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    how.add_argument(
        "--stats", action="store_true", help="say on stderr how sure the answer is, and what it cost"
    )
    made.add_argument("--completion", choices=["bash", "zsh"], help="print a completion script for a shell")
    made.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")


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


def sources_or_stdin(made: argparse.ArgumentParser, sources: list[str]) -> list[str]:
    """The sources that were named; without any, what is piped in, or an error where nothing is."""
    if not sources and (sys.stdin is None or sys.stdin.isatty()):
        made.error("name a file, a directory, a glob or a handle, or pipe something in")
    return sources or ["-"]


class _Version(argparse.Action):
    """Prints the version, looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from logdex import __version__

        sys.stdout.write(f"logdex {__version__}\n")
        parser.exit()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    # More lines than there can be are all of them.
    return int(text) if len(text) < _DIGITS else sys.maxsize


def _positive(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be at least 1")
    return number


def main(argv: Sequence[str] | None = None, prog: str = "logdex") -> int:
    """Runs the command; returns its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        if given[:1] == ["ranks"]:
            from logdex.command import ranks

            return ranks.main(given[1:], f"{prog} ranks")
        made = parser(prog)
        return run(made, parse(made, given, "--regex"))
    except BrokenPipeError:
        return _quiet()
    except KeyboardInterrupt:
        return 130


def parse(made: argparse.ArgumentParser, given: Sequence[str], regex: str) -> argparse.Namespace:
    """The arguments, read as grep does: options and sources in any order, and what follows `-e` is a regex.

    That one may begin with a dash; `regex` is the long name of `-e`. What follows `--` is a source.
    """
    words, options, patterns = iter(given), [], []
    for word in words:
        if word == "--":
            break
        takes_regex = word == regex or _REGEX_LAST.fullmatch(word)
        value = next(words, None) if takes_regex else None
        if value is None:
            options.append(word)
        else:
            options += [word[:-1]] if len(word) > 2 and word != regex else []
            patterns.append(value)
    args = made.parse_intermixed_args(options)
    args.sources = [*args.sources, *words]
    setattr(args, regex[2:], [*getattr(args, regex[2:]), *patterns])
    return args


def run(made: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Does what parsed arguments say; returns the exit status."""
    if args.completion:
        from logdex.command import ranks
        from logdex.command.completion import script

        sys.stdout.write(script(args.completion, made, ranks.parser()))
        return 0
    args.sources = sources_or_stdin(made, args.sources)
    args.before = args.context if args.before is None else args.before
    args.after = args.context if args.after is None else args.after
    if args.count and args.follow:
        made.error("-c counts what is there, -f goes on: leave one of them out")
    from logdex.command import show
    from logdex.command.complain import complain
    from logdex.command.progress import Progress

    try:
        with Progress(args), warnings.catch_warnings():
            # What `re` may one day make of `[[`: a person who searches for it has no use for that.
            warnings.simplefilter("ignore", FutureWarning)
            return show.run(args)
    except re.error as error:
        complain(ValueError(f"-e {error.pattern!r}: {error}"))
    except BrokenPipeError:
        return _quiet()
    except (OSError, ValueError, TypeError) as error:
        complain(error)
    return show.TROUBLE


def _quiet() -> int:
    """The reader has gone: nothing more to say, here or when the interpreter ends. Lines were selected."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def console() -> None:
    """The console script."""
    _stand_in()
    try:
        status = main()
    except SystemExit as left:  # argparse's, with a number
        status = int(left.code or 0)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        status = _quiet()
    except OSError as error:
        # Where there is trouble already, it is this.
        if status != 2:
            sys.stderr.write(f"logdex: standard output: {error.strerror}\n")
        status = 2
    # Threads that wait for a slow reader or writer must not keep the process.
    sys.stderr.flush()
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
