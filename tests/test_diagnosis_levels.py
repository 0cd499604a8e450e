"""Levels that say nothing: of who calls all that stands in stderr an error, or wraps lines that have their own."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest
from diagnosis_cases import asked

PEER = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"


def work(rank: int, level: str, until: int = 90) -> list[tuple[int, str]]:
    """What a rank writes, a line each ten seconds."""
    head = [(0, f"{level}rank {rank} of 4 is up")]
    return head + [(at, f"{level}step {at // 10} loss 2.0") for at in range(10, until + 1, 10)]


@pytest.mark.parametrize("level", ["ERROR ", "[E1122 02:00:00.000000 run.cpp:71] "])
def test_what_all_lines_have_is_no_error(tmp_path: Path, level: str) -> None:
    logs = {f"rank{rank}.log": work(rank, level) for rank in range(4)}
    logs["rank0.log"].append((95, f"{level}training finished"))
    answer = asked(tmp_path, logs)
    assert answer.kind == "none", answer.text


def test_a_cause_by_name_is_one_behind_such_a_level_too(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": work(rank, "ERROR ") for rank in range(4)}
    logs["rank2.log"].append(
        (91, "ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")
    )
    for rank in (0, 1, 3):
        logs[f"rank{rank}.log"].append((93, f"ERROR {PEER}"))
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def test_a_level_that_one_line_alone_has_still_says_something(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": work(rank, "") for rank in range(4)}
    logs["rank2.log"].append((91, "ERROR the shards are of two kinds"))
    for rank in (0, 1, 3):
        logs[f"rank{rank}.log"].append((93, PEER))
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def test_the_level_of_the_line_counts_and_not_that_of_who_wraps_it(tmp_path: Path) -> None:
    outer = "[E1122 02:00:00.000000 run.cpp:71] "
    logs = {f"rank{rank}.log": work(rank, "") for rank in range(4)}
    logs["rank2.log"].append((91, f"{outer}INFO trainer: saved the weights"))
    logs["rank0.log"].append((95, "training finished"))
    answer = asked(tmp_path, logs)
    assert answer.kind == "none", answer.text


def test_a_level_that_most_ranks_lived_with_for_long_is_no_failure(tmp_path: Path) -> None:
    def stamped(at: int, level: str, text: str) -> str:
        return f"[{level}1122 02:{at // 60:02}:{at % 60:02}.000000 run.cpp:71] {text}\n"

    for rank in range(4):
        lines = [stamped(5, "E" if rank else "I", f"joined by file:///scratch/init, rank {rank}")]
        lines += [stamped(at, "I", f"step {at} loss 2.0") for at in range(10, 91, 10) if rank == 0]
        lines.append(stamped(91, "E", "the shards are of two kinds") if rank == 2 else stamped(93, "E", PEER))
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text
    assert "two kinds" in answer.evidence[0].text


def test_of_those_without_a_log_one_may_have_failed_before(tmp_path: Path) -> None:
    # srun saw task 3, whose log is not here, end before task 1.
    logs = {f"rank{rank}.log": work(rank, "", 40) for rank in (0, 1, 2)}
    logs["rank1.log"].append((44, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"))
    seen = [
        (43, "srun: error: h1: task 3: Exited with exit code 1"),
        (46, "srun: error: h0: task 1: Exited with exit code 1"),
    ]
    answer = asked(tmp_path, {**logs, "sched.log": seen})
    assert answer.certainty == "cannot tell", answer.text
    assert "3" in answer.ranks, answer.text


def test_a_level_of_all_lines_says_nothing_where_the_first_is_known_for_harmless(tmp_path: Path) -> None:
    for rank in range(2):
        texts = ["UserWarning: the kernel is old", *(f"step {step} loss 2.0" for step in range(50))]
        texts += ["weights saved in model.bin"] * (rank == 0)
        lines = [f"[E1122 02:00:{at:02}.000000 run.cpp:71] {text}\n" for at, text in enumerate(texts)]
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert answer.kind == "none", answer.text
