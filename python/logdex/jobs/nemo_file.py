"""NeMo-Run's own job file, `.local_jobs.json`: read what it has, add to it without hurting its readers.

It is one JSON object, `{app id: [state, app id, log_dir, [role, ...]]}`. NeMo-Run rewrites it in place under
an exclusive `flock`, and reads it without one.
"""

import atexit
import contextlib
import fcntl
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from logdex.jobs.processes import Host
from logdex.jobs.record import JobRecord, Replica, as_path

log = logging.getLogger("logdex")

MODULE = "nemo_run.run.torchx_backend.schedulers.local"
"""NeMo-Run's module that knows where its job file is."""

_PATIENCE = 2.0
_LARGE = 1 << 20
_TAIL = 64
_COPY = 1 << 30
_LONGEST_ENTRY = 1 << 16
_NOWHERE = Host("", "", "")
"""The host of an app in NeMo-Run's file, which does not say."""


class NemoJob(NamedTuple):
    """One entry of the file; it knows neither replicas nor processes."""

    state: str
    app_id: str
    log_dir: str
    roles: list[str]


def default_path() -> str:
    """The file of the NeMo-Run that is loaded, or the one that it would use here."""
    module = sys.modules.get(MODULE)
    if module is not None:
        return str(module.LOCAL_JOB_DIRS)
    home = os.environ.get("NEMORUN_HOME", os.path.expanduser("~/.nemo_run"))
    return os.path.join(home, ".local_jobs.json")


