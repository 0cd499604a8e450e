"""Consoles: one log into which a launcher and all ranks write, and nothing says whose a line is."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import logdex
import pytest
from logdex.diagnosis import Diagnosis

_RAISED = 'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    main()\n{}\n'
_NO_ROOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
_STEPS = "step 1 loss 2.0\nstep 2 loss 1.9\n"
_TORCHRUN = """\
E0217 16:43:29.165000 355419 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: 1) local_rank: 1 (pid: 355716) of binary: /usr/bin/python3.11
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
train.py FAILED
------------------------------------------------------------
Failures:
  <NO_OTHER_FAILURES>
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2025-02-17_16:43:26
  host      : node
  rank      : 1 (local_rank: 1)
  exitcode  : 1 (pid: 355716)
  error_file: <N/A>
============================================================
"""  # noqa: E501
_SRUN = "srun: error: gpu-07: task 1: Exited with exit code 1\nsrun: Terminating StepId=123.0\n"
_MPIRUN = """\
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
--------------------------------------------------------------------------
mpirun detected that one or more processes exited with non-zero status, thus causing
the job to be terminated. The first process to do so was:

  Process name: [[48423,1],1]
  Exit code:    1
--------------------------------------------------------------------------
"""
_CRASHED = "mpirun noticed that process rank 5 with PID 12345 on node gpu-07 exited on signal 11.\n"


def _ask(folder: Path, text: str) -> Diagnosis:
    (folder / "job.log").write_text(text)
    return logdex.open(folder / "job.log", tz="UTC", index=False).ranks().diagnosis


@pytest.mark.parametrize("launcher", [_TORCHRUN, _SRUN, _MPIRUN])
@pytest.mark.parametrize(("raised", "cause"), [(_NO_ROOM, "gpu_oom"), ("KeyError: 'text'", "exception")])
def test_the_rank_is_its_launchers_and_the_cause_its_traceback(
    tmp_path: Path, launcher: str, raised: str, cause: str
) -> None:
    answer = _ask(tmp_path, _STEPS + _RAISED.format(raised) + launcher)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("1",), cause), answer.text
    assert answer.certainty == "likely"
    assert ("", raised) in answer.facts
    assert (answer.evidence[0].rank, answer.evidence[0].text) == ("1", raised)


def test_the_rank_that_crashed_is_its_launchers(tmp_path: Path) -> None:
    stack = "[gpu-07:12345] *** Process received signal ***\n[gpu-07:12345] Signal: Segmentation fault (11)\n"
    answer = _ask(tmp_path, _STEPS + stack + _CRASHED)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("5",), "crash"), answer.text
    assert answer.hosts == ("gpu-07",)


@pytest.mark.parametrize("launcher", [_TORCHRUN, _SRUN, _MPIRUN])
def test_what_several_raised_is_not_the_one_ranks_own(tmp_path: Path, launcher: str) -> None:
    answer = _ask(tmp_path, _STEPS + 3 * _RAISED.format("KeyError: 'text'") + launcher)
    assert answer.cause != "exception" or answer.ranks != ("1",), answer.text
    assert answer.certainty != "certain"


def test_what_several_raised_is_that_of_all(tmp_path: Path) -> None:
    answer = _ask(tmp_path, _STEPS + 3 * _RAISED.format("KeyError: 'text'") + _TORCHRUN)
    assert (answer.kind, answer.ranks, answer.cause) == ("uniform", (), "exception"), answer.text
    assert "the same on several ranks" in answer.text


@pytest.mark.parametrize("launcher", [_TORCHRUN, _SRUN])
def test_of_two_causes_neither_is_taken(tmp_path: Path, launcher: str) -> None:
    both = _RAISED.format("KeyError: 'text'") + _RAISED.format(_NO_ROOM)
    answer = _ask(tmp_path, _STEPS + both + launcher)
    assert answer.ranks != ("1",) or answer.cause in (None, "exit"), answer.text


def test_a_rank_is_not_certain_below_what_nobody_knows_who_raised(tmp_path: Path) -> None:
    steps = "".join(f"[rank{rank}]: step {at}\n" for at in range(3) for rank in range(4))
    own = "[rank1]: " + _NO_ROOM + "\n"
    for text, is_certain in (
        (steps + own + _TORCHRUN, True),
        (steps + _RAISED.format("KeyError: 7") + own + _TORCHRUN, False),
    ):
        answer = _ask(tmp_path, text)
        assert answer.ranks == ("1",), answer.text
        assert (answer.certainty == "certain") == is_certain, answer.text


def test_an_order_is_not_certain_above_a_good_end(tmp_path: Path) -> None:
    def at(minute: int, text: str) -> str:
        return f"2026-11-22 02:{minute:02}:00,000 {text}\n"

    order = at(
        5, "slurmstepd: error: *** STEP 47.0 ON h0 CANCELLED AT 2026-11-22T02:05:00 DUE TO PREEMPTION ***"
    )
    steps = "".join(at(minute, f"step {minute} loss 2.0") for minute in range(5))
    again = "".join(at(minute, f"step {minute} loss 2.0") for minute in range(20, 30))
    assert _ask(tmp_path, steps + order).kind == "outside"
    answer = _ask(tmp_path, steps + order + again + at(31, "sacct: 47.0 COMPLETED 0:0"))
    assert answer.certainty != "certain" or answer.kind == "none", answer.text


@pytest.mark.parametrize("stamps", ["python", "none"])
def test_no_case_is_certain_and_wrong_on_a_console(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, stamps: str
) -> None:
    monkeypatch.setattr(cases, "is_rank", lambda who: False)
    form = cases.Form("one", stamps)
    wrong = []
    for path in sorted(cases.DATA.glob("*.jsonl")):
        for case in cases.read(path):
            verdict, answer = cases.judge(case, str(tmp_path_factory.mktemp(case["id"])), form)
            if verdict == "wrong" and answer.certainty == "certain":
                wrong.append((case["id"], answer.text))
    assert not wrong
