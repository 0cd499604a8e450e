"""Jobs of Slurm in `logdex ls`: each once, with the state, exits and logs of all its parts, by two questions."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fake_slurm import DATA, FakeCommands, answer
from logdex.slurm.ask import CommandResult
from logdex.slurm.listing import jobs
from shell import run

SUBMITTED = "2026-11-29T00:18:50"


def accounts(here: Path, *names: str) -> str:
    """What `sacct` says of recorded jobs, each submitted a second after the one before."""
    lines = [line for name in names for line in answer(f"{name}.sacct", here).splitlines()]
    numbers = list(dict.fromkeys(line[:4] for line in lines))
    return "".join(f"2026-11-29T00:18:{numbers.index(line[:4]):02}|{line}\n" for line in lines)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    commands = FakeCommands(tmp_path / "slurm", tmp_path)
    monkeypatch.setenv("PATH", f"{commands.path}{os.pathsep}{os.environ['PATH']}")
    commands.says("sacct", accounts(tmp_path, "after_node_fail", "array_done", "failed", "het", "odd"))
    return commands


def shown(*args: str) -> list[dict[str, object]]:
    _, out, _ = run("ls", "--json", *args)
    return [json.loads(line) for line in out]


def test_jobs_come_newest_first_with_all_their_parts(slurm: FakeCommands) -> None:
    found = {str(one["name"]): one for one in shown()}
    assert list(found) == ["1005", "1006", "1004", "1001", "1000"]
    assert {name: (one["state"], one["exits"]) for name, one in found.items()} == {
        "1000": ("RUNNING", {"long": [None]}),
        "1001": ("SUCCEEDED", {"arr": [0, 0, 0]}),
        "1004": ("FAILED", {"bad": [3]}),
        "1005": ("SUCCEEDED", {"odd name=x JobId=7": [0]}),
        "1006": ("RUNNING", {"trainer-0": [None], "trainer-1": [None]}),
    }
    assert found["1004"]["message"] == "bad: FAILED"
    assert found["1000"]["ended"] is None
    assert len(slurm.asked("sacct")) == len(slurm.asked("squeue")) == 1


def test_a_job_that_the_accounts_do_not_have_yet_is_in_the_queue(slurm: FakeCommands) -> None:
    fresh = f"2026-11-29T01:00:00|2001|new|PENDING|N/A|N/A|||{slurm.here}|\n"
    known = f"{SUBMITTED}|1004|bad|RUNNING|{SUBMITTED}|N/A||n1|{slurm.here}|\n"
    slurm.says("squeue", fresh + known)
    found = {str(one["name"]): one["state"] for one in shown()}
    assert next(iter(found)) == "2001"
    assert (found["2001"], found["1004"], len(found)) == ("PENDING", "FAILED", 6)


def test_a_job_is_found_by_its_name_state_and_number(slurm: FakeCommands) -> None:
    assert [one["handle"] for one in shown("arr")] == ["slurm://torchx/1001"]
    assert [one["handle"] for one in shown("*1004")] == ["slurm://torchx/1004"]
    assert [one["name"] for one in shown("--state", "failed,succeeded")] == ["1005", "1004", "1001"]


def test_its_size_is_that_of_its_logs(slurm: FakeCommands) -> None:
    (slurm.here / "slurm-1004.out").write_text("12345")
    (slurm.here / "other.log").write_text("123456789")
    (one,) = shown("bad")
    assert (one["bytes"], one["directory"]) == (5, str(slurm.here))


def test_a_handle_that_is_listed_is_one_to_read(slurm: FakeCommands) -> None:
    (slurm.here / "slurm-1004.out").write_text("from the job\n")
    slurm.replays("failed")
    assert run("slurm://torchx/1004", "--no-labels") == (0, ["from the job\n"], "")


def test_without_accounting_the_queue_is_asked(slurm: FakeCommands) -> None:
    slurm.says("sacct", "", err="Slurm accounting storage is disabled\n", code=1)
    waits = f"{SUBMITTED}|17_3|wait|PENDING|N/A|N/A|||{slurm.here}|\n"
    runs = f"{SUBMITTED}|18|train|RUNNING|{SUBMITTED}|2026-11-30T00:00:00||n1|{slurm.here}|\n"
    slurm.says("squeue", waits + runs)
    assert [(one["name"], one["state"], one["ended"]) for one in shown()] == [
        ("17", "PENDING", None),
        ("18", "RUNNING", None),
    ]


@pytest.mark.parametrize("code", [1, 124, 127])
def test_where_slurm_says_nothing_there_are_no_jobs(slurm: FakeCommands, code: int) -> None:
    for command in ("sacct", "squeue"):
        slurm.says(command, "garbage\n", err="trouble\n", code=code)
    assert run("ls")[:2] == (1, [])
    slurm.says("sacct", "garbage\n|\nx|y|z\n")
    assert run("ls")[:2] == (1, [])


def test_every_recorded_job_is_listed(tmp_path: Path) -> None:
    for recorded in sorted(DATA.glob("*.sacct")):
        text = accounts(tmp_path, recorded.stem)
        result = CommandResult(0, text, "")
        assert len(list(jobs(lambda _: True, run=lambda _, result=result: result))) == bool(text)  # type: ignore[misc]
