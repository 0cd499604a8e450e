"""Which file a stream of a replica is read from, and until when.

`stream_file` and `Drained` are all that knows of TorchX's combined file.
"""

import operator
import os
import time
from collections.abc import Callable
from typing import Any

from torchx.schedulers.local_scheduler import COMBINED_LOG, STDERR_LOG, STDOUT_LOG

from logdex.torchx_backend.jobs import JobRecord, is_here
from logdex.torchx_backend.jobs.processes import is_alive
from logdex.torchx_backend.schedulers.ending import Ending

_COPIES_EVERY = 0.025
_COPY_PATIENCE = 2.0

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


class Drained:
    """Tells whether an app has ended and TorchX's thread has copied all of it into the combined file.

    The thread lags by a tenth of a second, can lose the last write, and dies with the launcher.
    """

    def __init__(self, ending: Ending, record: JobRecord, directory: str) -> None:
        self._ending = ending
        self._record = record
        self._directory = directory
        self._deadline: float | None = None

    @property
    def every(self) -> float:
        """As `Ending.every`; once the app has ended, the copy is looked at often."""
        return self._ending.every if self._deadline is None else _COPIES_EVERY

    def ring_with(self, ring: Callable[[], None]) -> None:
        """As `Ending.ring_with`."""
        self._ending.ring_with(ring)

    def __call__(self) -> bool:
        """True once there is nothing more to wait for."""
        if not self._ending():
            return False
        if self._deadline is None:
            self._deadline = time.monotonic() + _COPY_PATIENCE
        return (
            combined_is_drained(self._directory)
            or not _is_copied(self._record)
            or time.monotonic() > self._deadline
        )


def combined_serves(record: JobRecord, directory: str, ended: Callable[[], bool]) -> bool:
    """Whether the combined file has, or is about to get, what is in the two that it is made from."""
    return combined_is_drained(directory) if ended() else _is_copied(record)


def _is_copied(record: JobRecord) -> bool:
    """Whether the launcher lives, whose thread copies; of a launcher elsewhere nothing else is known."""
    return not is_here(record) or (record.launcher is not None and is_alive(record.launcher))


def combined_is_drained(directory: str) -> bool:
    """Whether TorchX's thread has copied all of stdout and stderr into the combined file."""
    try:
        sizes = [os.stat(os.path.join(directory, name)).st_size for name in (STDOUT_LOG, STDERR_LOG)]
        return os.stat(os.path.join(directory, COMBINED_LOG)).st_size >= sum(sizes)
    except OSError:
        return True
