"""Read training logs exactly, in order, by regex and by time.

Example:
    >>> import logdex
    >>> log = logdex.open("train.log")
    >>> for line in log.lines("ERROR|NCCL", since="02:10", until="02:12"):  # doctest: +SKIP
    ...     print(line, end="")
"""

from __future__ import annotations

import os
from datetime import datetime

from logdex import _core
from logdex._core import Lines, Record, Records, Stats, __version__
from logdex.log import Log, parse_time

__all__ = ["Lines", "Log", "Record", "Records", "Stats", "__version__", "open", "parse_time", "prune"]


def open(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    *,
    tz: str | None = None,
    reference: datetime | None = None,
    index: bool | str | os.PathLike[str] = True,
) -> Log:
    """Names a log file, to be asked. The file is touched when an answer is read, not before.

    Args:
        path: The file; a plain-text log of any size, which may be growing, and need not be there yet.
        tz: The zone of stamps that name none, by its IANA name such as "Europe/Berlin"; default the machine's.
        reference: A moment near the log's end, for stamps without a year; default the file's last modification.
        index: Whether to keep an index of times in the user's cache, or the directory to keep it in.

    Returns:
        A `Log`.

    Raises:
        ValueError: `tz` is no time zone.
        TypeError: `path` is not a path.

    Example:
        >>> logdex.open("train.log", tz="UTC")
        logdex.open('train.log')
    """
    return Log(path, tz=tz, reference=reference, index=index)


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
