"""Which rank a file's lines are by, where only some of them say it."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"


def write(folder: Path, prefixed: dict[int, int | None]) -> None:
    """The logs of replicas, each with lines of the program, and one behind the prefix of the rank that is given."""
    for replica, rank in prefixed.items():
        path = folder / f"trainer/{replica}/stderr.log"
        path.parent.mkdir(parents=True)
        lines = [f"2026-11-22 02:00:0{second} step {second} loss 2.1\n" for second in range(6)]
        if rank is not None:
            lines.append(f"[rank{rank}]: 2026-11-22 02:00:07 WARNING slow\n")
        if replica == 1:
            lines.append(f"2026-11-22 02:00:08 {OOM}")
        path.write_text("".join(lines))


@pytest.mark.parametrize(
    ("prefixed", "names"),
    [
        # One process a replica: the number of the replica is the rank, also of one that never said so.
        ({0: 0, 1: 1, 2: 2}, {"0", "1", "2"}),
        ({0: 0, 1: None, 2: 2}, {"0", "1", "2"}),
        # Several processes in each, or another order: nobody knows whose the other lines are.
        ({0: 0, 1: 8, 2: 16}, {"0", "8", "16", "trainer/1"}),
        ({0: 2, 1: None, 2: 0}, {"0", "2", "trainer/1"}),
        # The first of several processes would say the same.
        ({0: 0, 1: None, 2: None}, {"0", "trainer/1", "trainer/2"}),
        ({0: None, 1: None, 2: None}, {"trainer/0", "trainer/1", "trainer/2"}),
    ],
)
def test_a_replica_is_the_rank_of_its_number_where_the_lines_agree(
    tmp_path: Path, prefixed: dict[int, int | None], names: set[str]
) -> None:
    write(tmp_path, prefixed)
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} >= names - {"trainer/1"}
    if "1" in names:
        assert {rank.name for rank in told.ranks} == names
        assert (told.diagnosis.ranks, told.diagnosis.cause) == (("1",), "gpu_oom"), told.diagnosis.text
        assert {rank.name: rank.lines for rank in told.ranks}["1"] == (7 if prefixed[1] is None else 8)
    else:
        assert told.diagnosis.ranks != ("1",)


def test_what_lightning_says_of_devices_is_no_prefix(tmp_path: Path) -> None:
    for replica in range(2):
        path = tmp_path / f"trainer/{replica}/stderr.log"
        path.parent.mkdir(parents=True)
        lines = [f"LOCAL_RANK: {replica} - CUDA_VISIBLE_DEVICES: [0,1]\n", "epoch 1\n", "epoch 2\n"]
        path.write_text("".join([*lines, OOM] if replica == 1 else lines))
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} == {"trainer/0", "trainer/1"}
    assert told.diagnosis.ranks == ("trainer/1",), told.diagnosis.text


@pytest.mark.parametrize(("numbers", "ranks"), [((0, 1, 2, 3), ("h1.log:2",)), ((0, 1, 0, 1), ("2",))])
def test_local_numbers_that_do_not_begin_again_on_each_host_are_those_of_the_job(
    tmp_path: Path, numbers: tuple[int, ...], ranks: tuple[str, ...]
) -> None:
    for host in range(2):
        own = numbers[2 * host : 2 * host + 2]
        lines = [f"[default{number}]:2026-11-22 02:00:0{at} step {at}\n" for at in range(4) for number in own]
        (tmp_path / f"h{host}.log").write_text("".join(lines))
    said = "torch.multiprocessing.spawn.ProcessExitedException: process 2 terminated with signal SIGKILL\n"
    (tmp_path / "driver.log").write_text(f"2026-11-22 02:00:09 {said}")
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert answer.ranks == ranks, answer.text


def write_folders(
    folder: Path, names: list[str], failed: str, *, apart: bool = True, tells: str = ""
) -> None:
    """Two logs in each of two directories, of processes that are `apart` or the same; one of them runs out of memory.

    `tells` says where the rank stands on a line: nowhere, in the words of the "watchdog", or as a "prefix".
    """
    for first, name in enumerate(names):
        for local in range(2):
            rank = 2 * first + local if apart else local
            path = folder / name / f"rank{local}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"2026-11-22 02:00:0{second} step {second} loss 2.1\n" for second in range(6)]
            if tells == "prefix":
                lines.append(f"[rank{rank}]: 2026-11-22 02:00:06 WARNING slow\n")
            if failed == f"{name}/rank{local}":
                lines.append(f"2026-11-22 02:00:08 {OOM}")
            elif tells == "watchdog" and (apart or local):
                lines.append(
                    f"[rank{rank}]:[E1122 02:10:08.000 ProcessGroupNCCL.cpp:629] [Rank {rank}] Watchdog caught "
                    "collective operation timeout: WorkNCCL(SeqNum=7, OpType=ALLREDUCE, Timeout(ms)=600000) ran\n"
                )
            path.write_text("".join(lines))


def test_each_host_that_numbers_its_processes_has_ranks_of_its_own(tmp_path: Path) -> None:
    write_folders(tmp_path, ["node0", "node1"], "node1/rank0")
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert [rank.name for rank in told.ranks] == ["node0/rank0", "node0/rank1", "node1/rank0", "node1/rank1"]
    assert (told.diagnosis.ranks, told.diagnosis.cause) == (("node1/rank0",), "gpu_oom"), told.diagnosis.text


@pytest.mark.parametrize("hosts", [["node0", "node1"], ["left", "right"]])
@pytest.mark.parametrize("tells", ["watchdog", "prefix"])
def test_what_the_lines_say_of_themselves_is_the_rank(tmp_path: Path, hosts: list[str], tells: str) -> None:
    write_folders(tmp_path, hosts, f"{hosts[1]}/rank0", tells=tells)
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} == {"0", "1", "2", "3"}
    assert (told.diagnosis.ranks, told.diagnosis.cause) == (("2",), "gpu_oom"), told.diagnosis.text


@pytest.mark.parametrize(
    "names", [["main", "nccl"], ["run1", "run2"], ["2026-11-21", "2026-11-22"], ["node1", "node2"]]
)
def test_a_name_that_may_be_of_two_processes_is_not_certain(tmp_path: Path, names: list[str]) -> None:
    write_folders(tmp_path, names, f"{names[1]}/rank0", apart=False, tells="watchdog")
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} == {"0", "1"}
    assert (told.diagnosis.ranks, told.diagnosis.certainty) == (("0",), "likely"), told.diagnosis.text


def test_the_streams_of_a_rank_are_one_process(tmp_path: Path) -> None:
    write_folders(tmp_path, ["stdout", "stderr"], "stderr/rank0", apart=False, tells="watchdog")
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} == {"0", "1"}
    assert (told.diagnosis.ranks, told.diagnosis.certainty) == (("0",), "certain"), told.diagnosis.text


def test_a_list_of_ranks_that_stall_is_by_who_wrote_the_list(tmp_path: Path) -> None:
    for local in range(4):
        log = tmp_path / f"trainer/job_x/attempt_0/{local}/stderr.log"
        log.parent.mkdir(parents=True)
        stalled = ["Stalled ranks:", "3: [allreduce.grad_0, allreduce.grad_1]"] * (local == 0)
        log.write_text("\n".join([f"step {step} loss 2.0" for step in range(1, 5)] + stalled) + "\n")
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


@pytest.mark.parametrize(
    ("local", "names"), [(True, {"0", "1", "2"}), (False, {"trainer/0", "trainer/1", "trainer/2"})]
)
def test_a_local_number_beside_a_rank_is_of_the_same_process(
    tmp_path: Path, local: bool, names: set[str]
) -> None:
    for replica in range(3):
        log = tmp_path / f"trainer/{replica}/stderr.log"
        log.parent.mkdir(parents=True)
        told = f"LOCAL_RANK: {replica % 2} - CUDA_VISIBLE_DEVICES: [0,1]\n[rank: {replica}] Received SIGTERM: 15\n"
        log.write_text(f"step 1 loss 2.0\n{told * local}step 2 loss 2.0\n")
    ranks = logdex.open(tmp_path, tz="UTC", index=False).ranks()
    assert {rank.name for rank in ranks.ranks} == names
