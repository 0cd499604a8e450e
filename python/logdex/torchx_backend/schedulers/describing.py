"""The half of the scheduler that says how apps are, whoever launched them, and ends them."""

import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from torchx.schedulers.api import DescribeAppResponse, ListAppResponse
from torchx.schedulers.local_scheduler import ImageProvider, _LocalAppDef
from torchx.specs.api import AppState, is_terminal

from logdex.jobs import JobRecord, JobStore, Verdict, end, is_here, is_running
from logdex.jobs.nemo_file import NemoJobs
from logdex.torchx_backend.schedulers import compat, nemo
from logdex.torchx_backend.schedulers.launching import LaunchingScheduler
from logdex.torchx_backend.schedulers.remembered import SavedApps, from_app, settle
from logdex.torchx_backend.schedulers.responses import app_state, fill, response

log = logging.getLogger("logdex")


class DescribingScheduler(LaunchingScheduler):
    """Knows an app from four places: this process, the job store, TorchX's cache and NeMo-Run's file.

    Of an app that this process launched TorchX is asked, for it has the processes, and what it says is recorded; of
    any other, the record is held against what runs on this host. `names` gives the module whose `_save_job_dir` and
    `_get_job_dirs` are in force, and `nemo_jobs` NeMo-Run's file: both may change while the scheduler lives.
    """

    def __init__(
        self,
        session_name: str,
        image_provider_class: Callable[[Any], ImageProvider],
        cache_size: int,
        extra_paths: list[str] | None,
        *,
        store: Callable[[], JobStore],
        names: Callable[[], Any],
        nemo_jobs: Callable[[], NemoJobs],
        **launching: Any,
    ) -> None:
        super().__init__(
            session_name, image_provider_class, cache_size, extra_paths, store=store, **launching
        )
        self._store = store
        self._names = names
        self._nemo_jobs = nemo_jobs
        self._told: dict[str, AppState] = {}

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
            self._names()._save_job_dir(mine)
        if is_terminal(state):
            del self._told[app_id]

    def _mine(self, app_id: str) -> dict[str, _LocalAppDef]:
        return {app_id: self._apps[app_id]} if app_id in self._apps else {}

    def _describe_remembered(self, app_id: str) -> DescribeAppResponse | None:
        record = self.record_of(app_id)
        return None if record is None else response(record, settle(record, self._store()))

    def record_of(self, app_id: str) -> JobRecord | None:
        """What is known of an app: from memory, from the store, from TorchX's cache, or from NeMo-Run's file.

        Args:
            app_id: The app, of any process that launched it under the scheduler's `session_name`.

        Returns:
            Where its logs are, its roles and replicas, their processes and how they ended; None for an unknown app.
        """
        if not isinstance(app_id, str):
            return None
        record = self._launched.get(app_id) or self._store().load(app_id, self.session_name)
        if record is None and app_id in self._apps:
            record = from_app(self._apps[app_id], self.session_name)
        return record or self._from_nemo(app_id)

    def _from_nemo(self, app_id: str) -> JobRecord | None:
        saved = self._names()._get_job_dirs()
        return from_app(saved[app_id], self.session_name) if app_id in saved else None

    def _cancel_existing(self, app_id: str) -> None:
        if self._launched.is_owner and app_id in self._apps:
            self._stop(app_id)
            return
        record = self.record_of(app_id)
        if record is None or settle(record, self._store()).is_terminal:
            return
        if not is_here(record):
            place = f"on host {record.host.name!r}" if record.host.name else "by NeMo-Run without logdex"
            raise RuntimeError(
                f"app {app_id} was launched {place}, and its processes are unknown here; cancel it there"
            )
        end(record, self._store(), lambda: self.record_of(app_id))

    def _delete_existing(self, app_id: str) -> None:
        """Cancels the app and forgets it; its logs stay."""
        self._cancel_existing(app_id)
        if record := self.record_of(app_id):
            self._launched.forget(app_id)
            self._store().forget(record)
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
        """The apps of `session_name`, oldest first, whichever process launched them."""
        records = {one.app_id: one for one in SavedApps(self._nemo_jobs()).of_session(self.session_name)}
        records |= {one.app_id: one for one in self._store().of_session(self.session_name)}
        records |= {one.app_id: one for one in self._launched.all()}
        return [compat.listed(one.app_id, self._state(one)) for one in records.values()]

    def _state(self, record: JobRecord) -> AppState:
        own = None if record.is_terminal or record.app_id not in self._apps else self._describe(record.app_id)
        return app_state(settle(record, self._store()).state) if own is None else own.state
