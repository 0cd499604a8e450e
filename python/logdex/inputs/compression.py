"""How a file is compressed, by its first bytes. Imports nothing heavy: every file that is named is asked."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO

MAGIC = 10
"""So many bytes say how a file is compressed."""

_TARS = (
    ".tar",
    ".tgz",
    ".txz",
    ".tbz",
    ".tbz2",
    ".tzst",
    ".tar.gz",
    ".tar.xz",
    ".tar.bz2",
    ".tar.zst",
    ".tar.lz4",
)

_BZIP2 = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
"""The numbers by which a block begins, and what ends a stream, which in one of nothing comes first."""

_MAGICS = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh", b"\x04\x22\x4d\x18")


def is_named_tar(path: str) -> bool:
    """Whether `path` is called what a tar is."""
    return path.lower().endswith(_TARS)


def open_regular(path: str) -> FileIO:
    """Opens a regular file to look at some of its bytes; the open of a pipe would wait for a writer.

    Raises:
        OSError: It is not there, is none, or may not be read.
    """
    if not os.path.isfile(path):
        raise OSError(22, "not a regular file", path)
    return open(path, "rb", buffering=0)


def compression(path: str) -> str | None:
    """How the file is compressed, by its first bytes: "gzip", "zstd", "xz", "bzip2", "lz4" or None."""
    try:
        with open_regular(path) as file:
            return compression_of(file.read(MAGIC))
    except OSError:
        return None  # Whoever reads it says so.


def may_be_cut_off(head: bytes) -> bool:
    """Whether more bytes are needed to say how what begins with `head` is compressed: text is shown as it comes."""
    if not 0 < len(head) < MAGIC:
        return False
    if head.startswith(b"BZh"):
        return any(number.startswith(head[4:]) for number in _BZIP2)
    # As of a frame to be skipped, of which the first byte may be any of sixteen.
    skipped = head[0] >> 4 == 5 and len(head) < 4 and b"\x2a\x4d\x18".startswith(head[1:])
    return skipped or any(len(head) < len(magic) and magic.startswith(head) for magic in _MAGICS)


def compression_of(head: bytes) -> str | None:
    """How what begins with `head` is compressed."""
    if head[:3] == b"\x1f\x8b\x08":
        return "gzip"
    # A frame, or one to be skipped, with which pzstd begins.
    is_zstd = head[:4] == b"\x28\xb5\x2f\xfd" or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)
    if is_zstd:
        return "zstd"
    if head[:6] == b"\xfd7zXZ\x00":
        return "xz"
    # Text may begin with BZh: what follows the size is one of two numbers.
    if head[:3] == b"BZh" and head[4:10] in _BZIP2:
        return "bzip2"
    return "lz4" if head[:4] == b"\x04\x22\x4d\x18" else None
