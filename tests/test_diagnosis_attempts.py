"""Who failed first where a job was started again with fewer ranks, where some fell silent, and where all ended well."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import logdex
import pytest
from logdex.diagnosis import Diagnosis

BEGIN = datetime(2026, 9, 14, 1, 58, tzinfo=timezone.utc)
PEER = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.00 GiB."


def steps(first: int, last: int, at: float) -> list[tuple[float, str]]:
    """A step every ten seconds."""
    return [(at + 10 * number, f"step {first + number} loss 2.0") for number in range(last - first + 1)]


def asked(folder: Path, logs: dict[str, list[tuple[float, str]]]) -> Diagnosis:
    """The answer for logs of which each line has a number of seconds since the job began."""
    for name, lines in logs.items():
        stamped = [f"{BEGIN + timedelta(seconds=at):%Y-%m-%d %H:%M:%S},000 {text}\n" for at, text in lines]
        (folder / name).write_text("".join(stamped))
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def started_again(failed: str) -> dict[str, list[tuple[float, str]]]:
    """Four ranks, of which the last ends with `failed`, and two are started again and then fail by rank 1's error."""
    lost = [*steps(1, 3, 5), (28.0, PEER)]
    return {
        "rank0.log": [*lost, *steps(1, 4, 60), (95.0, PEER)],
        "rank1.log": [*lost, *steps(1, 4, 60), (94.0, "KeyError: 'attention_mask'")],
        "rank2.log": lost,
        "rank3.log": [*steps(1, 3, 5), *([(27.0, failed)] if failed else [])],
    }


@pytest.mark.parametrize("failed", [OOM, ""])
def test_a_rank_without_which_a_job_was_started_again_did_not_end_it(tmp_path: Path, failed: str) -> None:
    answer = asked(tmp_path, started_again(failed))
    assert (answer.kind, answer.ranks) == ("rank", ("1",)), answer.text


def test_an_exit_before_a_restart_did_not_end_the_job(tmp_path: Path) -> None:
    """The launcher of the other host, whose rank was killed, was not started again."""
    killed = [(29.0, "failed (exitcode: -9) local_rank: 1 (pid: 4101) of binary: /opt/bin/python")]
    answer = asked(tmp_path, started_again("") | {"agent-h1.log": killed})
    assert (answer.kind, answer.ranks) == ("rank", ("1",)), answer.text


