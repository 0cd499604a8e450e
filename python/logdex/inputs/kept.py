"""Texts of containers' logs that this process has made, kept for the next question and gone on with as files grow."""

from __future__ import annotations

import os
import resource
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from logdex import _core
from logdex.inputs.frames import Begun, LiveTail, Made, Unframed
from logdex.inputs.reached import known
from logdex.inputs.rotation import Pinned

if TYPE_CHECKING:
    import tempfile

_MOST = 1 << 30
"""So many bytes of text are kept at most, those that were used last."""
_Key = tuple[object, ...]
_kept: OrderedDict[_Key, Made] = OrderedDict()
_lock = threading.Lock()
_indexes: dict[int, tempfile.TemporaryDirectory[str]] = {}
"""Of each process, of which a fork is another, where its texts' indexes are."""


def unframed(files: list[Pinned], kind: str, live: LiveTail | None = None) -> Unframed:
    """The text within the frames of files: one that is kept, or what is kept of it and has to be taken off yet.

    What is kept is believed where each file has the identity, the size, the times of change and the ends that it had
    before the text was made of it, and so is the index of its text. Where only the last one has grown, or others have
    come behind it, and the bytes at its head and before the place that was reached are the same, it is gone on with: in
    place, if nobody reads it, else in a copy. With `LOGDEX_INDEX=off` none is kept.
    """
    if _core.indexes_are_off():
        return Unframed(Made(files, kind, live), live)
    state = [_state(one) for one in files]
    key = _key(files, kind)
    with _lock:
        found = _kept.get(key)
        if found is not None and found.spool.error is not None:
            del _kept[key]
            found = None
        if live is not None:
            made = Made(files, kind, live, _begun(files, kind))
            # One that nobody writes to is better to go on with.
            _keep(key, found or made)
            return Unframed(made, live)
        if found is None or found.state != state:
            found = _made_of(files, kind, _begun(files, kind))
            found.state = state
        _keep(key, found)
        return Unframed(found)


def _begun(files: list[Pinned], kind: str) -> Begun | None:
    """What is kept of the beginning of what files say; the more the better."""
    for count in range(len(files), 0, -1):
        found = _kept.get(_key(files[:count], kind))
        begun = found and found.begun(files)
        if begun:
            return begun
    return None


def _made_of(files: list[Pinned], kind: str, begun: Begun | None) -> Made:
    if begun is None or not begun.made.go_on(files, begun.reached):
        return Made(files, kind, begun=begun)
    # It stands for more files now.
    for key in [key for key, one in _kept.items() if one is begun.made]:
        del _kept[key]
    return begun.made


def _keep(key: _Key, made: Made) -> None:
    _kept[key] = made
    _kept.move_to_end(key)
    made.index = made.index or _directory()
    _let_go()


def _key(files: list[Pinned], kind: str) -> _Key:
    # A forked process has no thread that goes on with what its parent had begun.
    return (os.getpid(), kind, *(one.file for one in files))


def _directory() -> str:
    """Where indexes of texts are kept, which goes with the process as they do."""
    process = os.getpid()
    if process not in _indexes:
        import tempfile

        _indexes[process] = tempfile.TemporaryDirectory(prefix="logdex-")
    return _indexes[process].name


def _let_go() -> None:
    """Lets go of those that were used longest ago, where there are too many."""
    room, size = _descriptors(), 0
    for number, (key, one) in enumerate(reversed(list(_kept.items()))):
        # One that is on its way will be as long as its files, if they are not compressed.
        size += max(one.spool.size(), one.size)
        # The last one is being used.
        if number and (number >= room or size > _MOST):
            del _kept[key]


def _descriptors() -> int:
    """How many texts may be kept: each has three files open, and a quarter of those that may be open are enough."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 512 if most == resource.RLIM_INFINITY else min(most // 12, 512)


def _state(one: Pinned) -> tuple[object, ...]:
    there = os.stat(one.path)
    return known(one, there.st_size), there.st_mtime_ns, there.st_ctime_ns
