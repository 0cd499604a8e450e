"""Texts of containers' logs that this process has made, kept for the next question while the files stay as they are."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
from collections import OrderedDict

from logdex.inputs.frames import Live, Unframed
from logdex.inputs.rotation import Pinned

_MOST = 1 << 30
"""So many bytes of text are kept at most, those that were used last."""
_ENDS = 4096
"""So many bytes at the beginning and at the end of a file are looked at again."""

_State = tuple[object, ...]
_kept: OrderedDict[_State, Unframed] = OrderedDict()
_lock = threading.Lock()
_indexes: dict[int, tempfile.TemporaryDirectory[str]] = {}
"""Of each process, of which a fork is another, where its texts' indexes are."""


def unframed(files: list[Pinned], kind: str, live: Live | None = None) -> Unframed:
    """The text within the frames of files: of those that nobody follows one that is kept, if there is one.

    What is kept is believed where each file has the identity, the size, the times of change and the ends that it had
    before the text was made of it, and so is the index of its text. With `LOGDEX_INDEX=off` none is kept.
    """
    if live is not None or os.environ.get("LOGDEX_INDEX", "").lower() == "off":
        return Unframed(files, kind, live)
    # A forked process has no thread that goes on with what its parent had begun.
    state = (os.getpid(), kind, *map(_state, files))
    with _lock:
        found = _kept.pop(state, None)
    if found is None or found.spool.error is not None:
        found = Unframed(files, kind)
    with _lock:
        found.index = _directory()
        _kept[state] = found
        _let_go()
    return found


def _directory() -> str:
    """Where indexes of texts are kept, which goes with the process as they do."""
    process = os.getpid()
    if process not in _indexes:
        _indexes[process] = tempfile.TemporaryDirectory(prefix="logdex-")
    return _indexes[process].name


def _let_go() -> None:
    """Lets go of those that were used longest ago, where there are too many."""
    room, size = _descriptors(), 0
    for number, (state, one) in enumerate(reversed(list(_kept.items()))):
        # One that is on its way will be as long as its files, if they are not compressed.
        size += max(one.spool.size(), one.size)
        # The last one is being used.
        if number and (number >= room or size > _MOST):
            del _kept[state]


def _descriptors() -> int:
    """How many texts may be kept: each has two files open, and a quarter of those that may be open are enough."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 512 if most == resource.RLIM_INFINITY else min(most // 8, 512)


def _state(one: Pinned) -> _State:
    with open(one.path, "rb", buffering=0) as file:
        there = os.fstat(file.fileno())
        head = os.pread(file.fileno(), _ENDS, 0)
        tail = os.pread(file.fileno(), _ENDS, max(0, there.st_size - _ENDS))
    times = there.st_mtime_ns, there.st_ctime_ns
    return there.st_dev, there.st_ino, there.st_size, *times, hash(head), hash(tail)
