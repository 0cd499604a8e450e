"""Failures in words that no table has: who is named by what the ranks did, and never another with certainty."""

from __future__ import annotations

import random
from pathlib import Path

import diagnosis_cases as cases
import logdex
import pytest
from diagnosis_cases import Form
from logdex.diagnosis import Diagnosis
from logdex.diagnosis.words import MOST

_FRAME = 'Traceback (most recent call last):\n  File "/app/run.py", line 7, in <module>\n    go()\n'
_OWN = (
    _FRAME + "zorp.quux.Sour: lattice 7",
    _FRAME + "KaboomError: zone 4",
    "zorp.BadQuux: the frobnicator is out of plasma",
    "Oops! plasma budget exhausted in zone 4; bye",
    "quux[err=-77]: lattice fault in zone 4",
    "error: lattice fault in zone 4",
    _FRAME + "SystemExit: 3",
)
"""How one rank ends: with what is known to be raised, and with lines that nobody knows."""
_OTHERS = (
    _FRAME + "zorp.PeerTrouble: remote member vanished",
    _FRAME + "zorp.QuuxFault: collective broken",
    _FRAME + "LatticeTimeoutError: barrier 12 was not reached by all",
    _FRAME + "RuntimeError: [gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.0.0.5]:10119",
)
"""What the others raise for that."""
_FORMS = (
    Form(),
    Form(stamps="none"),
    Form("hosts", prefix="default"),
    Form("one", stamps="c10", prefix="rank"),
)
_CULPRIT = 5


def _case(own: str | None, others: str, *, later: float, steps: bool, launcher: bool) -> dict[str, object]:
    lines: list[list[object]] = [
        [1 + rank / 100, f"r{rank}", f"member {rank} ready", "I"] for rank in range(8)
    ]
    for step in range(4) if steps else ():
        lines += [[5 + 10 * step + rank / 100, f"r{rank}", f"step {step} loss 2.5", "I"] for rank in range(8)]
    lines += _record(38.0, _CULPRIT, own) if own else []
    for rank in set(range(8)) - {_CULPRIT}:
        lines += _record(38.0 + later + rank / 50, rank, others)
    if launcher:
        said = f"failed (exitcode: 1) local_rank: {_CULPRIT} (pid: 4105) of binary: /opt/py"
        lines.append([40.0 + later, "agent@h0", said, "E"])
    hosts = {f"r{rank}": "h0" for rank in range(8)}
    answers = [{"kind": "rank", "ranks": [str(_CULPRIT)]}]
    return {"id": "?", "world": 8, "hosts": hosts, "answers": answers, "lines": lines}


def _record(at: float, rank: int, text: str) -> list[list[object]]:
    first, *rest = text.split("\n")
    return [[at, f"r{rank}", first, "E"], *([None, f"r{rank}", line, "E"] for line in rest)]


@pytest.mark.parametrize("launcher", [False, True])
@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize("later", [1.0, 300.0])
def test_who_ended_first_is_told_by_what_ranks_did(
    tmp_path: Path, later: float, steps: bool, launcher: bool
) -> None:
    told: dict[str, int] = {}
    for own in _OWN:
        for others in _OTHERS:
            case = _case(own, others, later=later, steps=steps, launcher=launcher)
            for form in _FORMS:
                folder = tmp_path / f"{len(told)}-{sum(told.values())}"
                folder.mkdir()
                verdict, answer = cases.judge(case, str(folder), form)
                told[verdict] = told.get(verdict, 0) + 1
                assert verdict != "wrong", f"{own}\n{others}\n{form.name}\n{answer.text}"
                assert len(answer.text.splitlines()) <= MOST
    assert told["right"] >= 0.75 * sum(told.values()), told


@pytest.mark.parametrize("later", [1.0, 300.0])
def test_what_all_but_a_silent_rank_raise_is_not_said_to_be_of_all(tmp_path: Path, later: float) -> None:
    case = _case(None, _FRAME + "zorp.QuuxFault: collective broken", later=later, steps=True, launcher=False)
    verdict, answer = cases.judge(case, str(tmp_path), Form())
    assert verdict in ("right", "cannot tell"), answer.text
    assert str(_CULPRIT) in answer.ranks


