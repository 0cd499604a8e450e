"""Whether somebody stopped a job, or what had failed in it before ended it."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import pytest

LIMIT = "slurmstepd: error: *** JOB 608 ON h0 CANCELLED AT 2026-11-22T02:01:00 DUE TO TIME LIMIT ***"
COUNTED = "slurmstepd: error: Detected 1 oom-kill event(s) in step 608.0 cgroup."
GUESS = (
    "F1122 client.h:77] Terminating process because the JAX distributed service detected fatal errors. "
    "absl::Status: UNAVAILABLE: Failed to send RPC to coordination service. Either the leader task was "
    "preempted/died/restarted unexpectedly or this task is experiencing network issues."
)


def steps(until: int) -> list[tuple[int, str]]:
    return [(at, f"step {at} loss 2.0") for at in range(0, until, 10)]


@pytest.mark.parametrize(
    ("worked", "sched", "kind"),
    [
        (60, [(60, LIMIT)], "outside"),
        (60, [(60, LIMIT), (61, COUNTED)], "outside"),
        (60, [(3540, LIMIT), (3541, COUNTED)], "unknown"),
    ],
    ids=["order", "at work", "silent"],
)
def test_a_count_of_kills_at_the_end_tells_of_any_time_before(
    tmp_path: Path, worked: int, sched: list[tuple[int, str]], kind: str
) -> None:
    logs = {f"rank{rank}.log": steps(worked) for rank in range(4)}
    answer = cases.asked(tmp_path, {**logs, "sched.log": sched})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(
    ("earlier", "certainty"),
    [([], "certain"), ([(20, "slurmctld: error: Nodes h1 not responding, setting DOWN")], "likely")],
)
def test_an_order_is_certain_only_where_nothing_before_it_tells_of_a_failure(
    tmp_path: Path, earlier: list[tuple[int, str]], certainty: str
) -> None:
    logs = {f"rank{rank}.log": steps(60) for rank in range(4)}
    answer = cases.asked(tmp_path, {**logs, "sched.log": [*earlier, (60, LIMIT)]})
    assert (answer.kind, answer.certainty) == ("outside", certainty), answer.text


@pytest.mark.parametrize(
    ("raised", "kind"), [("KeyboardInterrupt", "outside"), ("zorp.Sour: lattice 7", "unknown")]
)
def test_a_stack_of_where_a_rank_was_when_it_was_interrupted_is_no_failure(
    tmp_path: Path, raised: str, kind: str
) -> None:
    # Nothing says when they wrote it.
    stack = f'Stack:\n  File "/opt/data/loader.py", line 1703, in clean\n{raised}\n'
    agent = "torch/distributed/elastic/agent/server/api.py:739]"
    cases.asked(tmp_path, {f"rank{rank}.log": steps(60) for rank in range(2)})
    for rank in range(2):
        with (tmp_path / f"rank{rank}.log").open("a") as log:
            log.write(stack)
    logs = {"agent-h0.log": [(3499, f"{agent} Received 2 death signal, shutting down workers")]}
    answer = cases.asked(tmp_path, logs)
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize("guess", [GUESS, "lost worker 0: the node may have been preempted"])
def test_what_may_have_been_a_preemption_or_something_else_is_no_order(tmp_path: Path, guess: str) -> None:
    logs = {f"rank{rank}.log": [*steps(60), (61, guess)] for rank in range(1, 4)}
    logs["rank0.log"] = [*steps(50), (50, "ValueError: batch 17 is empty")]
    answer = cases.asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("0",)), answer.text


OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 14.00 GiB"
PREEMPTED = "StopTraining: Job is preempted."


def test_what_is_to_be_done_if_a_job_is_stopped_is_no_order(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": steps(60) for rank in range(4)}
    logs["rank0.log"][1:1] = [
        (0, "INFO launcher: will resume from the last checkpoint if the job is preempted")
    ]
    logs["rank2.log"] += [(60, "ValueError: batch 17 is empty")]
    answer = cases.asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def test_a_rank_that_calls_its_own_failure_an_order_was_not_stopped(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [*steps(60), (61, OOM), (61, PREEMPTED)] for rank in range(4)}
    answer = cases.asked(tmp_path, logs)
    assert (answer.kind, answer.cause) == ("uniform", "gpu_oom"), answer.text
    logs = {f"rank{rank}.log": [*steps(60), (61, PREEMPTED)] for rank in range(4)}
    assert cases.asked(tmp_path, logs).kind == "outside"


@pytest.mark.parametrize(
    ("text", "kind"), [(OOM, "uniform"), ("OSError: [Errno 5] Input/output error", "unknown")]
)
def test_what_no_order_brings_about_came_before_it_where_all_have_it(
    tmp_path: Path, text: str, kind: str
) -> None:
    for rank in range(4):
        (tmp_path / f"rank{rank}.log").write_text(f"2026-11-22 02:00:00 step 1 loss 2.0\n{text}\n")
    (tmp_path / "sched.log").write_text(LIMIT + "\n")
    answer = cases.asked(tmp_path, {})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("done", "kind"), [(4, "none"), (3, "outside")])
def test_a_job_that_came_to_its_end_after_an_order_did_not_fail(tmp_path: Path, done: int, kind: str) -> None:
    end = [*((at, f"step {at} loss 2.0") for at in range(90, 200, 10)), (300, "Job completed successfully")]
    logs = {f"rank{rank}.log": [*steps(60), *end[: None if rank < done else 0]] for rank in range(4)}
    answer = cases.asked(tmp_path, {**logs, "sched.log": [(60, LIMIT.replace("TIME LIMIT", "PREEMPTION"))]})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize("told", ["order", "exit"])
def test_whom_a_launcher_was_told_to_end_the_others_lost(tmp_path: Path, told: str) -> None:
    agent = (
        "WARNING:torch.distributed.elastic.agent.server.api:Received 15 death signal, shutting down workers"
    )
    ended = (
        "torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -11) local_rank: 0 (pid: 9)"
    )
    lost = "RuntimeError: [gloo/transport/tcp/pair.cc:598] Connection closed by peer [10.244.3.18]:42117"
    worked = steps(60)
    logs = {
        "rank0.log": [*worked[:-1], (53, lost)],
        "rank1.log": worked[:-1],
        "agent-h1.log": [*([(51, ended)] if told == "exit" else []), (52, agent)],
    }
    assert (cases.asked(tmp_path, logs).kind == "outside") == (told == "order")


@pytest.mark.parametrize("witness", [False, True])
def test_what_ranks_alone_say_of_an_order_is_not_certain(tmp_path: Path, witness: bool) -> None:
    end = [*steps(60), (61, "maxtext.exceptions.StopTraining: Job is preempted.")]
    logs = {f"rank{rank}.log": end for rank in range(4)}
    if witness:
        logs["sched.log"] = [(60, LIMIT.replace("TIME LIMIT", "PREEMPTION"))]
    answer = cases.asked(tmp_path, logs)
    assert (answer.kind, answer.certainty == "certain") == ("outside", witness), answer.text


def _events(job: str) -> list[tuple[int, str]]:
    return [
        (1, "Normal   Scheduled  pod/llama-worker-0  Successfully assigned to node-a"),
        (9, "Warning  FailedMount  pod/llama-worker-0  MountVolume.SetUp failed: timed out waiting"),
        (30, "Warning  Evicted  pod/fluent-bit-x7k2  The node was low on resource: ephemeral-storage."),
        (70, f"Normal  Running  {job}/llama  is running"),
    ]


@pytest.mark.parametrize(("job", "kind"), [("pytorchjob", "none"), ("deployment", "outside")])
def test_a_pod_that_is_not_called_after_the_job_is_none_of_its(tmp_path: Path, job: str, kind: str) -> None:
    logs = {f"rank{rank}.log": steps(60) for rank in range(4)}
    answer = cases.asked(tmp_path, {**logs, "events.log": _events(job)})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("done", "kind"), [(140, "none"), (55, "outside")])
def test_a_worker_that_was_preempted_ended_no_job_that_its_driver_finished_long_after(
    tmp_path: Path, done: int, kind: str
) -> None:
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of 4 is up")] for rank in range(4)}
    said = [(50, "A worker died: the node was preempted."), (done, "Finished training")]
    answer = cases.asked(tmp_path, {**logs, "driver.log": said})
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(
    ("sched", "kind"), [("sacct: 7.0 COMPLETED 0:0", "none"), ("sacct: job 7 TIMEOUT", "outside")]
)
def test_a_program_that_ran_for_as_long_as_it_was_told_to_was_not_stopped(
    tmp_path: Path, sched: str, kind: str
) -> None:
    logs = {f"rank{rank}.log": steps(60) for rank in range(4)}
    logs["rank0.log"].append((61, "[exiting program after 1.0 minutes] datetime: 2026-11-22 02:01:01"))
    answer = cases.asked(tmp_path, {**logs, "sched.log": [(63, sched)]})
    assert answer.kind == kind, answer.text


def test_a_key_that_was_pressed_in_a_notebook_is_an_order(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [*steps(60), (61, "weights saved in model.bin")] for rank in range(2)}
    told = [
        (1, "In [7]: notebook_launcher(loop, num_processes=2)"),
        (90, "KeyboardInterrupt                 Traceback (most recent call last)"),
        (90, "Cell In[8], line 1"),
        (90, "----> 1 predict_all(test_loader)"),
        (90, "KeyboardInterrupt: "),
    ]
    answer = cases.asked(tmp_path, {**logs, "driver.log": told})
    assert (answer.kind, answer.cause) == ("outside", "signalled"), answer.text
