"""Which files are the logs of a job of Slurm, and a follow of them, with commands that replay recorded answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import logdex
import pytest
from fake_slurm import DOWN, UNKNOWN, FakeCommands, stand_in
from logdex.slurm import ask, ending, find
from logdex.slurm.ids import JobId
from logdex.slurm.rows import Row

NUMBER = {"running": "1000", "array": "1001", "het": "1006", "odd": "1005", "failed": "1004"}


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """Commands of Slurm that know nothing yet, of jobs that were submitted in `tmp_path/run`."""
    fake = stand_in(tmp_path, monkeypatch)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return fake


def write(directory: Path, names: str) -> None:
    for name in names.split():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"in {path.name}\n")


def seen(handle: str) -> dict[str, str]:
    """The sources of a handle, and what each says."""
    log = logdex.open(handle)
    return {one.source: one.text.removeprefix("in ").rstrip() for one in log.records()}


CASES = {
    "plain": (
        "running",
        "slurm:1000",
        "slurm-1000.out slurm-999.out slurm-10001.out a.py",
        ["slurm-1000.out"],
    ),
    "torchx": (
        "het",
        "slurm://torchx/1006",
        "slurm-1006.out slurm-1006-trainer-0.out slurm-1006-trainer-0.err slurm-1006-trainer-1.out "
        "slurm-1007-trainer-0.out",
        ["slurm-1006.out", "trainer/0 stdout", "trainer/0 stderr", "trainer/1"],
    ),
    "torchx-role": (
        "het",
        "slurm://torchx/1006/trainer/1",
        "slurm-1006.out slurm-1006-trainer-0.out slurm-1006-trainer-1.out",
        ["trainer/1"],
    ),
    "component": (
        "het",
        "slurm:1006+1",
        "slurm-1006.out slurm-1006-trainer-0.out slurm-1006-trainer-1.out",
        ["trainer/1"],
    ),
    "array": (
        "array",
        "slurm:1001",
        "slurm-1001_0.out slurm-1001_1.out slurm-1002_0.out",
        ["task 0", "task 1"],
    ),
    "task": ("array", "slurm:1001_1", "slurm-1001_0.out slurm-1001_1.out slurm-1001_10.out", ["task 1"]),
    "odd": ("odd", "slurm:1005", "a.txt", ["out 1005.txt"]),
    "ranks": (
        "running",
        "slurm:1000",
        "slurm-1000-t0.out slurm-1000-t1.out train_1000.log ckpt_1000.pt",
        ["rank 0", "rank 1", "train_1000.log"],
    ),
    "one-rank": ("running", "slurm:1000/x", "slurm-1000-0.out slurm-1000-1.out", []),
}


@pytest.mark.parametrize("case", CASES)
def test_the_logs_of_a_job_are_found_from_anywhere(commands: FakeCommands, case: str) -> None:
    state, handle, names, labels = CASES[case]
    commands.replays(state)
    write(commands.here, names)
    (commands.here / "out 1005.txt").write_text("in out 1005.txt\n")
    if labels:
        assert sorted(seen(handle)) == sorted(labels)
    else:
        with pytest.raises(FileNotFoundError, match=r"job 1000 \(RUNNING\) has no log of role 'x' in "):
            seen(handle)


def test_the_controller_has_forgotten_it_and_the_accounts_know_where(commands: FakeCommands) -> None:
    commands.replays("failed")
    commands.says("scontrol", "", err=UNKNOWN, code=1)
    write(commands.here, "slurm-1004.out")
    assert list(seen("slurm:1004")) == ["slurm-1004.out"]


@pytest.mark.parametrize(
    ("submitted", "expected"),
    [
        ("sbatch -o my-%j.log train.sh", ["my-17.log"]),
        (
            "sbatch --output=logs/%x.%A.out --error logs/%x.err train.sh",
            ["logs/long.17.out", "logs/long.err"],
        ),
        ("sbatch -eout%5j.err t.sh", ["out00017.err"]),
        ("sbatch train.sh -o results.csv", []),
        ("sbatch t.sh", []),
    ],
)
def test_what_sbatch_was_told(tmp_path: Path, submitted: str, expected: list[str]) -> None:
    write(tmp_path, "my-17.log logs/long.17.out logs/long.err out00017.err results.csv")
    row = Row(JobId(17), "long", "COMPLETED", directory=str(tmp_path), submitted=submitted)
    assert find.told(JobId(17), [row]) == [str(tmp_path / one) for one in expected]


def test_what_slurm_fills_in_at_each_step_may_be_anything(tmp_path: Path) -> None:
    write(tmp_path, "17_0_node1.log 17_1_node2.log 18_0_node1.log 17_a/b.log")
    row = Row(JobId(17), "x", "RUNNING", directory=str(tmp_path), stdout="%j_%t_%N.log")
    found = [os.path.basename(one) for one in find.told(JobId(17), [row])]
    assert found == ["17_0_node1.log", "17_1_node2.log"]


def test_torchx_notes_are_read_here_and_above(tmp_path: Path, commands: FakeCommands) -> None:
    deep = tmp_path / "project" / "src" / "deep"
    deep.mkdir(parents=True)
    write(tmp_path / "jobs/llama", "slurm-1234-trainer-0.out")
    (tmp_path / "project/.torchxslurmjobdirs").write_text(
        f"garbage\n1234 = /nowhere\n1234 = {tmp_path}/jobs/llama\n12345 = /nowhere\n"
    )
    assert find.job_dir(JobId(1234), str(deep)) == f"{tmp_path}/jobs/llama"
    assert find.job_dir(JobId(1), str(deep)) is None
    os.chdir(deep)
    assert list(seen("slurm://x/1234")) == ["trainer/0"]


def test_nemo_runs_notes_are_read(tmp_path: Path, commands: FakeCommands) -> None:
    local, behind = tmp_path / "nemo/experiments/e/e_1/llama", tmp_path / "cluster/e/e_1"
    write(behind / "llama", "log-acct-llama_1234_0.out log-acct-llama_1234_1.out sbatch_acct-llama_1234.out")
    tunnel = json.dumps({"job_dir": str(behind), "host": "localhost", "user": ""})
    (tmp_path / "nemo").mkdir(exist_ok=True)
    (tmp_path / "nemo/.slurm_jobs").write_text(
        f"9 = x\n1234 = /x/log*,{local},LocalTunnel,{tunnel}\n1235 = {local},LocalTunnel,{{broken\n"
    )
    assert find.nemo_dirs(JobId(1234)) == [str(behind / "llama"), str(local)]
    assert find.nemo_dirs(JobId(1235)) == []
    log = logdex.open("slurm_tunnel://nemo_run/1234/llama")
    assert [(one.source, one.text) for one in log.records("log-")] == [
        ("acct-llama", "in log-acct-llama_1234_0.out\n"),
        ("acct-llama", "in log-acct-llama_1234_1.out\n"),
    ]


def test_what_is_behind_a_tunnel_is_read_through_it_unless_it_is_mounted(tmp_path: Path) -> None:
    tunnel = json.dumps({"job_dir": str(tmp_path / "far"), "host": "h", "user": "me"})
    (tmp_path / "nemo").mkdir(exist_ok=True)
    (tmp_path / "nemo/.slurm_jobs").write_text(
        f"1234 = /x/log*,/home/me/llama,SSHTunnel,{tunnel}\n1235 = /x/log*,/home/me/llama,LocalTunnel,{tunnel}\n"
    )
    assert [find.is_far(job) for job in ("1234", "1235", "1236", "x")] == [True, False, False, False]
    write(tmp_path / "far/llama", "log-a.llama_1234_0.out")
    assert not find.is_far("1234")


def test_no_such_job_is_said(commands: FakeCommands) -> None:
    with pytest.raises(LookupError, match="slurm:999999: Slurm knows no such job, and no log that bears its"):
        list(logdex.open("slurm:999999").lines())
    with pytest.raises(LookupError, match="'a-b' is not the id of a Slurm job"):
        list(logdex.open("slurm://x/a-b").lines())
    with pytest.raises(ValueError, match="not a job; write slurm:12345"):
        list(logdex.open("slurm:a").lines())


def test_a_file_of_that_name_is_a_file(commands: FakeCommands) -> None:
    Path("slurm:7").write_text("here\n")
    assert list(logdex.open("slurm:7").lines()) == ["here\n"]
    assert commands.asked("scontrol") == []


def test_without_slurm_copies_of_logs_are_read_where_they_lie(commands: FakeCommands) -> None:
    commands.says("scontrol", "", err=DOWN, code=1)
    commands.says("sacct", "", err="sacct: error: nothing\n", code=1)
    write(Path.cwd(), "slurm-4711.out slurm-4712.out")
    assert list(seen("slurm:4711")) == ["slurm-4711.out"]


def test_a_task_that_has_not_begun_has_no_log(commands: FakeCommands) -> None:
    commands.replays("array")
    with pytest.raises(FileNotFoundError, match=r"job 1001_2 \(PENDING, JobArrayTaskLimit\) has no log in"):
        list(logdex.open("slurm:1001_2").lines())


def test_the_command_names_a_job(commands: FakeCommands) -> None:
    commands.replays("array")
    write(commands.here, "slurm-1001_0.out slurm-1001_1.out")
    done = subprocess.run(
        [sys.executable, "-m", "logdex", "slurm:1001"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("task 0 in slurm-1001_0.out\ntask 1 in slurm-1001_1.out\n", 0)
    missing = subprocess.run(
        [sys.executable, "-m", "logdex", "slurm:1001_7"], capture_output=True, text=True, check=False
    )
    assert (missing.returncode, "has no log" in missing.stderr or "no log that" in missing.stderr) == (
        2,
        True,
    )


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm is asked as often as it answers, so that no test waits for the next poll."""
    monkeypatch.setattr(ask, "EVERY", 0.0)
    monkeypatch.setattr(ending.JobEnding, "every", 0.01)


