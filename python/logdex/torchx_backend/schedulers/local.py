"""The scheduler `local_persistent`: TorchX launches on this host, the engine reads, any process may ask.

NeMo-Run's `nemo_run.run.torchx_backend.schedulers.local`, made anew: the same names, for TorchX's configs and
NeMo-Run's.
"""

import atexit
import logging
import os
import shutil
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from types import ModuleType
from typing import Any

from torchx.schedulers.api import AppDryRunInfo, DescribeAppResponse, ListAppResponse
from torchx.schedulers.local_scheduler import (
    COMBINED_LOG,
    STDERR_LOG,
    STDOUT_LOG,
    CWDImageProvider,
    ImageProvider,
    _LocalAppDef,
)
from torchx.specs.api import AppState, is_terminal

from logdex.jobs import (
    JobRecord,
    JobStore,
    Verdict,
    end,
    home,
    is_here,
    is_running,
    nemo_file,
)
from logdex.jobs.ending import Ending
from logdex.jobs.record import HIDDEN
from logdex.log import Log
from logdex.log.combined import combined
from logdex.torchx_backend.schedulers import compat, nemo
from logdex.torchx_backend.schedulers.asking import ask, may_follow
from logdex.torchx_backend.schedulers.launching import LaunchingScheduler
from logdex.torchx_backend.schedulers.logs import (
    await_log,
    combined_serves,
    replica_dir,
    stream_file,
)
from logdex.torchx_backend.schedulers.remembered import SavedApps, from_app, settle, store_at
from logdex.torchx_backend.schedulers.responses import app_state, fill, response

log = logging.getLogger("logdex")


