"""The evidence in a log, kept in the user's cache: a log that has not changed is not read again for it.

A file holds the engine's state of one log, behind a checksum. Whether it still speaks of the log, and from where to
go on if
that has grown, is for the engine to say (`src/evidence/state.rs`). A damaged or foreign file is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress

VERSION = 6
"""Raised with whatever changes what a state says: stamps, shapes, or how it is stored."""
_MARK = 16
_STORED_FROM = 16 << 20
_MOST = 4096
"""As many are kept, those used last."""


def key(path: str, *asked: object) -> str | None:
    """The name under which an answer about `path` is kept; None if it is not to be kept.

    `asked` is all that the answer depends on beside the log.
    """
    if os.environ.get("LOGDEX_INDEX", "").lower() == "off" or _directory() is None:
        return None
    try:
        there = os.stat(path)
    except OSError:
        return None
    if there.st_size < _STORED_FROM:
        return None
    told = json.dumps(
        [VERSION, os.path.realpath(path), there.st_dev, there.st_ino, _local_zone(), *map(repr, asked)]
    )
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def asked(*answer: object) -> int:
    """A number for all that an answer depends on beside the log, so that the engine can tell whose state it is."""
    told = json.dumps([VERSION, _local_zone(), *map(repr, answer)])
    return int.from_bytes(
        hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


def load(name: str) -> bytes | None:
    """The state that was kept under `name`; None if there is no such thing, or it is damaged."""
    path = _path(name)
    with suppress(OSError):
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            mark, state = file.read(_MARK), file.read()
        if mark == _marked(state):
            os.utime(path)
            return state
    return None


def save(name: str, state: bytes) -> None:
    """Keeps a state, whole or not at all; where that cannot be, it is no harm."""
    directory = _directory()
    if directory is None:
        return
    with suppress(OSError):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _evict(directory)
        descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(_marked(state) + state)
            os.replace(temporary, _path(name))
        except BaseException:
            os.unlink(temporary)
            raise


def _marked(state: bytes) -> bytes:
    return hashlib.blake2b(state, digest_size=_MARK).digest()


def _evict(directory: str) -> None:
    with os.scandir(directory) as entries:
        there = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, path in there[: max(len(there) - _MOST, 0)]:
        with suppress(OSError):
            os.unlink(path)


def _path(name: str) -> str:
    return os.path.join(_directory() or "", f"{name}.state")


def _directory() -> str | None:
    """Beside the indexes (`src/index/cache.rs`): `$LOGDEX_CACHE`, or the platform's."""
    chosen = os.environ.get("LOGDEX_CACHE")
    if not chosen:
        home = os.environ.get("HOME")
        platform = (
            os.path.join(home, "Library/Caches" if sys.platform == "darwin" else ".cache") if home else None
        )
        said = os.environ.get("XDG_CACHE_HOME", "")
        caches = said if os.path.isabs(said) else platform
        chosen = os.path.join(caches, "logdex") if caches else None
    return os.path.join(chosen, "ranks") if chosen else None


def _local_zone() -> list[str]:
    return [os.environ.get("TZ", ""), os.path.realpath("/etc/localtime")]
