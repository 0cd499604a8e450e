"""Whether the whole command is one for another machine, where the logs are."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


_WRITES_HERE = ("cursor_file", "files_with_matches", "html", "svg")
"""The options that keep something here, or name sources as they can be given again here."""


def run(args: Namespace, given: Sequence[str]) -> int | None:
    """Runs the command where all its logs are, behind `ssh://`; returns its exit status, or None if it is to run here.

    Args:
        args: What the words say.
        given: The words, with that of the subcommand.
    """
    if not _is_for_there(args, given):
        return None
    from logdex import __version__
    from logdex.command.asked.options import columns
    from logdex.remote import there

    return there.run(
        given, args.sources, version=__version__, terminal=sys.stdout.isatty(), columns=columns()
    )


def view(args: Namespace, given: Sequence[str]) -> int | None:
    """Runs `logdex view` where all its logs are, on this terminal; see `run`."""
    if not _is_for_there(args, given):
        return None
    from logdex import __version__
    from logdex.remote import there

    return there.view(given, args.sources, version=__version__)


def runs_for_another() -> bool:
    """Whether this is the `logdex` there: another machine's asked, on a terminal, for what it shows."""
    return "LOGDEX_TERMINAL" in os.environ


def _is_for_there(args: Namespace, given: Sequence[str]) -> bool:
    if not all(source.lower().startswith("ssh://") for source in args.sources):
        return False
    return not any(getattr(args, one, None) for one in _WRITES_HERE) and _are_sources_alone(args, given)


def _are_sources_alone(args: Namespace, given: Sequence[str]) -> bool:
    """Whether the words that look like the sources are these, and none is the value of an option."""
    return all(list(given).count(source) == args.sources.count(source) for source in args.sources)
