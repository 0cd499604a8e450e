"""Read training logs exactly, in order, by regex and by time.

Example:
    >>> import logdex
    >>> log = logdex.open("train.log")
    >>> for line in log.lines("ERROR|NCCL", since="02:10", until="02:12"):  # doctest: +SKIP
    ...     print(line, end="")
"""

from __future__ import annotations

import os

from logdex import _core
from logdex._core import Lines, Merged, Record, Records, Stats, __version__
from logdex._merge import merge
from logdex.log import Log, parse_time

# What only a type checker needs is not imported: `typing` alone takes longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import TypeAlias

    from logdex.many import Logs

    Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

__all__ = [
    "Lines",
    "Log",
    "Logs",
    "Merged",
    "Record",
    "Records",
    "Stats",
    "__version__",
    "merge",
    "open",
    "parse_time",
    "prune",
]


def open(
    path: Path | Sequence[Path],
    *,
    tz: str | None = None,
    reference: datetime | None = None,
    index: bool | str | os.PathLike[str] = True,
) -> Log:
    """Names a log, to be asked. Nothing of it is read before an answer is.

    Args:
        path: The file: a plain-text log of any size, which may be growing, and need not be there yet; or one in gzip
            or zstd, named `.gz`, `.zst` or `.zstd`, whose text goes into a temporary file when it is asked. Or a
            directory, a glob, a handle (`scheduler://session/app[/role[/replicas]]`), or a list of any of these:
            then the answer's lines are those of all their logs, in one order.
        tz: The zone of stamps that name none, by its IANA name such as "Europe/Berlin"; default the machine's.
        reference: A moment near the log's end, for stamps without a year; default the file's last modification.
        index: Whether to keep an index of times in the user's cache, or the directory to keep it in.

    Returns:
        A `Log`; a `Logs`, which is one, where there may be several files.

    Raises:
        ValueError: `tz` is no time zone.
        TypeError: `path` is not a path.

    Example:
        >>> logdex.open("train.log", tz="UTC")
        logdex.open('train.log')
    """
    given = [path] if isinstance(path, str | bytes | os.PathLike) else list(path)
    names = [os.fsdecode(one) for one in given]
    if given == [path] and not _stands_for_many(names[0]):
        kind = _compressed_log() if names[0].endswith((".gz", ".zst", ".zstd")) else Log
        return kind(names[0], tz=tz, reference=reference, index=index)
    from logdex.many import Logs

    return Logs(names, tz=tz, reference=reference, index=index)


def _compressed_log() -> type[Log]:
    from logdex._compressed import CompressedLog

    return CompressedLog


def _stands_for_many(name: str) -> bool:
    if os.path.isdir(name):
        return True
    return ("://" in name or any(mark in name for mark in "*?[")) and not os.path.lexists(name)


def __getattr__(name: str) -> object:
    """`Logs`, whose import waits until somebody needs it."""
    if name == "Logs":
        from logdex.many import Logs

        return Logs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def prune(directory: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None) -> int:
    """Removes stored indexes that are of no use: of logs that are gone or are others now, damaged ones, old versions.

    What is in use stays. The cache keeps itself under 1 GiB without this.

    Args:
        directory: Where indexes are kept; default the user's cache, `$LOGDEX_CACHE` or the platform's.

    Returns:
        How many bytes that freed.

    Raises:
        OSError: What the system says of the directory.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     prune(directory)
        0
    """
    return _core.prune(None if directory is None else os.fsdecode(directory))
