"""The apps that one scheduler launched: their records, in memory and in the store."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol
from weakref import WeakMethod

from logdex.jobs.processes import Process, child_exit, identify
from logdex.jobs.record import JobRecord, Replica
from logdex.jobs.store import JobStore
from logdex.jobs.verdict import outcome
from logdex.jobs.watch import watch

log = logging.getLogger("logdex")

_ENDED_KEPT = 1000
"""Ended apps whose record stays in memory; those before are read from the store."""


class Child(Protocol):
    """What is needed of a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def returncode(self) -> int | None:
        """Its exit status once it was reaped."""

    def poll(self) -> int | None:
        """Reaps it if it has ended."""


class Launched:
    """Keeps the records of this process's apps true, whatever becomes of the disk.

    A record is written when the launch begins, when the processes are there, and when the app has ended. What
    cannot be written is said once in the log, and the launch goes on.
    """

    def __init__(self, store: Callable[[], JobStore], before_end: Callable[[JobRecord], None]) -> None:
        """`before_end` is called with the record of an app that is about to be recorded as ended."""
        self._store = store
        self._before_end = before_end
        self._records: dict[str, JobRecord] = {}
        self._children: dict[str, dict[tuple[str, int], Child]] = {}
        self._stored: set[str] = set()
        self._cancelling: dict[str, str] = {}
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._warned = False

    @property
    def is_owner(self) -> bool:
        """Whether this is the process that launched; a fork of it must leave the apps alone."""
        return os.getpid() == self._owner

    def get(self, app_id: str) -> JobRecord | None:
        """The record of an app launched here, while it is kept."""
        return self._records.get(app_id) if self.is_owner else None

    def begin(
        self,
        app_id: str,
        session: str,
        log_dir: str,
        counts: Mapping[str, int],
        app: Mapping[str, Any] | None = None,
    ) -> None:
        """Remembers an app before its first process starts: a killed launcher leaves a trace of it.

        `app` is what is run, as `appdef.as_stored` gives it.
        """
        roles = {role: (Replica(),) * count for role, count in counts.items()}
        self._keep(JobRecord(app_id, session, log_dir, roles, launcher=identify(os.getpid()), app=app))

    def started(
        self, app_id: str, replicas: Mapping[str, list[tuple[Child, str]]], *, beats: bool
    ) -> JobRecord:
        """Notes the process and the error file of each replica, and watches for the end; gives the record."""
        roles = {
            role: tuple(Replica(_process(child), error_file=error_file) for child, error_file in many)
            for role, many in replicas.items()
        }
        self._children[app_id] = {
            (role, k): child for role, many in replicas.items() for k, (child, _) in enumerate(many)
        }
        record = replace(self._records[app_id], roles=roles, state="RUNNING")
        self._keep(record)
        processes: list[Process] = [one.process for _, _, one in record.replicas() if one.process]
        watch.add(
            processes,
            record.log_dir,
            beats=beats,
            on_end=partial(_call_if_there, WeakMethod(self.note_end), app_id),
        )
        return record

    def all(self) -> list[JobRecord]:
        """The records of all apps launched here, while they are kept."""
        return list(self._records.values()) if self.is_owner else []

    def intend_to_cancel(self, app_id: str, message: str) -> None:
        """Tells every process that looks: what comes now is the end of a cancelled app."""
        with self._lock:
            record = self._records[app_id]
            self._cancelling[app_id] = message
            with suppress(OSError):
                self._store().ask_to_end(record)

    def note_end(
        self,
        app_id: str,
        *,
        state: str = "",
        message: str = "",
    ) -> None:
        """Records that an app has ended: as `state` if given, else as its exit statuses say.

        The first terminal state stays.
        """
        with self._lock:
            record = self._records.get(app_id)
            if record is None or record.is_terminal or not self.is_owner:
                return
            self._before_end(record)
            record = self._with_exits(record)
            if not state and (app_id in self._cancelling or self._was_asked_to_end(record)):
                state, message = "CANCELLED", self._cancelling.pop(app_id, "")
            if not state:
                state, message = outcome(record)
            self._keep(record.ended(state, message))

    def forget(self, app_id: str) -> None:
        """Removes an app's record here and in the store."""
        with self._lock:
            if record := self._records.pop(app_id, None):
                self._store().forget(record)

    def _keep(self, record: JobRecord) -> None:
        with self._lock:
            self._records.pop(record.app_id, None)
            self._records[record.app_id] = record
            self._drop_oldest()
            try:
                if not self._was_deleted(record):
                    self._store().save(record)
                    self._stored.add(record.app_id)
            except OSError as error:
                self._warn(error)

    def _was_asked_to_end(self, record: JobRecord) -> bool:
        """Whether another process cancelled the app; to delete one takes the mark of that away with its record."""
        if self._store().asked_to_end(record):
            return True
        is_killed = any(one.exit is not None and one.exit < 0 for _, _, one in record.replicas())
        return is_killed and self._is_gone(record)

    def _was_deleted(self, record: JobRecord) -> bool:
        """Whether another process has deleted the app meanwhile: then its end must not bring it back."""
        return record.is_terminal and self._is_gone(record)

    def _is_gone(self, record: JobRecord) -> bool:
        known = record.app_id in self._stored
        return known and self._store().load(record.app_id, record.session) is None

    def _with_exits(self, record: JobRecord) -> JobRecord:
        children = self._children.pop(record.app_id, {})

        def known(role: str, k: int, one: Replica) -> Replica:
            return one if one.exit is not None else replace(one, exit=_exit_of(children.get((role, k))))

        roles = {
            role: tuple(known(role, k, one) for k, one in enumerate(many))
            for role, many in record.roles.items()
        }
        return replace(record, roles=roles)

    def _drop_oldest(self) -> None:
        ended = [app_id for app_id, one in self._records.items() if one.is_terminal]
        for app_id in ended[: max(0, len(ended) - _ENDED_KEPT)]:
            del self._records[app_id]
            self._stored.discard(app_id)

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "job records cannot be written to %s: %s; jobs of this process go on, but no other process "
                "will find them (set LOGDEX_HOME to a directory that can be written)",
                self._store().root,
                error,
            )


def _process(child: Child) -> Process:
    return identify(child.pid) or Process(child.pid, "")


def _exit_of(child: Child | None) -> int | None:
    """The exit status of a child that has ended, without reaping it if that can be."""
    if child is None:
        return None
    if child.returncode is not None:
        return child.returncode
    seen = child_exit(child.pid)
    return child.poll() if seen is None else seen


def _call_if_there(method: "WeakMethod[Callable[[str], None]]", app_id: str) -> None:
    bound = method()
    if bound is not None:
        bound(app_id)
