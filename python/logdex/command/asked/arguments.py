"""What the `logdex` command may be told: its options. Imports stay light, for `--help` is read while jobs burn."""

from __future__ import annotations

import argparse
import sys

from logdex.command.asked.options import Formatter, add_skew, lines, positive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex._step import Step

_USAGE = """\
%(prog)s [OPTION ...] [SOURCE ...]
       %(prog)s ranks [OPTION ...] [SOURCE ...]
       %(prog)s index [OPTION ...] SOURCE ...
       %(prog)s ls [OPTION ...] [NAME ...]
       %(prog)s view [OPTION ...] SOURCE ..."""

_DESCRIPTION = """\
Show the lines of training logs, by regex and by time: whole and in order, from
files here and elsewhere (ssh://host/path, s3://bucket/key), directories, globs,
standard input, jobs of Slurm (slurm:12345) and TorchX handles
(scheduler://session/app[/role[/replicas]]).
"""

_EPILOG = """\
examples:
  logdex runs/llama/ --since 02:10 --until 02:12 -e 'NCCL|ERROR' -C3
  logdex -f local_persistent://torchx/echo-n9x -e 'nan|OOM' -n 50
  logdex -f slurm:12345        until the job is over, through requeues
  kubectl logs job/x | logdex --since -10m -e NCCL
  logdex ranks runs/llama/     which rank failed first, who is silent
  logdex index --text runs/    so that a regex reads only where it can match
  logdex ls                    the apps that ran here, the newest first

exit status: 0 a line was selected, 1 none was, 2 something went wrong
"""


def parser(prog: str = "logdex") -> argparse.ArgumentParser:
    """The options of `logdex` itself."""
    made = argparse.ArgumentParser(
        prog, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=Formatter
    )
    add_arguments(made)
    return made


def add_arguments(made: argparse.ArgumentParser) -> None:
    """Adds the options to a parser, ours or `torchx logdex`'s."""
    made.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a file, directory, glob, handle, or - for standard input",
    )
    _add_selection(made.add_argument_group("which lines"))
    _add_manner(made.add_argument_group("how they are shown"))
    made.add_argument("--completion", choices=["bash", "zsh"], help="print a completion script for a shell")
    made.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")


def _add_selection(which: argparse._ArgumentGroup) -> None:
    which.add_argument(
        "-e",
        "--regex",
        action="append",
        default=[],
        metavar="RE",
        help="show lines in which Python's re.search finds RE; of several, any counts",
    )
    which.add_argument(
        "-l",
        "--level",
        metavar="LEVEL",
        help="show lines of this level at least: trace, debug, info, warning, error or critical",
    )
    which.add_argument(
        "-w",
        "--where",
        action="append",
        default=[],
        metavar="COND",
        help="show lines of which a field is so: 'status>=500', component=tsdb; of several, all count",
    )
    which.add_argument(
        "--exclude", action="append", default=[], metavar="RE", help="of these lines, leave out those with RE"
    )
    which.add_argument("-i", "--ignore-case", action="store_true", help="let RE match in any case")
    which.add_argument("-v", "--invert", action="store_true", help="show the lines that do not match")
    which.add_argument(
        "--since",
        metavar="WHEN",
        help="show lines from this moment on: '2026-11-22 02:10', 02:10 (the log's last), 10m (ago), "
        "'yesterday 14:00', or seconds since 1970",
    )
    which.add_argument("--until", metavar="WHEN", help="show lines up to this moment, which is included")
    which.add_argument(
        "--step",
        type=_step,
        metavar="FROM..TO",
        help="show lines of these training steps: 41000..41200, 41000.., ..41200",
    )
    which.add_argument(
        "--steps",
        metavar="RE",
        help="take for a step what the one group of RE says, not step=N, iteration N and the like",
    )
    which.add_argument(
        "-n",
        "--last",
        type=lines,
        metavar="N",
        help="show only the last N of these lines; 0 with -f shows only what comes; --tail N does the same",
    )
    which.add_argument(
        "-m", "--max-count", type=positive, metavar="N", help="stop after the first N of these lines"
    )
    which.add_argument(
        "--streams",
        choices=["stdout", "stderr", "combined"],
        help="read only this stream, where a process has several",
    )
    which.add_argument(
        "--rotated", action="store_true", help="read what was rotated away of each file before it, as one log"
    )


