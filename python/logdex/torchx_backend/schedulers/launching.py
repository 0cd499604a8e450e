"""The half of the scheduler that launches: TorchX does it, and we take note."""

import logging
import os
import pprint
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from torchx.schedulers import local_scheduler
from torchx.schedulers.api import AppDryRunInfo
from torchx.schedulers.local_scheduler import (
    ImageProvider,
    LocalScheduler,
    PopenRequest,
    ReplicaParam,
    _LocalAppDef,
    _LocalReplica,
)
from torchx.specs.api import AppDef, is_terminal, runopts

from logdex.jobs import JobStore, Launched
from logdex.jobs.appdef import as_stored
from logdex.jobs.recording import Recording
from logdex.torchx_backend.schedulers import compat, nemo
from logdex.torchx_backend.schedulers.responses import first_error

log = logging.getLogger("logdex")

_PARSING = threading.Lock()
"""TorchX parses the source of its options at each launch, and CPython's parser is not safe for threads before 3.13."""


class LaunchingScheduler(LocalScheduler):
    """TorchX's `LocalScheduler`, which remembers what it launches and mends what loses apps or logs."""

    def __init__(
        self,
        session_name: str,
        image_provider_class: Callable[[Any], ImageProvider],
        cache_size: int,
        extra_paths: list[str] | None,
        *,
        store: Callable[[], JobStore],
        experiment: Any,
        record: bool | None,
        log_root: str | None,
    ) -> None:
        with compat.no_signal_handlers():
            super().__init__(session_name, image_provider_class, cache_size, extra_paths)
        if not hasattr(self, "_tmp_log_dirs"):
            self._tmp_log_dirs: list[str] = []
        self.experiment = experiment
        self._log_root = log_root
        self._records = record
        self._has_signal_handlers = False
        self._lock = threading.RLock()
        self._spawned: list[_LocalReplica] = []
        self._recording = Recording()
        self._recording_now = False
        self._launched = Launched(store, before_end=self._recording.stop)

    def _run_opts(self) -> runopts:
        with _PARSING:
            return super()._run_opts()

    def submit_dryrun(self, app: AppDef, cfg: Any) -> AppDryRunInfo:
        """What `schedule` would launch, from TorchX's config or from NeMo-Run's `LocalExecutor`."""
        if not nemo.is_executor(cfg):
            return super().submit_dryrun(app, cfg)
        info = self._submit_dryrun(app, cfg)
        for role in app.roles:
            info = role.pre_proc(self.backend, info)
        info._app = app
        return info

    def _submit_dryrun(self, app: AppDef, cfg: Any) -> AppDryRunInfo:
        if not nemo.is_executor(cfg):
            return super()._submit_dryrun(app, compat.typed(cfg))
        nemo.unquote_inline(app)
        request = self._to_popen_request(app, compat.typed(nemo.to_cfg(cfg)))
        info = AppDryRunInfo(request, lambda it: pprint.pformat(asdict(it), indent=2, width=80))
        info._logdex_executor = True
        return info

    def _validate(self, app: AppDef, scheduler: str, cfg: Any = None) -> None:
        """Nothing to hold against any app: local apps are not validated."""

    def schedule(self, dryrun_info: AppDryRunInfo) -> str:
        """Launches through TorchX and remembers the app, from before its first process starts."""
        request: PopenRequest = dryrun_info.request
        under_nemo = self.experiment is not None or hasattr(dryrun_info, "_logdex_executor")
        with self._lock:
            if request.app_id in self._apps or os.path.exists(request.log_dir):
                # TorchX refuses to launch an app again; what is remembered of it must stay.
                return str(super().schedule(dryrun_info=dryrun_info))
            if not under_nemo:
                self._own_signals()
            counts = {role: len(many) for role, many in request.role_params.items()}
            what = as_stored(getattr(dryrun_info, "_app", None))
            self._launched.begin(request.app_id, self.session_name, request.log_dir, counts, what)
            self._spawned = []
            records = nemo.records() if under_nemo else True
            self._recording_now = records if self._records is None else self._records
            try:
                app_id: str = super().schedule(dryrun_info=dryrun_info)
            except BaseException as error:
                self._give_up(request.app_id, error)
                raise
            if app := self._apps.get(app_id):
                self._note_start(app, self._recording_now)
        return app_id

    def _own_signals(self) -> None:
        """TorchX's handlers make Ctrl-C end the apps: right for who launches, wrong for a reader."""
        if not self._has_signal_handlers:
            self._has_signal_handlers = True
            local_scheduler._register_termination_signals()

    def _popen(self, role_name: str, replica_id: int, replica_params: ReplicaParam) -> _LocalReplica:
        replica = super()._popen(role_name, replica_id, replica_params)
        self._spawned.append(replica)
        if self._recording_now and replica_params.stdout and replica_params.stderr:
            self._recording.start(os.path.dirname(replica_params.stdout))
        return replica

    def _note_start(self, app: _LocalAppDef, beats: bool) -> None:
        replicas = {
            role: [(one.proc, one.error_file) for one in many] for role, many in app.role_replicas.items()
        }
        record = self._launched.started(app.id, replicas, beats=beats)
        # TorchX's own raises at what is no JSON, and with it every `describe`, and `close` before all have ended.
        app.get_structured_error_msg = partial(first_error, record)

    def _give_up(self, app_id: str, error: BaseException) -> None:
        """A launch that fails half way must not leave the first half running, which TorchX does."""
        half = _LocalAppDef(app_id, "")
        for replica in self._spawned:
            half.add_replica(replica.role_name, replica)
        half.kill()
        if self._spawned:
            self._launched.note_end(app_id, state="FAILED", message=f"launch failed: {error}")
        else:
            self._launched.forget(app_id)

    def _get_app_log_dir(self, app_id: str, cfg: Any) -> str:
        """Absolute, since who asks later stands elsewhere; TorchX's own is as the user said it."""
        if not cfg.get("log_dir") and self._log_root:
            if _can_be_written(self._log_root):
                return os.path.abspath(os.path.join(self._log_root, self.session_name, app_id))
            log.warning(
                "%s cannot be written; the logs of app %s go to a temporary directory, which is removed when the "
                "scheduler closes (set LOGDEX_HOME, or log_dir in the config)",
                self._log_root,
                app_id,
            )
        # TorchX 0.7.0 keeps one flag for all apps, and its `close` deletes what `_base_log_dir` is by then, be it a
        # directory that the user named. So `close` goes by a list, as nightly's does, and the flag is only kept for
        # whoever looks at it.
        created_before = getattr(self, "_created_tmp_log_dir", None)
        if created_before is not None:
            self._created_tmp_log_dir = False
        directory: str = super()._get_app_log_dir(app_id, cfg)
        if created_before is not None:
            if self._created_tmp_log_dir:
                self._tmp_log_dirs.append(str(self._base_log_dir))
            self._created_tmp_log_dir |= created_before
        return os.path.abspath(directory)

    def _evict_lru(self) -> bool:
        """Makes room in TorchX's cache by the app that ended first; it stays in the job store."""
        for app_id in list(self._apps):
            self.describe(app_id)
        ended = [(app.last_updated, app_id) for app_id, app in self._apps.items() if is_terminal(app.state)]
        if ended:
            del self._apps[min(ended)[1]]
        return bool(ended)


def _can_be_written(directory: str) -> bool:
    """Whether a directory can be written, or made; nothing is created to find out."""
    there = os.path.abspath(directory)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)
