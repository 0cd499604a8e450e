"""Directories that hold several runs: the newest is answered for, and nothing else is taken for a run."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import logdex
import pytest

_RAISED = (
    'Traceback (most recent call last):\n  File "/app/run.py", line 7, in f\n    go()\nValueError: zone 4\n'
)


def _write(folder: Path, hour: int, *, fails: int | None, minutes: int = 5, ranks: range = range(4)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for rank in ranks:
        steps = [f"2026-09-14 {hour:02}:{m:02}:00,000 INFO step {m} loss 2.5\n" for m in range(minutes)]
        (folder / f"rank{rank}.log").write_text("".join(steps) + (_RAISED if rank == fails else ""))


def _facts(folder: Path) -> dict[str, str]:
    return dict(logdex.open(folder, tz="UTC", index=False).ranks().diagnosis.facts)


def test_the_newest_run_is_answered_for(tmp_path: Path) -> None:
    _write(tmp_path / "monday", 1, fails=1)
    _write(tmp_path / "tuesday", 3, fails=2)
    answer = cases.ask(str(tmp_path))
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text
    assert "monday (ended 2026-09-14 01:04:00)" in _facts(tmp_path)["other runs"]
    assert all("tuesday" in evidence.path for evidence in answer.evidence)


def test_a_run_that_failed_before_a_good_one_is_only_named(tmp_path: Path) -> None:
    _write(tmp_path / "a", 1, fails=1)
    _write(tmp_path / "b", 2, fails=0)
    _write(tmp_path / "c", 3, fails=None)
    assert cases.ask(str(tmp_path)).kind == "none"
    assert _facts(tmp_path)["other runs"].startswith("b (")


def test_hosts_are_no_runs(tmp_path: Path) -> None:
    _write(tmp_path / "node-01", 1, fails=1)
    _write(tmp_path / "node-02", 3, fails=2)
    assert "other runs" not in _facts(tmp_path)


@pytest.mark.parametrize("hour", [1, 0])
def test_what_overlaps_or_goes_on_at_once_is_one_run(tmp_path: Path, hour: int) -> None:
    _write(tmp_path / "a", 0, fails=None, minutes=60 if hour else 30)
    _write(tmp_path / "b", hour, fails=2, minutes=60)
    assert "other runs" not in _facts(tmp_path)


def test_other_ranks_in_another_directory_are_of_the_same_run(tmp_path: Path) -> None:
    _write(tmp_path / "a", 1, fails=1)
    _write(tmp_path / "b", 3, fails=None, ranks=range(4, 8))
    assert "other runs" not in _facts(tmp_path)


def test_logs_without_stamps_are_not_told_apart(tmp_path: Path) -> None:
    _write(tmp_path / "a", 1, fails=1)
    _write(tmp_path / "b", 3, fails=2)
    for log in tmp_path.rglob("*.log"):
        log.write_text(
            "".join(line[24:] if line[0] == "2" else line for line in log.read_text().splitlines(True))
        )
    assert "other runs" not in _facts(tmp_path)
