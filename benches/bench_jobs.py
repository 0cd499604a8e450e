"""What it costs to remember jobs, with 100,000 of them remembered.

    make bench-jobs

TorchX's own part, which starts the processes, is left out: in its place stands one process that sleeps. The
rival is NeMo-Run's class, where NeMo-Run is installed. The last bench follows a silent app for
`LOGDEX_BENCH_FOLLOW` seconds, by default 10, and takes the processor time of the process that follows.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

from logdex.jobs import JobRecord, JobStore, Replica
from logdex.jobs.processes import Process
from logdex.torchx_backend.schedulers.local import create_scheduler
from torchx.schedulers.api import AppDryRunInfo
from torchx.schedulers.local_scheduler import (
    LocalScheduler,
    PopenRequest,
    ReplicaParam,
    _LocalAppDef,
    _LocalReplica,
)

REMEMBERED = 100_000
OF_SESSION = 1_000
FOLLOW_SECONDS = float(os.environ.get("LOGDEX_BENCH_FOLLOW", "10"))
NEMO = "nemo_run.run.torchx_backend.schedulers.local"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with 100,000 ended apps, in our store and in NeMo-Run's file."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGDEX_HOME", str(home / "logdex"))
        patch.setenv("NEMORUN_HOME", str(home / "nemo"))
        _fill(home)
        yield home


def _fill(home: Path) -> None:
    jobs = JobStore(str(home / "logdex" / "jobs"))
    (home / "nemo").mkdir()
    entries = {}
    for k in range(REMEMBERED):
        session = "bench" if k < OF_SESSION else "others"
        app_id = f"app-{k:06d}xyz"
        log_dir = f"/root/.nemo_run/experiments/title/title_1732258032000/task/{session}/{app_id}"
        roles = {"w": (Replica(Process(4_000_000 + k, "1"), 0),)}
        jobs.save(JobRecord(app_id, session, log_dir, roles, None, state="SUCCEEDED", ended_at=1.0))
        entries[app_id] = ("SUCCEEDED", app_id, log_dir, ["w"])
    (home / "nemo" / ".local_jobs.json").write_text(json.dumps(entries))


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """What stands for a replica."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def without_torchx(
    sleeper: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], AppDryRunInfo]:
    """Takes TorchX's own part out of `schedule`; gives requests for apps to come."""

    def schedule(self: Any, dryrun_info: AppDryRunInfo) -> str:
        app_id: str = dryrun_info.request.app_id
        app = _LocalAppDef(app_id, dryrun_info.request.log_dir)
        app.add_replica("w", _LocalReplica("w", 0, sleeper, None, None, None, ""))
        self._apps[app_id] = app
        return app_id

    monkeypatch.setattr(LocalScheduler, "schedule", schedule)
    monkeypatch.setattr("torchx.schedulers.local_scheduler._register_termination_signals", lambda: None)
    count = iter(range(REMEMBERED))

    def request() -> AppDryRunInfo:
        app_id = f"new-{next(count)}"
        log_dir = str(tmp_path / app_id)
        params = {"w": [ReplicaParam(["sleep"], {})]}
        return AppDryRunInfo(PopenRequest(app_id, log_dir, params, {"w": [log_dir]}), str)

    return request


@pytest.fixture(params=["logdex", "logdex beside NeMo-Run", "NeMo-Run"])
def scheduler(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ours alone, ours with NeMo-Run's file to write too, and NeMo-Run's."""
    monkeypatch.setattr(LocalScheduler, "__del__", lambda self: None, raising=False)
    if request.param == "logdex":
        hidden = sys.modules.pop(NEMO, None)
        yield create_scheduler("bench", cache_size=REMEMBERED)
        if hidden is not None:
            sys.modules[NEMO] = hidden
        return
    pytest.importorskip("nemo_run", exc_type=ImportError)
    import logdex.nemo

    theirs = importlib.import_module(NEMO)
    monkeypatch.setattr(theirs, "LOCAL_JOB_DIRS", str(home / "nemo" / ".local_jobs.json"))
    logdex.nemo.disable()
    if request.param == "logdex beside NeMo-Run":
        logdex.nemo.enable()
    yield theirs.create_scheduler("bench", cache_size=REMEMBERED)
    logdex.nemo.disable()


@pytest.mark.benchmark(group="schedule, TorchX's part left out, 100,000 apps remembered")
def test_schedule(benchmark: Any, scheduler: Any, without_torchx: Callable[[], AppDryRunInfo]) -> None:
    benchmark.pedantic(scheduler.schedule, setup=lambda: ((without_torchx(),), {}), rounds=5)


@pytest.mark.benchmark(group="describe of an app that runs, 100,000 apps remembered")
def test_describe(benchmark: Any, scheduler: Any, without_torchx: Callable[[], AppDryRunInfo]) -> None:
    app_id = scheduler.schedule(without_torchx())
    answer = benchmark.pedantic(scheduler.describe, (app_id,), rounds=5)
    assert answer.state.name == "RUNNING"


@pytest.mark.benchmark(group="describe of an app of another process, 100,000 apps remembered")
def test_describe_elsewhere(
    benchmark: Any, scheduler: Any, without_torchx: Callable[[], AppDryRunInfo]
) -> None:
    app_id = scheduler.schedule(without_torchx())
    scheduler._apps.pop(app_id)
    if hasattr(scheduler, "_launched"):
        scheduler._launched._records.clear()
    assert benchmark.pedantic(scheduler.describe, (app_id,), rounds=5) is not None


@pytest.mark.benchmark(group="list of 1,000 apps of 100,000")
def test_list(benchmark: Any, home: Path) -> None:
    with contextlib.closing(create_scheduler("bench")) as scheduler:
        assert len(benchmark.pedantic(scheduler.list, rounds=5)) >= OF_SESSION


@pytest.mark.benchmark(group="processor time of a silent follow, share of a core")
def test_silent_follow(benchmark: Any, home: Path, tmp_path: Path) -> None:
    from torchx.specs import AppDef, Role

    with contextlib.closing(create_scheduler("silent")) as scheduler:
        script = f"echo begun; sleep {FOLLOW_SECONDS}"
        app_id = scheduler.submit(AppDef("app", [Role("w", "", entrypoint="bash", args=["-c", script])]), {})
        follow = (
            "import time\n"
            "from logdex.torchx_backend.schedulers.local import create_scheduler\n"
            f"lines = iter(create_scheduler('silent').log_iter({app_id!r}, 'w', should_tail=True))\n"
            "next(lines); cpu, wall = time.process_time(), time.monotonic()\n"
            "for _ in lines: pass\n"
            "print(time.process_time() - cpu, time.monotonic() - wall)\n"
        )
        begun = time.time()
        out = benchmark.pedantic(
            subprocess.run,
            ([sys.executable, "-c", follow],),
            {"capture_output": True, "text": True},
            rounds=1,
        ).stdout
        cpu, wall = map(float, out.split())
        benchmark.extra_info.update(share_of_a_core=cpu / wall, seconds=wall)
        print(
            f"\nsilent follow: {cpu * 1000:.1f} ms of processor in {wall:.1f} s, {cpu / wall:.3%} of a core"
        )
        ended = begun + wall - 0.5
        record = home / "logdex" / "jobs" / "silent" / f"{app_id}.json"
        assert not begun + 0.5 < record.stat().st_mtime < ended, "the store was written during the follow"
