"""Whether an app has ended, for the readers of its logs."""

import os
import threading
import time
import weakref
from collections.abc import Callable

from logdex._ended import SOON
from logdex.jobs import JobRecord, is_here, is_running, judge
from logdex.jobs.processes import Lifeline, Process, lifeline
from logdex.jobs.watch import watch

_SELDOM = 1.0


class Ending:
    """Tells whether an app has ended: asked at the end of a file, and ringing by itself where the kernel tells.

    On this host an answer is a look at a pidfd or at `/proc`; from afar, at the age of files. A yes is remembered.
    """

    def __init__(self, record: JobRecord, reload: Callable[[], JobRecord | None]) -> None:
        self._reload = reload
        self._rings: list[Callable[[], None]] = []
        self._tells: _LastExit | None = None
        self._next = 0.0
        self._over = record.is_terminal
        self._take(record)

    def _take(self, record: JobRecord) -> None:
        self._record = record
        self._is_here = is_here(record)
        self._processes = [one.process for _, _, one in record.replicas() if one.process]
        self._left = list(self._processes)
        self._watched: Lifeline | None = None

    @property
    def every(self) -> float:
        """How many seconds a no holds, unless it rings."""
        rings = self._tells and self._watched and self._watched.can_ring
        return _SELDOM if rings or not self._is_here else SOON

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on another thread, when the app may have ended."""
        self._rings.append(ring)

    def ring(self) -> None:
        """Calls those who wait."""
        for ring in self._rings:
            ring()

    def __call__(self) -> bool:
        """True once the app has ended."""
        if not self._over and time.monotonic() >= self._next:
            self._over = self._has_ended()
        return self._over

    def _has_ended(self) -> bool:
        if not (self._record.has_started and self._is_here):
            # Its launcher may say more by now: which its processes are or, where these say nothing here, how it ended.
            self._take(self._reload() or self._record)
        if not self._is_here:
            self._next = time.monotonic() + _SELDOM
            return judge(self._record).is_terminal
        if self._rings and self._tells is None and self._record.has_started:
            # Before the look: who ends after that, rings.
            self._tells = _last_exit(self._processes, self)
        return self._record.is_terminal or not self._lives()

    def _lives(self) -> bool:
        """Looks at one living replica, however many there were."""
        if not self._record.has_started:
            return is_running(self._record)
        while self._watched is None or not self._watched.is_alive():
            if not self._left:
                return False
            self._watched = lifeline(self._left.pop())
        return True


class _LastExit:
    """Rings for all who read the same app when the last of its processes is gone."""

    def __init__(self, processes: list[Process]) -> None:
        self._lock = threading.Lock()
        self._waiting: weakref.WeakSet[Ending] = weakref.WeakSet()
        told = weakref.ref(self)

        def ring() -> None:
            if here := told():
                here._ring()

        withdraw = watch.add(processes, "", beats=False, on_end=ring)
        weakref.finalize(self, withdraw).atexit = False

    def add(self, ending: Ending) -> None:
        with self._lock:
            self._waiting.add(ending)

    def _ring(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for ending in waiting:
            ending.ring()


# A fork has the objects of its parent but not the thread that rings them, so the process is part of the key.
_last_exits: "weakref.WeakValueDictionary[tuple[int, tuple[Process, ...]], _LastExit]" = (
    weakref.WeakValueDictionary()
)


def _last_exit(processes: list[Process], ending: Ending) -> _LastExit:
    key = (os.getpid(), tuple(processes))
    known = _last_exits.get(key) or _last_exits.setdefault(key, _LastExit(processes))
    known.add(ending)
    return known
