"""Who failed first in small jobs that really ran and really failed, under many launchers (`tests/data/real/`)."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest
from logdex.diagnosis import Diagnosis

DATA = Path(__file__).parent / "data" / "real"
CASES = [line.split("\t") for line in (DATA / "cases.tsv").read_text().splitlines()]
_KINDS = {"none": "none", "stopped": "outside", "all": "uniform"}


def _kind(truth: str) -> str:
    return "host" if truth.startswith("host:") else _KINDS.get(truth, "rank")


def _named(answer: Diagnosis) -> list[str]:
    """Who is named; of an app of TorchX ranks are called `trainer/2`, and of all ranks none is."""
    if answer.kind == "host":
        return [f"host:{host}" for host in answer.hosts]
    return [] if answer.kind == "uniform" else [rank.rpartition("/")[2] for rank in answer.ranks]


@pytest.mark.parametrize(
    ("name", "truth", "told"), [case[:3] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_real_job_is_told_right_or_left_open(name: str, truth: str, told: str) -> None:
    answer = logdex.open(DATA / name, tz="UTC", index=False).ranks().diagnosis
    named = _named(answer)
    if told == "may" and answer.certainty == "cannot tell":
        assert not named or truth in named, answer.text
    else:
        assert answer.kind == _kind(truth), answer.text
        assert named == ([] if truth in _KINDS else [truth]), answer.text
        assert answer.certainty != "cannot tell", answer.text


def test_every_case_has_its_logs() -> None:
    there = {path.name for path in DATA.iterdir() if path.is_dir()}
    assert there == {name for name, *_ in CASES}
    assert {told for _, _, told, _ in CASES} == {"told", "may"}
