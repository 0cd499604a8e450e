"""Ending an app that another process launched."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from logdex.jobs.processes import Process, is_alive
from logdex.jobs.record import JobRecord
from logdex.jobs.store import JobStore, log

PATIENCE = 10.0
"""Seconds between asking and forcing, as in TorchX's own `cancel`."""


def end(record: JobRecord, store: JobStore, reload: Callable[[], JobRecord | None]) -> None:
    """Ends every replica with its process group: SIGTERM, and SIGKILL to what is left after 10 s.

    Returns when they are gone. `reload` gives the record as it is now: that of an app that is being launched has the
    processes only when all have started. Raises PermissionError for another user's app, and RuntimeError for one whose
    processes nobody recorded. A process is signalled only while it is the one that was recorded, never one that has its
    pid now.
    """
    record = _launched(record, reload)
    living = [one.process for _, _, one in record.replicas() if one.process and is_alive(one.process)]
    try:
        store.ask_to_end(record)
    except OSError as error:
        log.warning("%s: %s; the app will be told as FAILED instead of CANCELLED", store.root, error)
    try:
        asked = [one for one in living if _signal(one, signal.SIGTERM)]
    except PermissionError as error:
        store.take_back(record)
        whose = f"app {record.app_id} is another user's; cancel it as that user"
        raise PermissionError(error.errno, whose) from error
    if not asked:
        store.take_back(record)
        return
    if left := _wait(living, PATIENCE):
        for one in left:
            _signal(one, signal.SIGKILL)
        _wait(left, PATIENCE)


def _launched(record: JobRecord, reload: Callable[[], JobRecord | None]) -> JobRecord:
    """The record with its processes, for which that of an app that is being launched is waited."""
    deadline = time.monotonic() + PATIENCE
    while not (record.has_started or record.is_terminal):
        is_launching = record.launcher is not None and is_alive(record.launcher)
        again = reload()
        if again is None:  # Its launch has failed before the first of them.
            return record
        if again.has_started or again.is_terminal:
            return again
        if not is_launching:
            raise RuntimeError(
                f"the launcher of app {record.app_id} was gone before it recorded its processes; end those by hand "
                f"that write to {record.log_dir}"
            )
        if time.monotonic() > deadline:
            raise RuntimeError(f"app {record.app_id} is still being launched; cancel it again when it runs")
        time.sleep(0.02)
    return record


def _wait(processes: list[Process], seconds: float) -> list[Process]:
    deadline = time.monotonic() + seconds
    while (left := [one for one in processes if is_alive(one)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _signal(process: Process, number: signal.Signals) -> bool:
    """Signals the group of a replica, which TorchX makes the leader of its own session."""
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            return True
    return False
