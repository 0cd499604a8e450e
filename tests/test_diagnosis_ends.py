"""How logs end, in whatever words: with a stack of one alone, or a wait for one, or in the middle of the work."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
import zlib
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import diagnosis_cases as cases
import logdex
import pytest
from diagnosis_cases import Form
from logdex.diagnosis import Diagnosis
from logdex.diagnosis.records.taxonomy import classify

_SYLLABLES = [consonant + vowel for consonant in "bdfklmnprstvz" for vowel in "aeiou"]
_LOUD = ("cause", "exception", "error", "victim", "named", "announce", "link", "teardown")
_KEPT = ("ERROR", "FATAL", "CRITICAL", "INFO", "WARNING", "WARN", "DEBUG", "RANK", "STEP", "EPOCH", "ITER")
_FORMS = (Form(), Form("one", "iso", "rank"), Form("elastic", "none", "rank"))
_STACK = 'Movododo (mibi todada livi zodo):\n  Leso "/app/zite.py", pozo 212, in <velebi>\n    fado()\nsabo.Refel: zone'


def _nonsense(found: re.Match[str]) -> str:
    """A word of no language, one for each."""
    word = found[0]
    if len(word) < 3 or word.upper() in _KEPT:
        return word
    rng = random.Random(hashlib.md5(word.lower().encode()).hexdigest())
    made = "".join(rng.choice(_SYLLABLES) for _ in range(max(2, len(word) // 2)))
    return made.upper() if word.isupper() else made.capitalize() if word[0].isupper() else made


def _unread(case: dict[str, Any]) -> dict[str, Any]:
    """A case whose ranks tell of their failures in words that nobody knows; times, exits and orders stay."""
    told = json.loads(json.dumps(case))
    was_loud: dict[str, bool] = {}
    for line in told["lines"]:
        at, who, text = line[:3]
        known = classify(text)
        is_loud = known is not None and known[0].role in _LOUD
        was_loud[who] = is_loud or (at is None and was_loud.get(who, False))
        if was_loud[who] and cases.is_rank(who) and not (known and known[0].role in ("exit", "outside")):
            line[2] = re.sub("[A-Za-z]+", _nonsense, text)
    return told


def test_words_that_nobody_knows_make_few_wrong_and_none_certain(tmp_path: Path) -> None:
    told: dict[str, list[str]] = {}
    number = 0
    for path in sorted(cases.DATA.glob("*.jsonl")):
        for case in cases.read(path):
            if case["world"] > 16:
                continue
            number += 1
            # By its name, so that a new set changes nothing of the others.
            form = _FORMS[zlib.crc32(case["id"].encode()) % len(_FORMS)]
            folder = tmp_path / str(number)
            folder.mkdir()
            verdict, answer = cases.judge(_unread(case), str(folder), form)
            told.setdefault(verdict, []).append(f"{path.stem} {case['id']} {form.name}")
            assert not (verdict == "wrong" and answer.certainty == "certain"), f"{case['id']}\n{answer.text}"
    total = sum(map(len, told.values()))
    # 77 of 1,150 forms, 6.7 %; of the 1,066 of the cases before the last three sets 65 were, 6.1 %.
    assert len(told.get("wrong", ())) <= 0.07 * total, told["wrong"]
    assert len(told["right"]) >= 0.55 * total


def _ask(folder: Path, **logs: list[str]) -> Diagnosis:
    for name, lines in logs.items():
        (folder / f"{name}.log").write_text("\n".join(lines) + "\n")
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def _steps(rank: int, last: int) -> list[str]:
    return [f"2026-09-14 01:{step:02d}:0{rank} step {step} loss 2.{step}" for step in range(1, last + 1)]


def test_who_alone_ends_with_a_stack_is_named(tmp_path: Path) -> None:
    logs = {f"rank{rank}": _steps(rank, 5) for rank in range(4)}
    logs["rank2"] += [f"2026-09-14 01:05:30 {_STACK}"]
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.ranks, answer.certainty) == ("rank", ("2",), "likely"), answer.text


def test_a_stack_after_which_all_is_as_before_is_none_of_an_end(tmp_path: Path) -> None:
    logs = {f"rank{rank}": _steps(rank, 9) for rank in range(4)}
    logs["rank2"] = [*_steps(2, 5), f"2026-09-14 01:05:30 {_STACK}", *_steps(2, 9)[5:]]
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.status) == ("none", 0), answer.text


def test_a_stack_that_came_after_what_all_others_ended_with_is_not_the_first(tmp_path: Path) -> None:
    logs = {
        f"rank{rank}": [*_steps(rank, 5), "2026-09-14 01:15:30 Dumama nakame vipo"] for rank in range(1, 4)
    }
    logs["rank0"] = _steps(0, 5)
    logs["rank2"] = [*_steps(2, 5), f"2026-09-14 01:17:30 {_STACK}"]
    answer = _ask(tmp_path, **logs)
    assert answer.certainty == "cannot tell", answer.text


@pytest.mark.parametrize("speaker", [0, 3])
def test_the_first_and_the_last_rank_may_speak_for_all(tmp_path: Path, speaker: int) -> None:
    logs = {f"rank{rank}": [*_steps(rank, 5), "2026-09-14 01:06:30 zorp quux bazza"] for rank in range(4)}
    logs[f"rank{speaker}"] = [*_steps(speaker, 5), "2026-09-14 01:06:00 velebi kopeta: 12"]
    answer = _ask(tmp_path, **logs)
    assert answer.kind != "rank", answer.text


def test_a_log_that_stops_does_not_say_that_all_was_well(tmp_path: Path) -> None:
    answer = _ask(tmp_path, **{f"rank{rank}": _steps(rank, 9) for rank in range(4)})
    assert (answer.kind, answer.certainty, answer.status) == ("none", "cannot tell", 0), answer.text
    assert "how it ended" in answer.text


def test_a_log_that_says_its_end_does(tmp_path: Path) -> None:
    logs = {f"rank{rank}": [*_steps(rank, 9), "2026-09-14 01:10:00 training finished"] for rank in range(4)}
    answer = _ask(tmp_path, **logs)
    assert (answer.kind, answer.certainty) == ("none", "likely"), answer.text


def test_whose_last_line_is_of_just_now_goes_on(tmp_path: Path) -> None:
    now = time.time()
    for rank in range(4):
        stamps = [datetime.fromtimestamp(now - 10 * back, timezone.utc) for back in range(5, 0, -1)]
        lines = [f"{at:%Y-%m-%d %H:%M:%S} step {number} loss 2.1" for number, at in enumerate(stamps)]
        (tmp_path / f"rank{rank}.log").write_text("\n".join(lines) + "\n")
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert (answer.kind, answer.certainty) == ("none", "likely"), answer.text


def test_whom_all_others_wait_for_again_and_again_is_absent(tmp_path: Path) -> None:
    logs = {
        f"rank{rank}": [
            *_steps(rank, 6),
            *(f"2026-09-14 01:{minute}:00 zorp lattice {minute} of quux" for minute in (20, 21, 22)),
        ]
        for rank in range(1, 4)
    }
    answer = _ask(tmp_path, rank0=_steps(0, 5), **logs)
    assert (answer.kind, answer.ranks, answer.cause) == ("rank", ("0",), "absent"), answer.text
