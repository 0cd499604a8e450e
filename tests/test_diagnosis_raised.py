"""What libraries raise, word for word: the advice at the end of its text takes nothing from what an exception says."""

from __future__ import annotations

import json
from pathlib import Path

import logdex
import pytest
from diagnosis_cases import DATA, asked
from logdex.diagnosis.records import taxonomy

RAISED = [line.split("\t", 2) for line in (DATA / "raised.tsv").read_text(encoding="utf-8").splitlines()[2:]]
OUT_OF_MEMORY = RAISED[1][2]
LOST = "torch.distributed.DistBackendError: NCCL error: remote process exited or there was a network error"


@pytest.mark.parametrize(
    "prefix", ["", "[rank2]: ", "2026-09-14 01:58:00,000 ERROR train ", "(TrainWorker pid=4103) "]
)
@pytest.mark.parametrize(("role", "class_", "line"), RAISED)
def test_what_is_raised_is_known_whatever_it_advises(role: str, class_: str, line: str, prefix: str) -> None:
    known = taxonomy.classify(prefix + line)
    assert known is not None
    assert (known[0].role, known[0].class_) == (role, class_)
    assert taxonomy.shapes().telling((prefix + line).encode() + b"\n") == [(0, True)]


@pytest.mark.parametrize(
    "line",
    [
        "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
        "incorrect.",
        "(TrainWorker pid=4103) For debugging consider passing CUDA_LAUNCH_BLOCKING=1",
        "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error.",
        "Try reducing the batch size if you run into CUDA out of memory",
        "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True not supported on this platform",
        "During handling of the above exception, another exception occurred:",
        "urllib3: Connection broken by ReadTimeoutError(), retrying in 4 s",
    ],
)
def test_advice_by_itself_tells_of_no_failure(line: str) -> None:
    known = taxonomy.classify(line)
    assert known is not None
    assert known[0].role in taxonomy.QUIET


def test_the_rank_that_ran_out_of_memory_is_named_by_the_whole_message(tmp_path: Path) -> None:
    steps = [(at, f"step {at} loss 2.0") for at in range(10)]
    logs = {f"rank{rank}.log": [*steps, (11 + rank, f"[rank{rank}]: {LOST}")] for rank in range(4)}
    logs["rank2.log"] = [*steps, (10, f"[rank2]: {OUT_OF_MEMORY}")]
    answer = asked(tmp_path, logs)
    assert (answer.ranks, answer.cause, answer.certainty) == (("2",), "gpu_oom", "certain"), answer.text


@pytest.mark.parametrize("last", [OUT_OF_MEMORY, "ValueError: label 7 is out of range", "AssertionError"])
def test_a_traceback_in_a_string_of_json_is_what_it_raised(tmp_path: Path, last: str) -> None:
    def error(at: int, said: str) -> str:
        frames = 'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    step()\n'
        stamp = f"2026-11-22T02:00:{at:02}"
        return json.dumps({"ts": stamp, "level": "error", "msg": "failed", "exception": frames + said}) + "\n"

    steps = [
        json.dumps({"ts": f"2026-11-22T02:00:{at:02}", "level": "info", "step": at}) + "\n"
        for at in range(10)
    ]
    for rank in range(4):
        end = error(10, last) if rank == 2 else error(12, LOST)
        (tmp_path / f"rank{rank}.log").write_text("".join([*steps, end]))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    cause = "gpu_oom" if last == OUT_OF_MEMORY else "exception"
    assert (answer.ranks, answer.cause) == (("2",), cause), answer.text


def test_the_frames_of_a_traceback_in_a_box_are_no_evidence(tmp_path: Path) -> None:
    box = [
        "╭───────────── Traceback (most recent call last) ─────────────╮",
        "│ /home/u/train.py:12 in <module>                             │",
        '│ ❱ 12 │   raise RuntimeError("CUDA error: uncorrectable ECC") │',
        "╰──────────────────────────────────────────────────────────────╯",
    ]
    steps = [f"2026-11-22 02:00:{at:02} INFO step {at} loss 2.0\n" for at in range(10)]
    for rank in range(4):
        end = "ValueError: label 7 is out of range" if rank == 2 else LOST
        (tmp_path / f"rank{rank}.log").write_text("".join([*steps, *(f"{line}\n" for line in [*box, end])]))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.ranks, answer.cause) == (("2",), "exception"), answer.text
    lines = logdex.open(tmp_path / "rank2.log", index=False).lines(level="error")
    assert [str(line) for line in lines][-1].startswith("ValueError")


def test_its_error_is_an_error_of_the_table_of_ranks(tmp_path: Path) -> None:
    log = tmp_path / "rank0.log"
    log.write_text(f"2026-09-14 01:58:00 {OUT_OF_MEMORY}\n")
    assert [rank.errors for rank in logdex.open(log).ranks().ranks] == [1]


def test_who_was_given_a_device_that_is_not_there_may_be_one_of_several(tmp_path: Path) -> None:
    logs = {f"rank{rank}.log": [(1, "starting"), (9, f"[rank{rank}]: {LOST}")] for rank in range(2)}
    logs["rank2.log"] = [(1, "starting"), (5, "[rank2]: RuntimeError: CUDA error: invalid device ordinal")]
    answer = asked(tmp_path, logs)
    assert (answer.ranks, answer.certainty) == (("2",), "likely"), answer.text