def _add_manner(how: argparse._ArgumentGroup) -> None:
    how.add_argument(
        "-f",
        "--follow",
        "-t",
        "--tail",
        action="store_true",
        help="go on with what is written, until the app ends",
    )
    for option, name, shown in (
        ("-A", "after", "after"),
        ("-B", "before", "before"),
        ("-C", "context", "around"),
    ):
        how.add_argument(
            option, dest=name, type=lines, default=None, metavar="N", help=f"show N lines {shown} each, too"
        )
    how.add_argument(
        "--records", action="store_true", help="show the whole record of each: a traceback with its head"
    )
    how.add_argument(
        "-o", "--only-matching", action="store_true", help="show only what RE matched, each match on a line"
    )
    how.add_argument(
        "--group", metavar="NAME", help="show only what the group (?P<NAME>...) of RE matched, as -o does"
    )
    how.add_argument(
        "--fields", metavar="A,B", help="show only these fields of JSON and key=value, of lines that have one"
    )
    how.add_argument(
        "--pretty", action="store_true", help="show JSON as one readable line: time, level, message, the rest"
    )
    how.add_argument("--histogram", action="store_true", help="show how many lines there were when, by level")
    how.add_argument(
        "--line-number", action="store_true", help="show before each line its number in the file"
    )
    how.add_argument("-c", "--count", action="store_true", help="show only how many there are in each source")
    how.add_argument(
        "--files-with-matches", action="store_true", help="show only the names of the files that have one"
    )
    how.add_argument(
        "--merge",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show several sources in the order of time (the default; by arrival with -f), or one after the other",
    )
    how.add_argument(
        "--labels",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show before each line where it is from (the default where there are several sources)",
    )
    how.add_argument(
        "--fold",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with -f of several sources, show what they say alike within 0.2 s as one line, with the ranks and the "
        "range of each number (the default on a terminal)",
    )
    how.add_argument(
        "--no-status",
        dest="status",
        action="store_false",
        help="with -f of several sources on a terminal, leave out the row below the lines that says how many ranks "
        "there are, how quickly lines come, who is silent since when, and which error came first",
    )
    how.add_argument(
        "--frames",
        choices=["last", "all"],
        help="of a line with carriage returns, a progress bar, show the last frame, or the line as it is (the "
        "default on a terminal that shows lines alone, with --json, and in a follow that shows text as it comes)",
    )
    how.add_argument(
        "--json", action="store_true", help="show one JSON object a line, with source, rank, time and text"
    )
    how.add_argument(
        "--tz",
        metavar="ZONE",
        help="take stamps and WHEN for times in this zone, such as UTC, where they name none; "
        "the default is the machine's zone",
    )
    how.add_argument(
        "--time",
        default="none",
        metavar="HOW",
        help="show before each line its time: local, utc, the name of a ZONE, or delta (since the line before); "
        "the default is none",
    )
    how.add_argument(
        "--stamp",
        metavar="FORMAT",
        help="look for stamps of this format first, in strptime's directives: '%%d.%%m.%%Y %%H:%%M:%%S'",
    )
    how.add_argument(
        "--prefix", default="", metavar="TEXT", help="look for stamps of FORMAT only right behind TEXT"
    )
    how.add_argument(
        "--reference",
        metavar="WHEN",
        help="take this for a moment near the log's end, which tells the years of stamps without one",
    )
    add_skew(how)
    how.add_argument(
        "--color", choices=["auto", "always", "never"], default="auto", help="colour matches and labels"
    )
    how.add_argument(
        "--cursor-file",
        metavar="FILE",
        help="go on behind the place that FILE holds, and keep there the place behind what was written",
    )
    how.add_argument(
        "--stats", action="store_true", help="say on stderr how sure the answer is, and what it cost"
    )


class _Version(argparse.Action):
    """Prints the version, looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from logdex import __version__

        sys.stdout.write(f"logdex {__version__}\n")
        parser.exit()


def _step(text: str) -> Step:
    from logdex._step import parse

    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
