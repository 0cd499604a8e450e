"""Which logs are those of containers. Imports nothing heavy: each file that is named is looked at."""

from __future__ import annotations

import os

from logdex import _core
from logdex.inputs.compression import MAGIC, compression_of, open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO

HEAD = 64 << 10
"""By so many bytes at the beginning frames are told; a part of a line has at most 16 KiB."""


def kinds(path: str) -> tuple[str | None, str | None]:
    """How the file at `path` is compressed, and how its lines are framed, by one look at how it begins.

    At most one is told, for frames are looked for in plain text: "cri" or "docker". None where it is neither, or nobody
    can say. `LOGDEX_FRAMES=off` leaves frames as they are.
    """
    try:
        with open_regular(path) as file:
            head = file.read(MAGIC)
            kind = compression_of(head)
            return kind, _framed(path, head, file) if kind is None else None
    except (OSError, ValueError):
        return None, None  # Whoever reads it says so.


def frames_of(path: str) -> str | None:
    """How the lines of the file at `path` are framed; see `kinds`."""
    return kinds(path)[1]


def _framed(path: str, head: bytes, file: FileIO) -> str | None:
    if os.environ.get("LOGDEX_FRAMES") == "off":
        return None
    if not head:
        return named_kind(path)
    return told_by(head + file.read(HEAD)) if _may_be_framed(head) else None


def told_by(head: bytes) -> str | None:
    """How the lines of a text are framed that begins with `head`; see `kinds`."""
    is_wanted = os.environ.get("LOGDEX_FRAMES") != "off"
    return _core.Frames.kind_of(head) if is_wanted and _may_be_framed(head) else None


def _may_be_framed(head: bytes) -> bool:
    # A year, an object, or a hole before one of them.
    return head.startswith((b"2", b"{", b"\0"))


def is_open(head: bytes) -> bool:
    """Whether what comes behind `head`, which begins a text, can tell that it is framed, and `head` does not yet."""
    if os.environ.get("LOGDEX_FRAMES") == "off" or len(head) >= HEAD or b"\n" in head:
        return False
    day = b"2000-00-00T"
    digits = head[: len(day)].translate(bytes.maketrans(b"123456789", b"0" * 9))
    # A moment, an object, or a hole before one of them.
    return head[:1] in (b"", b"{", b"\0") or (head[:1] == b"2" and (b"0" + day[1:]).startswith(digits))


def named_kind(path: str) -> str | None:
    """How the lines of a file that is still empty will be framed, where its name says that."""
    # Imported here, for few files are empty.
    import re

    # The node's agents read links, such as those in /var/log/containers.
    path = os.path.realpath(path)
    if re.search(r"_[0-9a-f-]{32,36}/[^/]+/\d+\.log$", path):
        return "cri"
    return "docker" if re.search(r"/[0-9a-f]{64}-json\.log$", path) else None