@pytest.mark.usefixtures("often")
def test_a_follow_lives_through_requeues_and_ends_with_the_job(commands: FakeCommands) -> None:
    commands.replays("running")
    first, second = (commands.here / f"log-long_1000_{k}.out" for k in (0, 1))
    first.write_text("first\n")
    with logdex.open("slurm:1000").records(follow=True) as records:
        assert next(records).text == "first\n"
        commands.replays("requeued")
        with first.open("a") as file:
            file.write("requeued\n")
        assert next(records).text == "requeued\n"
        commands.replays("restarted")
        second.write_text("second\n")
        assert next(records).text == "second\n"
        # It is over, and one more log is there that nobody has seen.
        (commands.here / "log-long_1000_2.out").write_text("last\n")
        commands.replays("cancelled")
        assert [one.text for one in records] == ["last\n"]


@pytest.mark.usefixtures("often")
def test_a_follow_waits_for_a_job_that_waits(commands: FakeCommands) -> None:
    commands.replays("requeued")
    with logdex.open("slurm:1000").lines(follow=True) as lines:
        (commands.here / "slurm-1000.out").write_text("up\n")
        assert next(lines) == "up\n"
        commands.replays("cancelled")
        assert list(lines) == []


@pytest.mark.usefixtures("often")
def test_tasks_of_an_array_join_a_follow_as_they_begin(commands: FakeCommands) -> None:
    commands.replays("array")
    (commands.here / "slurm-1001_0.out").write_text("0\n")
    with logdex.open("slurm:1001").records(follow=True) as records:
        assert next(records).source == "task 0"
        (commands.here / "slurm-1001_2.out").write_text("2\n")
        assert next(records).source == "task 2"
        commands.replays("array_done")
        assert list(records) == []


@pytest.mark.usefixtures("often")
def test_a_merge_of_jobs_ends_with_the_last(commands: FakeCommands) -> None:
    commands.replays("running")
    (commands.here / "slurm-1000.out").write_text("2026-11-22 02:10:00 up\n")
    with logdex.merge({"a": "slurm:1000"}, follow=True) as merged:
        assert next(merged)[0] == "a"
        commands.replays("cancelled")
        assert list(merged) == []


def test_the_shared_poll_is_one_of_the_process(
    commands: FakeCommands, eventually: Callable[..., None]
) -> None:
    commands.replays("running")
    write(commands.here, "slurm-1000.out")
    follows = [logdex.open("slurm:1000").lines(follow=True) for _ in range(20)]
    assert [next(one) for one in follows] == ["in slurm-1000.out\n"] * 20
    assert len(commands.asked("scontrol")) == 1
    for one in follows:
        one.close()
