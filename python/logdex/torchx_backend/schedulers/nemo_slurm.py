"""NeMo-Run's jobs on Slurm, read exactly: what takes the place of its `SlurmTunnelScheduler.log_iter`."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from logdex.inputs.candidates import jobs_of
from logdex.inputs.handle import Handle
from logdex.inputs.input import Wish
from logdex.many import JobLogs
from logdex.slurm.ask import CommandResult, Poll, Run, poll_of, run_here
from logdex.slurm.ids import JobId, parse
from logdex.slurm.inputs import Job
from logdex.slurm.mirror import Mirror, fetching_of, place_of
from logdex.slurm.patterns import files
from logdex.torchx_backend.rebind import SLURM_MODULE
from logdex.torchx_backend.schedulers.asking import may_follow, moment
from logdex.torchx_backend.schedulers.logs import stream_file


def log_iter(
    self: Any,
    app_id: str,
    role_name: str,
    k: int = 0,
    regex: Any = None,
    since: Any = None,
    until: Any = None,
    should_tail: bool = False,
    streams: Any = None,
) -> Iterable[str]:
    """The lines of a role of a job that NeMo-Run submitted: of all attempts, in order, whole.

    Args:
        self: NeMo-Run's scheduler.
        app_id: The job.
        role_name: The role, which is the job's or the group's name in NeMo-Run.
        k: The task of an array of jobs; what is no array has one log a role.
        regex: Only lines for which Python's `re.search` is true.
        since: Only lines of this moment or later: a datetime, or what else `Log.lines` takes.
        until: Only lines of this moment or earlier; both ends are included.
        should_tail: Follow the job to its end, through requeues; NeMo-Run's own follows a job that runs in any case.
        streams: "stdout", "stderr" or "combined", which is the default.

    Returns:
        An iterator of str.

    Raises:
        KeyError: NeMo-Run has not submitted such a job, or there is no such stream.
        RuntimeError: It has written no log of this role, and is over or not to be followed.
        re.error: `regex` is not one.
    """
    noted = _module()._get_job_dirs()
    if app_id not in noted:
        raise KeyError(app_id)
    local_dir, configured, _ = noted[app_id]
    self._initialize_tunnel(configured)
    stream = stream_file(streams).removesuffix(".log")
    where = _Where(parse(app_id), self.tunnel, os.path.join(configured.job_dir, os.path.basename(local_dir)))
    handle = Handle(
        f"slurm_tunnel://{self.session_name}/{app_id}", "slurm_tunnel", "", app_id, role_name, None
    )
    follow = may_follow(should_tail) and not where.poll.fresh().over
    fetched = where.begin(follow=follow)
    if where.job.task is None and where.is_array():
        handle = handle._replace(app=f"{app_id}_{k}")

    def job(wish: Wish) -> Job:
        asked = Wish(streams=None if stream == "combined" else stream, follow=wish.follow, last=wish.last)
        return Job(handle, asked, where.poll, only_in=[where.directory], fetched=fetched, batch=False)

    since, until = moment(since), moment(until)
    try:
        return JobLogs(handle.text, job).lines(
            regex or None, since=since, until=until, follow=follow, strict=False
        )
    except (FileNotFoundError, LookupError) as error:
        raise RuntimeError(f"app {app_id} has no log of role {role_name!r}: {error}") from error


class _Where:
    """Where the logs of a job are read: in place, where its directory is here or mounted, or as copies."""

    def __init__(self, job: JobId, tunnel: Any, remote: str) -> None:
        self.job = job
        self._tunnel = tunnel
        self._remote = remote
        self._local = is_local(tunnel)
        run = run_here if self._local else through(tunnel)
        self.poll: Poll = poll_of(job, "" if self._local else tunnel.key, run)
        self._in_place = self._local or _bears(remote, str(job.job))
        self.directory = remote if self._in_place else place_of(tunnel.key, remote, job.job)
        self._run = run

    def is_array(self) -> bool:
        """Whether the job has tasks: as Slurm says, or once it has forgotten the job by the names of its logs."""
        rows = self.poll.told().rows
        if rows:
            return any(row.id.task is not None for row in rows)
        logs = (jobs_of(path).get("nemo-slurm-array") for path in files(self.directory))
        return self.job.job in logs

    def begin(self, *, follow: bool) -> Callable[[], bool] | None:
        """Fetches what there is, and goes on with that in a follow; then says whether all is here."""
        if self._in_place:
            return None
        mirror = Mirror(self._run, self._remote, self.job.job, self.directory)
        mirror.look(wait=True)
        return fetching_of(mirror, self.poll).is_over if follow else None


def is_local(tunnel: Any) -> bool:
    """Whether commands run here: of NeMo-Run's tunnels, the one without a connection."""
    return type(tunnel).__name__ == "LocalTunnel"


def through(tunnel: Any) -> Run:
    """Runs commands behind a tunnel, one at a time."""
    with _locks_lock:
        lock = _locks.setdefault(tunnel.key, threading.Lock())

    def run(command: Sequence[str]) -> CommandResult:
        try:
            with lock:
                done = tunnel.run(shlex.join(command), hide=True, warn=True)
        except Exception as error:  # whatever SSH raises, the next look tries again
            return CommandResult(255, "", f"{type(error).__name__}: {error}")
        return CommandResult(done.return_code, done.stdout, done.stderr)

    return run


_locks: dict[str, threading.Lock] = {}
_locks_lock = threading.Lock()


def _bears(directory: str, number: str) -> bool:
    """Whether the directory of a job is here too: mounted, with a log in it that bears the job's number."""
    try:
        return any(number in name for name in os.listdir(directory))
    except OSError:
        return False


def _module() -> Any:
    """NeMo-Run's module, whose scheduler reads by this: it is loaded."""
    return sys.modules[SLURM_MODULE]
