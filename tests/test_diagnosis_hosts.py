"""What launchers and libraries tell of hosts and of all ranks, where no rank's own words name it."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest
from diagnosis_cases import asked
from logdex.diagnosis.course.stall import behind
from logdex.diagnosis.places.hosts import of_witness
from logdex.diagnosis.places.pids import of_ranks
from logdex.diagnosis.records.events import Event, Speaker, Tail
from logdex.diagnosis.records.similar import is_indented, is_of_stack
from logdex.diagnosis.records.taxonomy import classify

WATCHDOG = (
    "[Rank {}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=51, OpType=ALLREDUCE)"
    " ran for 600010 milliseconds before timing out."
)
ENDED = (
    "{}: [ERROR] [launch.py:321:sigkill_handler] ['/usr/bin/python', 'pretrain.py', '--local_rank=1']"
    " exits with return code = -6"
)


def of_hosts(first: int, second: int, **more: list[tuple[int, str]]) -> dict[str, list[tuple[int, str]]]:
    """Four ranks on two hosts, whose launchers each saw a process end."""
    logs = {f"rank{rank}.log": [(10, f"rank {rank} of 4 is up")] for rank in range(4)}
    logs["rank0.log"] += [(at, f"step {at}") for at in range(20, 60, 10)]
    logs["rank0.log"] += [(700, WATCHDOG.format(0))]
    logs["rank1.log"] += [(700, WATCHDOG.format(1))]
    logs["agent-h1.log"] = [(first, ENDED.format("h1"))]
    logs["agent-h0.log"] = [(second, ENDED.format("h0"))]
    return {name: [*lines, *more.get(name.removesuffix(".log"), [])] for name, lines in logs.items()}


def test_the_host_is_named_whose_launcher_saw_a_process_end_long_before_the_others(tmp_path: Path) -> None:
    answer = asked(tmp_path, of_hosts(90, 710))
    assert (answer.kind, answer.hosts, answer.certainty) == ("host", ("h1",), "likely")


def test_no_host_is_named_where_launchers_saw_them_end_together(tmp_path: Path) -> None:
    answer = asked(tmp_path, of_hosts(708, 710))
    assert answer.kind != "host"


def test_no_host_is_named_where_one_has_a_cause_of_its_own(tmp_path: Path) -> None:
    boom = [(88, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.64 GiB")]
    answer = asked(tmp_path, of_hosts(90, 710, rank3=boom))
    assert (answer.kind, answer.ranks) == ("rank", ("3",))


def test_an_error_that_names_nearly_all_ranks_is_of_all(tmp_path: Path) -> None:
    def logs(named: str) -> dict[str, list[tuple[int, str]]]:
        said = f"torch.distributed.checkpoint.api.CheckpointException: CheckpointException ranks:dict_keys([{named}])"
        lines = [(10, "step 1"), (20, "step 2"), (30, "Traceback (most recent call last):"), (30, said)]
        return {f"rank{rank}.log": [(5, f"rank {rank} of 4 is up"), *lines] for rank in range(4)}

    assert asked(tmp_path, logs("0, 1, 2, 3")).kind == "uniform"
    answer = asked(tmp_path, logs("2"))
    assert (answer.kind, answer.ranks) == ("rank", ("2",))


def test_a_driver_that_quotes_an_error_of_all_ranks_tells_of_all(tmp_path: Path) -> None:
    said = "CheckpointException: CheckpointException ranks:dict_keys([{}])"
    begun = (0, "workers up, world_size=4 strategy=fsdp")
    answer = asked(tmp_path, {"driver.log": [begun, (30, said.format("0, 1, 2, 3"))]})
    assert (answer.kind, answer.ranks) == ("uniform", ("0", "1", "2", "3")), answer.text


def out_of_memory(host: str) -> list[tuple[int, str]]:
    return [
        (
            90,
            "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step tasks have been OOM Killed.",
        ),
        (91, f"srun: error: {host}: task 1: Out Of Memory"),
    ]


def test_the_host_is_named_whose_task_the_scheduler_saw_run_out_of_memory(tmp_path: Path) -> None:
    logs = of_hosts(708, 710)
    del logs["agent-h0.log"], logs["agent-h1.log"]
    answer = asked(tmp_path, logs | {"sched.log": out_of_memory("gpu-b7")})
    assert (answer.kind, answer.hosts) == ("host", ("gpu-b7",)), answer.text
    both = [*out_of_memory("gpu-b7"), *out_of_memory("gpu-b8")]
    answer = asked(tmp_path, logs | {"sched.log": both})
    assert answer.hosts not in (("gpu-b7",), ("gpu-b8",)), answer.text


def test_a_file_may_be_called_after_a_host_as_others_are_named() -> None:
    witness = Speaker("agent", "/logs/agent-cw-h12.log", is_rank=False)
    assert of_witness([], witness, {"0": "cw-h3"}) == "cw-h12"
    assert of_witness([], witness, {"0": "cw-h3", "1": "h1"}) != "h1"
    assert of_witness([], witness, {}) == "h12"


def test_who_waits_in_a_collective_has_enqueued_it() -> None:
    def speaker(rank: int, text: str) -> Speaker:
        one = Speaker(str(rank), f"rank{rank}.log")
        known = classify(text)
        assert known is not None
        one.events = [Event(one.path, 9, 9, 1.0, 1.0, True, text, *known, speaker=one.name)]
        return one

    dumped = (
        "[PG ID 0 PG GUID 0(default_pg) Rank 0] Received a dump signal due to a collective timeout from  rank 2."
        " Last enqueued NCCL work: {}, last completed NCCL work: 50."
    )
    waiting = [speaker(rank, WATCHDOG.format(rank)) for rank in (1, 2, 3)]
    assert behind([speaker(0, dumped.format(50)), *waiting]) == "0"
    assert behind([speaker(0, dumped.format(51)), *waiting]) is None


def test_a_level_that_a_rank_lived_with_is_not_the_cause_that_it_names_later(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(5, f"rank {rank} of 4 is up")] for rank in range(4)}
    logs["rank0.log"] += [(at, f"step {at}") for at in range(10, 200, 10)]
    logs["rank2.log"] += [
        (7, "ERROR plugin: no config of its own"),
        (201, "CUDA error: uncorrectable ECC error encountered"),
    ]
    answer = asked(tmp_path, logs)
    assert (answer.ranks, answer.cause) == (("2",), "gpu_hw")


def test_replicas_are_ranks_where_there_are_as_many(tmp_path: Path) -> None:
    def names(world: int) -> set[str]:
        folder = tmp_path / str(world)
        for replica in range(3):
            log = folder / "trainer" / str(replica) / "stderr.log"
            log.parent.mkdir(parents=True)
            lines = [f"using world size: {world} and model-parallel size: 1", "loading"]
            lines += ["[Rank 0] time (ms) | setup: 3"] if replica == 0 else []
            log.write_text("".join(f"2026-11-22 02:00:0{replica} {line}\n" for line in lines))
        ranks = logdex.open(folder, tz="UTC", index=False).ranks()
        return {rank.name for rank in ranks.ranks if not rank.is_witness}

    assert names(3) == {"0", "1", "2"}
    assert names(6) != {"0", "1", "2"}


def test_a_pod_of_several_numbers_is_that_of_the_last() -> None:
    known = classify("pod/lex-slice-0-5 container/jax-tpu terminated exitCode=1 reason=Error")
    assert known is not None
    assert known[1] is not None
    assert (known[0].class_, known[1]["rank"], known[1]["code2"]) == ("pod", "5", "1")


def test_a_child_of_which_a_rank_tells_is_not_that_rank() -> None:
    ranks = [Speaker(str(number), f"rank{number}.log") for number in range(2)]
    told = ["[rank0]: rank 0 pid 510", "[rank0]: [rank: 1] Child process with PID 511"]
    ranks[0].tail = [Tail(text, None, number) for number, text in enumerate(told)]
    ranks[1].tail = [Tail("[rank1]: rank 1 pid 511", None, 1)]
    assert of_ranks(ranks) == {"510": "0", "511": "1"}


def test_a_thread_that_waits_for_its_queue_is_in_no_collective(tmp_path: Path) -> None:
    reader = ["Timeout (0:05:00)!", "Thread 0x1 (most recent call first):"]
    reader += ['  File "/usr/lib/threading.py", line 327 in wait', "Thread 0x2 (most recent call first):"]
    waits = '  File "/lib/torch/cuda/__init__.py", line 9 in synchronize'
    locked = '  File "/usr/lib/logging.py", line 9 in acquire'
    steps = [(at, f"step {at}") for at in (10, 20, 30)]
    logs = {
        f"rank{rank}.log": [*steps, *[(330, line) for line in [*reader, locked if rank == 2 else waits]]]
        for rank in range(4)
    }
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",))


def test_a_frame_is_one_behind_any_prefix() -> None:
    assert all(is_indented(f"{prefix}  File") for prefix in ("", "[rank3]: ", "[default3]:", "3: "))
    assert not any(
        is_indented(f"{prefix}step 3") for prefix in ("", "[rank3]: ", "[default3]:", "[default3]: ")
    )


def test_a_stack_is_known_whoever_wrote_it() -> None:
    lines = ("==== backtrace (tid: 382582) ====", " 0 0x0000000000043090 killpg()  ???:0", "=" * 33)
    assert all(is_of_stack(f"{prefix}{line}") for prefix in ("", "[rank3]: ") for line in lines)
    assert not any(map(is_of_stack, ("step 0 of 43090", "== epoch 3 ==", "loss 0x")))


def test_the_ranks_of_one_host_fell_together_though_nobody_names_it(tmp_path: Path) -> None:
    failed = "OSError: [Errno 5] Input/output error: '/local_disk0/mds/shard.{:05}.mds'"
    lost = (
        "RuntimeError: NCCL error: unhandled system error, remote process exited or there was a network error"
    )

    def logs(fell: range) -> dict[str, list[tuple[int, str]]]:
        logs = {f"rank{rank}.log": [(at, f"step {at}") for at in (10, 20)] for rank in range(12)}
        for rank in fell:
            logs[f"rank{rank}.log"].append((32 + rank // 3, failed.format(rank)))
        return {**logs, **{f"rank{rank}.log": [(10, "step 10"), (50, lost)] for rank in (0, 1, 8)}}

    answer = asked(tmp_path, logs(range(4, 8)))
    assert (answer.kind, answer.ranks) == ("rank", ("4", "5", "6", "7"))
    assert asked(tmp_path / "others", logs(range(3, 7))).kind == "unknown"


def test_a_launcher_has_the_ranks_that_all_others_leave(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(10, f"rank {rank} of 8 is up"), (20, "step 1")] for rank in range(8)}
    logs["agent-h0.log"] = [
        (62, "Root Cause (first observed failure): [0]: time=62 rank: 1 (local_rank: 1) exitcode: 1 host: h0")
    ]
    logs["agent-h1.log"] = [
        (40, "failed (exitcode: -11) local_rank: 2 (pid: 4124) of binary: /usr/bin/python3")
    ]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("6",))


def test_launchers_alone_do_not_say_how_many_ranks_there_are(tmp_path: Path) -> None:
    root = "Root Cause (first observed failure): [0]: time=62 rank: 1 (local_rank: 1) exitcode: 1 host: h0"
    other = "failed (exitcode: -11) local_rank: 2 (pid: 4124) of binary: /usr/bin/python3"
    answer = asked(tmp_path, {"agent-h0.log": [(62, root)], "agent-h1.log": [(40, other)]})
    assert answer.certainty != "certain", answer.text


def test_a_daemon_that_does_not_start_is_of_its_host_and_no_rank(tmp_path: Path) -> None:
    said = "orted: error while loading shared libraries: libcudart.so.10.0: cannot open shared object file"
    logs = {"agent-h0.log": [(12, "ORTE was unable to reliably start one or more daemons.")]}
    answer = asked(tmp_path, {**logs, "agent-h1.log": [(11, said)]})
    assert (answer.kind, answer.hosts, answer.cause) == ("host", ("h1",), "env")
    assert asked(tmp_path / "alone", {"job.log": [(11, said)]}).kind == "unknown"


def test_a_gpu_that_a_kernel_lost_is_of_its_host_where_no_rank_names_a_cause(tmp_path: Path) -> None:
    logs = {
        f"rank{rank}.log": [(10, "step 1"), (20, "step 2"), (640, WATCHDOG.format(rank))] for rank in range(4)
    }
    lost = [(30, "kernel: NVRM: fallen off the bus and is not responding to commands.")]
    answer = asked(tmp_path, {**logs, "agent-h1.log": lost})
    assert (answer.kind, answer.hosts, answer.cause) == ("host", ("h1",), "gpu_hw")


def test_tasks_that_all_crash_at_once_fell_alike(tmp_path: Path) -> None:
    def logs(last: int) -> dict[str, list[tuple[int, str]]]:
        crash = "srun: error: h{}: task {}: Segmentation fault (core dumped)"
        logs = {f"rank{rank}.log": [(10, "Starting training")] for rank in range(2)}
        step = (14, "srun: Terminating job step 20370799.1")
        return {**logs, "sched.log": [(14, crash.format(1, 1)), step, (last, crash.format(0, 0))]}

    assert asked(tmp_path, logs(14)).kind == "uniform"
    assert asked(tmp_path / "later", logs(90)).ranks == ("1",)


def test_a_rank_that_alone_came_to_an_operation_is_out_of_step(tmp_path: Path) -> None:
    def logs(*lists: str) -> dict[str, list[tuple[int, str]]]:
        waits = ", ".join(f"{'gradients_' * 40}{at} [ready ranks: {one}]" for at, one in enumerate(lists))
        said = "One or more tensors were submitted to be reduced, gathered or broadcasted by subset of ranks and are"
        logs = {f"rank{rank}.log": [(10, "step 1")] for rank in range(4)}
        return {**logs, "rank0.log": [(10, "step 1"), (95, f"{said} waiting. Stalled ops: {waits}")]}

    for lists in (["3", "2, 0, 1", "2, 0, 1"], ["0, 2, 1"]):
        answer = asked(tmp_path / str(len(lists)), logs(*lists))
        assert (answer.kind, answer.ranks) == ("rank", ("3",))
    assert asked(tmp_path / "two", logs("0, 1", "2, 3")).kind == "unknown"


def test_a_time_that_a_launcher_counts_from_its_start_is_no_moment(tmp_path: Path) -> None:
    root = "Root Cause (first observed failure): [0]: time={} rank: 1 (local_rank: 1) exitcode: 1 host: h0"
    logs = {f"rank{rank}.log": ["step 1", "step 2"] for rank in range(4)}
    for name, lines in {**logs, "agent-h0.log": [root.format(62)]}.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.kind, answer.ranks, answer.time) == ("rank", ("1",), None)
    assert "1970" not in answer.text
    # Nor is it before what another launcher saw, which has a stamp.
    stamped = {name: [(10, line) for line in lines] for name, lines in logs.items()}
    stamped["agent-h0.log"] = [(70, root.format(62))]
    stamped["agent-h1.log"] = [
        (40, "failed (exitcode: 1) local_rank: 0 (pid: 4124) of binary: /usr/bin/python3")
    ]
    assert asked(tmp_path / "stamped", stamped).ranks == ("2",)


def test_the_host_is_named_whose_kernel_wrote_the_line(tmp_path: Path) -> None:
    logs = {
        f"rank{rank}.log": [(10, f"h{rank // 2}:410{rank}:1 [0] NCCL INFO up"), (20, "step 1")]
        for rank in range(4)
    }
    logs["kernels.log"] = [(30, "h1 kernel: NVRM: GPU 0000:03:00.0: GPU has fallen off the bus.")]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.hosts, answer.cause) == ("host", ("h1",), "gpu_hw")


def test_a_node_that_ray_marks_as_dead_is_known_by_what_any_release_calls_its_address() -> None:
    for word in ("ip", "address"):
        told = classify(
            f"The node with node id: 8f205b and {word}: h1 has been marked dead because the detector has missed"
        )
        assert told is not None
        assert (told[0].class_, told[1] and told[1]["host6"]) == ("node", "h1")


def test_of_jobs_that_never_began_the_host_is_named_whose_launcher_failed_by_itself(tmp_path: Path) -> None:
    gave_up = "torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError"
    logs = {f"agent-h{host}.log": [(600 + host, gave_up)] for host in range(3)}
    assert asked(tmp_path / "all", logs).kind != "host"
    logs["agent-h2.log"] = [(6, "ValueError: host not found: Name or service not known")]
    answer = asked(tmp_path / "one", logs)
    assert (answer.kind, answer.hosts, answer.certainty) == ("host", ("h2",), "likely")
    logs["agent-h1.log"] = [(5, "ValueError: host not found: Name or service not known")]
    assert asked(tmp_path / "two", logs).hosts != ("h2",)


def test_of_jobs_that_never_began_the_first_attempt_tells_where_the_later_ones_only_waited(
    tmp_path: Path,
) -> None:
    again = "[default] Rendezvous'ing worker group"
    closed = "torch.distributed.elastic.rendezvous.api.RendezvousClosedError"
    logs = {f"agent-h{host}.log": [(1, again), (9 + host, closed)] for host in range(2)}
    logs["agent-h1.log"][1:] = [(6, "ValueError: Key not found: /torch/elastic/store")]
    for host in range(2):
        logs[f"agent-h{host}.log"] += [(30, again), (33 + host, closed)]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.hosts, answer.certainty) == ("host", ("h1",), "likely"), answer.text


def test_the_ranks_whose_devices_were_not_ready_are_named_and_not_the_one_that_ended_first(
    tmp_path: Path,
) -> None:
    failed = "h1: Test CUDA failure common.cu:941 'system not yet initialized'"
    logs = {f"rank{rank}.log": [(5, "# Using devices"), (6, f"Rank {rank} on h0")] for rank in range(4)}
    logs |= {f"rank{rank}.log": [(7, failed)] for rank in range(4, 8)}
    said = ["The first process to do so was:", "  Process name: [[29973,1],5]", "  Exit code:    3"]
    answer = asked(tmp_path, {**logs, "driver.log": [(9, line) for line in said]})
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("4", "5", "6", "7"), "env"), answer.text


@pytest.mark.parametrize(("odd", "kind"), [(None, "host"), (6, "rank")])
def test_what_all_processes_of_a_machine_lack_none_of_them_lacked_first(
    tmp_path: Path, odd: int | None, kind: str
) -> None:
    logs = {f"rank{rank}.log": [(5, f"rank {rank} of 9 is up, node: h{rank // 5}")] for rank in range(9)}
    for rank in range(9):
        logs[f"rank{rank}.log"] += [(at, f"step {at} loss 2.0") for at in (10, 20)]
    for rank in range(5, 9) if odd is None else [odd]:
        logs[f"rank{rank}.log"] += [(21, "RuntimeError: No CUDA GPUs are available")]
    root = "Root Cause (first observed failure): [0]: time=2026-11-22_02:00:22 rank: 6 (local_rank: 1) exitcode: 1"
    answer = asked(tmp_path, {**logs, "agent-h1.log": [(23, f"{root} host: h1")]})
    assert (answer.kind, answer.cause) == (kind, "env"), answer.text
    assert answer.hosts == ("h1",), answer.text
    assert answer.ranks == (("5", "6", "7", "8") if odd is None else ("6",)), answer.text


def test_a_file_in_which_torchruns_agent_speaks_is_no_rank(tmp_path: Path) -> None:
    said = "torch.distributed.elastic.rendezvous.api.RendezvousConnectionError: The connection to the store failed."
    answer = asked(
        tmp_path, {"job.log": [(5, "INFO starting"), (6, "ValueError: host not found"), (6, said)]}
    )
    assert not answer.ranks


def test_the_host_is_named_on_which_no_container_could_be_started(tmp_path: Path) -> None:
    waited = "torch.distributed.DistStoreError: Timed out after 1801 seconds waiting for clients. 2/4 clients joined."
    logs = {f"rank{rank}.log": [(6, f"rank {rank} of 4 is up"), (1808, waited)] for rank in range(2)}
    failed = (
        "docker: Error response from daemon: failed to create shim: OCI runtime create failed: no such file"
    )
    answer = asked(tmp_path, {**logs, "agent-h1.log": [(4, failed)]})
    assert (answer.kind, answer.hosts, answer.cause) == ("host", ("h1",), "env")
