"""The index through the public interface: it makes answers fast, and never another."""

import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest

_START = datetime(2026, 11, 1)
_STEP = timedelta(seconds=3)


def _write(path: Path, lines: int, first: int = 0) -> None:
    """About 100 bytes a line, three seconds apart."""
    with path.open("a") as out:
        for n in range(first, first + lines):
            out.write(f"{_START + n * _STEP:%Y-%m-%d %H:%M:%S},000 INFO step={n} {'x' * 60}\n")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log just large enough for its index to be stored."""
    path = tmp_path_factory.mktemp("big") / "big.log"
    _write(path, 190_000)
    assert path.stat().st_size > 16 << 20
    return path


def _stored(directory: Path) -> list[Path]:
    """The indexes of times; one of levels may lie beside them."""
    return sorted(directory.glob("*.v*.logdex"))


def _steps(lines: "logdex.Lines") -> list[int]:
    return [int(line.split("step=")[1].split()[0]) for line in lines]


def test_a_second_question_reads_little(big: Path, tmp_path: Path) -> None:
    log = logdex.open(big, tz="UTC")
    since, until = _START + 150_000 * _STEP, _START + 150_010 * _STEP
    first = log.lines(since=since, until=until)
    assert _steps(first) == list(range(150_000, 150_011))
    assert first.stats.bytes_read >= big.stat().st_size
    (stored,) = _stored(tmp_path / "cache")
    assert stored.stat().st_size < max(big.stat().st_size // 1000, 40_000)
    second = log.lines(since=since, until=until)
    assert _steps(second) == list(range(150_000, 150_011))
    assert second.stats.bytes_read < 2 << 20
    assert second.stats.bytes_skipped > big.stat().st_size - (2 << 20)


def test_small_logs_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 1000)
    assert len(list(logdex.open(path, tz="UTC").lines(since=_START))) == 1000
    assert _stored(tmp_path / "cache") == []


def test_where_the_index_is_kept(big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(index: bool | Path) -> None:
        assert logdex.open(big, tz="UTC", index=index).count(since=_START + 189_999 * _STEP) == 1

    ask(False)
    assert _stored(tmp_path / "cache") == []
    ask(tmp_path / "beside")
    assert len(_stored(tmp_path / "beside")) == 1
    assert _stored(tmp_path / "cache") == []
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    ask(True)
    assert _stored(tmp_path / "cache") == []
    assert {p.name for p in big.parent.iterdir()} == {"big.log"}


def test_it_takes_the_mode_of_the_log(big: Path, tmp_path: Path) -> None:
    os.chmod(big, 0o640)
    logdex.open(big, tz="UTC").count(since=_START)
    (stored,) = _stored(tmp_path / "cache")
    assert stored.stat().st_mode & 0o777 == 0o640


def test_growth_and_rewriting_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 190_000)
    log = logdex.open(path, tz="UTC")
    assert log.count(since=_START) == 190_000
    _write(path, 10, first=190_000)
    grown = log.lines(since=_START + 189_995 * _STEP)
    assert _steps(grown) == list(range(189_995, 190_010))
    assert grown.stats.bytes_read < 4 << 20
    _write(path, 60_000, first=190_010)
    assert log.count(since=_START + 249_000 * _STEP) == 250_010 - 249_000
    content = path.read_bytes()
    path.write_bytes(content.replace(b"2026-11", b"2026-12"))
    assert log.count(since=datetime(2026, 12, 1)) == 250_010
    path.write_bytes(content[: len(content) // 2])
    assert log.count(until=datetime(2026, 11, 1)) == 1


def test_a_damaged_index_is_built_anew(big: Path, tmp_path: Path) -> None:
    log = logdex.open(big, tz="UTC")
    since = _START + 100_000 * _STEP
    truth = log.count(since=since)
    (stored,) = _stored(tmp_path / "cache")
    whole = stored.read_bytes()
    for damage in (b"", b"nonsense", whole[:5000], whole[:4096] + bytes(4096) + whole[8192:], whole[::-1]):
        stored.write_bytes(damage)
        assert log.count(since=since) == truth
    assert stored.read_bytes()[:6] == b"logdex"


def test_many_ask_at_once(big: Path, tmp_path: Path) -> None:
    log = logdex.open(big, tz="UTC")
    counts: list[int] = []
    since = _START + 180_000 * _STEP
    threads = [threading.Thread(target=lambda: counts.append(log.count(since=since))) for _ in range(6)]
    script = f"import logdex; print(logdex.open({str(big)!r}, tz='UTC').count(since={since.isoformat()!r}))"
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [10_000] * 6
    assert [process.communicate()[0].strip() for process in processes] == ["10000"] * 3
    assert [p.suffix for p in _stored(tmp_path / "cache")] == [".logdex"]


def test_prune_removes_what_is_of_no_use(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 190_000)
    logdex.open(path, tz="UTC").count(since=_START)
    assert logdex.prune() == 0
    path.unlink()
    assert logdex.prune() > 4096
    assert _stored(tmp_path / "cache") == []


def test_a_follow_goes_on_where_the_index_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 5000)
    _write_half = f"{_START + 5000 * _STEP:%Y-%m-%d %H:%M:%S},000 INFO step=5000"
    with path.open("a") as out:
        out.write(_write_half)
    ended = False
    since = _START + 4990 * _STEP
    lines = logdex.open(path, tz="UTC").lines(since=since, follow=True, ended=lambda: ended)
    got = [next(lines) for _ in range(10)]
    with path.open("a") as out:
        out.write(" x\n  more\n")
    _write(path, 3, first=5001)
    got += [next(lines) for _ in range(5)]
    ended = True
    got += list(lines)
    assert _steps(line for line in got if "step" in line) == list(range(4990, 5004))
    assert got[11] == "  more\n"


def test_the_last_of_a_range(big: Path) -> None:
    log = logdex.open(big, tz="UTC")
    until = _START + 150_000 * _STEP
    assert _steps(log.lines(until=until, last=3)) == [149_998, 149_999, 150_000]
    assert _steps(log.lines("step=.*7 ", until=until, last=2)) == [149_987, 149_997]
    assert [r.number for r in log.records(until=until, last=2)] == [150_000, 150_001]


def test_an_answer_begins_before_the_index_is_whole(big: Path, tmp_path: Path) -> None:
    lines = logdex.open(big, tz="UTC").records(since=_START)
    assert next(lines).text.endswith("x\n")
    assert lines.stats.bytes_read < big.stat().st_size // 4
    rest = list(lines)
    assert len(rest) == 189_999
    assert (lines.stats.lines, lines.stats.own, lines.stats.steps_back) == (190_000, 190_000, 0)
    # Once to sum it up, once for the lines.
    assert lines.stats.bytes_read == 2 * big.stat().st_size
    assert len(_stored(tmp_path / "cache")) == 1
    again = logdex.open(big, tz="UTC").records(since=_START + 189_990 * _STEP)
    assert [record.number for record in again] == list(range(189_991, 190_001))
    assert again.stats.bytes_read < 1 << 20


@pytest.mark.parametrize(
    "first", ["11-01 00:00:00 INFO a\n", "nothing\n", "I1101 00:00:00.000000 1 x.cc:1] a\n"]
)
def test_without_a_year_the_end_is_looked_at_first(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(first)
    _write(path, 190_000)
    lines = logdex.open(path, tz="UTC").records()
    assert next(lines).text == first
    dated = first == "nothing\n"
    assert (lines.stats.bytes_read < path.stat().st_size // 4) == dated
    assert next(lines).number == 2


def test_what_was_summed_up_is_kept_when_an_answer_is_left(big: Path, tmp_path: Path) -> None:
    since = _START + 120_000 * _STEP
    with logdex.open(big, tz="UTC").lines(since=since) as lines:
        assert "step=120000" in next(lines)
    assert len(_stored(tmp_path / "cache")) == 1
    again = logdex.open(big, tz="UTC").lines(since=since)
    assert _steps(again) == list(range(120_000, 190_000))
    assert again.stats.bytes_skipped > big.stat().st_size // 2
    assert again.stats.bytes_read < big.stat().st_size


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_while_the_index_is_built_loses_no_line_that_is_left(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.log"
    _write(path, 400_000)
    lines = logdex.open(path, tz="UTC", index=False).lines(since=_START)
    got = [next(lines)]
    size = int(path.stat().st_size * share)
    os.truncate(path, size)
    left = path.read_bytes().count(b"\n")
    with pytest.raises(OSError, match="truncated") as caught:
        got.extend(lines)
    assert caught.value.filename == str(path) or str(path) in str(caught.value)
    assert _steps(got) == list(range(left))
    assert next(lines, None) is None


def test_a_follow_begins_before_the_index_is_whole(big: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(big.read_bytes())
    ended = False
    lines = logdex.open(path, tz="UTC").lines(since=_START, follow=True, ended=lambda: ended)
    assert "step=0 " in next(lines)
    assert lines.stats.bytes_read < path.stat().st_size // 4
    _write(path, 3, first=190_000)
    ended = True
    assert _steps(lines) == list(range(1, 190_003))
