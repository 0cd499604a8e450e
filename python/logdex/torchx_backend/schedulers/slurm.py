"""The scheduler `slurm_persistent`: TorchX launches on Slurm, the engine reads, from any directory."""

from __future__ import annotations

import builtins
import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from torchx.schedulers.api import AppDryRunInfo, DescribeAppResponse, ListAppResponse
from torchx.schedulers.slurm_scheduler import SlurmScheduler
from torchx.specs.api import AppDef

from logdex.log import Log
from logdex.log.combined import combined
from logdex.slurm import find
from logdex.slurm.ask import Poll, poll_of, run_here
from logdex.slurm.ending import JobEnding
from logdex.slurm.ids import parse
from logdex.torchx_backend.schedulers import compat
from logdex.torchx_backend.schedulers.asking import ask, may_follow
from logdex.torchx_backend.schedulers.logs import stream_file
from logdex.torchx_backend.schedulers.slurm_responses import listed, replica_of, response

_EXTENSIONS = {"stdout.log": ("out",), "stderr.log": ("err",), "combined.log": ("out", "err")}
"""The logs that a stream is read from, by its name among TorchX's local ones."""


class PersistentSlurmScheduler(SlurmScheduler):  # type: ignore[misc, unused-ignore]
    """Launches on Slurm as TorchX's `SlurmScheduler` does, and reads logs exactly, through requeues, from anywhere.

    What it adds to a launch: srun appends to the logs (`--open-mode=append`), so that an attempt does not erase what
    the one before it wrote; and where they are is noted in `$LOGDEX_HOME`. Accounting is not needed.

    - `session_name`: as in TorchX.
    - `tz`: IANA zone of stamps without one; default local time.
    - `reference`: a datetime near the logs' end, for stamps without a year.
    - `strict_tail`: `should_tail=False` always returns at the end of the file. Default: as the installed
      TorchX does, which on 0.7.0 follows an app that runs.

    Examples:
        >>> scheduler = create_scheduler("mine")
        >>> for line in scheduler.log_iter("12345", "trainer", 0, regex="loss="):  # doctest: +SKIP
        ...     print(line, end="")
    """

    def __init__(
        self,
        session_name: str,
        *,
        tz: str | None = None,
        reference: datetime | None = None,
        strict_tail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(session_name, **kwargs)
        self._tz = tz
        self._reference = reference
        self._strict_tail = strict_tail

    def _submit_dryrun(self, app: AppDef, cfg: Any) -> AppDryRunInfo:
        info = super()._submit_dryrun(app, cfg)
        for replica in info.request.replicas.values():
            replica.srun_opts.setdefault("open-mode", "append")
        return info

    def schedule(self, dryrun_info: AppDryRunInfo) -> str:
        """Launches through TorchX, and notes where the logs will be."""
        app_id = str(super().schedule(dryrun_info))
        find.note(app_id, dryrun_info.request.job_dir or os.getcwd())
        return app_id

    def describe(self, app_id: str) -> DescribeAppResponse | None:
        """The state, roles and replicas of a job, with or without accounting; None for one that Slurm does not know.

        A job that waits to be started again is pending.
        """
        poll = self._poll(app_id)
        told = poll.fresh() if poll is not None else None
        return response(app_id, told) if told is not None and told.rows else None

    def _poll(self, app_id: str) -> Poll | None:
        try:
            return poll_of(parse(app_id))
        except (TypeError, ValueError):
            return None

    def log_iter(
        self,
        app_id: str,
        role_name: str,
        k: int = 0,
        regex: Any = None,
        since: Any = None,
        until: Any = None,
        should_tail: bool = False,
        streams: Any = None,
    ) -> Iterable[str]:
        """The lines of one replica, whole and in order, of all its attempts.

        Args:
            app_id: The job.
            role_name: One of its roles.
            k: The index of the replica, which is not a rank.
            regex: Only lines for which Python's `re.search` is true.
            since: Only lines of this moment or later: a datetime, or what else `Log.lines` takes.
            until: Only lines of this moment or earlier; both ends are included.
            should_tail: Follow a job to its end, through requeues; one that waits is waited for.
            streams: "stdout", "stderr" or "combined", which is the default; or TorchX's `Stream`. Combined are the
                lines of both by their times.

        Returns:
            An iterator of str.

        Raises:
            KeyError: The job or the stream is unknown.
            RuntimeError: The job has no such role or replica, or that has no log.
            ValueError: The role's name leads out of the job's directory.
            re.error: `regex` is not one.
        """
        extensions = _EXTENSIONS[stream_file(streams)]
        poll = self._poll(app_id)
        if poll is None:
            raise KeyError(app_id)
        if os.path.basename(role_name) != role_name or "\0" in role_name:
            raise ValueError(f"role_name {role_name!r} is not the name of a role")
        follow = may_follow(should_tail, strict_tail=self._strict_tail) and not poll.fresh().over
        paths = self._paths(poll, role_name, k, extensions, follow=follow)
        log = Log(paths[0], tz=self._tz, reference=self._reference)
        if len(paths) > 1:
            log = combined(log, paths[1])
        return log._lines(ask(log, regex, since, until, follow=follow, ended=JobEnding(poll)))

    def _paths(
        self, poll: Poll, role: str, k: int, extensions: tuple[str, ...], *, follow: bool
    ) -> builtins.list[str]:
        """The logs of a replica, where they are or, of one that will write them, where they will be."""
        job, told = poll.job, poll.told()
        noted = find.job_dir(job, os.getcwd())
        directories = list(dict.fromkeys([*([noted] if noted else []), *find.directories(told.rows)]))
        names = [f"slurm-{job.job}-{role}-{k}.{one}" for one in extensions]
        for directory in [*directories, os.getcwd()]:
            there = [path for name in names if os.path.exists(path := os.path.join(directory, name))]
            if there:
                return there if not follow else [os.path.join(directory, name) for name in names]
        if not told.rows and not directories:
            raise KeyError(str(job))
        known = [replica for row in told.rows if (replica := replica_of(row))]
        if follow and directories and (not known or (role, k) in known):
            return [os.path.join(directories[0], name) for name in names]
        what = ", ".join(f"{name}/{number}" for name, number in known) or "no replicas that are known"
        raise RuntimeError(
            f"job {job} has no log of role {role!r}, replica {k}: there is no file {' or '.join(names)} in "
            f"{', '.join(directories)}; the job has {what}"
        )

    def list(self, cfg: Mapping[str, Any] | None = None) -> list[ListAppResponse]:
        """The jobs of this user: those that the accounts remember, and those that the controller knows.

        Raises:
            subprocess.CalledProcessError: Neither answers.
        """
        # The accounts lag behind by seconds, and there may be none; the controller forgets what has ended.
        sacct = run_here(
            ["sacct", "-n", "-P", "-X", "-S", "1970-01-01T00:00:01", "-o", "JobID,State,JobName"]
        )
        squeue = run_here(["squeue", "-h", "-t", "all", "-u", str(os.getuid()), "-o", "%i|%T|%j"])
        if sacct.code != 0 and squeue.code != 0:
            raise subprocess.CalledProcessError(squeue.code, "squeue", squeue.out, squeue.err)
        return listed(sacct.out, squeue.out)


def create_scheduler(session_name: str, **kwargs: Any) -> PersistentSlurmScheduler:
    """The scheduler as TorchX asks for it.

    `tz`, `reference` and `strict_tail` are as for the class; what TorchX passes to all schedulers and this one does not
    know is ignored.

    Examples:
        >>> create_scheduler("mine", tz="Europe/Berlin").session_name
        'mine'
    """
    theirs = {name: kwargs[name] for name in ("docker_client",) if kwargs.get(name) is not None}
    return PersistentSlurmScheduler(
        session_name,
        tz=kwargs.get("tz"),
        reference=kwargs.get("reference"),
        strict_tail=bool(compat.flag(kwargs.get("strict_tail"))),
        **theirs,
    )
