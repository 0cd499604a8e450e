"""Apps that some process launched at some time: from the job store, or from NeMo-Run's file."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from torchx.schedulers.local_scheduler import _LocalAppDef
from torchx.specs.api import AppState

from logdex.jobs import JobRecord, JobStore, Replica, Verdict, judge
from logdex.jobs.nemo_file import NemoJob, NemoJobs, record_of
from logdex.jobs.verdict import launcher_owes

_PATIENCE = 0.5
"""Seconds that a launcher has to record what it has just seen."""


@lru_cache(maxsize=8)
def store_at(root: str) -> JobStore:
    """The job store in a directory; one object each, so that it tidies up once a process."""
    return JobStore(root)


def settle(record: JobRecord, store: JobStore) -> Verdict:
    """The state of an app now, which stays when it is terminal.

    An end that the record does not know is told after a second look. What was read off a zombie is written down,
    since the zombie goes with its launcher.
    """
    verdict = judge(record, cancelled=not record.is_terminal and store.asked_to_end(record))
    if record.is_terminal or not verdict.final:
        return verdict
    if known := _await_record(record, store, verdict):
        return judge(known)
    if all(one.exit is not None for many in verdict.roles.values() for one in many):
        with suppress(OSError):
            store.save(replace(record, roles=verdict.roles).ended(verdict.state, verdict.message))
    return verdict


def _await_record(record: JobRecord, store: JobStore, verdict: Verdict) -> JobRecord | None:
    """What a launcher recorded between our reading and our looking, or is about to record."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        again = store.load(record.app_id, record.session)
        if again is not None and again.is_terminal:
            return again
        if time.monotonic() > deadline or not launcher_owes(record, verdict):
            return None
        time.sleep(0.01)


def from_app(app: _LocalAppDef, session: str) -> JobRecord:
    """What NeMo-Run remembers of an app; of one that this process launched, the replicas too."""
    record = record_of(NemoJob(app.state.name, app.id, app.log_dir, [*app.role_replicas]), session)
    counted = {role: (Replica(),) * len(many) for role, many in app.role_replicas.items() if many}
    return replace(record, roles={**record.roles, **counted})


class SavedApps(Mapping[str, _LocalAppDef]):
    """NeMo-Run's file as its own code wants it, one app built at a time."""

    def __init__(self, jobs: NemoJobs) -> None:
        self._jobs = jobs

    def __getitem__(self, app_id: str) -> _LocalAppDef:
        return _app(self._jobs[app_id])

    def __contains__(self, app_id: object) -> bool:
        return app_id in self._jobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def of_session(self, session: str) -> Iterator[JobRecord]:
        """Records of the apps of a session."""
        return (from_app(_app(job), session) for job in self._jobs.of_session(session))


def _app(job: NemoJob) -> _LocalAppDef:
    app = _LocalAppDef(id=job.app_id, log_dir=job.log_dir)
    for role in job.roles:
        app.role_replicas[role] = []
    app.set_state(AppState.__members__.get(job.state, AppState.UNKNOWN))
    return app
