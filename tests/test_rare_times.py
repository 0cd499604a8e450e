"""Lines that are found seldom in a long log have their own numbers and times, however the log is looked through."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import logdex
import pytest

LENGTH = 10 << 20
"""So many bytes can be cut into blocks of a quarter of a megabyte, and into whole ones where little is found."""
WORD = "needle-q"


@dataclass(frozen=True)
class Needle:
    """A line that is looked for, and the last stamp and step before it."""

    number: int
    offset: int
    at: str
    step: int


def written(path: Path, rng: random.Random, *, back: bool) -> list[Needle]:
    """The needles of a new log of short and long lines, of which one in ten has a stamp, at times an earlier one."""
    needles, lines, offset, number, at, step = [], [], 0, 0, "", 0
    while offset < LENGTH:
        number += 1
        if number % 10 == 1:
            seconds = number - rng.randrange(200) * (back and rng.random() < 0.1)
            seconds = max(seconds, 0)
            at, step = f"2026-07-01 {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}", number
            line = f"{at} INFO step={step} begins\n"
        else:
            is_needle = rng.random() < 0.01
            line = f"text {WORD if is_needle else ''} {'x' * rng.randrange(40_000)}\n"
            if is_needle:
                needles.append(Needle(number, offset, at, step))
        lines.append(line)
        offset += len(line)
    path.write_text("".join(lines))
    # What was written just now is not looked at in place: whether it changes would not show.
    time.sleep(0.05)
    return needles


def ranges(needles: list[Needle]) -> Iterator[tuple[dict[str, Any], list[Needle]]]:
    """What is asked beside the word, and the needles that answer it."""
    for one in needles[::2]:
        yield {"since": one.at, "until": one.at}, [n for n in needles if n.at == one.at]
        yield {"since": one.at}, [n for n in needles if n.at >= one.at]
        yield {"until": one.at}, [n for n in needles if n.at <= one.at]
        yield {"step": (one.step, one.step)}, [n for n in needles if n.step == one.step]
        yield {"step": (None, one.step)}, [n for n in needles if n.step <= one.step]


@pytest.mark.parametrize("maps", ["off", "always"])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_what_is_found_seldom_has_its_own_number_time_and_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, back: bool, maps: str
) -> None:
    monkeypatch.setenv("LOGDEX_MAPS", maps)
    path = tmp_path / "train.log"
    needles = written(path, random.Random(seed), back=back)
    assert len(needles) > 2
    log = logdex.open(path, tz="UTC", index=tmp_path / "index")
    for _ in range(3):
        found = [(one.number, one.offset, f"{one.time:%F %T}") for one in log.records(WORD)]
        assert found == [(one.number, one.offset, one.at) for one in needles]
    for asked, wanted in ranges(needles):
        assert [one.offset for one in log.records(WORD, **asked)] == [one.offset for one in wanted], asked
        assert log.count(WORD, **asked) == len(list(log.lines(WORD, **asked))) == len(wanted), asked
        last = [one.offset for one in log.records(WORD, last=2, **asked)]
        assert last == [one.offset for one in wanted[-2:]], asked
