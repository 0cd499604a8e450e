"""The last lines of several logs, where Python's `re` has to judge which lines they are; beside a naive twin."""

import os
import random
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest

_START = datetime(2026, 11, 22, 2, 10)
_WORDS = ["step", "stepé", "loss", "loss é", "loss x", "éloss 1", "stép", "misstep", "步 loss 步", "step\xa0"]
# Of each, some lines are beyond the engine: it takes `\b` and `\w` for what they are in ASCII.
_REGEXES = [r"\bstep\b", r"loss \w", r"(?<=loss )\S", r"(?i)STEP\b", r"(\w)\1", r"é$"]
_CASES = int(os.environ.get("LOGDEX_FUZZ", "2000")) // 100


def _write(folder: Path, chance: random.Random) -> list[tuple[datetime, int, int, str]]:
    """Logs whose stamps never go back; gives each line with what orders it."""
    every = []
    for at in range(chance.randint(2, 5)):
        when, lines = _START, []
        for number in range(chance.randint(1, 60)):
            when += timedelta(seconds=chance.randint(0, 3))
            text = " ".join(chance.choices(_WORDS, k=chance.randint(1, 4)))
            lines.append(f"{when:%Y-%m-%d %H:%M:%S} {text}\n")
            every.append((when, at, number, lines[-1]))
        (folder / f"rank{at}.log").write_text("".join(lines), encoding="utf-8")
    return sorted(every)


@pytest.mark.parametrize("seed", range(max(_CASES, 20)))
def test_the_last_of_many_are_those_of_a_naive_search(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    every = _write(tmp_path, chance)
    regex, last = chance.choice(_REGEXES), chance.randint(1, 40)
    expected = [line for *_, line in every if re.search(regex, line)][-last:]
    log = logdex.open(str(tmp_path), tz="UTC")
    assert list(log.lines(regex, last=last)) == expected
    assert [record.text for record in log.records(regex, last=last)] == expected
    # Times are asked for too, and a range makes the same search of each file.
    assert list(log.lines(regex, last=last, since=_START)) == expected


def test_a_follow_and_the_command_begin_with_the_same_last_lines(tmp_path: Path) -> None:
    every = _write(tmp_path, random.Random(7))
    expected = [line for *_, line in every if re.search(r"loss \w", line)][-5:]
    assert len(expected) == 5
    with logdex.open(str(tmp_path), tz="UTC").lines(r"loss \w", last=5, follow=True) as lines:
        assert [next(lines) for _ in range(5)] == expected
    command = [sys.executable, "-m", "logdex", "--merge", "--no-labels", "--tz", "UTC"]
    command += ["-n", "5", "-e", r"loss \w", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")
    assert (done.stdout, done.stderr) == ("".join(expected), "")


def test_what_the_judge_raises_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, random.Random(7))

    class Raising:
        def search(self, line: str) -> None:
            raise RecursionError(line)

    lines = logdex.open(str(tmp_path), tz="UTC")
    question = lines._ask(r"loss \w", None, None, last=3)
    assert question.pattern is not None
    question = question.but(pattern=type(question.pattern)(Raising().search, None, None))
    with pytest.raises(RecursionError, match="2026-11-22"):
        list(lines._lines(question))
