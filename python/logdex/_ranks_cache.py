"""What the ranks of a log did, kept in the user's cache: a log that has not changed is not read again for it.

A file holds what `_core.summarize` said about one log, and as what. It is as good as the log's size and times: another
size or change time, and the log is read anew. A damaged or foreign file is ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from typing import Any

_VERSION = 3
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
        [_VERSION, os.path.realpath(path), there.st_dev, there.st_ino, _local_zone(), *map(repr, asked)]
    )
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def state(path: str) -> list[int]:
    """By what a change of the log is noticed; taken before it is read."""
    there = os.stat(path)
    return [there.st_size, there.st_mtime_ns, there.st_ctime_ns]


def load(name: str, now: list[int]) -> Any:
    """What was kept under `name` of a log that is still as it was; None if there is no such thing."""
    path = _path(name)
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            kept = json.load(file)
        if kept["version"] == _VERSION and kept["state"] == now:
            os.utime(path)
            return kept["told"]
    return None


def save(name: str, now: list[int], told: Any) -> None:
    """Keeps an answer, whole or not at all; where that cannot be, it is no harm."""
    directory = _directory()
    if directory is None:
        return
    with suppress(OSError):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _evict(directory)
        descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".new-")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump({"version": _VERSION, "state": now, "told": told}, file)
            os.replace(temporary, _path(name))
        except BaseException:
            os.unlink(temporary)
            raise


def _evict(directory: str) -> None:
    with os.scandir(directory) as entries:
        there = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, path in there[: max(len(there) - _MOST, 0)]:
        with suppress(OSError):
            os.unlink(path)


def _path(name: str) -> str:
    return os.path.join(_directory() or "", f"{name}.json")


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
