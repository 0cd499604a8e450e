"""`slurm_persistent`: launches as TorchX does, describes and reads by what Slurm says, with and without accounting."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

from fake_slurm import DOWN, UNKNOWN, FakeCommands, stand_in
from logdex.slurm import ask, ending
from logdex.slurm.ask import Told
from logdex.slurm.ids import JobId, parse
from logdex.slurm.rows import Row
from logdex.torchx_backend.schedulers import compat, nemo_slurm, slurm_responses
from logdex.torchx_backend.schedulers.slurm import create_scheduler
from torchx.schedulers.api import Stream
from torchx.schedulers.slurm_scheduler import SlurmScheduler
from torchx.specs import AppDef, AppState, Role


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """Commands of Slurm that tell of the job 1006, two replicas of a trainer, submitted in `tmp_path/run`."""
    fake = stand_in(tmp_path, monkeypatch)
    fake.replays("het")
    monkeypatch.setattr(ask, "EVERY", 0.0)
    monkeypatch.setattr(ending.JobEnding, "every", 0.01)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return fake


@pytest.fixture
def scheduler(commands: FakeCommands) -> Any:
    return create_scheduler("test", strict_tail=True, tz="UTC")


def put(commands: FakeCommands, name: str, text: str) -> Path:
    path = commands.here / name
    path.write_text(text)
    return path


def trainer(replicas: int = 2) -> AppDef:
    return AppDef("llama", [Role("trainer", image="", entrypoint="echo", args=["hi"], num_replicas=replicas)])


def test_it_launches_what_torchx_launches_and_appends(scheduler: Any) -> None:
    ours = scheduler.submit_dryrun(trainer(), {"partition": "main"}).request
    theirs = SlurmScheduler("test").submit_dryrun(trainer(), {"partition": "main"}).request
    for replica in theirs.replicas.values():
        replica.srun_opts["open-mode"] = "append"
    assert ours.materialize() == theirs.materialize()


def test_where_the_logs_will_be_is_noted_for_readers_elsewhere(
    scheduler: Any, commands: FakeCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.says("sbatch", "4321\n")
    monkeypatch.chdir(commands.here)
    assert scheduler.submit(trainer(), {}) == "4321"
    assert commands.asked("sbatch")[0].startswith("sbatch --parsable ")
    monkeypatch.chdir("/")
    # The controller has forgotten the job, and there is no accounting.
    commands.says("scontrol", "", err=UNKNOWN, code=1)
    commands.says("sacct", "", err="Slurm accounting storage is disabled\n", code=1)
    put(commands, "slurm-4321-trainer-1.out", "hi\n")
    assert list(scheduler.log_iter("4321", "trainer", 1)) == ["hi\n"]


def test_roles_replicas_and_states(scheduler: Any, commands: FakeCommands) -> None:
    told = scheduler.describe("1006")
    assert (told.state, told.msg, [(one.name, one.num_replicas) for one in told.roles]) == (
        AppState.RUNNING,
        "RUNNING",
        [("trainer", 2)],
    )
    (status,) = told.roles_statuses
    assert [(one.id, one.state, one.hostname) for one in status.replicas] == [
        (0, AppState.RUNNING, "n1"),
        (1, AppState.RUNNING, "n2"),
    ]
    commands.replays("het_done")
    assert scheduler.describe("1006").state == AppState.SUCCEEDED


def test_what_slurm_does_not_know_is_none(scheduler: Any, commands: FakeCommands) -> None:
    commands.says("scontrol", "", err=UNKNOWN, code=1)
    commands.says("sacct", "")
    assert scheduler.describe("77") is None
    assert scheduler.describe("no-job") is None
    with pytest.raises(KeyError, match="77"):
        scheduler.log_iter("77", "trainer")
    with pytest.raises(KeyError, match="no-job"):
        scheduler.log_iter("no-job", "trainer")


@pytest.mark.parametrize(
    ("states", "over", "expected"),
    [
        (["RUNNING", "PENDING"], False, AppState.RUNNING),
        (["PENDING"], False, AppState.PENDING),
        (["COMPLETED", "FAILED"], True, AppState.FAILED),
        (["COMPLETED", "CANCELLED by 1000"], True, AppState.CANCELLED),
        (["COMPLETED", "COMPLETED"], True, AppState.SUCCEEDED),
        (["NODE_FAIL"], False, AppState.PENDING),
        (["NODE_FAIL"], True, AppState.FAILED),
        (["PREEMPTED"], False, AppState.PENDING),
        (["REQUEUED"], True, AppState.PENDING),
        (["TIMEOUT"], True, AppState.FAILED),
        (["OUT_OF_MEMORY"], True, AppState.FAILED),
        (["PONDERING"], False, AppState.PENDING),
        (["COMPLETING"], False, AppState.RUNNING),
    ],
)
def test_the_state_of_an_app(states: list[str], over: bool, expected: AppState) -> None:
    rows = tuple(Row(JobId(1, None, k), f"w-{k}", state) for k, state in enumerate(states))
    assert slurm_responses.response("1", Told(rows, over=over)).state == expected


def test_restarts_are_told(scheduler: Any, commands: FakeCommands) -> None:
    commands.replays("after_node_fail")
    assert scheduler.describe("1000").num_restarts == 2


LINES = "2026-11-22 02:00:00 out 1\n2026-11-22 02:00:02 out 2\n"
ERRORS = "2026-11-22 02:00:01 err 1\n2026-11-22 02:00:03 err 2\n"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["out 1", "err 1", "out 2", "err 2"]),
        ({"streams": None}, ["out 1", "err 1", "out 2", "err 2"]),
        ({"streams": Stream.COMBINED}, ["out 1", "err 1", "out 2", "err 2"]),
        ({"streams": Stream.STDOUT}, ["out 1", "out 2"]),
        ({"streams": "stderr"}, ["err 1", "err 2"]),
        ({"regex": "2$"}, ["out 2", "err 2"]),
        (
            {"since": datetime(2026, 11, 22, 2, 0, 1), "until": datetime(2026, 11, 22, 2, 0, 2)},
            ["err 1", "out 2"],
        ),
        ({"k": 1}, ["other"]),
        ({"k": 1, "regex": ""}, ["other"]),
    ],
)
def test_all_that_log_iter_takes(
    scheduler: Any, commands: FakeCommands, asked: dict[str, Any], expected: list[str]
) -> None:
    commands.replays("het_done")
    put(commands, "slurm-1006-trainer-0.out", LINES)
    put(commands, "slurm-1006-trainer-0.err", ERRORS)
    put(commands, "slurm-1006-trainer-1.out", "2026-11-22 02:00:00 other\n")
    lines = scheduler.log_iter("1006", "trainer", **asked)
    assert [line[20:].rstrip() for line in lines] == expected


def test_what_cannot_be_read_is_said_at_the_call(scheduler: Any, commands: FakeCommands) -> None:
    commands.replays("het_done")
    put(commands, "slurm-1006-trainer-0.out", LINES)
    with pytest.raises(
        RuntimeError, match=r"no log of role 'reader', replica 0.*the job has trainer/0, trainer/1"
    ):
        scheduler.log_iter("1006", "reader")
    with pytest.raises(RuntimeError, match="no log of role 'trainer', replica 7"):
        scheduler.log_iter("1006", "trainer", 7)
    with pytest.raises(ValueError, match="is not the name of a role"):
        scheduler.log_iter("1006", "../trainer")
    with pytest.raises(KeyError, match="stdlog"):
        scheduler.log_iter("1006", "trainer", streams="stdlog")
    with pytest.raises(Exception, match="unterminated"):
        scheduler.log_iter("1006", "trainer", regex="(")


def test_a_follow_waits_for_a_replica_and_ends_with_the_job(scheduler: Any, commands: FakeCommands) -> None:
    lines = iter(scheduler.log_iter("1006", "trainer", 1, should_tail=True, regex="."))
    out = put(commands, "slurm-1006-trainer-1.out", "up\n")
    assert next(lines) == "up\n"
    put(commands, "slurm-1006-trainer-1.err", "trouble\n")
    assert next(lines) == "trouble\n"
    with out.open("a") as file:
        file.write("down\n")
    commands.replays("het_done")
    assert list(lines) == ["down\n"]


def test_a_follow_lives_through_a_requeue(scheduler: Any, commands: FakeCommands) -> None:
    here = commands.here

    def named(state: str) -> None:
        commands.replays(state)
        said = (commands.root / "scontrol.out").read_text().replace("JobName=long", "JobName=w-0")
        commands.says("scontrol", said)

    named("running")
    out = put(commands, "slurm-1000-w-0.out", "first\n")
    lines = iter(scheduler.log_iter("1000", "w", should_tail=True, streams="stdout"))
    assert next(lines) == "first\n"
    named("requeued")
    named("restarted")
    with out.open("a") as file:
        file.write("second\n")
    assert next(lines) == "second\n"
    named("cancelled")
    assert list(lines) == []
    assert sorted(path.name for path in here.iterdir()) == ["slurm-1000-w-0.out"]


def test_without_tail_a_running_job_is_read_as_torchx_does(commands: FakeCommands) -> None:
    put(commands, "slurm-1006-trainer-0.out", LINES)
    lines = iter(create_scheduler("test").log_iter("1006", "trainer", streams="stdout"))
    assert [next(lines), next(lines)] == LINES.splitlines(keepends=True)
    if compat.follows_running_apps():
        put(commands, "slurm-1006-trainer-0.out", LINES + "more\n")
        assert next(lines) == "more\n"
        commands.replays("het_done")
    assert list(lines) == []


def test_a_controller_that_is_down_does_not_hide_what_is_there(
    scheduler: Any, commands: FakeCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.says("scontrol", "", err=DOWN, code=1)
    commands.says("sacct", "", err="down\n", code=1)
    put(commands, "slurm-5-w-0.out", "x\n")
    monkeypatch.chdir(commands.here)
    assert list(scheduler.log_iter("5", "w")) == ["x\n"]


def test_lists_are_of_jobs_and_not_of_their_parts(scheduler: Any, commands: FakeCommands) -> None:
    commands.says(
        "sacct", "12+0|COMPLETED|t-0\n12+1|FAILED|t-1\n13_0|RUNNING|a\n13_[1-3]|PENDING|a\n14|REQUEUED|x|y\n"
    )
    # The accounts are late, and the controller has forgotten what ended long ago.
    commands.says("squeue", "13_0|COMPLETED|a\n13_[2-3]|PENDING|a\n15|RUNNING|y\n")
    assert [(one.app_id, one.state) for one in scheduler.list()] == [
        ("12", AppState.FAILED),
        ("13", AppState.PENDING),
        ("14", AppState.PENDING),
        ("15", AppState.RUNNING),
    ]
    commands.says("sacct", "", err="Slurm accounting storage is disabled\n", code=1)
    commands.says("squeue", "21|RUNNING|x\n")
    assert [(one.app_id, one.state) for one in scheduler.list()] == [("21", AppState.RUNNING)]
    commands.says("squeue", "", err="down\n", code=1)
    with pytest.raises(subprocess.CalledProcessError):
        scheduler.list()


def torchx(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torchx.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _is_hidden() -> bool:
    from importlib.metadata import entry_points

    return bool(entry_points(group="torchx.schedulers"))


@pytest.mark.skipif(_is_hidden(), reason="another package's entry points hide slurm_persistent here")
def test_torchx_runs_reads_lists_and_cancels(commands: FakeCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.says("sbatch", "1006\n")
    monkeypatch.chdir(commands.here)
    ran = torchx("run", "-s", "slurm_persistent", "utils.echo", "--msg", "hi")
    assert ran.stdout.strip() == "slurm_persistent://torchx/1006", ran.stderr
    put(commands, "slurm-1006-trainer-0.out", LINES)
    put(commands, "slurm-1006-trainer-0.err", ERRORS)
    put(commands, "slurm-1006-trainer-1.out", "")
    monkeypatch.chdir("/")
    assert "RUNNING" in torchx("status", "slurm_persistent://torchx/1006").stdout
    commands.replays("het_done")
    logged = torchx("log", "--regex", "2$", "slurm_persistent://torchx/1006/trainer/0")
    assert logged.stdout.splitlines() == [
        "trainer/0 2026-11-22 02:00:02 out 2",
        "trainer/0 2026-11-22 02:00:03 err 2",
    ]
    assert torchx("cancel", "slurm_persistent://torchx/1006").returncode == 0
    commands.says("sacct", "1006+0|COMPLETED|trainer-0\n")
    assert "slurm_persistent://torchx/1006" in torchx("list", "-s", "slurm_persistent").stdout


@pytest.mark.parametrize(
    ("accounts", "controller", "state"),
    [
        ("7000_0|FAILED|x\n7000_1|COMPLETED|x\n", "7000_1|COMPLETED|x\n", "FAILED"),
        ("7000_0|COMPLETED|x\n7000_1|RUNNING|x\n", "7000_1|COMPLETED|x\n", "SUCCEEDED"),
        ("7000_[1-2]|PENDING|x\n", "7000_1|COMPLETED|x\n7000_2|COMPLETED|x\n", "SUCCEEDED"),
    ],
)
def test_what_both_say_of_a_job_is_joined_by_its_parts(accounts: str, controller: str, state: str) -> None:
    (one,) = slurm_responses.listed(accounts, controller)
    assert (one.app_id, one.state.name) == ("7000", state)


@pytest.mark.parametrize(
    ("name", "is_array"), [("log-a-a.x_9000_1_0.out", True), ("log-a-a.x_9000_0.out", False)]
)
def test_an_array_that_slurm_has_forgotten_is_known_by_its_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_array: bool
) -> None:
    stand_in(tmp_path, monkeypatch).says("sacct", "", code=1)
    (tmp_path / "run" / name).write_text("a line\n")
    tunnel = type("LocalTunnel", (), {"key": "here"})()
    assert nemo_slurm._Where(parse("9000"), tunnel, str(tmp_path / "run")).is_array() is is_array
