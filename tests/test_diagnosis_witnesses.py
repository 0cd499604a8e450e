"""Who failed first where witnesses say it: by the number of a process, by stacks, and by what befell a host."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import pytest
from logdex.diagnosis import Diagnosis

PEER = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"
KILLED = "kernel: Out of memory: Killed process 4102 (python) total-vm:9kB"
SEGFAULT = "kernel: python[4102]: segfault at 18 ip 00007f3a sp 00007ffd error 4 in libnccl.so.2[7f3a+4c2e]"


def asked(folder: Path, logs: dict[str, list[str]]) -> Diagnosis:
    """The answer for logs of which each line is a second after the one before."""
    return cases.asked(folder, {name: enumerate(lines) for name, lines in logs.items()})


def up(rank: int, pid: int, steps: int = 3) -> list[str]:
    """The first lines of a rank."""
    return [f"rank {rank} of 4 is up, pid {pid}", *(f"step {step} loss 2.0" for step in range(1, steps + 1))]


@pytest.mark.parametrize("seen", [KILLED, SEGFAULT])
def test_a_process_of_which_a_kernel_tells_is_the_rank_that_said_its_number(
    tmp_path: Path, seen: str
) -> None:
    # Two ranks fell silent: that the others lost somebody does not tell which of them it was.
    logs = {f"rank{rank}.log": up(rank, 4100 + rank) + ([PEER] if rank < 2 else []) for rank in range(4)}
    answer = asked(tmp_path, {**logs, "kern-h0.log": ["", "", "", seen]})
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


@pytest.mark.parametrize("pids", [[4102, 4102, 4102, 4102], [4102, 5102, 4102, 5102]])
def test_a_number_of_several_processes_names_none(tmp_path: Path, pids: list[int]) -> None:
    logs = {f"rank{rank}.log": up(rank, pid) + ([PEER] if rank < 2 else []) for rank, pid in enumerate(pids)}
    answer = asked(tmp_path, {**logs, "kern-h0.log": ["", "", "", KILLED]})
    assert answer.certainty == "cannot tell", answer.text


def test_the_number_that_one_rank_alone_tells_may_be_met_by_chance(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": up(rank, 0)[1:] + [PEER] * (rank < 2) for rank in range(4)}
    logs["rank2.log"] = up(2, 4102)
    answer = asked(tmp_path, {**logs, "kern-h0.log": ["", "", "", KILLED]})
    assert answer.certainty != "certain", answer.text


def dump(frame: str) -> list[str]:
    """What faulthandler's timer prints."""
    return [
        "Timeout (0:10:00)!",
        "Thread 0x00007f (most recent call first):",
        f'  File "/opt/x.py", line 7 in {frame}',
    ]


@pytest.mark.parametrize(
    ("frames", "named"),
    [
        (["all_reduce", "barrier", "read_shard", "all_reduce"], ("2",)),
        (["all_reduce", "read_shard", "read_shard", "all_reduce"], ()),
        (["all_reduce", "all_reduce", "all_reduce", "all_reduce"], ()),
        (["all_reduce", "all_reduce", "read_shard"], ()),
    ],
)
def test_who_alone_was_in_no_collective_is_who_was_waited_for(
    tmp_path: Path, frames: list[str], named: tuple[str, ...]
) -> None:
    answer = asked(
        tmp_path, {f"rank{rank}.log": up(rank, 0) + dump(frame) for rank, frame in enumerate(frames)}
    )
    assert answer.kind == ("rank" if named else "unknown"), answer.text
    assert answer.certainty != "certain"
    assert not named or answer.ranks == named


def test_stacks_after_which_the_ranks_went_on_are_no_failure(tmp_path: Path) -> None:
    frames = ["all_reduce", "read_shard", "all_reduce", "all_reduce"]
    logs = {
        f"rank{rank}.log": up(rank, 0) + dump(frame) + ["step 4 loss 2.0"]
        for rank, frame in enumerate(frames)
    }
    assert asked(tmp_path, logs).kind == "none"


def test_a_host_that_panicked_is_named_only_if_its_ranks_fell_silent(tmp_path: Path) -> None:
    closed = "h0:4100:77 [0] NCCL WARN socketProgress: Connection closed by remote peer h1<4411>"
    logs = {f"rank{rank}.log": up(rank, 0) + ([closed] if rank < 2 else []) for rank in range(4)}
    panic = {"kern-h1.log": ["", "kernel: Kernel panic - not syncing: Fatal machine check"]}
    answer = asked(tmp_path, {**logs, **panic})
    assert (answer.kind, answer.hosts, answer.cause) == ("host", ("h1",), "node"), answer.text
    here = {
        name: [line.replace("h0:", "h1:") for line in lines] if name < "rank1" else lines
        for name, lines in logs.items()
    }
    assert asked(tmp_path, {**here, **panic}).kind != "host"
