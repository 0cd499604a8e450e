"""Who failed first where a failure is told of that was none, that came too late, or that nobody heard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import diagnosis_cases as cases
import logdex
import pytest
from diagnosis_cases import Form

Lines = list[list[Any]]

CASES = [
    case
    for name in ("later", "latest")
    for case in cases.read(cases.DATA / f"{name}.jsonl")
    if case["world"] <= 16
]
FORMS = (Form("ranks", prefix="rank"), Form("hosts", prefix="default"), Form("ranks", stamps="none"))


def culprits(case: dict[str, Any]) -> set[str]:
    return {f"r{rank}" for answer in case["answers"] for rank in answer.get("ranks", ())}


def others(case: dict[str, Any]) -> list[str]:
    """The first and the last of the ranks that are none of those who failed."""
    ranks = [who for who in case["hosts"] if cases.is_rank(who) and who not in culprits(case)]
    return [*ranks[:1], *ranks[1:][-1:]]


def handled(case: dict[str, Any]) -> Iterator[Lines]:
    """Another rank ran out of memory, got over it, and wrote one of its usual lines after it."""
    for who in others(case):
        usual = [at for at, line in enumerate(case["lines"]) if line[1] == who and line[-1] == "I"]
        if len(usual) < 3 or (time := case["lines"][usual[-2]][0]) is None:
            continue
        raised = [
            [time + 0.001, who, "Traceback (most recent call last):"],
            [None, who, '  File "/workspace/train.py", line 61, in load'],
            [None, who, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."],
            [time + 0.002, who, "going on with half of the batch", "W"],
        ]
        yield [*case["lines"][: usual[-2] + 1], *raised, *case["lines"][usual[-2] + 1 :]]


def late(case: dict[str, Any]) -> Iterator[Lines]:
    """Another rank fails at its end, when all is over."""
    end = max(line[0] for line in case["lines"] if line[0] is not None)
    for who in others(case):
        raised = [
            [end + 3, who, "Traceback (most recent call last):"],
            [None, who, '  File "/workspace/train.py", line 61, in save'],
            [None, who, "OSError: [Errno 5] Input/output error: '/ckpt/last.pt'"],
        ]
        yield [*case["lines"], *raised]


def unheard(case: dict[str, Any]) -> Iterator[Lines]:
    """What the culprit said of its failure was lost with its buffer."""
    yield [line for line in case["lines"] if line[1] not in culprits(case) or line[-1] == "I"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("change", [handled, late, unheard])
def test_no_other_rank_is_named_with_certainty(
    change: Callable[[dict[str, Any]], Iterator[Lines]], form: Form
) -> None:
    for case in CASES:
        for lines in change(case):
            with tempfile.TemporaryDirectory() as folder:
                verdict, answer = cases.judge({**case, "lines": lines}, folder, form)
            assert verdict != "wrong" or answer.certainty != "certain", f"{case['id']}\n{answer.text}"


@pytest.mark.parametrize(
    ("noted", "after", "kind", "certainty"),
    [
        ("ImportError: libfoo.so: cannot open shared object file", 0, "uniform", "certain"),
        # What follows may be the work, which went on without.
        ("ImportError: libfoo.so: cannot open shared object file", 2, "uniform", "likely"),
        ("ImportError: libfoo.so: cannot open shared object file", 5, "unknown", "cannot tell"),
        ("ERROR something is odd", 0, "uniform", "likely"),
    ],
)
def test_what_all_wrote_is_certain_only_if_it_says_why_and_nothing_went_on(
    tmp_path: Path, noted: str, after: int, kind: str, certainty: str
) -> None:
    for rank in range(4):
        lines = ["loading the model", noted, *(f"reading part {part} of the data" for part in range(after))]
        stamped = [f"2026-11-22 02:00:0{at} {line}\n" for at, line in enumerate(lines)]
        (tmp_path / f"rank{rank}.log").write_text("".join(stamped))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.kind, answer.certainty) == (kind, certainty), answer.text
