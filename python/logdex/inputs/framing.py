"""Which logs are those of containers. Imports nothing heavy: each file that is named is looked at."""

from __future__ import annotations

import os

from logdex import _core

_HEAD = 64 << 10
"""By so many bytes at the beginning frames are told; a part of a line has at most 16 KiB."""


def frames_of(path: str) -> str | None:
    """How the lines of the file at `path` are framed, "cri" or "docker"; None where they are not, or nobody can say.

    `LOGDEX_FRAMES=off` leaves frames as they are.
    """
    # A pipe would wait for its writer.
    if os.environ.get("LOGDEX_FRAMES") == "off" or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(1)
            if not head:
                return named_kind(path)
            # A year, an object, or a hole before one of them.
            if head not in (b"2", b"{", b"\0"):
                return None
            return _core.Frames.kind_of(head + file.read(_HEAD))
    except (OSError, ValueError):
        return None  # Whoever reads it says so.


def named_kind(path: str) -> str | None:
    """How the lines of a file that is still empty will be framed, where its name says that."""
    # Imported here, for few files are empty.
    import re

    if re.search(r"_[0-9a-f-]{32,36}/[^/]+/\d+\.log$", path):
        return "cri"
    return "docker" if re.search(r"/[0-9a-f]{64}-json\.log$", path) else None
