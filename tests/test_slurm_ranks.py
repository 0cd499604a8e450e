"""What `ranks` makes of how Slurm says that a job ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import logdex
import pytest
from fake_slurm import FakeCommands, stand_in
from logdex.diagnosis import Diagnosis
from logdex.slurm.record import said_of
from logdex.slurm.rows import of_sacct

PEER = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.00 GiB."


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """Commands of Slurm whose controller has forgotten all jobs."""
    fake = stand_in(tmp_path, monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(fake.here)
    return fake


def row(
    state: str, exit_: str, nodes: str = "n[1-2]", end: str = "2026-11-22T02:00:30", job: str = "77"
) -> str:
    """A line of sacct."""
    return f"{job}|llm|{state}|2026-11-22T01:00:00|{end}|{exit_}|{nodes}|@HERE@|sbatch train.sh\n"


def asked(commands: FakeCommands, rows: str, last: Sequence[str]) -> Diagnosis:
    """The answer for a job with a log of each rank, which ends with the line that is given, if any is."""
    commands.says("sacct", rows.replace("@HERE@", str(commands.here)))
    for rank, line in enumerate(last):
        steps = [f"2026-11-22 02:00:0{step} step {step} loss 2.0\n" for step in range(1, 6)]
        error = [f"2026-11-22 02:00:07 {line}\n"] if line else []
        (commands.here / f"slurm-77-t{rank}.out").write_text("".join(steps + error))
    return logdex.open("slurm:77", tz="UTC").ranks().diagnosis


@pytest.mark.parametrize(
    ("state", "exit_", "last", "kind", "cause"),
    [
        ("TIMEOUT", "0:0", ["", "", ""], "outside", "time limit"),
        ("PREEMPTED", "0:0", ["", PEER, ""], "outside", "preempted"),
        ("CANCELLED by 1000", "0:15", ["", "", ""], "outside", "cancelled"),
        # Who failed before somebody gave the job up is who failed.
        ("CANCELLED by 1000", "0:15", [PEER, OOM, PEER], "rank", "gpu_oom"),
        ("TIMEOUT", "0:0", [PEER, OOM, PEER], "rank", "gpu_oom"),
        # That it failed is no answer, but that nothing did is wrong.
        ("FAILED", "1:0", ["", "", ""], "unknown", None),
        ("OUT_OF_MEMORY", "0:125", ["", "", ""], "unknown", None),
        ("COMPLETED", "0:0", ["", "", ""], "none", None),
        # Of one process it is the end of that.
        ("FAILED", "3:0", [""], "rank", "exit"),
        ("FAILED", "0:9", [""], "rank", "killed"),
        ("FAILED", "0:11", [""], "rank", "crash"),
        ("OUT_OF_MEMORY", "0:125", [""], "rank", "host_oom"),
    ],
)
def test_how_slurm_says_that_a_job_ended_is_evidence(
    commands: FakeCommands, state: str, exit_: str, last: list[str], kind: str, cause: str | None
) -> None:
    answer = asked(commands, row(state, exit_), last)
    assert answer.kind == kind, answer.text
    assert cause is None or answer.cause == cause, answer.text


@pytest.mark.parametrize(("nodes", "hosts"), [("n3", ("n3",)), ("n[1-2]", ())])
def test_a_node_that_failed_is_named_where_slurm_names_one(
    commands: FakeCommands, nodes: str, hosts: tuple[str, ...]
) -> None:
    answer = asked(commands, row("NODE_FAIL", "0:0", nodes), ["", "", ""])
    assert (answer.kind, answer.hosts) == ("host" if hosts else "unknown", hosts), answer.text


def test_the_command_says_it_too(commands: FakeCommands, capsys: pytest.CaptureFixture[str]) -> None:
    from logdex.command.ranks import ranks

    asked(commands, row("TIMEOUT", "0:0"), ["", "", ""])
    assert ranks.main(["slurm:77", "--tz", "UTC"]) == 3
    assert "sacct: job 77 TIMEOUT on n[1-2]" in capsys.readouterr().out


def test_an_earlier_attempt_or_one_part_of_several_tells_nothing() -> None:
    again = row("NODE_FAIL", "0:0") + row("COMPLETED", "0:0")
    running = row("NODE_FAIL", "0:0") + row("RUNNING", "0:0", end="Unknown")
    parts = row("TIMEOUT", "0:0", job="77_1") + row("COMPLETED", "0:0", job="77_2")
    assert [said_of(of_sacct(rows)) for rows in (again, running, parts, "")] == [()] * 4
    (said,) = said_of(of_sacct(row("FAILED", "3:0")))
    assert said.text == "sacct: job 77 FAILED on n[1-2], exit code 3"
