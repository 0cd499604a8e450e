"""Which file a stream of a replica is read from.

`combined_serves` is all that knows of TorchX's combined file.
"""

import operator
import os
import time
from collections.abc import Callable
from typing import Any

from torchx.schedulers.local_scheduler import COMBINED_LOG, STDERR_LOG, STDOUT_LOG

from logdex.jobs import JobRecord
from logdex.jobs.record import HIDDEN

_ARRIVALS = os.path.join(HIDDEN, "arrivals")

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
    while not _is_there(path):
        if ended is None or ended():
            if _is_there(path):
                return
            raise RuntimeError(f"{_no_log(record, role, k)}: there is no file {path}")
        time.sleep(0.02)


def _is_there(path: str) -> bool:
    """Whether a log is there, or one of those that the combined one is made from."""
    directory, name = os.path.split(path)
    names = (name, STDOUT_LOG, STDERR_LOG) if name == COMBINED_LOG else (name,)
    return any(os.path.isfile(os.path.join(directory, one)) for one in names)


def _no_log(record: JobRecord, role: str, k: int) -> str:
    where = os.path.join(record.log_dir, role, str(k))
    roles = _roles_there_are(record)
    return f"app {record.app_id} has no log of role {role!r}, replica {k}, in {where}; {roles}"


def _roles_there_are(record: JobRecord) -> str:
    there = ", ".join(f"{role!r} with {len(many)} replica(s)" for role, many in record.roles.items())
    return f"app {record.app_id} has {there or 'no roles'}"


def combined_serves(directory: str, *, running: bool) -> bool:
    """Whether TorchX's combined file is to be read, and not the two logs that it was copied from.

    Its thread lags by a tenth of a second, cuts lines, can lose the last write and dies with the launcher. So
    that is only where the arrival of lines was not recorded, and all of both logs has been copied.
    """
    combined, *logs = (
        _size(os.path.join(directory, name)) for name in (COMBINED_LOG, STDOUT_LOG, STDERR_LOG)
    )
    if combined is None:
        return False
    if None not in logs and (running or os.path.exists(os.path.join(directory, _ARRIVALS))):
        return False
    return combined >= sum(size or 0 for size in logs)


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
