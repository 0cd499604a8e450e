"""Which files are a job's own, where others in its directory are called alike, and what Slurm tells of its parts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from logdex import slurm
from logdex.inputs.handle import Handle
from logdex.inputs.input import Wish
from logdex.slurm import find
from logdex.slurm.ask import CommandResult, Poll, Run
from logdex.slurm.ids import JobId, parse
from logdex.slurm.inputs import Job
from logdex.slurm.rows import Row, of_sacct

START, END = "2026-11-22T00:00:00", "2026-11-22T01:00:00"


def write(directory: Path, names: str) -> None:
    for name in names.split():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(f"in {name}\n")


def described(
    number: int, here: Path | str = "/w", *, part: str = "", state: str = "RUNNING", out: str = ""
) -> str:
    """What `scontrol show job` says of a part."""
    return (
        f"JobId={number} {part} JobName=train\n   JobState={state} Reason=None\n   Requeue=1 Restarts=0 ExitCode=0:0\n"
        f"   StartTime={START} EndTime={END}\n   NodeList=n1\n   WorkDir={here}\n   StdErr={out}\n   StdOut={out}\n\n"
    )


def accounted(
    part: str, number: int, here: Path | str, state: str = "COMPLETED", submitted: str = "t.sh"
) -> str:
    """What `sacct` says of a part."""
    return f"{part}|{number}|train|{state}|{START}|{END}|0:0|n1|{here}|sbatch {submitted}\n"


def answering(controller: str, accounts: str = "", asked: list[str] | None = None) -> Run:
    def run(command: Sequence[str]) -> CommandResult:
        name = next(iter(command))
        if asked is not None:
            asked.append(name)
        if name == "scontrol" and not controller:
            return CommandResult(1, "", "slurm_load_jobs error: Invalid job id specified")
        return CommandResult(0, controller if name == "scontrol" else accounts, "")

    return run


def found(job: str, run: Run, role: str | None = None) -> list[str]:
    """The names of the files that are read of a job."""
    handle = Handle(f"slurm:{job}", "slurm", "", job, role, None)
    one = Job(handle, Wish(), Poll(parse(job), run))
    one.poll.told()
    return sorted(os.path.basename(part.path) for source in one.find().sources for part in source.parts)


@pytest.mark.parametrize(
    ("job", "others", "own"),
    [
        ("2024", "slurm-99999_2024.out train-2024-11-22.log train-20241122.log eval_step_2024.log", ""),
        ("2024", "", "slurm-2024-t0.out slurm-2024.0.out slurm-2024-11.out log-x_2024_0.out 2024_0_log.out"),
        ("12", "slurm-99_12.out x_12.log", "slurm-12-0.out"),
        ("123456", "slurm-123999-resumed_from_123456.out slurm-123999.123456.out log-x_123999_0.out", ""),
        (
            "123456",
            "slurm-99_123456.out",
            "train_123456.log train_123456_7.log 12_123456.out 2026-11-22_123456.log",
        ),
    ],
)
def test_a_number_in_a_name_may_be_another_thing(tmp_path: Path, job: str, others: str, own: str) -> None:
    write(tmp_path, f"slurm-{job}.out {others} {own}")
    run = answering(described(int(job), tmp_path, out=f"{tmp_path}/slurm-{job}.out"))
    assert found(job, run) == sorted([f"slurm-{job}.out", *own.split()])


def test_what_is_called_like_a_short_job_is_taken_while_what_slurm_told_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, "train_2024.log slurm-7_2024.out")
    run = answering(described(2024, tmp_path, out=f"{tmp_path}/slurm-2024.out"))
    assert found("2024", run) == ["train_2024.log"]


@pytest.mark.parametrize("is_known_to", ["controller", "accounts"])
def test_a_task_has_a_number_of_its_own(tmp_path: Path, is_known_to: str) -> None:
    write(tmp_path, "logs/5000.out logs/5001.out logs/5002.out logs/5003.out logs/6000.out")
    own = {0: 5001, 1: 5002, 2: 5000}
    controller = "".join(
        described(n, tmp_path, part=f"ArrayJobId=5000 ArrayTaskId={task}", out=f"{tmp_path}/logs/%j.out")
        for task, n in own.items()
    )
    accounts = "".join(
        accounted(f"5000_{t}", n, tmp_path, submitted="-o logs/%j.out t.sh") for t, n in own.items()
    )
    run = answering(controller) if is_known_to == "controller" else answering("", accounts)
    assert found("5000", run) == ["5000.out", "5001.out", "5002.out"]
    assert found("5000_1", run) == ["5002.out"]
    assert found("5002", run) == ["5002.out"]


def test_a_component_has_a_number_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "logs/8000.out logs/8001.out")
    rows = "".join(accounted(f"8000+{k}", 8000 + k, tmp_path, submitted="-o logs/%j.out x") for k in (0, 1))
    assert found("8000+1", answering("", rows)) == ["8001.out"]


def test_the_number_that_a_task_has_in_its_environment_names_it(tmp_path: Path) -> None:
    write(tmp_path, "slurm-5000_2.out slurm-5000_1.out")
    part = "ArrayJobId=5000 ArrayTaskId=2"
    run = answering(described(5003, tmp_path, part=part, out=f"{tmp_path}/slurm-5000_2.out"))
    assert found("5003", run) == ["slurm-5000_2.out"]
    assert [one.job for one in slurm.attempts(5003, run=run)] == ["5000_2"]


@pytest.mark.parametrize(
    ("pattern", "own", "others"),
    [
        ("%J.out", "17.out 17.batch.out 17.0.out", "18.out 170.out 18.17.out"),
        ("%j-%t.out", "17-0.out 17-12.out", "17-x.out 18-0.out"),
        ("%N-%j.log", "gpu-01-17.log", "18-17.log"),
    ],
)
def test_what_slurm_fills_in_has_its_form(tmp_path: Path, pattern: str, own: str, others: str) -> None:
    write(tmp_path, f"{own} {others}")
    row = Row(JobId(17), "x", "RUNNING", directory=str(tmp_path), stdout=pattern)
    assert [os.path.basename(one) for one in find.told(JobId(17), [row])] == sorted(own.split())


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED"])
def test_names_without_the_number_are_of_the_job_that_ran_when_they_were_written(
    tmp_path: Path, state: str
) -> None:
    write(tmp_path, "run-0.out run-1.out run-2.out run-x.out")
    row = Row(
        JobId(17),
        "x",
        state,
        start="2026-11-22T00:00:00",
        end=END,
        directory=str(tmp_path),
        stdout="run-%t.out",
    )
    for rank, hours in enumerate((-1, 0.5, 3)):
        moment = 3600 * hours + _seconds("2026-11-22T00:00:00")
        os.utime(tmp_path / f"run-{rank}.out", (moment, moment))
    os.utime(tmp_path / "run-x.out", (_seconds(END), _seconds(END)))
    expected = ["run-1.out", "run-2.out"] if state == "RUNNING" else ["run-1.out"]
    assert [os.path.basename(one) for one in find.told(JobId(17), [row])] == expected


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


@pytest.mark.parametrize(
    ("submitted", "own"),
    [
        ("train.sh -o results.log", ""),
        ("--requeue -N 2 -n4 train.sh --output results.log", ""),
        ("--wrap=python train.py -o results.log", ""),
        ("--exclusive --parsable -QW -p gpu -o results.log train.sh", "results.log"),
        ("-J a name -o my-%j.log train.sh", "my-17.log"),
        ("-N 1 -o results.log : -N 2 -e b.log train.sh", "results.log b.log"),
        ("--out=results.log --err b.log train.sh --out my-17.log", "results.log b.log"),
    ],
)
def test_what_stands_behind_the_script_is_its_own(tmp_path: Path, submitted: str, own: str) -> None:
    write(tmp_path, "results.log my-17.log b.log")
    row = Row(JobId(17), "x", "COMPLETED", directory=str(tmp_path), submitted=f"sbatch {submitted}")
    assert [os.path.basename(one) for one in find.told(JobId(17), [row])] == own.split()


def test_tasks_that_the_controller_has_forgotten_are_known_by_the_accounts(tmp_path: Path) -> None:
    write(tmp_path, "logs/0.out logs/1.out logs/2.out logs/3.out")
    option = "-o logs/%a.out t.sh"
    accounts = "".join(accounted(f"7000_{t}", 7001 + t, tmp_path, "FAILED", option) for t in (0, 1))
    controller = "".join(
        described(7001 + t, tmp_path, part=f"ArrayJobId=7000 ArrayTaskId={t}", out=f"{tmp_path}/logs/{t}.out")
        for t in (2, 3)
    )
    asked: list[str] = []
    run = answering(controller, accounts + accounted("7000_2", 7003, tmp_path, "RUNNING"), asked)
    assert found("7000", run) == ["0.out", "1.out", "2.out", "3.out"]
    assert asked.count("sacct") == 1
    poll = Poll(parse("7000"), run)
    assert not poll.told().over
    assert {str(row.id): row.state for row in poll.latest().rows} == {
        "7000_0": "FAILED",
        "7000_1": "FAILED",
        "7000_2": "RUNNING",
        "7000_3": "RUNNING",
    }


def test_a_task_that_the_controller_forgets_stays_known_without_accounts() -> None:
    both = [
        described(5001 + t, part=f"ArrayJobId=5000 ArrayTaskId={t}", state=state)
        for t, state in enumerate(("FAILED", "RUNNING"))
    ]
    said, now, asked = "".join(both), [0.0], []

    def run(command: Sequence[str]) -> CommandResult:
        asked.append(next(iter(command)))
        return CommandResult(0, said, "") if asked[-1] == "scontrol" else CommandResult(1, "", "disabled")

    poll = Poll(parse("5000"), run, clock=lambda: now[0], start=lambda work: work())
    poll.told()
    said = both[1]
    for _ in range(4):
        now[0] += 5
        poll.latest()
    assert [(str(row.id), row.state) for row in poll.latest().rows] == [
        ("5000_0", "FAILED"),
        ("5000_1", "RUNNING"),
    ]
    assert asked.count("sacct") == 2
    said = both[1].replace("RUNNING", "COMPLETED")
    now[0] += 5
    poll.latest()
    assert poll.latest().over


@pytest.mark.parametrize(
    ("role", "own"),
    # The job is called by its first group, of which the others are replicas, as NeMo-Run says.
    [("train", "train x-eval"), ("pre-train", "pre-train"), ("eval", "x-eval")],
)
def test_a_role_may_end_with_the_name_of_another(tmp_path: Path, role: str, own: str) -> None:
    write(tmp_path, " ".join(f"log-acct-acct.{one}_17000_0.out" for one in ("train", "pre-train", "x-eval")))
    run = answering(described(17000, tmp_path, out=f"{tmp_path}/sbatch_x_17000.out"))
    assert found("17000", run, role) == [f"log-acct-acct.{one}_17000_0.out" for one in own.split()]


@pytest.mark.parametrize(
    "state", ["SUSPENDED", "STOPPED", "CONFIGURING", "RESIZING", "SIGNALING", "REQUEUE_HOLD", "COMPLETED"]
)
def test_only_what_has_ended_has_an_end(state: str) -> None:
    (one,) = slurm.attempts(100, run=answering(described(100, state=state)))
    assert (one.end is None, one.exit is None) == ((False, False) if state == "COMPLETED" else (True, True))


@pytest.mark.parametrize("name", ["a|b", "lr=1e-3|wd", "|", "12", "a|1|b"])
def test_a_name_may_hold_what_separates_the_fields(name: str) -> None:
    (row,) = of_sacct(f"5000|5000|{name}|RUNNING|{START}|Unknown|0:0|n1|/w|sbatch a | b")
    assert (row.name, row.state, row.start, row.directory, row.submitted, row.number) == (
        name,
        "RUNNING",
        START,
        "/w",
        "sbatch a | b",
        5000,
    )


def test_moments_that_the_cluster_writes_in_its_own_way_are_no_reason_to_lose_a_job() -> None:
    (row,) = of_sacct("5000|5000|x|CANCELLED by 7|22 Nov 00:00|Unknown|0:15|n1|/w|sbatch a")
    assert (row.state, row.directory) == ("CANCELLED by 7", "/w")