class PersistentLocalScheduler(LaunchingScheduler):
    """Runs apps on this host as TorchX's `LocalScheduler` does, remembers them, and reads their logs exactly.

    TorchX launches, waits and kills; this class adds what is needed afterwards: a record of each app from which any
    process can list, describe, cancel and read it, and a `log_iter` that the engine answers. Nothing of TorchX's
    launching is written again here, so that a new TorchX launches as it says.

    - `session_name`: logs and records are kept under this name.
    - `image_provider_class`, `extra_paths`: as in TorchX.
    - `cache_size`: how many apps TorchX's own cache holds; an app that leaves it is still known.
    - `experiment`: NeMo-Run's experiment; an app of it that ends, ends its job group.
    - `tz`: IANA zone of stamps without one; default local time.
    - `reference`: a datetime near the logs' end, for stamps without a year.
    - `strict_tail`: `should_tail=False` always returns at the end of the file. Default: as the installed
      TorchX does, which on 0.7.0 follows an app that runs.
    - `record`: note beside the logs, in `.logdex`, when their lines arrive, and leave a heartbeat for other
      hosts; at most a hundredth of the logs, or 16 KiB a replica. Default: yes, but not under NeMo-Run.
    - `log_root`: where logs go without a `log_dir`. Default: a temporary directory that `close` removes.

    Examples:
        >>> import logging
        >>> from torchx.specs import AppDef, Role
        >>> logging.disable()
        >>> scheduler = create_scheduler("mine")
        >>> hello = Role("trainer", image="", entrypoint="echo", args=["loss=0.5"])
        >>> app_id = scheduler.submit(AppDef("hello", [hello]), {})
        >>> for line in scheduler.log_iter(app_id, "trainer", 0, regex="loss=", should_tail=True):
        ...     print(line, end="")
        loss=0.5
        >>> logging.disable(logging.NOTSET)
    """

    def __init__(
        self,
        session_name: str,
        image_provider_class: Callable[[Any], ImageProvider],
        cache_size: int = 100,
        extra_paths: list[str] | None = None,
        experiment: Any = None,
        *,
        tz: str | None = None,
        reference: datetime | None = None,
        strict_tail: bool = False,
        record: bool | None = None,
        log_root: str | None = None,
    ) -> None:
        super().__init__(
            session_name,
            image_provider_class,
            cache_size,
            extra_paths,
            store=_store,
            experiment=experiment,
            record=record,
            log_root=log_root,
        )
        self._tz = tz
        self._reference = reference
        self._strict_tail = strict_tail
        self._told: dict[str, AppState] = {}
        _open_schedulers.add(self)

    def schedule(self, dryrun_info: AppDryRunInfo) -> str:
        """Launches through TorchX and remembers the app, from before its first process starts."""
        app_id = super().schedule(dryrun_info)
        _names()._save_job_dir(self._mine(app_id))
        return app_id

    def describe(self, app_id: str) -> DescribeAppResponse | None:
        """The state, roles and replicas of an app, whichever process launched it; None for an unknown one."""
        answer = self._describe(app_id)
        if answer is not None and self.experiment is not None and self._end_group(app_id):
            answer = self._describe(app_id)
        return answer

    def _describe(self, app_id: str) -> DescribeAppResponse | None:
        if not self._launched.is_owner:
            return self._describe_remembered(app_id)
        with self._lock:
            record = self._launched.get(app_id)
            app = self._apps.get(app_id)
            if record is None or app is None:
                answer = self._ask_torchx(app_id)
                return self._describe_remembered(app_id) if answer is None else answer
            if is_terminal(app.state):
                return self._describe_remembered(app_id)
            if not record.is_terminal and is_running(record):
                return self._describe_running(record, app)
            # Noted before TorchX reaps the processes: who does not find them must find how they ended.
            self._launched.note_end(app_id)
            return self._ask_torchx(app_id)

    def _describe_running(self, record: JobRecord, app: _LocalAppDef) -> DescribeAppResponse:
        if app.state != AppState.RUNNING:
            app.set_state(AppState.RUNNING)
        return response(record, Verdict("RUNNING", "", False, record.roles))

    def _ask_torchx(self, app_id: str) -> DescribeAppResponse | None:
        try:
            answer = super().describe(app_id=app_id)
        except OSError as error:
            # TorchX notes the end beside the logs, and the logs were removed.
            log.warning("app %s has ended, but %s", app_id, error)
            answer = DescribeAppResponse(app_id=app_id, num_restarts=0, state=self._apps[app_id].state)
        if answer is None:
            return None
        if is_terminal(answer.state):
            self._launched.note_end(app_id)
        if record := self._launched.get(app_id):
            state = record.state if record.is_terminal else answer.state.name
            fill(answer, record, Verdict(state, record.message, record.is_terminal, record.roles))
        self._tell_nemo(app_id, answer.state)
        return answer

    def _tell_nemo(self, app_id: str, state: AppState) -> None:
        """NeMo-Run's file is told when a state is new, and not at every look."""
        mine = self._mine(app_id)
        for app in mine.values():
            app.state = state
        if self._told.get(app_id) != state:
            self._told[app_id] = state
            _names()._save_job_dir(mine)
        if is_terminal(state):
            del self._told[app_id]

    def _mine(self, app_id: str) -> dict[str, _LocalAppDef]:
        return {app_id: self._apps[app_id]} if app_id in self._apps else {}

    def _describe_remembered(self, app_id: str) -> DescribeAppResponse | None:
        record = self.record_of(app_id)
        return None if record is None else response(record, settle(record, _store()))

    def record_of(self, app_id: str) -> JobRecord | None:
        """What is known of an app: from memory, from the store, from TorchX's cache, or from NeMo-Run's file.

        Args:
            app_id: The app, of any process that launched it under this session's name.

        Returns:
            Where its logs are, its roles and replicas, their processes and how they ended; None for an unknown app.
        """
        if not isinstance(app_id, str):
            return None
        record = self._launched.get(app_id) or _store().load(app_id, self.session_name)
        if record is None and app_id in self._apps:
            record = from_app(self._apps[app_id], self.session_name)
        return record or self._from_nemo(app_id)

    def _from_nemo(self, app_id: str) -> JobRecord | None:
        saved = _names()._get_job_dirs()
        return from_app(saved[app_id], self.session_name) if app_id in saved else None

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
        """The lines of one replica, whole and in order, of an app launched by any process.

        Args:
            app_id: The app.
            role_name: One of its roles.
            k: The index of the replica, which is not a rank.
            regex: Only lines for which Python's `re.search` is true.
            since: Only lines of this moment or later: a datetime, or what else `Log.lines` takes.
            until: Only lines of this moment or earlier; both ends are included.
            should_tail: Follow a running app to its end.
            streams: "stdout", "stderr" or "combined", which is the default; or TorchX's `Stream`.

        Returns:
            An iterator of str, which holds the scheduler, and with it the scheduler's apps.

        Raises:
            KeyError: The app or the stream is unknown.
            RuntimeError: The app has no such role or replica, or that has no log.
            ValueError: The role's name leads out of the app's directory.
            re.error: `regex` is not one.
        """
        record = self.record_of(app_id)
        if record is None:
            raise KeyError(app_id)
        name = stream_file(streams)
        directory = replica_dir(record, role_name, k)
        ending = Ending(record, lambda: self.record_of(app_id))
        await_log(os.path.join(directory, name), record, role_name, k, ended=ending if should_tail else None)
        follow = may_follow(should_tail, strict_tail=self._strict_tail) and not ending()
        log = self._log(record, directory, name, follow=follow)
        question = ask(log, regex, since, until, follow=follow, ended=ending)
        # The scheduler's apps end with it, so it lives as long as an answer of theirs is read.
        return log._lines(question.but(keep=(question.keep, self)))

    def _log(self, record: JobRecord, directory: str, name: str, *, follow: bool) -> Log:
        # An index lies beside the log where the app is ours, and in the user's cache where it is NeMo-Run's.
        index: str | bool = os.path.join(directory, HIDDEN) if record.host.name else True
        path = os.path.join(directory, name)
        if name == COMBINED_LOG and not combined_serves(directory, running=follow):
            path = os.path.join(directory, STDOUT_LOG)
            log = Log(path, tz=self._tz, reference=self._reference, index=index)
            return combined(log, os.path.join(directory, STDERR_LOG))
        return Log(path, tz=self._tz, reference=self._reference, index=index)

    def _cancel_existing(self, app_id: str) -> None:
        if self._launched.is_owner and app_id in self._apps:
            self._stop(app_id)
            return
        record = self.record_of(app_id)
        if record is None or settle(record, _store()).is_terminal:
            return
        if not is_here(record):
            place = f"on host {record.host.name!r}" if record.host.name else "by NeMo-Run without logdex"
            raise RuntimeError(
                f"app {app_id} was launched {place}, and its processes are unknown here; cancel it there"
            )
        end(record, _store())

    def _delete_existing(self, app_id: str) -> None:
        """Cancels the app and forgets it; its logs stay."""
        self._cancel_existing(app_id)
        if record := self.record_of(app_id):
            self._launched.forget(app_id)
            _store().forget(record)
        self._apps.pop(app_id, None)

    def _stop(self, app_id: str, message: str = "") -> None:
        """Ends an app of this process, unless it has ended by itself."""
        with self._lock:
            answer = self._describe(app_id)
            app = self._apps.get(app_id)
            if app is None or answer is None or is_terminal(answer.state):
                return
            self._launched.intend_to_cancel(app_id, message)
            with suppress(OSError):  # It kills first, and then notes the end where there may be no room.
                app.close()
            app.set_state(AppState.CANCELLED)
            self._launched.note_end(app_id)
        self._tell_nemo(app_id, AppState.CANCELLED)

    def _end_group(self, app_id: str) -> bool:
        """NeMo-Run's rule: one ended app ends its job group. Returns whether that ended `app_id`."""
        group = nemo.group_of(self.experiment, app_id)
        states = {one: answer.state for one in group if (answer := self._describe(one))}
        if not any(is_terminal(state) for state in states.values()):
            return False
        for one, state in states.items():
            if not is_terminal(state):
                self._cancel_existing(one)
        return not is_terminal(states.get(app_id, AppState.FAILED))

    def close(self) -> None:
        """Ends the apps of this scheduler that still run, as TorchX does, and records how all ended."""
        if not self._launched.is_owner:
            return
        with self._lock:
            for app_id in list(self._apps):
                self._stop(app_id, "its launcher closed")
            for directory in self._tmp_log_dirs:
                shutil.rmtree(directory, ignore_errors=True)
            self._tmp_log_dirs = []

    def list(self, cfg: Mapping[str, Any] | None = None) -> list[ListAppResponse]:
        """The apps of this session, oldest first, whichever process launched them."""
        records = {one.app_id: one for one in SavedApps(_nemo_jobs()).of_session(self.session_name)}
        records |= {one.app_id: one for one in _store().of_session(self.session_name)}
        records |= {one.app_id: one for one in self._launched.all()}
        return [compat.listed(one.app_id, self._state(one)) for one in records.values()]

    def _state(self, record: JobRecord) -> AppState:
        own = None if record.is_terminal or record.app_id not in self._apps else self._describe(record.app_id)
        return app_state(settle(record, _store()).state) if own is None else own.state


