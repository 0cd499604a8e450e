"""One thread of a launching process that sees its apps end, at once and asleep, and gives them a heartbeat.

Without it an app that ends while its launcher does something else would be "launcher lost" to everybody as
soon as that launcher is killed, though it was there to see the end.
"""

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from logdex.jobs.processes import Process, is_alive
from logdex.jobs.verdict import HEARTBEAT_EVERY, heartbeat_path

log = logging.getLogger("logdex")

_NO_PIDFD_EVERY = 1.0


@dataclass(eq=False)
class _Watched:
    processes: list[Process]
    log_dir: str
    beats: bool
    on_end: Callable[[], None]
    pidfd: int = -1
    is_withdrawn: bool = False


class Watch:
    """Watches apps from one daemon thread, which is started by the first `add` in each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0
        self._restart()

    def add(
        self, processes: list[Process], log_dir: str, *, beats: bool, on_end: Callable[[], None]
    ) -> Callable[[], None]:
        """Calls `on_end` on the watching thread once none of `processes` lives; `beats`: keep a heartbeat.

        Returns what ends the watch before that.
        """
        app = _Watched(list(processes), log_dir, beats, on_end)
        with self._lock:
            if self._pid != os.getpid():
                self._restart()
                self._start()
            self._new.append(app)
        self._rouse()
        return partial(self._withdraw, app)

    def _withdraw(self, app: _Watched) -> None:
        app.is_withdrawn = True
        if self._pid == os.getpid():
            self._rouse()

    def _rouse(self) -> None:
        # A full pipe wakes the thread just as well.
        with suppress(BlockingIOError):
            os.write(self._wake, b"+")

    def _restart(self) -> None:
        """A fork has neither our thread nor our apps."""
        self._new: list[_Watched] = []
        self._apps: list[_Watched] = []

    def _start(self) -> None:
        self._pid = os.getpid()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        threading.Thread(target=self._run, name="logdex-jobs", daemon=True).start()

    def _run(self) -> None:
        next_beat = 0.0
        while True:
            self._take_new()
            self._apps = [app for app in self._apps if not self._ended(app)]
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + HEARTBEAT_EVERY
                for app in self._apps:
                    _beat(app)
            self._sleep(next_beat - now)

    def _take_new(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)
        with self._lock:
            new, self._new = self._new, []
        for app in new:
            _beat(app)
        self._apps += new

    def _sleep(self, until_beat: float) -> None:
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        for app in self._apps:
            if app.pidfd >= 0:
                poll.register(app.pidfd, select.POLLIN)
        waits = [until_beat] if any(app.beats for app in self._apps) else []
        waits += [_NO_PIDFD_EVERY] if any(app.pidfd < 0 for app in self._apps) else []
        poll.poll(max(0.0, min(waits)) * 1000 if waits else None)

    def _ended(self, app: _Watched) -> bool:
        """Moves on to the next living replica: one descriptor an app, however many replicas it has."""
        while app.processes and (app.is_withdrawn or not is_alive(app.processes[0])):
            app.processes.pop(0)
            if app.pidfd >= 0:
                os.close(app.pidfd)
                app.pidfd = -1
        if app.is_withdrawn:
            return True
        if not app.processes:
            try:
                app.on_end()
            except Exception:
                log.exception("%s: the end of the app could not be noted", app.log_dir)
            return True
        if app.pidfd < 0:
            with suppress(OSError, AttributeError):
                app.pidfd = os.pidfd_open(app.processes[0].pid)
        return False


def _beat(app: _Watched) -> None:
    if not app.beats:
        return
    path = heartbeat_path(app.log_dir)
    with suppress(OSError):
        # Not with its parents: an app's directory that somebody has removed must not come back.
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(path))
        with open(path, "ab"):
            os.utime(path)


watch = Watch()