def test_a_rank_whose_job_was_not_started_again_is_still_named(tmp_path: Path) -> None:
    logs = started_again(OOM)
    logs = {name: [line for line in lines if line[0] < 50] for name, lines in logs.items()}
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_that_some_fell_silent_while_others_went_on_is_not_called_well(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": steps(1, 9 if rank < 2 else 4, 5) for rank in range(4)}
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("unknown", ("2", "3")), answer.text
    for rank in (2, 3):
        logs[f"rank{rank}.log"].append((41.0, "end of the shard, all is done"))
    assert asked(tmp_path, logs).kind == "none"


@pytest.mark.parametrize(("earlier", "kind"), [(0.5, "none"), (2.0, "none"), (8.0, "unknown")])
def test_a_rank_of_short_steps_is_not_silent_within_what_clocks_and_buffers_differ(
    tmp_path: Path, earlier: float, kind: str
) -> None:
    """A moment is many steps of a job that makes twenty a second."""
    logs = {
        f"rank{rank}.log": [(5 + step / 20, f"step {step} loss 2.0") for step in range(1, 600)]
        for rank in range(4)
    }
    logs["rank3.log"] = [line for line in logs["rank3.log"] if line[0] < 5 + 30 - earlier]
    assert asked(tmp_path, logs).kind == kind


def test_a_launcher_that_loses_the_store_when_the_work_is_done_is_no_failure(tmp_path: Path) -> None:
    lost = "The node 'h1' has failed to shutdown the rendezvous 'a' due to an error of type RendezvousConnectionError."
    logs = {f"rank{rank}.log": [*steps(1, 4, 5), (40.0, "training finished")] for rank in range(4)}
    logs["agent-h1.log"] = [(42.0, lost)]
    assert asked(tmp_path, logs).kind == "none"
    for rank in range(4):
        logs[f"rank{rank}.log"].pop()
    assert asked(tmp_path, logs).kind == "unknown"


@pytest.mark.parametrize(
    ("between", "status", "failed"), [(0, 400, False), (0, 500, True), (3, 422, False), (30, 400, True)]
)
def test_a_request_that_a_server_refused_is_no_failure_of_the_server(
    tmp_path: Path, between: int, status: int, failed: bool
) -> None:
    raised = [(6.0, "Traceback (most recent call last):"), (6.0, "ValueError: the prompt is too long")]
    served = [(6.1, f'10.0.0.4:5512 - "POST /v1/completions HTTP/1.1" {status} Odd')]
    usual = [(6.0, f"throughput {at} tokens/s") for at in range(between)]
    logs = {f"rank{rank}.log": [(5.0, "serving")] for rank in range(2)}
    logs["rank1.log"] += [*raised, *usual, *served]
    assert (asked(tmp_path, logs).kind != "none") == failed


@pytest.mark.parametrize(("first", "kind"), [(6.0, "rank"), (30.0, "uniform")])
def test_what_all_others_raise_of_one_who_failed_before_is_not_their_own(
    tmp_path: Path, first: float, kind: str
) -> None:
    logs = {f"rank{rank}.log": [*steps(1, 2, -6), (10.0, "RemoteError: rank 7 raised")] for rank in range(16)}
    logs["rank7.log"] = [*steps(1, 2, -6), (first, "KeyError: 'labels'")]
    assert asked(tmp_path, logs).kind == kind


@pytest.mark.parametrize(("told", "kind"), [(8, "outside"), (7, "rank")])
def test_what_fails_when_all_were_told_to_end_did_not_end_them(tmp_path: Path, told: int, kind: str) -> None:
    logs = {
        f"rank{rank}.log": [*steps(1, 2, -6), (8.0, "Received signal SIGUSR1, saving")]
        if rank < told
        else steps(1, 2, -6)
        for rank in range(8)
    }
    logs["rank3.log"] += [(10.0, "OSError: [Errno 28] No space left on device: '/scratch/3.pt'")]
    assert asked(tmp_path, logs).kind == kind


@pytest.mark.parametrize(
    ("lacks", "then", "kind"),
    [
        (
            "Checkpoint file ./out/model.pt.ep11 not found.",
            "Weights averaged and saved to ./out/avg.pt",
            "none",
        ),
        (
            "Checkpoint file ./out/model.pt.ep11 not found.",
            "Weights averaged, not saved to ./out/avg.pt",
            "rank",
        ),
        ("FileNotFoundError: [Errno 2] ./out/model.pt.ep11", "State dump saved to ./out/dump.bin", "rank"),
    ],
)
def test_who_wrote_out_what_it_made_did_without_what_was_not_there(
    tmp_path: Path, lacks: str, then: str, kind: str
) -> None:
    logs = {f"rank{rank}.log": [(0.0, f"rank {rank} of 4 is up"), (120.0, "step 12")] for rank in range(4)}
    logs["rank0.log"] += [(125, lacks), (126, then)]
    assert asked(tmp_path, logs).kind == kind


@pytest.mark.parametrize(
    ("said", "ranks"),
    [("resuming from step 3", ("2",)), ("Restored from checkpoint /ckpt/3", ("2",)), ("starting", ("1",))],
)
def test_what_a_rank_failed_with_before_it_resumed_is_of_an_earlier_attempt(
    tmp_path: Path, said: str, ranks: tuple[str, ...]
) -> None:
    logs = {f"rank{rank}.log": [*steps(1, 3, 5), (60, f"{said} on rank {rank}")] for rank in range(4)}
    logs["rank1.log"].insert(3, (28.0, OOM))
    logs["rank2.log"] += [(70.0, OOM.replace("3.00", "1.00"))]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ranks), answer.text


@pytest.mark.parametrize(
    ("times", "ranks"), [((0.0, 60.0), ("2",)), ((0.0,), ("1",)), ((0.0, 1.0, 60.0), ("1",))]
)
def test_who_says_again_after_trouble_which_rank_it_is_began_again(
    tmp_path: Path, times: tuple[float, ...], ranks: tuple[str, ...]
) -> None:
    logs = {}
    for rank in range(4):
        said = [(at, f"Initializing distributed: GLOBAL_RANK: {rank}, MEMBER: {rank + 1}/4") for at in times]
        logs[f"rank{rank}.log"] = sorted([*said, (20.0, "loading"), (62.0, "loading")])
    logs["rank1.log"] = sorted([*logs["rank1.log"], (28.0, OOM)])
    logs["rank2.log"] += [(70.0, OOM.replace("3.00", "1.00"))]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ranks), answer.text


@pytest.mark.parametrize(("steps_on", "ranks"), [(False, ("1",)), (True, ("3",))])
def test_who_fails_behind_what_a_launcher_wrote_is_of_another_attempt_only_if_it_worked_on(
    tmp_path: Path, steps_on: bool, ranks: tuple[str, ...]
) -> None:
    lines = [(5.0, f"[rank{rank}]: step 1 loss 2.0") for rank in range(4)]
    lines += [(20.0, f"[rank1]: {OOM}")]
    lines += [
        (
            30.0,
            "torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: 1) local_rank: 1 (pid: 9)",
        )
    ]
    if steps_on:
        lines += [(at, f"[rank{rank}]: step {at:g} loss 2.0") for at in (60.0, 70.0) for rank in range(4)]
    lines += [(90.0, f"[rank3]: {OOM.replace('3.00', '1.00')}")]
    answer = asked(tmp_path, {"job.log": lines})
    assert (answer.kind, answer.ranks) == ("rank", ranks), answer.text
