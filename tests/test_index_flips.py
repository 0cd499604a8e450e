"""Bits that turned over in a stored index of times and steps: no answer changes, however many did.

The engine's own tests damage indexes too, that of text ten thousand times; here the whole way is asked, and as often in
the long run: `make soak`.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest
from logdex import _core

_START = datetime(2026, 11, 22, 6)
_LINES = 80_000
_TEXT = "kernel loss took its time on shard " * 6


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of four ranks, long enough for an index, some lines of which have neither stamp nor step."""
    path, rng = tmp_path / "flips.log", random.Random(16)
    with path.open("w", encoding="utf-8") as out:
        for n in range(_LINES):
            moment = _START + timedelta(milliseconds=40 * n + rng.randrange(400))
            text = (
                f"{moment:%Y-%m-%d %H:%M:%S.%f} INFO step={n // 9} loss={rng.random():.6f}"
                if n % 5
                else "  more of it"
            )
            out.write(f"[rank{rng.randrange(4)}]: {text} {_TEXT}\n")
    return path


def _answers(log: Path, index: Path | bool) -> list[int]:
    """What is asked of it: a range of time, one of steps, both, and the last lines before a moment."""
    since, until = _START + timedelta(minutes=9), _START + timedelta(minutes=9, seconds=20)
    opened = logdex.open(log, tz="UTC", index=index)
    return [
        opened.count(since=since, until=until),
        opened.count(step=(2_000, 2_040)),
        opened.count(since=since, step=(1_500, 1_540)),
        sum(record.offset for record in opened.records(until=until, last=20)),
    ]


@pytest.mark.parametrize(
    "flips", [pytest.param(100, id="ci"), pytest.param(10_000, id="soak", marks=pytest.mark.soak)]
)
def test_flipped_bits_never_change_an_answer(log: Path, tmp_path: Path, flips: int) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    _core.build_index(logdex.open(log, tz="UTC", index=kept)._question)
    (stored,) = kept.iterdir()
    whole, truth, rng = stored.read_bytes(), _answers(log, False), random.Random(flips)
    assert _answers(log, kept) == truth
    assert min(truth) > 100
    for _ in range(flips):
        flipped = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 8))):
            flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        stored.write_bytes(flipped)
        assert _answers(log, kept) == truth
