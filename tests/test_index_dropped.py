"""An index that was built is kept, also when nobody reads its answer to the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import logdex
import pytest

_START = datetime(2026, 11, 1)
_STEP = timedelta(seconds=3)
_LINES = 190_000
_LATE = _START + 170_000 * _STEP


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log just large enough for its index to be stored, three seconds a line."""
    path = tmp_path_factory.mktemp("big") / "big.log"
    with path.open("w") as out:
        for n in range(_LINES):
            out.write(f"{_START + n * _STEP:%Y-%m-%d %H:%M:%S},000 INFO step={n} {'x' * 60}\n")
    return path


def _one(log: logdex.Log) -> None:
    next(iter(log.lines(since=_LATE)))


def _few(log: logdex.Log) -> None:
    assert len(list(islice(log.records(since=_LATE), 3))) == 3


def _raising(log: logdex.Log) -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(map(fail, log.lines(since=_LATE)))


def _closed(log: logdex.Log) -> None:
    with log.lines(since=_LATE) as lines:
        next(lines)


def _merged(log: logdex.Log) -> None:
    next(logdex.merge({"a": log}, since=_LATE))


@pytest.mark.parametrize("take", [_one, _few, _raising, _closed, _merged])
def test_what_an_answer_built_serves_the_next(big: Path, take: Callable[[logdex.Log], None]) -> None:
    log = logdex.open(big, tz="UTC")
    take(log)
    again = log.lines(since=_LATE)
    assert "step=170000 " in next(again)
    assert again.stats.bytes_skipped > big.stat().st_size * 3 // 4
    assert len(list(again)) == _LINES - 170_000 - 1


def test_what_was_built_in_part_is_gone_on_from(big: Path, tmp_path: Path) -> None:
    log = logdex.open(big, tz="UTC")
    built = []
    for n in (40_000, 80_000, 120_000, 160_000):
        lines = log.lines(since=_START + n * _STEP)
        assert f"step={n} " in next(lines)
        skipped = lines.stats.bytes_skipped
        del lines
        assert not built or skipped > built[-1]
        built.append(skipped)
    whole = log.lines(since=_START + 100 * _STEP, until=_LATE)
    assert [int(line.split("step=")[1].split()[0]) for line in whole] == list(range(100, 170_001))


def test_a_log_that_was_written_anew_meanwhile_is_not_indexed_as_it_was(tmp_path: Path, big: Path) -> None:
    path = tmp_path / "anew.log"
    text = big.read_bytes()
    path.write_bytes(text)
    log = logdex.open(path, tz="UTC")
    lines = log.lines(since=_LATE)
    next(lines)
    with path.open("r+b") as same:
        same.truncate(0)
        same.write(text.replace(b"2026-11-", b"2026-10-"))
    del lines
    assert "step=0 " in next(iter(log.lines(since=datetime(2026, 10, 1))))
    assert log.count(since=_START) == 0
