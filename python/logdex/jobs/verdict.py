"""What state an app is in: by its record, the processes of this host, the age of what it wrote."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from logdex.jobs.processes import (
    Process,
    has_writer,
    is_alive,
    this_host,
    zombie_exit,
)
from logdex.jobs.record import HIDDEN, MALFORMED, TERMINAL, JobRecord, Replica

HEARTBEAT_EVERY = 15.0
"""Seconds between two heartbeats of a launcher."""

STALE_AFTER = 60.0
"""Seconds without a sign of life after which an app on another host is given up."""

LAUNCHER_LOST = "launcher lost, exit status unknown"


@dataclass(frozen=True)
class Verdict:
    """The state of an app by TorchX's name, why, and whether that can never change again."""

    state: str
    message: str
    final: bool
    roles: Mapping[str, tuple[Replica, ...]]

    @property
    def is_terminal(self) -> bool:
        """Whether the app counts as ended."""
        return self.state in TERMINAL


def judge(record: JobRecord, *, cancelled: bool = False) -> Verdict:
    """The state of the app now. Reads `/proc` or the age of files; writes nothing and waits for nothing."""
    if record.is_terminal:
        return Verdict(record.state, record.message, True, record.roles)
    if not is_here(record):
        return _judge_from_afar(record, cancelled)
    if is_running(record):
        return Verdict("RUNNING" if record.has_started else "PENDING", "", False, record.roles)
    return _judge_ended(with_exits(record), cancelled)


def _judge_ended(record: JobRecord, cancelled: bool) -> Verdict:
    state, message = ("CANCELLED", "") if cancelled else outcome(record)
    return Verdict(state, message, True, record.roles)


def is_running(record: JobRecord) -> bool:
    """Whether any replica of an app of this host lives, or its launcher is still starting them."""
    if record.has_started:
        return any(one.process is not None and is_alive(one.process) for _, _, one in record.replicas())
    return (record.launcher is not None and is_alive(record.launcher)) or has_writer(record.log_dir)


def with_exits(record: JobRecord) -> JobRecord:
    """The record with each exit status to be seen: a zombie's, or one in TorchX's `SUCCESS` file.

    The zombie of a dead launcher does not count: init reaps it some day, and the answer must not change.
    """

    def look(one: Replica, noted: int | None) -> Replica:
        if one.exit is not None:
            return one
        seen = zombie_exit(one.process) if one.process and watched else None
        return replace(one, exit=noted if seen is None else seen)

    noted = _noted_by_torchx(record.log_dir)
    watched = record.launcher is not None and is_alive(record.launcher)
    roles = {
        role: tuple(look(one, noted.get((role, k))) for k, one in enumerate(many))
        for role, many in record.roles.items()
    }
    return replace(record, roles=roles)


def outcome(record: JobRecord) -> tuple[str, str]:
    """The terminal state that the exit statuses amount to, and what to say of it."""
    exits = {f"{role}/{k}": one.exit for role, k, one in record.replicas()}
    failed = [f"{name} {_in_words(code)}" for name, code in exits.items() if code]
    if any(code is None for code in exits.values()):
        return "FAILED", "; ".join([_why_unknown(record.launcher), *failed])
    return ("FAILED", "; ".join(failed)) if failed else ("SUCCEEDED", "")


def _why_unknown(launcher: Process | None) -> str:
    if launcher is not None and is_alive(launcher):
        return f"exit status unknown, its launcher (pid {launcher.pid}) has not recorded it"
    return LAUNCHER_LOST


def _noted_by_torchx(log_dir: str) -> dict[tuple[str, int], int]:
    """The exit statuses in the `SUCCESS` file that a living launcher leaves, by role and index."""
    try:
        with open(os.path.join(log_dir, "SUCCESS"), "rb") as file:
            roles = json.load(file)["roles"]
        return {
            (role, int(one["replica_id"])): int(one["exitcode"])
            for role, many in roles.items()
            for one in many
            if one["exitcode"] is not None
        }
    except (OSError, *MALFORMED):
        return {}


def launcher_owes(record: JobRecord, verdict: Verdict) -> bool:
    """Whether a living launcher has reaped a replica and is about to record how it ended."""
    unknown = any(one.exit is None for many in verdict.roles.values() for one in many)
    return unknown and is_here(record) and record.launcher is not None and is_alive(record.launcher)


def heartbeat_path(log_dir: str) -> str:
    """The file whose modification time is the launcher's last sign of life."""
    return os.path.join(log_dir, HIDDEN, "heartbeat")


def _in_words(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"exited with {code}"


def is_here(record: JobRecord) -> bool:
    """Same boot, same pid namespace: the pids in the record mean something here, whatever the host's name."""
    here = this_host()
    return (record.host.boot_id, record.host.pid_namespace) == (here.boot_id, here.pid_namespace)


def _judge_from_afar(record: JobRecord, cancelled: bool) -> Verdict:
    """An app of another host, boot or container: only its files, and who holds them open, can tell of it."""
    if has_writer(record.log_dir):
        return Verdict("RUNNING", "", False, record.roles)
    if _noted_by_torchx(record.log_dir):
        return _judge_ended(with_exits(record), cancelled)
    written = last_write(record)
    beaten = modified(heartbeat_path(record.log_dir))
    newest = max((t for t in (written, beaten) if t is not None), default=None)
    # NeMo-Run's file does not say on which host its jobs are.
    where = f"on host {record.host.name}" if record.host.name else "on a host that is not known"
    if newest is not None and time.time() - newest < STALE_AFTER:
        return Verdict("RUNNING", where, False, record.roles)
    rebooted = record.host.name == this_host().name and record.host.boot_id != this_host().boot_id
    reason = f"{LAUNCHER_LOST}: the host was restarted" if rebooted else "liveness unknown"
    at = "never" if written is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(written))
    return Verdict("FAILED", f"{reason}, last byte at {at} {where}", False, record.roles)


def last_write(record: JobRecord) -> float | None:
    """When the last byte of the app's logs was written, in seconds since the epoch; None without a log."""
    times = [
        modified(os.path.join(record.log_dir, role, str(k), f"{stream}.log"))
        for role, k, _ in record.replicas()
        for stream in ("stdout", "stderr")
    ]
    return max((t for t in times if t is not None), default=None)


def modified(path: str) -> float | None:
    """When a file was last written to, in seconds since the epoch; None where it cannot be told."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
