"""The scheduler `local_persistent`: TorchX launches on this host, the engine reads, any process may ask.

NeMo-Run's `nemo_run.run.torchx_backend.schedulers.local`, made anew: the same names, for TorchX's configs and
NeMo-Run's.
"""

import atexit
import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from types import ModuleType
from typing import Any

from torchx.schedulers.api import AppDryRunInfo
from torchx.schedulers.local_scheduler import (
    COMBINED_LOG,
    STDERR_LOG,
    STDOUT_LOG,
    CWDImageProvider,
    ImageProvider,
    _LocalAppDef,
)
from torchx.specs.api import AppState

from logdex.jobs import (
    JobRecord,
    JobStore,
    home,
    nemo_file,
)
from logdex.jobs.ending import Ending
from logdex.jobs.record import HIDDEN
from logdex.log import Log
from logdex.log.combined import combined
from logdex.torchx_backend.schedulers import compat, nemo
from logdex.torchx_backend.schedulers.asking import ask, may_follow
from logdex.torchx_backend.schedulers.describing import DescribingScheduler
from logdex.torchx_backend.schedulers.logs import (
    await_log,
    combined_serves,
    replica_dir,
    stream_file,
)
from logdex.torchx_backend.schedulers.remembered import SavedApps, store_at

log = logging.getLogger("logdex")


class PersistentLocalScheduler(DescribingScheduler):
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
            names=_names,
            nemo_jobs=_nemo_jobs,
            experiment=experiment,
            record=record,
            log_root=log_root,
        )
        self._tz = tz
        self._reference = reference
        self._strict_tail = strict_tail
        _open_schedulers.add(self)

    def schedule(self, dryrun_info: AppDryRunInfo) -> str:
        """Launches through TorchX and remembers the app, from before its first process starts."""
        app_id = super().schedule(dryrun_info)
        _names()._save_job_dir(self._mine(app_id))
        return app_id

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
        names = [name]
        if name == COMBINED_LOG and not combined_serves(directory, running=follow):
            names = [STDOUT_LOG, STDERR_LOG]
        paths = [os.path.join(directory, one) for one in names]
        if not follow:
            # Of an app that has ended one of the two may have been removed; what is left is its stream.
            paths = [path for path in paths if os.path.isfile(path)] or paths
        log = Log(paths[0], tz=self._tz, reference=self._reference, index=index)
        return combined(log, paths[1]) if len(paths) > 1 else log


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
