"""Who failed first where witnesses say it: by the number of a process, by stacks, and by what befell a host."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import logdex
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


@pytest.mark.parametrize(("first", "ranks"), [("master", ("2",)), ("gateway", ("1",))])
def test_a_worker_of_a_job_that_has_a_master_is_the_rank_after_its_number(
    tmp_path: Path, first: str, ranks: tuple[str, ...]
) -> None:
    logs = {f"rank{rank}.log": up(rank, 0)[1:] for rank in range(4)}
    sched = [f"Created pod: job-{first}-0", "pod/job-worker-1 container torch terminated with exit code 1"]
    answer = asked(tmp_path, {**logs, "sched.log": sched})
    assert (answer.kind, answer.ranks) == ("rank", ranks), answer.text


@pytest.mark.parametrize(
    ("codes", "ranks"),
    [
        ("[137, 137, 1, 137]", ("2",)),
        ("[0, 0, 0, 3]", ("3",)),
        ("[1, 1, -9, 1]", ("2",)),
        ("[143, 139, 143, 1]", ("1",)),
        # Nobody knows which of them ended the rest, or whose two codes are.
        ("[137, 137, 137, 137]", None),
        ("[137, 1, 1, 137]", None),
        ("[137, 1]", None),
    ],
)
def test_of_a_list_of_return_codes_the_one_is_named_that_ended_as_no_other_did(
    tmp_path: Path, codes: str, ranks: tuple[str, ...] | None
) -> None:
    logs = {f"rank{rank}.log": up(rank, 0)[1:] for rank in range(4)}
    said = f"ERROR: Job 1 failed with return code list: {codes}"
    answer = asked(tmp_path, {**logs, "driver.log": ["", "", "", said]})
    if ranks is None:
        assert answer.kind in ("unknown", "uniform"), answer.text
    else:
        assert (answer.kind, answer.ranks) == ("rank", ranks), answer.text


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


def test_the_rank_on_the_gpu_of_which_a_kernel_tells_failed_first(tmp_path: Path) -> None:
    fault = "Process group watchdog thread terminated with exception: CUDA error: unspecified launch failure"
    logs = {f"rank{rank}.log": [*up(rank, 4100 + rank), "", fault] for rank in range(4)}
    kernel = [
        *[""] * 4,
        "kernel: NVRM: Xid (PCI:0000:dc:00): 79, GPU has fallen off the bus.",
        "kernel: NVRM: Xid (PCI:0000:dc:00): 45, pid=4102, name=python3, Ch 00000001",
    ]
    answer = asked(tmp_path, {**logs, "kern-h0.log": kernel})
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("2",), "gpu_hw"), answer.text


@pytest.mark.parametrize(
    "told",
    [
        ['error: commlib error: got read error (closing "h3.cluster.local/shepherd_ijs/1")'],
        ["ORTE has lost communication with its daemon located on node:", "  hostname:  h3.cluster.local"],
    ],
)
def test_a_host_of_which_a_launcher_lost_the_daemon_is_named_without_its_domain(
    tmp_path: Path, told: list[str]
) -> None:
    logs = {f"rank{rank}.log": up(rank, 4100 + rank) for rank in range(4)}
    answer = asked(tmp_path, {**logs, "mpirun.log": [*[""] * 6, *told]})
    assert (answer.kind, answer.hosts) == ("host", ("h3",)), answer.text


@pytest.mark.parametrize(
    "said",
    [
        "Lost executor 0 on 10.0.0.4: Executor heartbeat timed out after {}000 ms",
        "Worker failed to heartbeat within {} seconds. Closing: <WorkerState 'tcp://10.0.0.4:38170', name: 0>",
    ],
)
@pytest.mark.parametrize(("after", "kind"), [(160, "host"), (1, "rank")])
def test_what_is_raised_after_a_host_was_lost_may_come_of_that(
    tmp_path: Path, said: str, after: int, kind: str
) -> None:
    lost = said.format(after)
    logs = {
        "rank0.log": [(0, "task 1 is done")],
        "rank1.log": [
            (0, "task 1 is done"),
            (200, "XGBoostError: Check failed: n_uniques == world (1 vs. 2)"),
        ],
        "driver.log": [(200, lost)],
    }
    answer = cases.asked(tmp_path, logs)
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("others", "named"), [(15, True), (9, False)])
def test_the_one_that_hydra_did_not_kill_itself_was_killed_first(
    tmp_path: Path, others: int, named: bool
) -> None:
    listed = [
        line
        for rank in (2, 0, 1)
        for line in (
            f"=   RANK {rank} PID 410{rank} RUNNING AT h0",
            f"=   KILLED BY SIGNAL: {9 if rank == 2 else others} (x)",
        )
    ]
    answer = asked(tmp_path, {"rank0.log": up(0, 4100), "mpirun.log": ["", "", "", "", *listed]})
    assert (answer.ranks == ("2",)) == named, answer.text


@pytest.mark.parametrize(("tasks", "ranks"), [("2,3", ("2", "3")), ("1-3", ())])
def test_those_that_met_the_same_and_ended_by_one_word_of_a_launcher_are_named_together(
    tmp_path: Path, tasks: str, ranks: tuple[str, ...]
) -> None:
    met = "OSError: [Errno 108] Cannot send after transport endpoint shutdown"
    for rank in range(4):
        lines = [*up(rank, 4100 + rank), *([met] if rank > 1 else [PEER] * (rank < 1))]
        (tmp_path / f"rank{rank}.log").write_text("\n".join(lines) + "\n")
    (tmp_path / "srun.log").write_text(f"srun: error: h1: tasks {tasks}: Exited with exit code 1\n")
    answer = asked(tmp_path, {})
    assert (answer.ranks if answer.kind == "rank" else ()) == ranks, answer.text


@pytest.mark.parametrize(("done", "kind"), [([0], "rank"), ([0, 1], "unknown")])
def test_the_one_that_was_done_left_those_that_still_worked(
    tmp_path: Path, done: list[int], kind: str
) -> None:
    end = ["Early stopping, best iteration is:"]
    logs = {f"rank{rank}.log": ["loss 2.0"] * 3 + (end if rank in done else []) for rank in range(2)}
    logs["rank2.log"] = ["loss 2.0"] * 4 + ["Socket recv error, Connection reset by peer (code: 104)"]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks[:1]) == (kind, ("0",)) or kind == answer.kind == "unknown", answer.text


@pytest.mark.parametrize(
    ("hosts", "named"), [(["h0"] * 4, True), (["h0", "h1"] * 2, True), (["", ""] * 2, False)]
)
def test_the_rank_whose_gpu_stands_on_a_bus_is_known_by_what_nccl_tells(
    tmp_path: Path, hosts: list[str], named: bool
) -> None:
    fault = "Process group watchdog thread terminated with exception: CUDA error: unspecified launch failure"
    logs = {}
    for rank, host in enumerate(hosts):
        bus = "1b000" if rank in ((2,) if len(set(hosts)) == 1 and host else (2, 3)) else "8a000"
        head = f"{host}:41{rank}0:41{rank}9 [{rank}] NCCL INFO " if host else "NCCL INFO "
        logs[f"rank{rank}.log"] = [
            f"{head}comm 0x55 rank {rank} nranks 4 cudaDev {rank} busId {bus}",
            "",
            "",
            fault,
        ]
    kernel = ["", "", "h0 kernel: NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus."]
    answer = asked(tmp_path, {**logs, "kern.log": kernel})
    assert ((answer.kind, answer.ranks, answer.cause) == ("rank", ("2",), "gpu_hw")) == named, answer.text


@pytest.mark.parametrize("launched", [True, False])
def test_where_launchers_of_hosts_tell_of_their_processes_slurms_tasks_are_no_ranks(
    tmp_path: Path, launched: bool
) -> None:
    logs = {f"rank{rank}.log": up(rank, 0)[1:] for rank in range(4)}
    logs["rank2.log"] += ["ValueError: label 7 is out of range"]
    sched = ["srun: error: h1: task 1: Exited with exit code 1"]
    if launched:
        logs["agent-h1.log"] = [
            "",
            "",
            "",
            "",
            "failed (exitcode: 1) local_rank: 0 (pid: 31) of binary: python",
        ]
    logs.pop("rank1.log")
    answer = asked(tmp_path, {**logs, "sched.log": ["", "", "", "", "", *sched]})
    assert (answer.kind, answer.ranks) == (("rank", ("2",)) if launched else ("unknown", ("1", "2"))), (
        answer.text
    )


def test_an_exit_of_a_number_that_no_log_has_is_not_certain_to_be_a_ranks(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [f"step {step} loss 2.0" for step in range(1, 9)] for rank in range(8)}
    for name, lines in logs.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "driver.log").write_text("sandbox worker 12 exited with code -9 (memory limit 512 MB)\n")
    answer = logdex.open(tmp_path, index=False).ranks().diagnosis
    assert (answer.kind, answer.ranks, answer.certainty) == ("rank", ("12",), "likely"), answer.text
