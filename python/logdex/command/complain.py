"""What went wrong, for a person."""

from __future__ import annotations

import sys


def complain(error: BaseException) -> None:
    """Says on stderr what went wrong."""
    sys.stderr.write(f"logdex: {describe(error)}\n")


def describe(error: BaseException) -> str:
    """An error in one line: the path, what was wrong, what to do."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    if isinstance(error, LookupError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__
