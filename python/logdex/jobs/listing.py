"""Every app that is known here, the newest first: of the job store and of NeMo-Run's file, in all sessions."""

import heapq
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from logdex.jobs.home import records_dir
from logdex.jobs.nemo_file import NemoJob, NemoJobs, default_path, record_of
from logdex.jobs.record import HIDDEN, JobRecord
from logdex.jobs.store import JobStore
from logdex.jobs.verdict import judge, modified, with_exits

SCHEDULER = "local_persistent"
"""What stands before `://` in the handles of apps that were launched on this host."""

Wanted = Callable[[str], bool]
"""Whether an app is meant, by its handle."""


class Looked(NamedTuple):
    """What is known of an app only when somebody looks: at its processes, or at its files."""

    state: str
    message: str
    ended: float | None
    """Seconds since the epoch; None while it runs, and where nobody knows."""
    exits: Mapping[str, list[int | None]]
    """The exit status of each replica of each role, negative for a signal; None where it is unknown."""
    app: Mapping[str, Any] | None
    """What was run, as `appdef.as_stored` gives it."""


class Listed(NamedTuple):
    """One app of a list.

    A list may have a hundred thousand of them of which twenty are shown, so what costs a look at processes or files is
    behind `look` and `size`. Whoever knows of other apps gives these, the newest first, and `newest_first` merges them.
    """

    handle: str
    started: float | None
    """When it was scheduled, in seconds since the epoch; None where nobody knows."""
    directory: str
    """Where its logs are."""
    look: Callable[[], Looked]

    def size(self) -> int:
        """The bytes of all files in the app's directory, apart from indexes and records."""
        return _size(self.directory)


def apps(wanted: Wanted = lambda handle: True, states: Collection[str] | None = None) -> Iterator[Listed]:
    """The apps of this host that are `wanted`, the newest first; an app that both know is the job store's.

    Of `states`, TorchX's names, given, those that are in one of them now.
    """
    store = JobStore(records_dir())
    known = newest_first(
        [_of_store(store, wanted, states), _of_nemo(NemoJobs(default_path()), store, wanted)]
    )
    return known if states is None else _in(known, states)


def newest_first(sources: Iterable[Iterable[Listed]]) -> Iterator[Listed]:
    """Several lists as one, each of which has the newest first and those without a time at its end."""
    return heapq.merge(*sources, key=lambda one: -(one.started or 0.0))


def _in(known: Iterable[Listed], states: Collection[str]) -> Iterator[Listed]:
    """Those in one of the states, looked at once."""
    for one in known:
        if (look := one.look()).state in states:
            yield one._replace(look=lambda look=look: look)  # type: ignore[misc]


def _of_store(store: JobStore, wanted: Wanted, states: Collection[str] | None) -> Iterator[Listed]:
    def meant(session: str, app_id: str) -> bool:
        return wanted(_handle(session, app_id))

    for record in store.newest_first(meant, states):
        yield _listed(record, record.scheduled_at, lambda record=record: _look(record, store))  # type: ignore[misc]


def _of_nemo(jobs: NemoJobs, store: JobStore, wanted: Wanted) -> Iterator[Listed]:
    """What NeMo-Run's file alone knows: it has no times, but directories do."""
    found = []
    for job in jobs.values():
        session = os.path.basename(os.path.dirname(job.log_dir))
        if wanted(_handle(session, job.app_id)) and not store.has(job.app_id, session):
            found.append((_began(job), job))
    for began, job in sorted(found, key=lambda one: -(one[0] or 0.0)):
        yield _listed(record_of(job, ""), began, lambda job=job: _look_at_nemo(job))  # type: ignore[misc]


def _began(job: NemoJob) -> float | None:
    """The directory of a role gets its last entry when the last replica is launched."""
    times = [modified(os.path.join(job.log_dir, role)) for role in job.roles]
    return max((one for one in times if one is not None), default=None)


def _listed(record: JobRecord, started: float | None, look: Callable[[], Looked]) -> Listed:
    return Listed(_handle(record.session, record.app_id), started, record.log_dir, look)


def _handle(session: str, app_id: str) -> str:
    return f"{SCHEDULER}://{session}/{app_id}"


def _look(record: JobRecord, store: JobStore) -> Looked:
    verdict = judge(record, cancelled=not record.is_terminal and store.asked_to_end(record))
    if verdict.final and not record.is_terminal:
        # Its launcher may have recorded the end, and gone, between our reading and our looking.
        again = store.load(record.app_id, record.session)
        if again is not None and again.is_terminal:
            record, verdict = again, judge(again)
    exits = {role: [one.exit for one in many] for role, many in verdict.roles.items()}
    return Looked(verdict.state, verdict.message, record.ended_at, exits, record.app)


def _look_at_nemo(job: NemoJob) -> Looked:
    record = with_exits(record_of(job, ""))
    verdict = judge(record)
    # TorchX leaves this file when it has reaped all; an app that was killed has none.
    ended = modified(os.path.join(job.log_dir, "SUCCESS")) if verdict.is_terminal else None
    exits = {role: [one.exit for one in many] for role, many in verdict.roles.items()}
    return Looked(verdict.state, verdict.message, ended, exits, None)


def _size(directory: str) -> int:
    total = 0
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += 0 if entry.name == HIDDEN else _size(entry.path)
            elif entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_size
    return total
