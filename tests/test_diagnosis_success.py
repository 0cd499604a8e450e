"""Jobs that are said to have ended well: where that is so, and where it says nothing of what failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagnosis_cases import asked

RAISED = [
    "Traceback (most recent call last):",
    '  File "/app/data.py", line 47, in read',
    "OSError: broken data stream",
]
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.64 GiB"
PEER = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"
COMPLETED = "job 31877 finished: State=COMPLETED ExitCode=0:0"
AGENT = "torch/distributed/elastic/agent/server/api.py:922]"
SUCCEEDED = (
    f"{AGENT} Local worker group finished (WorkerState.SUCCEEDED). Waiting 300 seconds for other agents"
)


def ranks(until: int = 120, many: int = 4, **more: list[tuple[int, str]]) -> dict[str, list[tuple[int, str]]]:
    """Ranks of which the first counts steps, and what some of them write beside that."""
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of {many} is up")] for rank in range(many)}
    logs["rank0.log"] += [(at, f"step {at // 10} loss 2.0") for at in range(10, until + 1, 10)]
    for name, lines in more.items():
        logs[f"{name}.log"] = sorted([*logs[f"{name}.log"], *lines])
    return logs


def raised(at: int) -> list[tuple[int, str]]:
    """A traceback that a rank got over, if others say so."""
    return [(at, line) for line in RAISED]


GOOD = [
    COMPLETED,
    "31877 COMPLETED 0:0",
    "31877|train|COMPLETED|0:0",
    "CustomJob 7 changed to JOB_STATE_SUCCEEDED",
    "run 12 of the pipeline has status: Succeeded",
    "Finished: SUCCESS",
    "slurmctld: _job_complete: JobId=31877 WEXITSTATUS 0",
    "job.batch/train-1 status: Complete",
    "PyTorchJob train-1 is successfully completed.",
    "Job 'raysubmit_x7' succeeded",
    "all 4 workers exited successfully",
    "4/4 ranks finished with exit code 0",
    "launcher: job done, 0 failed, exit code 0",
    "finished rc=0",
    SUCCEEDED,
]


@pytest.mark.parametrize(
    ("command", "status", "kind"),
    [
        ("mpirun -np 4 python train.py", "0", "none"),
        ("mpirun -np 4 python train.py", "1", "rank"),
        ("mpirun -np 4 python train.py | tee all.txt", "0", "rank"),
        ("./train.sh", "0", "rank"),
    ],
)
def test_a_shell_that_is_asked_how_the_launcher_ended_is_believed(
    tmp_path: Path, command: str, status: str, kind: str
) -> None:
    logs = ranks(rank1=[*raised(130)])
    shell = [f"$ {command}", "$ echo $?", status]
    answer = asked(tmp_path, {**logs, "driver.log": [(200, line) for line in shell]})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("level", "kind"), [("W", "none"), ("E", "rank")])
def test_who_only_warned_of_a_connection_behind_the_end_of_all_was_not_left(
    tmp_path: Path, level: str, kind: str
) -> None:
    lost = f"{level} preemption_sync_manager.cc:170] Failed to retrieve notice: UNAVAILABLE: Socket closed"
    logs = {f"rank{rank}.log": [(at, f"step {at} of 40") for at in (10, 20, 30)] for rank in range(4)}
    logs["rank0.log"] += [(31, "all done, results written to out.npz")]
    for rank in range(1, 4):
        logs[f"rank{rank}.log"] += [(32, lost)]
    answer = asked(tmp_path, logs)
    assert kind == "rank" or answer.kind != "rank", answer.text
    assert kind == "none" or answer.ranks == ("0",), answer.text


def test_a_launcher_that_summed_up_its_failure_is_another_than_those_that_ended_well(tmp_path: Path) -> None:
    root = "Root Cause (first observed failure): [0]: time={} rank: 3 (local_rank: 1) exitcode: 1 host: h1"
    lines = [(at, f"[rank{rank}]: step {at} loss 2.0") for at in (10, 20) for rank in range(4)]
    lines += [(21, f"[rank3]: {line}") for line in RAISED]
    lines += [(22, f"[rank{rank}]: training finished") for rank in range(3)]
    lines += [(23, f"{AGENT} failed (exitcode: 1) local_rank: 1 (pid: 77) of binary: python")]
    lines += [(24, root.format("2026-11-22_02:00:21")), (25, SUCCEEDED)]
    answer = asked(tmp_path / "one", {"job.log": lines})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text
    # But where the job was begun again behind it, that is what ended well.
    again = [(at, f"[rank{rank}]: step {at} loss 2.0") for at in (30, 40) for rank in range(4)]
    answer = asked(tmp_path / "again", {"job.log": [*lines[:-1], *again, (50, SUCCEEDED)]})
    assert answer.kind == "none", answer.text


@pytest.mark.parametrize("said", GOOD)
def test_a_traceback_that_the_job_got_over_is_no_failure_where_it_ended_well(
    tmp_path: Path, said: str
) -> None:
    answer = asked(tmp_path, {**ranks(rank3=raised(40)), "sched.log": [(125, said)]})
    assert answer.kind == "none", answer.text


def test_without_that_word_nobody_knows(tmp_path: Path) -> None:
    answer = asked(tmp_path, ranks(rank3=raised(40)))
    assert answer.kind != "none", answer.text


def test_nor_where_one_that_went_on_for_long_came_to_its_end(tmp_path: Path) -> None:
    answer = asked(tmp_path, ranks(rank0=[(121, "run finished, best loss 2.0")], rank3=raised(40)))
    assert answer.certainty == "cannot tell", answer.text


SAYS_NOTHING = [
    "3 of 4 workers succeeded",
    "3/4 ranks finished with exit code 0",
    "job 31877: checkpoint upload succeeded",
    "job 31877 not completed successfully",
    "the evaluation job completed successfully",
    "job finished: 3 succeeded, 1 failed, exit code 0",
    "job will be marked as status=COMPLETED when its pods have exited",
    "rank 3 exited with code 0",
]


@pytest.mark.parametrize("said", SAYS_NOTHING)
def test_a_word_of_something_else_overrules_nothing(tmp_path: Path, said: str) -> None:
    logs = ranks(until=40, rank3=[(41, OOM)], rank0=[(42, PEER)])
    answer = asked(tmp_path, {**logs, "sched.log": [(50, said)]})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


@pytest.mark.parametrize("said", GOOD[:6])
def test_a_script_that_ends_well_hides_no_rank_that_the_others_lost(tmp_path: Path, said: str) -> None:
    # `srun python train.py || true`: the batch script's own end says nothing of what it ran.
    logs = ranks(until=40, rank3=[(41, OOM)], rank0=[(42, PEER)], rank1=[(42, PEER)], rank2=[(42, PEER)])
    answer = asked(tmp_path, {**logs, "sched.log": [(50, said)]})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_nor_an_exit_that_a_launcher_saw(tmp_path: Path) -> None:
    logs = ranks(until=40, rank3=raised(41))
    seen = [(43, "srun: error: h0: task 3: Exited with exit code 1"), (50, COMPLETED)]
    answer = asked(tmp_path, {**logs, "sched.log": seen})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_nor_a_step_that_failed_in_a_table_of_them(tmp_path: Path) -> None:
    logs = ranks(until=40, rank3=raised(41))
    seen = [
        (50, "31877 train COMPLETED 0:0"),
        (50, "31877.batch COMPLETED 0:0"),
        (50, "31877.0 python FAILED 1:0"),
    ]
    answer = asked(tmp_path, {**logs, "sched.log": seen})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_the_good_end_of_an_earlier_job_is_not_that_of_this_one(tmp_path: Path) -> None:
    logs = ranks(until=100, rank3=[(101, OOM)], rank0=[(102, PEER)])
    answer = asked(tmp_path, {**logs, "sched.log": [(5, COMPLETED)]})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_one_launcher_of_two_speaks_for_its_own_processes_alone(tmp_path: Path) -> None:
    logs = ranks(until=40, rank3=[(41, OOM)])
    said = {
        "agent-h0.log": [(1, "group_world_size=2"), (60, SUCCEEDED)],
        "agent-h1.log": [(1, "group_world_size=2")],
    }
    answer = asked(tmp_path, {**logs, **said})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_both_launchers_speak_for_the_job(tmp_path: Path) -> None:
    logs = ranks(rank3=raised(40))
    said = {f"agent-h{host}.log": [(1, "group_world_size=2"), (125, SUCCEEDED)] for host in range(2)}
    answer = asked(tmp_path, {**logs, **said})
    assert answer.kind == "none", answer.text


def test_a_launcher_that_says_so_and_then_of_trouble_is_not_believed(tmp_path: Path) -> None:
    logs = ranks(until=40, rank3=[(41, OOM)])
    said = [(42, "stage 1: job completed successfully"), (45, "worker 3 exited with code 1")]
    answer = asked(tmp_path, {**logs, "launcher.log": said})
    assert answer.kind == "rank", answer.text


def test_an_elastic_job_that_lost_a_worker_and_ended_well_has_no_failure(tmp_path: Path) -> None:
    logs = ranks(until=180, many=3, rank2=[(41, PEER)])
    said = [(40, "Process 1 exit with status code 137."), (182, "success count == 2 -> stop running")]
    answer = asked(tmp_path, {**logs, "horovod.log": said})
    assert answer.kind == "none", answer.text


def test_and_one_that_lost_it_and_did_not_end_has(tmp_path: Path) -> None:
    logs = ranks(until=180, many=3)
    answer = asked(tmp_path, {**logs, "horovod.log": [(40, "Process 1 exit with status code 137.")]})
    assert answer.kind != "none", answer.text


STEPS_WELL = ["JobID|JobName|State|ExitCode", "31877|train|COMPLETED|0:0", "31877.0|srun|COMPLETED|0:0"]
LOST = "[rank1]:[W1122 02:00:45 TCPStore.cpp:125] [c10d] recvValue failed: Connection was likely closed"


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (STEPS_WELL, "none"),
        # The script alone may end well whatever srun did.
        (STEPS_WELL[:2], "rank"),
        ([*STEPS_WELL, "31877.1|srun|FAILED|1:0"], "rank"),
    ],
)
def test_what_ranks_lose_when_they_leave_is_nothing_where_all_tasks_of_a_step_ended_well(
    tmp_path: Path, rows: list[str], kind: str
) -> None:
    lost = {f"rank{rank}": [(45, LOST.replace("rank1", f"rank{rank}"))] for rank in (1, 2, 3)}
    answer = asked(tmp_path, {**ranks(until=40, **lost), "sched.log": [(50, row) for row in rows]})
    assert answer.kind == kind, answer.text
    assert answer.certainty != "certain", answer.text


def test_a_step_that_ended_well_hides_no_cause_of_a_rank(tmp_path: Path) -> None:
    lost = {f"rank{rank}": [(45, LOST.replace("rank1", f"rank{rank}"))] for rank in (0, 1, 2)}
    logs = ranks(until=40, rank3=[(41, OOM)], **lost)
    answer = asked(tmp_path, {**logs, "sched.log": [(50, row) for row in STEPS_WELL]})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


PREEMPTED = "slurmstepd: error: *** JOB 700 ON h0 CANCELLED AT 2026-11-22T02:00:40 DUE TO PREEMPTION ***"
DONE = "[2026-11-22T02:02:05] _job_complete: JobId=700 WEXITSTATUS 0"


@pytest.mark.parametrize(
    ("until", "seen", "kind"),
    [
        (120, [(40, PREEMPTED), (125, DONE)], "none"),
        # It went on, and nobody saw how it ended.
        (120, [(40, PREEMPTED)], "outside"),
        # A script that catches the order may end well, and the job came no further.
        (40, [(40, PREEMPTED), (45, DONE)], "outside"),
    ],
)
def test_an_order_to_stop_after_which_the_job_went_on_to_its_end_is_no_failure(
    tmp_path: Path, until: int, seen: list[tuple[int, str]], kind: str
) -> None:
    answer = asked(tmp_path, {**ranks(until=until), "sched.log": seen})
    assert answer.kind == kind, answer.text


BESIDE = "slurmstepd: error: *** STEP 6600.1 ON h0 CANCELLED AT 2026-11-22T02:02:03 ***"


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (["6600|sft|COMPLETED|0:0", "6600.0|deepspeed|COMPLETED|0:0", "6600.1|dmon|CANCELLED|0:9"], "none"),
        (["6600|sft|COMPLETED|0:0", "6600.0|deepspeed|FAILED|1:0", "6600.1|dmon|CANCELLED|0:9"], "outside"),
        (
            ["6600|sft|CANCELLED|0:0", "6600.0|deepspeed|COMPLETED|0:0", "6600.1|dmon|CANCELLED|0:9"],
            "outside",
        ),
        (["6600|sft|COMPLETED|0:0", "6600.1|deepspeed|CANCELLED|0:9"], "outside"),
    ],
)
def test_a_step_beside_that_of_the_ranks_may_be_cancelled(tmp_path: Path, rows: list[str], kind: str) -> None:
    seen = [(123, BESIDE), *((125, row) for row in rows)]
    answer = asked(tmp_path, {**ranks(until=120), "sched.log": seen})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize("until", [40, 120])
def test_a_container_beside_that_of_a_rank_may_end(tmp_path: Path, until: int) -> None:
    """Whose rank still writes long after was not what ended."""
    seen = "pod/train-worker-0 container/metrics terminated exitCode=137 reason=OOMKilled"
    more = {f"rank{rank}": [(until, "lr 0.001")] for rank in (1, 2, 3)}
    answer = asked(tmp_path, {**ranks(until=until, **more), "sched.log": [(41, seen)]})
    assert (answer.kind == "rank") == (until == 40), answer.text


@pytest.mark.parametrize("later", [42, 110])
def test_a_rank_that_wrote_on_after_its_traceback_may_have_got_over_it(tmp_path: Path, later: int) -> None:
    logs = ranks(until=0, rank0=[(110, "checkpoint written, all done")], rank3=raised(40))
    logs["rank3.log"] += [(later, "epoch complete, 1 source skipped")]
    answer = asked(tmp_path, logs)
    assert (answer.certainty == "cannot tell") == (later == 110), answer.text


@pytest.mark.parametrize(("until", "kind"), [(200, "none"), (50, "rank")])
def test_a_driver_that_counted_on_and_ended_well_long_after_an_error_outlived_it(
    tmp_path: Path, until: int, kind: str
) -> None:
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of 4 is up")] for rank in range(4)}
    logs["rank3.log"] += [(60, f"ERROR {RAISED[0]}"), (60, RAISED[2])]
    driver = [(at, f"Training iteration {at // 10} at 2026-11-22") for at in range(0, until, 10)]
    driver += [(until, "Trial PPO_x_00000 finished iteration 20 and is TERMINATED. Total running time: 5min")]
    answer = asked(tmp_path, {**logs, "driver.log": driver})
    assert answer.kind == kind, answer.text


STUCK = "[rank{}]:[E] ProcessGroupNCCL's watchdog got stuck for 480 seconds without making progress"


def test_what_all_wait_in_after_the_end_is_no_failure_for_sure(tmp_path: Path) -> None:
    stuck = {f"rank{rank}": [(600, STUCK.format(rank))] for rank in range(4)}
    logs = ranks(
        **{**stuck, "rank0": [(125, "End time of running main: 2026-11-22 02:02:05"), *stuck["rank0"]]}
    )
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.certainty) == ("none", "cannot tell")
    answer = asked(tmp_path, ranks(**stuck))
    assert answer.kind != "none"


def test_one_that_ended_before_the_others_is_not_taken_for_the_end_of_all(tmp_path: Path) -> None:
    peers = {f"rank{rank}": [(130, PEER)] for rank in (0, 1, 3)}
    answer = asked(tmp_path, ranks(**peers, rank2=[(125, "training done")]))
    assert (answer.kind, answer.ranks) == ("rank", ("2",))


def test_a_launcher_that_ended_others_has_not_seen_all_end_well(tmp_path: Path) -> None:
    done = (126, "[INFO] [launch.py:351:main] Process 20114 exits successfully.")
    logs = ranks(rank3=raised(40))
    assert asked(tmp_path, {**logs, "launcher.log": [done]}).kind == "none"
    killed = (125, "[INFO] [launch.py:319:sigkill_handler] Killing subprocess 20115")
    assert asked(tmp_path, {**logs, "launcher.log": [killed, done]}).ranks == ("3",)


def test_one_that_has_more_to_do_after_the_end_may_be_waited_for(tmp_path: Path) -> None:
    late = "[Rank {}] Watchdog caught collective operation timeout: WorkNCCL(OpType=ALLREDUCE)"
    stuck = {f"rank{rank}": [(90, "training done"), (600, late.format(rank))] for rank in range(1, 4)}
    busy = [(at, f"evaluating shard {at} of 4410") for at in range(130, 590, 60)]
    answer = asked(tmp_path, ranks(80, **stuck, rank0=[(90, "training done"), *busy]))
    assert answer.kind != "none"


def test_who_saved_a_checkpoint_went_on_without_the_one_that_it_did_not_find(tmp_path: Path) -> None:
    missing = (122, "Checkpoint file ./outputs/model.pt.ep1 not found.")
    answer = asked(
        tmp_path, ranks(rank0=[missing, (124, "[INFO] - Checkpoint saved to ./outputs/model.pt.avg10")])
    )
    assert answer.kind == "none", answer.text
    failed = (124, "[ERROR] - Checkpoint could not be saved to ./outputs/model.pt.avg10")
    assert asked(tmp_path / "failed", ranks(rank0=[missing, failed])).ranks == ("0",)
