"""A real Slurm, where it can be had: jobs are submitted, followed, requeued, cancelled and run out of time.

With accounting and without. What is missing is said where the tests are skipped: they need root, and Debian's
slurmctld, slurmd, slurm-client and munge; accounting needs slurmdbd and mariadb-server too.
"""

from __future__ import annotations

import os
import subprocess
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import logdex
import pytest
import real_slurm
from logdex import slurm
from logdex.slurm import ask, ending
from logdex.slurm.listing import jobs

LOOP = 'for i in 1 2 3; do echo "attempt ${SLURM_RESTART_COUNT:-0} step $i"; sleep 0.2; done'


@pytest.fixture(scope="module", params=["without", "with"])
def environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The environment in which the commands find a Slurm, without accounting and with it."""
    accounting = request.param == "with"
    if reason := real_slurm.why_not(accounting=accounting):
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("slurm")
    with real_slurm.cluster(directory, accounting=accounting) as environment:
        yield {**environment, "ACCOUNTING": request.param}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which jobs are submitted; the test itself stands elsewhere."""
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.setattr(ask, "_polls", weakref.WeakValueDictionary())
    # Slurm answers in some 10 ms; nobody wants to wait 5 s for each answer.
    monkeypatch.setattr(ask, "EVERY", 0.2)
    monkeypatch.setattr(ending.JobEnding, "every", 0.2)
    directory = tmp_path / "run"
    directory.mkdir()
    monkeypatch.chdir(tmp_path)
    return directory


