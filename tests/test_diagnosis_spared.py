"""Who said nothing while all others raised alike, whom launchers and Ray name, and a launcher of other hosts' ranks."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import logdex
import pytest
from logdex.diagnosis import Diagnosis

_FRAME = 'Traceback (most recent call last):\n  File "/app/run.py", line 7, in <module>\n    go()\n'
_ALL_RAISE = "2026-09-14 02:05:00,000 " + _FRAME + "zorp.QuuxFault: collective broken\n"


def _ask(folder: Path, **logs: str) -> Diagnosis:
    for name, text in logs.items():
        (folder / f"{name.replace('_', '-')}.log").write_text(text)
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def _started(ranks: int) -> dict[str, str]:
    return {f"rank{rank}": f"2026-09-14 02:00:00,0{rank:02d} rank {rank} ready\n" for rank in range(ranks)}


def _with_all_but_the_first(ranks: int) -> dict[str, str]:
    return {name: text + _ALL_RAISE * (name != "rank0") for name, text in _started(ranks).items()}


def test_who_still_worked_when_all_others_had_failed_is_the_one(tmp_path: Path) -> None:
    logs = _with_all_but_the_first(8)
    logs["rank0"] += "".join(
        f"2026-09-14 02:0{minute}:30,000 Processed prompts: {minute}00/1000\n" for minute in range(9)
    )
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("0",), "busy"), answer.text


def test_who_only_says_that_it_lives_may_have_failed_too(tmp_path: Path) -> None:
    logs = _with_all_but_the_first(8)
    logs["rank0"] += "".join(f"2026-09-14 02:0{minute}:30,000 heartbeat {minute}\n" for minute in range(9))
    answer = _ask(tmp_path, **logs)
    assert answer.certainty == "cannot tell", answer.text


def test_the_silent_one_of_whom_a_witness_speaks_is_named(tmp_path: Path) -> None:
    said = "2026-09-14 02:05:00,500 ZorpWorker rank=[0] vanished, no reply\n"
    answer = _ask(tmp_path, driver=said, **_with_all_but_the_first(8))
    assert (answer.kind, answer.ranks) == ("rank", ("0",)), answer.text
    assert answer.certainty == "likely"


def _of_ray(rank: int) -> str:
    return "".join(
        f"2026-09-14 02:0{at}:00,000 (RayTrainWorker pid=52{rank}0, ip=10.0.0.{rank // 2}) batch {at} of 90\n"
        for at in range(4)
    )


@pytest.mark.parametrize("where", ["    pid: 5230\n", "\tpid: 5230\n"])
def test_the_actor_that_died_is_the_rank_of_its_process(tmp_path: Path, where: str) -> None:
    said = (
        "ray.exceptions.ActorDiedError: The actor died unexpectedly.\n    class_name: RayTrainWorker\n"
        + where
    )
    answer = _ask(tmp_path, driver=said, **{f"rank{rank}": _of_ray(rank) for rank in range(4)})
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("3",), "exit"), answer.text


def test_a_number_of_a_process_that_ray_does_not_tell_of_accuses_nobody(tmp_path: Path) -> None:
    answer = _ask(tmp_path, driver="    pid: 5230\n", **{f"rank{rank}": _of_ray(rank) for rank in range(4)})
    assert answer.kind != "rank", answer.text


def _of_verl(name: str) -> str:
    return (
        "(TaskRunner pid=7001) step:2 - actor/pg_loss:0.02 - timing_s/step:43.9\n"
        "ray.exceptions.RayTaskError(ActorDiedError): ray::TaskRunner.run() (pid=7001, ip=10.0.0.7)\n"
        "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.\n"
        "\tclass_name: create_colocated_worker_cls.<locals>.WorkerDict\n\tactor_id: 2ff188\n\tpid: 8110\n"
        f"\tname: {name}\n\tnamespace: 781b91a0\n\tip: 10.0.0.7\n"
        "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR\n"
    )


def test_an_actor_of_verl_that_died_is_the_rank_in_its_name(tmp_path: Path) -> None:
    answer = _ask(tmp_path, driver=_of_verl("daMARVWorkerDict_0:5"))
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("5",), "exit"), answer.text
    assert answer.certainty == "likely"


def test_an_actor_of_a_later_group_is_not_the_rank_that_it_is_within_that(tmp_path: Path) -> None:
    answer = _ask(tmp_path, driver=_of_verl("daMARVWorkerDict_1:5"))
    assert answer.certainty == "cannot tell", answer.text


def test_what_is_called_like_an_actor_accuses_nobody(tmp_path: Path) -> None:
    said = "config:\n    name: dense_0:5\n"
    answer = _ask(tmp_path, driver=said, **{f"rank{rank}": _of_ray(rank) for rank in range(4)})
    assert answer.kind != "rank", answer.text


@pytest.mark.parametrize("pid", [57, 29180])
def test_a_process_of_dask_is_no_rank_of_that_number(tmp_path: Path, pid: int) -> None:
    said = f"2026-09-14 02:05:00,400 distributed.nanny - INFO - Worker process {pid} was killed by signal 9\n"
    answer = _ask(
        tmp_path, worker=said, scheduler="2026-09-14 02:00:00,000 distributed.scheduler - INFO - up\n"
    )
    assert str(pid) not in answer.ranks, answer.text


def _of_spawn(*raised: str) -> str:
    head = 'Traceback (most recent call last):\n  File "/app/main.py", line 210\n    mp.spawn(work)\n'
    behind = "".join(
        f'Traceback (most recent call last):\n  File "/app/main.py", line 9, in work\n{one}\n'
        for one in raised
    )
    return (
        f"step 1 loss 2.0\n{head}torch.multiprocessing.spawn.ProcessRaisedException: \n\n"
        f"-- Process 2 terminated with the following error:\n{behind}"
    )


def test_what_a_spawned_process_raised_is_quoted(tmp_path: Path) -> None:
    answer = _ask(tmp_path, train=_of_spawn("    labels[target]\nIndexError: list index out of range"))
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("2",), "exception"), answer.text
    assert ("", "IndexError: list index out of range") in answer.facts


def test_a_spawned_process_of_which_nothing_else_is_said_ended_with_a_status(tmp_path: Path) -> None:
    answer = _ask(tmp_path, train=_of_spawn())
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("2",), "exit"), answer.text


@pytest.mark.parametrize("tag", ["(node-1 pid=66, ip=10.0.0.9)", "(worker1, rank=1, pid=66, ip=10.0.0.9)"])
def test_the_rank_is_named_of_whose_address_alone_a_driver_tells(tmp_path: Path, tag: str) -> None:
    said = "WARNING worker.py:1382 -- The node with node id: 677df2 and ip: 10.0.0.9 has been marked dead"
    logs = {
        "rank0.log": [(at, f"(node-0 pid=26) epoch {at} done") for at in (10, 20, 30)],
        "rank1.log": [(at, f"{tag} epoch {at} done") for at in (10, 20, 30)],
        "driver.log": [(90, said)],
    }
    answer = cases.asked(tmp_path, logs)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("1",), "node"), answer.text


def test_a_node_that_ray_names_by_its_address_is_that_of_the_ranks_there(tmp_path: Path) -> None:
    said = "WARNING worker.py:2052 -- The node with node id: 677df2 and address: 10.0.0.1 and node name: 10.0.0.1 has been marked dead\n"  # noqa: E501
    answer = _ask(tmp_path, driver=said, **{f"rank{rank}": _of_ray(rank) for rank in range(4)})
    assert (answer.kind, answer.hosts, answer.ranks) == ("host", ("10.0.0.1",), ("2", "3")), answer.text


def _agent(code: int, local: int) -> str:
    return f"2026-09-14 02:05:03,000 failed (exitcode: {code}) local_rank: {local} (pid: 4100) of binary: /opt/python\n"


def test_a_crash_comes_before_the_kills_of_the_rest(tmp_path: Path) -> None:
    said = "2026-09-14 02:05:03,000 n0: rank 0 died from signal 11 and dumped core\nn0: rank 4 died from signal 9\n"
    answer = _ask(tmp_path, agent=said, **_started(8))
    assert (answer.kind, answer.ranks, answer.certainty) == ("rank", ("0",), "likely"), answer.text


def test_a_launcher_whose_ranks_have_no_logs_here_names_none_of_the_others(tmp_path: Path) -> None:
    logs = {name.replace("rank", "rank14"): text for name, text in _started(8).items()}
    answer = _ask(tmp_path, agent_h3=_agent(-6, 0), **logs)
    assert answer.kind != "rank", answer.text


def test_a_launcher_is_of_the_ranks_that_are_on_no_other_host(tmp_path: Path) -> None:
    logs = _started(8)
    for rank in range(4, 8):
        logs[f"rank{rank}"] += (
            f"h1:41{rank}0:50 [{rank - 4}] NCCL WARN socketProgress: Connection closed by peer h0<1>\n"
        )
    answer = _ask(tmp_path, agent_h0=_agent(-9, 2), **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def test_what_python_ignores_ended_nobody(tmp_path: Path) -> None:
    ended = "2026-09-14 02:04:00,000 training completed\n"
    logs = {name: text + ended for name, text in _started(4).items()}
    ignored = (
        "Exception ignored in: <function Loader.__del__ at 0x7f>\n" + _FRAME + "AssertionError: a child\n"
    )
    logs["rank1"] += "2026-09-14 02:04:01,000 " + ignored
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.status) == ("none", 0), answer.text


def test_who_works_on_after_a_warning_lost_nobody(tmp_path: Path) -> None:
    warned = "2026-09-14 02:01:00,000 n:410:410 [0] NCCL WARN NET/IB : Unable to open device mlx5_bond_0\n"
    work = "".join(f"2026-09-14 02:0{at}:00,000 size {at}M busbw 341.{at}\n" for at in range(2, 8))
    logs = {name: text + warned * (name == "rank0") + work for name, text in _started(4).items()}
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.status) == ("none", 0), answer.text


def test_who_waited_for_itself_is_no_victim(tmp_path: Path) -> None:
    logs = {
        name: f"{text}2026-09-14 02:00:01,000 [INFO|zorp] rank {name[-1]} waiting for rank 0 to preprocess\n"
        for name, text in _started(4).items()
    }
    logs["rank0"] += "2026-09-14 02:03:00,000 " + _FRAME + "KeyError: 'tokens'\n"
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("0",)), answer.text


def test_who_told_of_trouble_before_all_others_saw_a_connection_close_left_first(tmp_path: Path) -> None:
    logs = _started(4)
    for name in logs:
        logs[name] += "2026-09-14 02:01:38,000 RuntimeError: Connection closed by peer [10.0.0.5]:10119\n" * (
            name != "rank0"
        )
    logs["rank0"] += "2026-09-14 02:01:30,000 zorp.CommError: the tracker has timed out after 90 s\n"
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("0",)), answer.text


def test_a_time_limit_long_after_all_fell_silent_is_not_surely_what_ended_it(tmp_path: Path) -> None:
    order = "slurmstepd: error: *** JOB 1 ON n CANCELLED AT 2026-09-14T09:00:00 DUE TO TIME LIMIT ***"
    limit = f"[2026-09-14T09:00:00] {order}\n"
    answer = _ask(tmp_path, slurm=limit, **_started(4))
    assert answer.certainty != "certain", answer.text


def _merged(tag: str, first: int, *, stamp: str = "") -> str:
    """One log of three processes, each behind its tag, of which the second raises first."""
    tags = [tag.format(number) for number in range(first, first + 3)]
    lines = [f"{one}worker ready" for one in tags]
    lines += [f"{one}step {step} loss 2.{step}" for step in range(3) for one in tags]
    lines += [tags[1] + line for line in (*_FRAME.splitlines(), "KeyError: 'tokens'")]
    for one in (tags[0], tags[2]):
        lines += [one + line for line in (*_FRAME.splitlines(), "ConnectionError: Connection closed by peer")]
    return "".join(f"{stamp}{line}\n" for line in lines)


@pytest.mark.parametrize("tag", ["worker-{}  | ", "{}: "])
def test_a_rank_is_named_behind_the_tags_of_those_who_merge_logs(tmp_path: Path, tag: str) -> None:
    stamp = "" if tag.startswith("worker") else "2026-09-14 02:00:00,000 "
    answer = _ask(tmp_path, driver=_merged(tag, 0, stamp=stamp))
    assert (answer.kind, answer.ranks, answer.certainty) == ("rank", ("1",), "likely"), answer.text


def test_containers_that_are_counted_from_one_are_no_ranks(tmp_path: Path) -> None:
    answer = _ask(tmp_path, driver=_merged("trainer-{}  | ", 1))
    assert answer.kind != "rank", answer.text


@pytest.mark.parametrize("others", [0, 40])
def test_what_mpirun_or_ray_tags_is_by_no_one_process(tmp_path: Path, others: int) -> None:
    # However many lines the driver has of its own.
    own = "".join(f"2026-09-14 02:00:{at:02} waiting, stage {at * 7}\n" for at in range(others))
    fell = "2026-09-14 02:01:00 [1,12]<stderr>:[node-3:17086] Signal: Segmentation fault (11)\n"
    fell += "2026-09-14 02:01:02 mpirun noticed that process rank 12 with PID 17086 on node node-3 exited on signal 11"
    answer = _ask(tmp_path, job=own + fell + " (Segmentation fault).\n")
    assert (answer.kind, answer.ranks) == ("rank", ("12",)), answer.text


def test_a_process_that_says_its_rank_behind_a_tag_of_ray_is_that_rank(tmp_path: Path) -> None:
    tag = "(TrainWorker pid=41{:02}, ip=10.0.0.1) "
    begun = "".join(
        f"{tag.format(pid)}Setting up process group for: env:// [rank={rank}, world_size=3]\n"
        for rank, pid in enumerate((2, 0, 1))
    )
    answer = _ask(tmp_path, driver=begun + _merged(tag, 0))
    assert (answer.kind, answer.ranks, answer.certainty) == ("rank", ("2",), "likely"), answer.text