def create_scheduler(
    session_name: str,
    cache_size: int = 100,
    extra_paths: list[str] | None = None,
    **kwargs: Any,
) -> PersistentLocalScheduler:
    """The scheduler as TorchX asks for it: without a `log_dir` logs go to `$LOGDEX_HOME/logs`, and stay.

    `experiment`, `image_provider_class`, `tz`, `reference`, `strict_tail`, `record` and `log_root` are as for
    the class; what TorchX passes to all schedulers and this one does not know is ignored.

    Examples:
        >>> create_scheduler("mine", tz="Europe/Berlin").session_name
        'mine'
    """
    return PersistentLocalScheduler(
        session_name,
        kwargs.get("image_provider_class", CWDImageProvider),
        cache_size,
        extra_paths,
        kwargs.get("experiment"),
        tz=kwargs.get("tz"),
        reference=kwargs.get("reference"),
        strict_tail=bool(compat.flag(kwargs.get("strict_tail"))),
        record=compat.flag(kwargs.get("record")),
        log_root=kwargs.get("log_root") or home.log_root(),
    )


_here = sys.modules[__name__]  # held, since a scheduler may be closed when `sys.modules` has been emptied


def __getattr__(name: str) -> str:
    """`LOCAL_JOB_DIRS`: a directory of records; NeMo-Run's file once NeMo-Run is loaded."""
    if name == "LOCAL_JOB_DIRS":
        return nemo_file.default_path() if nemo.scheduler_module() else home.records_dir()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _job_dirs() -> str:
    return str(_here.LOCAL_JOB_DIRS)


