"""Which file a stream of a replica is read from, and until when.

`combined_serves` is all that knows of TorchX's combined file.
"""

import operator
import os
import time
from collections.abc import Callable
from typing import Any

from torchx.schedulers.local_scheduler import COMBINED_LOG, STDERR_LOG, STDOUT_LOG

from logdex.torchx_backend.jobs import JobRecord, is_here, is_running, judge
from logdex.torchx_backend.jobs.processes import Lifeline, lifeline

_FROM_AFAR_EVERY = 1.0

_FILES: dict[str | None, str] = {
    None: COMBINED_LOG,
    "combined": COMBINED_LOG,
    "stdout": STDOUT_LOG,
    "stderr": STDERR_LOG,
}


def stream_file(streams: object) -> str:
    """The file of a stream: TorchX's `Stream`, its name, or None for combined. KeyError for another."""
    name: Any = getattr(streams, "value", streams)
    try:
        return _FILES[name]
    except (KeyError, TypeError):
        raise KeyError(streams) from None


def replica_dir(record: JobRecord, role: str, k: int) -> str:
    """The directory of one replica's logs.

    Raises ValueError for a role name that would lead elsewhere, RuntimeError for a role or replica that the
    app has not.
    """
    index = operator.index(k)
    if role not in record.roles:
        if os.path.basename(role) != role or role in ("", ".", "..") or "\0" in role:
            raise ValueError(f"role_name {role!r} is not the name of a role; {_roles_there_are(record)}")
        raise RuntimeError(_no_log(record, role, index))
    count = len(record.roles[role])
    if not 0 <= index < count:
        raise RuntimeError(_no_log(record, role, index))
    return os.path.join(record.log_dir, role, str(index))


def await_log(path: str, record: JobRecord, role: str, k: int, *, ended: Callable[[], bool] | None) -> None:
    """Waits for a log while `ended` says that it may come; RuntimeError when it does not."""
    while not os.path.isfile(path):
        if ended is None or ended():
            if os.path.isfile(path):
                return
            raise RuntimeError(f"{_no_log(record, role, k)}: there is no file {path}")
        time.sleep(0.02)


def _no_log(record: JobRecord, role: str, k: int) -> str:
    where = os.path.join(record.log_dir, role, str(k))
    roles = _roles_there_are(record)
    return f"app {record.app_id} has no log of role {role!r}, replica {k}, in {where}; {roles}"


def _roles_there_are(record: JobRecord) -> str:
    there = ", ".join(f"{role!r} with {len(many)} replica(s)" for role, many in record.roles.items())
    return f"app {record.app_id} has {there or 'no roles'}"


class Ending:
    """Tells whether an app has ended, so cheaply that it can be asked at every look at the end of a file.

    On this host that is a look at `/proc`; from afar, at the age of files, once a second. A yes is
    remembered.
    """

    def __init__(self, record: JobRecord, reload: Callable[[], JobRecord | None]) -> None:
        self._reload = reload
        self._next = 0.0
        self._over = record.is_terminal
        self._take(record)

    def _take(self, record: JobRecord) -> None:
        self._record = record
        self._is_here = is_here(record)
        self._left = [one.process for _, _, one in record.replicas() if one.process]
        self._watched: Lifeline | None = None

    def __call__(self) -> bool:
        """True once the app has ended."""
        if not self._over and time.monotonic() >= self._next:
            self._over = self._has_ended()
        return self._over

    def _has_ended(self) -> bool:
        if not self._record.has_started:
            self._take(self._reload() or self._record)
        if self._is_here:
            return self._record.is_terminal or not self._lives()
        self._next = time.monotonic() + _FROM_AFAR_EVERY
        return judge(self._record).is_terminal

    def _lives(self) -> bool:
        """Looks at one living replica, however many there were."""
        if not self._record.has_started:
            return is_running(self._record)
        while self._watched is None or not self._watched.is_alive():
            if not self._left:
                return False
            self._watched = lifeline(self._left.pop())
        return True


def combined_serves(directory: str, *, running: bool) -> bool:
    """Whether TorchX's combined file is to be read, and not the two logs that it was copied from.

    Its thread lags by a tenth of a second, cuts lines, can lose the last write and dies with the launcher. So
    that is only where the arrival of lines was not recorded, and all of both logs has been copied.
    """
    recorded = any(os.path.exists(_arrival_record(directory, name)) for name in (STDOUT_LOG, STDERR_LOG))
    return not running and not recorded and _is_copied(directory)


def _arrival_record(directory: str, name: str) -> str:
    return os.path.join(directory, ".logdex", f"{name}.arrival")


def _is_copied(directory: str) -> bool:
    try:
        sizes = [os.stat(os.path.join(directory, name)).st_size for name in (STDOUT_LOG, STDERR_LOG)]
        return os.stat(os.path.join(directory, COMBINED_LOG)).st_size >= sum(sizes)
    except OSError:
        return True
