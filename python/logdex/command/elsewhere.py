"""Whether the whole command is one for another machine, where the logs are."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def run(args: Namespace, given: Sequence[str]) -> int | None:
    """Runs the command where all its logs are, behind `ssh://`; returns its exit status, or None if it is to run here.

    Args:
        args: What the words say.
        given: The words.
    """
    if not all(source.lower().startswith("ssh://") for source in args.sources):
        return None
    # A place is kept here, and names are asked for as they can be given again here.
    if args.cursor_file or args.files_with_matches or not _are_sources_alone(args, given):
        return None
    from logdex import __version__
    from logdex.command.arguments import columns
    from logdex.remote import there

    return there.run(
        given, args.sources, version=__version__, terminal=sys.stdout.isatty(), columns=columns()
    )


def _are_sources_alone(args: Namespace, given: Sequence[str]) -> bool:
    """Whether the words that look like the sources are these, and none is the value of an option."""
    return all(list(given).count(source) == args.sources.count(source) for source in args.sources)