def _nemo_in_use() -> bool:
    """Whether `LOCAL_JOB_DIRS` is NeMo-Run's file."""
    return nemo.scheduler_module() is not None or os.path.isfile(_job_dirs())


def _store() -> JobStore:
    return store_at(home.records_dir() if _nemo_in_use() else _job_dirs())


def _nemo_jobs() -> nemo_file.NemoJobs:
    return nemo_file.NemoJobs(_job_dirs() if _nemo_in_use() else nemo_file.default_path())


def _names() -> ModuleType:
    """Whose `_save_job_dir` and `_get_job_dirs` are in force: NeMo-Run's, while it has our class."""
    module = nemo.scheduler_module()
    enabled = (
        module is not None and getattr(module, "PersistentLocalScheduler", None) is PersistentLocalScheduler
    )
    return module if module is not None and enabled else _here


def _save_job_dir(apps: Mapping[str, _LocalAppDef]) -> None:
    """Writes new and ended apps into NeMo-Run's file, if in use; our own records are written already."""
    jobs = [
        nemo_file.NemoJob(app.state.name, app.id, app.log_dir, [*app.role_replicas])
        for app in apps.values()
        if app.state != AppState.RUNNING
    ]
    if jobs and _nemo_in_use():
        nemo_file.tell(_job_dirs(), jobs)


def _get_job_dirs() -> Mapping[str, _LocalAppDef]:
    """The apps in NeMo-Run's file."""
    return SavedApps(_nemo_jobs())


_open_schedulers: "weakref.WeakSet[PersistentLocalScheduler]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """While there still is an interpreter to record with; `__del__` may come too late for that."""
    for scheduler in list(_open_schedulers):
        with suppress(Exception):
            scheduler.close()