class NemoJobs(Mapping[str, NemoJob]):
    """The jobs in the file at one moment, none when it is damaged; looking one up parses only that one."""

    def __init__(self, path: str) -> None:
        self._stored = _stored(path)

    def __getitem__(self, app_id: str) -> NemoJob:
        key = json.dumps(app_id).encode() + b": "
        at = self._stored.rfind(key)
        if at < 0:
            return self._parsed()[app_id]
        return self._entry(at + len(key)) or self._parsed()[app_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def of_session(self, session: str) -> list[NemoJob]:
        """The jobs of a session, which is the name of the directory above the job's own; parses only those."""
        inside = json.dumps(f"/{session}/")[1:-1].encode()
        found: dict[str, NemoJob] = {}
        at = self._stored.find(inside)
        while at >= 0:
            job = self._entry(self._stored.rfind(b": [", 0, at) + 2)
            if job is not None and os.path.basename(os.path.dirname(job.log_dir)) == session:
                found[job.app_id] = job
            at = self._stored.find(inside, at + len(inside))
        return [*found.values()]

    def _entry(self, at: int) -> NemoJob | None:
        """The entry that begins at this byte, if there is one."""
        text = self._stored[at : at + _LONGEST_ENTRY].decode(errors="ignore")
        try:
            return _job(json.JSONDecoder().raw_decode(text)[0])
        except (ValueError, RecursionError):
            return None

    def _parsed(self) -> dict[str, NemoJob]:
        try:
            entries = json.loads(self._stored).items()
        except (ValueError, AttributeError, RecursionError):
            return {}
        return {key: job for key, one in entries if (job := _job(one)) is not None}


def record_of(job: NemoJob, session: str) -> JobRecord:
    """What the file says of a job, as a record; it forgets the replicas, but their directories are there.

    `session` is the job's where the directories of its logs do not say.
    """
    roles = {role: (Replica(),) * _count(job.log_dir, role) for role in job.roles}
    return JobRecord(
        job.app_id,
        os.path.basename(os.path.dirname(job.log_dir)) or session,
        job.log_dir,
        roles,
        launcher=None,
        host=_NOWHERE,
        state=job.state,
        scheduled_at=0.0,
    )


def _count(log_dir: str, role: str) -> int:
    try:
        return sum(name.isdigit() for name in os.listdir(os.path.join(log_dir, role))) or 1
    except OSError:
        return 1


def _job(entry: object) -> NemoJob | None:
    """The job that an entry tells of; None for what is no entry."""
    if not isinstance(entry, list) or len(entry) != 4 or not isinstance(entry[3], list):
        return None
    state, app_id, log_dir, roles = entry
    with contextlib.suppress(ValueError):
        return NemoJob(str(state), str(app_id), as_path(log_dir), [as_path(role) for role in roles])
    return None


def _stored(path: str) -> bytes:
    flush()
    try:
        with open(path, "rb") as file, _lock(file.fileno(), exclusive=False):
            return file.read()
    except OSError:
        return b""


class _DeferredWriter:
    """Writes a large file soon: to replace one of 100,000 jobs takes 15 ms, and a launch should not wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pending: list[tuple[str, NemoJob]] = []
        self._busy = False

    def add(self, path: str, jobs: list[NemoJob]) -> None:
        with self._changed:
            self._pending += [(path, job) for job in jobs]
            if self._busy:
                return
            self._busy = True
        try:
            threading.Thread(target=self._run, name="logdex-nemo-file", daemon=True).start()
        except RuntimeError:  # the interpreter ends, or has no thread to give
            self._run()

    def flush(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)

    def _run(self) -> None:
        while True:
            with self._changed:
                pending, self._pending = self._pending, []
                if not pending:
                    self._busy = False
                    self._changed.notify_all()
                    return
            for path in dict.fromkeys(path for path, _ in pending):
                _save_or_say(path, [job for at, job in pending if at == path])


_writer = _DeferredWriter()
atexit.register(_writer.flush)
os.register_at_fork(after_in_child=_writer.__init__)  # type: ignore[misc]


def tell(path: str, jobs: list[NemoJob]) -> None:
    """`save`, which for a large file happens soon and not now. What goes wrong is said in the log."""
    if os.path.exists(path) and os.path.getsize(path) > _LARGE:
        _writer.add(path, jobs)
    else:
        _save_or_say(path, jobs)


def flush() -> None:
    """Returns once everything that `tell` was told is in its file."""
    _writer.flush()


def _save_or_say(path: str, jobs: list[NemoJob]) -> None:
    try:
        save(path, jobs)
    except OSError as error:
        log.warning("%s: %s; NeMo-Run without logdex will not find these jobs", path, error)


def save(path: str, jobs: list[NemoJob]) -> None:
    """Adds or replaces jobs in one step: a reader without a lock sees the old file or the new one.

    The file is copied by the kernel and only its end is changed: of two entries of one key JSON readers take
    the last. NeMo-Run's next write drops the first. A file that does not end as JSON does is kept aside as
    `<file>.damaged`.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    entries = ", ".join(f"{json.dumps(job.app_id)}: {json.dumps(job)}" for job in jobs).encode()
    with _locked(path) as current:
        temporary = f"{path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "wb") as new:
                _write(current, new.fileno(), entries, path)
            os.chmod(temporary, os.fstat(current).st_mode & 0o777)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _write(current: int, new: int, entries: bytes, path: str) -> None:
    end = os.lseek(current, 0, os.SEEK_END)
    start = max(0, end - _TAIL)
    tail = os.pread(current, _TAIL, start).rstrip()
    body = tail[:-1].rstrip()
    has_jobs = tail.endswith(b"}") and body.endswith(b"]")
    if tail and not has_jobs and not (tail.endswith(b"}") and body == b"{"):
        os.link(path, f"{path}.damaged.{time.time_ns()}")
    keep = start + len(body) if has_jobs else 0
    _copy(current, new, keep)
    _write_all(new, (b", " if has_jobs else b"{") + entries + b"}")


def _copy(source: int, target: int, count: int) -> None:
    done = 0
    while done < count:
        copied = os.sendfile(target, source, done, min(count - done, _COPY))
        if copied == 0:
            raise OSError("the job file shrank while it was copied")
        done += copied


def _write_all(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


@contextlib.contextmanager
def _locked(path: str) -> Iterator[int]:
    """The file, created if need be, under an exclusive lock that is on the file that has this name now."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with _lock(descriptor, exclusive=True):
                if _is_still(path, descriptor):
                    yield descriptor
                    return
        finally:
            os.close(descriptor)


def _is_still(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _lock(descriptor: int, *, exclusive: bool) -> Iterator[None]:
    """A `flock`, waited for at most 2 s: a stuck writer must not stop a launch, nor every reader."""
    deadline = time.monotonic() + _PATIENCE
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    while True:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            break
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