def submit(run: Path, script: str, *options: str) -> str:
    """Submits a script, and gives the number of the job."""
    done = subprocess.run(
        ["sbatch", "--parsable", *options, "--wrap", script],
        cwd=run,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def tell(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def test_a_job_is_followed_from_submission_to_its_end(run: Path) -> None:
    job = submit(run, LOOP)
    with logdex.open(f"slurm:{job}").lines(follow=True) as lines:
        assert list(lines) == [f"attempt 0 step {i}\n" for i in (1, 2, 3)]
    assert list(logdex.open(f"slurm:{job}").lines("step 2")) == ["attempt 0 step 2\n"]
    (attempt,) = slurm.attempts(job)
    assert (attempt.number, attempt.state, attempt.exit) == (0, "COMPLETED", 0)


def test_the_tasks_of_an_array_come_as_they_begin(run: Path) -> None:
    job = submit(run, "echo task $SLURM_ARRAY_TASK_ID; sleep 0.5", "--array=0-3%2")
    with logdex.open(f"slurm:{job}").records(follow=True) as records:
        found = sorted((one.source, one.text) for one in records)
    assert found == [(f"task {k}", f"task {k}\n") for k in range(4)]
    assert list(logdex.open(f"slurm:{job}_2").lines()) == ["task 2\n"]


def test_a_requeue_is_another_attempt_and_no_end(run: Path, environment: dict[str, str]) -> None:
    wait = "sleep $((5 - 5 * SLURM_RESTART_COUNT))"
    script = f"srun --output='log-nr_%j_'$SLURM_RESTART_COUNT'.out' bash -c '{LOOP}; {wait}'"
    job = submit(run, f"export SLURM_RESTART_COUNT=${{SLURM_RESTART_COUNT:-0}}; {script}", "--requeue")
    with logdex.open(f"slurm:{job}").records("attempt", follow=True) as records:
        assert [next(records).text for _ in range(3)] == [f"attempt 0 step {i}\n" for i in (1, 2, 3)]
        tell("scontrol", "requeue", job)
        assert [one.text for one in records] == [f"attempt 1 step {i}\n" for i in (1, 2, 3)]
    known = [(one.number, one.state) for one in slurm.attempts(job)]
    both = environment["ACCOUNTING"] == "with"
    assert known == ([(0, "REQUEUED"), (1, "COMPLETED")] if both else [(1, "COMPLETED")])


def test_a_node_that_fails_is_lived_through(run: Path, eventually: Callable[..., None]) -> None:
    job = submit(
        run,
        'echo "attempt ${SLURM_RESTART_COUNT:-0}"; sleep $((60 * (1 - ${SLURM_RESTART_COUNT:-0})))',
        "--requeue",
    )
    with logdex.open(f"slurm:{job}").lines("attempt", follow=True) as lines:
        assert next(lines) == "attempt 0\n"
        node = subprocess.run(
            ["squeue", "-h", "-j", job, "-o", "%N"], capture_output=True, text=True
        ).stdout.strip()
        tell("scontrol", "update", f"node={node}", "state=down", "reason=test")
        tell("scontrol", "update", f"node={node}", "state=idle")
        assert list(lines) == ["attempt 1\n"]


def test_a_job_that_is_cancelled_is_over(run: Path) -> None:
    job = submit(run, "echo up; sleep 100")
    with logdex.open(f"slurm:{job}").lines(follow=True) as lines:
        assert next(lines) == "up\n"
        tell("scancel", job)
        assert "CANCELLED" in "".join(lines)


def test_a_job_is_listed_from_its_submission_on_and_after_its_end(run: Path) -> None:
    job = submit(run, "sleep 1")

    def listed() -> dict[str, str]:
        return {one.handle.rpartition("/")[2]: one.look().state for one in jobs(lambda _: True)}

    assert job in listed()
    with logdex.open(f"slurm:{job}").lines(follow=True) as lines:
        assert list(lines) == []
    assert listed()[job] in ("RUNNING", "SUCCEEDED")


@pytest.mark.soak
def test_a_job_that_runs_out_of_time_is_over(run: Path) -> None:
    """The shortest limit that Slurm knows is a minute."""
    job = submit(run, "echo up; sleep 300", "--time=1")
    with logdex.open(f"slurm:{job}").lines(follow=True) as lines:
        assert next(lines) == "up\n"
        assert "DUE TO TIME LIMIT" in "".join(lines)
    assert slurm.attempts(job)[-1].state == "TIMEOUT"


@pytest.fixture
def scheduler(run: Path) -> Any:
    """`slurm_persistent`, as TorchX makes it."""
    pytest.importorskip("torchx")
    from logdex.torchx_backend.schedulers.slurm import create_scheduler

    return create_scheduler("test")


def launch(scheduler: Any, run: Path, script: str, **role: Any) -> str:
    """Launches a role `w` from the directory `run`."""
    from torchx.specs import AppDef, Role

    before = os.getcwd()
    os.chdir(run)
    try:
        app = AppDef("app", [Role("w", image="", entrypoint="bash", args=["-c", script], **role)])
        return str(scheduler.submit(app, {}))
    finally:
        os.chdir(before)


def test_torchx_retries_and_no_attempt_is_lost(
    scheduler: Any, run: Path, eventually: Callable[..., None]
) -> None:
    """TorchX's script requeues the job when it fails, and srun would erase what the first attempt wrote."""
    script = 'echo out $SLURM_RESTART_COUNT; echo err >&2; test -n "$SLURM_RESTART_COUNT" || exit 1'
    app_id = launch(scheduler, run, script, max_retries=1)
    lines = list(scheduler.log_iter(app_id, "w", 0, should_tail=True, streams="stdout"))
    assert lines == ["out\n", "out 1\n"]
    assert list(scheduler.log_iter(app_id, "w", regex="^out")) == lines
    eventually(lambda: scheduler.describe(app_id).state.name == "SUCCEEDED")
    assert scheduler.describe(app_id).num_restarts == 1


def test_torchx_launches_replicas_lists_and_cancels(
    scheduler: Any, run: Path, eventually: Callable[..., None]
) -> None:
    app_id = launch(scheduler, run, "echo out ${replica_id}; echo err >&2; sleep 100", num_replicas=2)
    lines = iter(scheduler.log_iter(app_id, "w", 1, should_tail=True, streams="stdout", regex="."))
    assert next(lines) == "out 1\n"
    eventually(lambda: scheduler.describe(app_id).state.name == "RUNNING")
    assert [(one.name, one.num_replicas) for one in scheduler.describe(app_id).roles] == [("w", 2)]
    assert (app_id, "RUNNING") in [(one.app_id, one.state.name) for one in scheduler.list()]
    # Neither is cancelled before it came to that; a log is followed for as long as its job runs.
    for replica in (0, 1):
        assert "err\n" in scheduler.log_iter(app_id, "w", replica)
    scheduler.cancel(app_id)
    assert [line for line in lines if not line.startswith(("slurmstepd", "srun"))] == []
    eventually(lambda: scheduler.describe(app_id).state.name == "CANCELLED")
    sources = {one.source for one in logdex.open(f"slurm:{app_id}").records("out|err")}
    assert {"w/0 stdout", "w/0 stderr", "w/1 stdout", "w/1 stderr"} <= sources


def test_each_task_of_an_array_writes_to_a_file_of_its_own_number(run: Path) -> None:
    job = submit(
        run, "echo task $SLURM_ARRAY_TASK_ID number $SLURM_JOB_ID", "--array=0-2", "-o", "own-%j.log"
    )
    with logdex.open(f"slurm:{job}").lines(follow=True) as lines:
        said = sorted(lines)
    assert [line.split()[1] for line in said] == ["0", "1", "2"]
    assert list(logdex.open(f"slurm:{job}_1").lines()) == [said[1]]
    assert list(logdex.open(f"slurm:{said[1].split()[3]}").lines()) == [said[1]]
