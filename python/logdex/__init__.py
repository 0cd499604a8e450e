"""Read training logs exactly, in order, by regex and by time.

Examples:
    >>> import logdex
    >>> log = logdex.open("train.log")
    >>> for line in log.lines("ERROR|NCCL", since="02:10", until="02:12"):  # doctest: +SKIP
    ...     print(line, end="")
"""

from __future__ import annotations

import os
import sys

if getattr(sys, "argv", [""])[0][-6:] in ("-m", "logdex"):
    # Before anything that takes time, where this may be the command and not a library.
    from logdex.process import interrupted

    if interrupted.is_command():
        interrupted.leave_quietly()

from logdex import _core
from logdex._core import Answer, Level, Lines, Merged, Record, Records, Stats, __version__
from logdex._merge import merge
from logdex._open import open
from logdex.log import Log
from logdex.log.stamp import parse_time

# What only a type checker needs is not imported: `typing` alone takes longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex._ended import Ended, RingingEnded
    from logdex.inputs.resume import CursorError
    from logdex.many import Logs
    from logdex.rotated.log import Rotated

__all__ = [
    "Answer",
    "CursorError",
    "Ended",
    "Level",
    "Lines",
    "Log",
    "Logs",
    "Merged",
    "Record",
    "Records",
    "RingingEnded",
    "Rotated",
    "Stats",
    "__version__",
    "merge",
    "open",
    "parse_time",
    "prune",
]


def __getattr__(name: str) -> object:
    """What is imported when it is first asked for."""
    if name == "CursorError":
        from logdex.inputs.resume import CursorError

        return CursorError
    if name in ("Ended", "RingingEnded"):
        from logdex import _ended

        return getattr(_ended, name)
    if name == "Logs":
        from logdex.many import Logs

        return Logs
    if name == "Rotated":
        from logdex.rotated.log import Rotated

        return Rotated
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def prune(directory: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None) -> int:
    """Removes what is stored and of no use: about logs that are gone or are others now, damaged, of an old version.

    That is indexes, and what is kept for `ranks`. What is in use stays. The cache keeps itself under 1 GiB without
    this.

    Args:
        directory: Where indexes are kept; default the user's cache, `$LOGDEX_CACHE` or the platform's.

    Returns:
        How many bytes that freed.

    Raises:
        OSError: What the system says of the directory.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     prune(directory)
        0
    """
    return _core.prune(None if directory is None else os.fsdecode(directory))