def test_names_of_errors_are_no_matter(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(20):
        name = "".join(chance.choice("bcdfghjklmnprstvz") for _ in range(7)).title()
        case = _case(
            f"{_FRAME}pkg.{name}: {name[::-1]}",
            f"{_FRAME}RuntimeError: [gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.0.0.5]:101",
            later=1.0,
            steps=True,
            launcher=False,
        )
        folder = tmp_path / str(number)
        folder.mkdir()
        verdict, answer = cases.judge(case, str(folder), Form())
        assert verdict == "right", answer.text


def _ask(folder: Path, **logs: str) -> Diagnosis:
    for name, text in logs.items():
        (folder / f"{name}.log").write_text(text)
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


_SUMMARY = """\
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
train.py FAILED
Failures:
{rest}
Root Cause (first observed failure):
[0]:
  time      : 2026-09-14_01:58:05
  host      : h0
  rank      : 0 (local_rank: 0)
  exitcode  : -7 (pid: 4100)
"""
_ENTRY = """\
[{rank}]:
  time      : 2026-09-14_01:58:{at:02}
  host      : h0
  rank      : {rank} (local_rank: {rank})
  exitcode  : {code} (pid: 410{rank})
"""


@pytest.mark.parametrize(
    ("at", "code", "kind"), [(5, -7, "uniform"), (36, -7, "rank"), (5, -15, "rank")], ids=str
)
def test_which_of_those_that_end_at_once_a_launcher_calls_the_root_is_chance(
    tmp_path: Path, at: int, code: int, kind: str
) -> None:
    logs = {f"rank{rank}": "2026-09-14 01:58:01,000 starting\n" for rank in range(4)}
    rest = "".join(_ENTRY.format(rank=rank, at=at, code=code) for rank in range(1, 4))
    answer = _ask(tmp_path, agent=_SUMMARY.format(rest=rest), **logs)
    assert answer.kind == kind, answer.text
    assert kind == "rank" or answer.certainty != "certain"


def test_a_number_before_lines_in_the_files_of_other_ranks_is_none_of_a_rank(tmp_path: Path) -> None:
    logs = {f"rank{rank}": f"2026-09-14 01:58:01,000 [rank{rank}] starting\n" for rank in range(4)}
    logs = {name: f"{text}[rank{name[-1]}]: step 1 loss 2\n" for name, text in logs.items()}
    logs["rank3"] += "1: KeyError: 'tokens'\n"
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text


def test_what_all_wrote_at_their_start_makes_no_victims(tmp_path: Path) -> None:
    begun = "2026-09-14 01:58:01,000 TCPStore of the job is at h0:29500\n"
    ended = "2026-09-14 01:58:31,000 RuntimeError: Connection closed by peer [10.0.0.5]:10119\n"
    logs = {f"rank{rank}": begun + ended for rank in range(4)}
    logs["rank2"] = begun + "2026-09-14 01:58:29,000 KeyError: 'tokens'\n"
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def test_who_came_to_its_end_before_the_store_went_away_lost_nothing(tmp_path: Path) -> None:
    ended = "2026-09-14 01:58:01,000 step 7 loss 2\n2026-09-14 01:58:03,000 training completed\n"
    lost = "2026-09-14 01:58:04,000 [c10d] recvValue failed on SocketImpl(fd=76): Connection reset by peer\n"
    logs = {f"rank{rank}": ended + lost * (rank > 0) for rank in range(4)}
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.status) == ("none", 0), answer.text


def test_whom_ray_names_by_its_number_is_the_rank_of_that_number(tmp_path: Path) -> None:
    logs = {f"rank{rank}": f"(Trainer pid=70{rank}, ip=10.0.0.1) step 1 loss 2\n" for rank in range(4)}
    said = (
        "ray.exceptions.RayTaskError(ValueError): ray::Trainer.step() (pid=702, ip=10.0.0.1, actor_id=5f)\n"
    )
    answer = _ask(tmp_path, driver=said, **logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


@pytest.mark.parametrize("own", ["error: lattice fault in zone 4", _FRAME + "SystemExit: 3"])
def test_who_alone_ends_with_such_words_is_named(tmp_path: Path, own: str) -> None:
    case = _case(own, "", later=1.0, steps=True, launcher=False)
    case["lines"] = [line for line in case["lines"] if line[2]]  # type: ignore[attr-defined]
    for number, form in enumerate(_FORMS):
        folder = tmp_path / str(number)
        folder.mkdir()
        verdict, answer = cases.judge(case, str(folder), form)
        assert verdict == "right" or (form.stamps == "none" and verdict == "cannot tell"), answer.text


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, "give the launcher's and the scheduler's log too"),
        ({"launcher.log": ["launching 4 processes of a world of 4"]}, "ask the scheduler"),
    ],
)
def test_what_to_look_for_next_is_not_what_was_given(
    tmp_path: Path, more: dict[str, list[str]], wanted: str
) -> None:
    lost = "RuntimeError: Connection closed by peer [10.0.0.1]:4411"
    logs = {f"rank{rank}.log": ["step 1 loss 2.0", "step 2 loss 2.0", lost] for rank in range(4)}
    answer = cases.asked(tmp_path, {name: enumerate(lines) for name, lines in {**logs, **more}.items()})
    assert answer.kind == "unknown", answer.text
    assert answer.next is not None
    assert answer.next.startswith(wanted)


def test_what_a_dataset_raised_in_a_worker_is_no_lost_worker(tmp_path: Path) -> None:
    raised = [
        "step 1 loss 2.0",
        "Traceback (most recent call last):",
        '  File "/opt/train.py", line 7, in <module>',
        "ValueError: Caught ValueError in DataLoader worker process 0.",
        "Original Traceback (most recent call last):",
        "ValueError: sample 17 has no label",
    ]
    logs = {"rank0.log": ["step 1 loss 2.0"], "rank1.log": raised}
    answer = cases.asked(tmp_path, {name: enumerate(lines) for name, lines in logs.items()})
    assert (answer.ranks, answer.cause) == (("1",), "dataset"), answer.text
