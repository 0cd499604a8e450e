"""Who came to where all meet, who was still on the way, and who was gone before: ranks that wait tell of others."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest
from diagnosis_cases import asked
from logdex.diagnosis.records.taxonomy import classify

WATCHDOG = (
    "[E ProcessGroupNCCL.cpp:629] [Rank 0] Watchdog caught collective operation timeout: "
    "WorkNCCL(SeqNum=517, OpType=ALLREDUCE, NumelIn=12, NumelOut=12, Timeout(ms)=600000) ran for 600035 "
    "milliseconds before timing out."
)
STUCK = (
    "[E ProcessGroupNCCL.cpp:1484] [PG ID 0 PG GUID 0(default_pg) Rank 2] ProcessGroupNCCL's watchdog got stuck for "
    "480 seconds without making progress in monitoring enqueued collectives."
)
LINK = "n0:901:1401 [1] transport/net_ib.cc:812 NCCL WARN NET/IB: Got completion from peer 10.0.0.9<476> with status=12"
CONNECT = "TimeoutError: The client socket has timed out after 900s while trying to connect to (head, 29500)."
BARRIER = (
    "RuntimeError: Timed out initializing process group in store based barrier on rank: 7 "
    "(world_size=8, worker_count=4, timeout=0:00:30)"
)
ROOT = [
    "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: 1) local_rank: 0 (pid: 31) of binary: py",
    "Root Cause (first observed failure):",
    "[0]:",
    "  time      : 2026-11-22_02:00:31",
    "  host      : h1",
    "  rank      : 1 (local_rank: 0)",
    "  exitcode  : 1 (pid: 31)",
]
SUCCEEDED = (
    "INFO:torch.distributed.elastic.agent.server.api:[default] worker group successfully finished. "
    "Waiting 300 seconds for other agents to finish."
)


def steps(rank: int, until: int = 30) -> list[tuple[int, str]]:
    return [(at, f"rank {rank}: step {at // 10} loss 2.0") for at in range(0, until + 1, 10)]


@pytest.mark.parametrize(("hours", "kind"), [(1, "stalled"), (0, "none")])
def test_what_was_saved_is_no_end_where_a_driver_still_says_that_the_job_runs(
    tmp_path: Path, hours: int, kind: str
) -> None:
    logs = {
        f"rank{rank}.log": [*steps(rank), (31, "saved the optimizer's shard of step 3")] for rank in range(4)
    }
    driver = [(31 + minute * 60, "(autoscaler) Usage: 4/4 GPU") for minute in range(1, 55 * hours)]
    assert asked(tmp_path, {**logs, "driver.log": driver}).kind == kind


def test_who_never_wrote_what_the_others_have_stood_behind_is_absent(tmp_path: Path) -> None:
    logs = {
        f"rank{rank}.log": [*steps(rank), (31, "saving step 3"), (35, "the checkpoint is written")]
        for rank in range(8)
    }
    logs["rank5.log"].pop()
    driver = [(31 + minute * 60, "(autoscaler) Usage: 8/8 GPU") for minute in range(1, 55)]
    answer = asked(tmp_path, {**logs, "driver.log": driver})
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("5",), "absent"), answer.text


def test_the_one_that_had_not_come_is_named_though_but_one_of_the_others_said_that_it_waited(
    tmp_path: Path,
) -> None:
    logs = {
        f"rank{rank}.log": [*steps(rank), (40 + rank, "validation finished, gathering")] for rank in range(8)
    }
    logs["rank0.log"] += [(640, WATCHDOG)]
    logs["rank5.log"] = [
        *steps(5),
        *((at, f"validation: batch {at} of 900") for at in range(40, 630, 10)),
    ]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("5",), "busy"), answer.text


@pytest.mark.parametrize("alone", [True, False])
def test_the_one_that_wrote_of_its_work_while_some_waited_is_busy_if_no_other_did(
    tmp_path: Path, alone: bool
) -> None:
    logs = {f"rank{rank}.log": steps(rank) for rank in range(8)}
    for rank in (3, 6):
        logs[f"rank{rank}.log"] += [(632, WATCHDOG.replace("Rank 0", f"Rank {rank}"))]
    for rank in (0,) if alone else (0, 1):
        logs[f"rank{rank}.log"] += [(at, f"Writing shard: {at}/9000 tensors") for at in range(90, 631, 90)]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.cause) == (("rank", "busy") if alone else ("unknown", None)), answer.text
    assert (answer.ranks == ("0",)) is alone
    both = {**logs, "rank6.log": logs["rank5.log"]}
    assert asked(tmp_path / "both", both).certainty == "cannot tell"


@pytest.mark.parametrize(("at", "kind"), [(640, "unknown"), (33, "rank")])
def test_who_aborts_long_after_its_last_step_had_waited_whatever_it_says(
    tmp_path: Path, at: int, kind: str
) -> None:
    logs = {f"rank{rank}.log": steps(rank) for rank in range(4)}
    logs["rank1.log"] += [(at - 1, "gave up on token 7")]
    ended = "failed (exitcode: -6) local_rank: 1 (pid: 20541) of binary: /opt/py/bin/python"
    answer = asked(tmp_path, {**logs, "agent.log": [(0, "group_world_size=1"), (at, ended)]})
    assert answer.kind == kind, answer.text


def test_all_that_found_no_way_to_where_they_meet_failed_alike(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of 4 is up"), (900, CONNECT)] for rank in range(4)}
    assert asked(tmp_path, logs).kind == "uniform"


def test_who_was_gone_before_any_link_was_in_trouble_was_first(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": steps(rank) for rank in range(6)}
    logs["rank2.log"] += [(510, STUCK)]
    for rank in (0, 1, 3):
        logs[f"rank{rank}.log"] += [(520, LINK)]
    said = [(522, "controller: task 2 of /team/job-1 failed: exit code 134 on n2 (10.0.0.9)")]
    answer = asked(tmp_path, {**logs, "controller.log": said})
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text
    # One that waited for others, and gave up, may have been the first to see what the link was.
    logs["rank2.log"][-1] = (510, WATCHDOG.replace("[Rank 0]", "[Rank 2]"))
    assert asked(tmp_path / "waited", {**logs, "controller.log": said}).kind != "rank"


def test_a_number_on_a_host_is_not_of_a_silent_rank_where_others_raised(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of 8 is up")] for rank in range(8)}
    for rank in range(4, 8):
        logs[f"rank{rank}.log"] += [(42, BARRIER)]
    said = [
        (
            46,
            "[launch.py:322:sigkill_handler] ['python3', 't.py', '--local_rank=3'] exits with return code = 1",
        )
    ]
    answer = asked(tmp_path, {**logs, "agent-h1.log": said})
    assert answer.certainty == "cannot tell" or answer.kind == "host", answer.text


@pytest.mark.parametrize(("again", "kind"), [(False, "rank"), (True, "none")])
def test_the_good_end_of_other_agents_is_not_of_the_one_that_gave_up(
    tmp_path: Path, again: bool, kind: str
) -> None:
    lines = [(at, f"[rank{rank}]: wrote part {at}") for at in range(0, 90, 10) for rank in (0, 1, 2)]
    if not again:
        lines = [line for line in lines if line[0] <= 30 or "[rank1]" not in line[1]]
    lines += [(31, line) for line in ROOT]
    lines += [(95, SUCCEEDED), (95, SUCCEEDED)]
    answer = asked(tmp_path, {"job.log": sorted(lines, key=lambda line: line[0])})
    assert (answer.kind, answer.ranks) == (kind, ("1",) if kind == "rank" else ()), answer.text


def test_who_was_told_to_end_may_have_been_about_to_raise_the_same(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(0, f"rank {rank} is up")] for rank in range(8)}
    logs["rank0.log"] += [(2, "INFO stream: downloaded the index")]
    for rank in range(1, 8):
        text = f"RuntimeError: the index in /tmp/{rank}x took too long to download"
        logs[f"rank{rank}.log"] += [(60, "Traceback (most recent call last):"), (60, text)]
    said = [
        (62, "launcher: Rank 3 crashed with exit code 1."),
        (63, "Global rank 0 (PID 88) exited with code -15"),
    ]
    answer = asked(tmp_path, {**logs, "launcher.log": said})
    assert answer.ranks != ("0",), answer.text


def test_what_a_witness_says_above_an_order_came_before_it_without_any_stamp(tmp_path: Path) -> None:
    for rank in range(4):
        (tmp_path / f"rank{rank}.log").write_text("".join(f"step {step} loss 2.0\n" for step in range(9)))
    with (tmp_path / "rank2.log").open("a") as log:
        log.write("Traceback (most recent call last):\nFileExistsError: step_8 already exists\n")
    ended = "srun: error: h0: task 2: Exited with exit code 1\n"
    order = "slurmstepd: error: *** JOB 17 ON h0 CANCELLED AT 2026-11-22T05:58:01 DUE TO TIME LIMIT ***\n"
    for text, kind in ((ended + order, "rank"), (order + ended, "outside")):
        (tmp_path / "slurm-17.out").write_text(text)
        assert logdex.open(tmp_path, index=False).ranks().diagnosis.kind == kind


def test_what_nccl_tells_of_a_plugin_that_is_not_there_is_no_failure() -> None:
    told = classify(
        "n0:30:30 [0] NCCL INFO NET/Plugin : Plugin load (libnccl-net.so) returned 2 : libnccl-net.so: cannot open "
        "shared object file: No such file or directory"
    )
    assert told is not None
    assert told[0].role == "harmless"
