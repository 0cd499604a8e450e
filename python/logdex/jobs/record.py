"""What is remembered of an app: who ran, where, since when, and how it ended."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from logdex.jobs.processes import Host, Process, this_host

HIDDEN = ".logdex"
"""The directory beside a replica's logs in which records, indexes and the heartbeat lie (`src/arrival/beside.rs`)."""

VERSION = 2
"""The version that this release writes: 2 has `app`. A record of a later one is read as far as it goes."""

TERMINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
"""The states that do not change any more, by TorchX's names."""

MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What it may raise to take JSON for what it is not: others write these files, too."""

_PIDS = 1 << 31
"""What a process id is less than, on every system."""


@dataclass(frozen=True)
class Replica:
    """One process of a role; `process` is None until it started, `exit` until its end was seen."""

    process: Process | None = None
    exit: int | None = None
    error_file: str = ""


@dataclass(frozen=True)
class JobRecord:
    """One app; `log_dir` is its own directory, times are seconds since the epoch, `state` a TorchX name.

    It is what a process that did not launch the app has to go by, so it is written before the first replica starts, and
    names processes in a way that survives the reuse of their numbers.
    """

    app_id: str
    session: str
    log_dir: str
    roles: Mapping[str, tuple[Replica, ...]]
    launcher: Process | None
    host: Host = field(default_factory=this_host)
    state: str = "PENDING"
    message: str = ""
    scheduled_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    app: Mapping[str, Any] | None = None
    """What was run, as `appdef.as_stored` gives it; None where nobody knows."""
    version: int = VERSION

    @property
    def is_terminal(self) -> bool:
        """Whether the record itself says how the app ended."""
        return self.state in TERMINAL

    @property
    def has_started(self) -> bool:
        """Whether the processes are known; until then the launcher is still starting them."""
        return any(one.process for _, _, one in self.replicas())

    def replicas(self) -> list[tuple[str, int, Replica]]:
        """Every replica with its role and index."""
        return [(role, k, one) for role, many in self.roles.items() for k, one in enumerate(many)]

    def ended(self, state: str, message: str = "") -> "JobRecord":
        """The same app, ended now."""
        return replace(self, state=state, message=message, ended_at=time.time())

    def to_json(self) -> bytes:
        """The record as it is stored."""
        return json.dumps(
            {
                "version": self.version,
                "app_id": self.app_id,
                "session": self.session,
                "log_dir": self.log_dir,
                "state": self.state,
                "message": self.message,
                "scheduled_at": self.scheduled_at,
                "ended_at": self.ended_at,
                "host": self.host._asdict(),
                "launcher": self.launcher and self.launcher._asdict(),
                "roles": {role: [_replica_out(one) for one in many] for role, many in self.roles.items()},
                "app": self.app,
            }
        ).encode()

    @classmethod
    def from_json(cls, stored: bytes) -> "JobRecord":
        """Reads a stored record, ignoring keys that it does not know; ValueError when it cannot be one."""
        try:
            return cls.from_values(json.loads(stored))
        except MALFORMED as error:
            raise ValueError(f"not a job record: {error!r}") from error

    @classmethod
    def from_values(cls, values: Any) -> "JobRecord":
        """What the JSON of a stored record says; ValueError when it cannot be one."""
        try:
            app = values.get("app")
            return cls(
                app_id=str(values["app_id"]),
                session=str(values["session"]),
                log_dir=as_path(values["log_dir"]),
                roles={
                    as_path(role): tuple(_replica_in(one) for one in many)
                    for role, many in values["roles"].items()
                },
                launcher=_process_in(values.get("launcher")),
                host=_host_in(values.get("host") or {}),
                state=str(values["state"]),
                message=str(values.get("message", "")),
                scheduled_at=float(values["scheduled_at"]),
                ended_at=None if values.get("ended_at") is None else float(values["ended_at"]),
                app=app if isinstance(app, dict) else None,
                version=int(values["version"]),
            )
        except MALFORMED as error:
            raise ValueError(f"not a job record: {error!r}") from error


def as_path(stored: object) -> str:
    """A path, or a part of one, that was stored; ValueError for what the system would not take as such."""
    path = str(stored)
    if b"\0" in os.fsencode(path):
        raise ValueError(f"{path!r} is no path")
    return path


def _replica_out(one: Replica) -> dict[str, Any]:
    process = one.process._asdict() if one.process else {}
    return {**process, "exit": one.exit, "error_file": one.error_file}


def _replica_in(values: dict[str, Any]) -> Replica:
    code = values.get("exit")
    return Replica(
        process=_process_in(values),
        exit=None if code is None else int(code),
        error_file=str(values.get("error_file", "")),
    )


def _process_in(values: dict[str, Any] | None) -> Process | None:
    if not values or values.get("pid") is None:
        return None
    pid = int(values["pid"])
    if not 0 < pid < _PIDS:
        raise ValueError(f"{pid} is no process id")
    return Process(pid, str(values.get("started", "")))


def _host_in(values: dict[str, Any]) -> Host:
    return Host(*(str(values.get(name, "")) for name in Host._fields))
