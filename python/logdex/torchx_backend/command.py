"""`torchx logdex`, which is `logdex` among TorchX's commands.

TorchX loads this module at every call of `torchx`; that is what makes `local_persistent` known to the command
line. So it imports at its top only what TorchX has imported already, and what is light.
"""

import argparse
import sys

from torchx.cli.cmd_base import SubCommand

from logdex.command import cli


class LogdexCommand(SubCommand):  # type: ignore[misc, unused-ignore]
    """Shows the lines of logs by regex and by time; `torchx logdex --help` says how."""

    def add_arguments(self, subparser: argparse.ArgumentParser) -> None:
        """Takes all words as they are: `logdex` reads them itself, and `ranks` has options of its own."""
        subparser.prefix_chars = "\0"
        subparser.add_argument("words", nargs=argparse.REMAINDER)

    def run(self, args: argparse.Namespace) -> None:
        """Exits as `logdex` does: 0 with lines, 1 without, 2 in trouble."""
        sys.exit(cli.main(args.words, "torchx logdex"))
