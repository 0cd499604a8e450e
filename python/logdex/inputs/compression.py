"""How a file is compressed, by its first bytes. Imports nothing heavy: every file that is named is asked."""

from __future__ import annotations

import os

MAGIC = 4
"""So many bytes say how a file is compressed."""


def compression(path: str) -> str | None:
    """How the file is compressed, by its first bytes: "gzip", "zstd" or None."""
    try:
        if os.path.isfile(path):
            with open(path, "rb", buffering=0) as file:
                return compression_of(file.read(MAGIC))
    except OSError:
        pass  # Whoever reads it says so.
    return None


def compression_of(head: bytes) -> str | None:
    """How what begins with `head` is compressed."""
    if head[:3] == b"\x1f\x8b\x08":
        return "gzip"
    # A frame, or one to be skipped, with which pzstd begins.
    is_zstd = head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)
    return "zstd" if is_zstd else None
