"""The index of levels: what a question for a level has told, the next one need not read; and no answer hangs on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import logdex
import pytest

_BLOCK = 256 << 10
_QUIET = "2026-11-22 06:47:12,123 INFO step 10 loss 0.5 and so on for a while, as training logs do\n"
_GRAVE = "2026-11-22 06:47:13,000 ERROR boom\n"
_TRACE = ["Traceback (most recent call last):\n", '  File "a.py", line 1, in f\n', "ValueError: INFO\n"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGDEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LOGDEX_INDEX", raising=False)
    return tmp_path / "cache"


def _write(path: Path, mebibytes: int, grave_at: list[int]) -> None:
    """A log of so many MiB, with an error and its traceback at each of these MiB."""
    quiet = _QUIET * ((1 << 20) // len(_QUIET))
    with path.open("w") as file:
        for mebibyte in range(mebibytes):
            file.write(quiet)
            if mebibyte in grave_at:
                file.write(_GRAVE + "".join(_TRACE))


def _without_index(path: Path, **asked: object) -> list[str]:
    return list(logdex.open(path, tz="UTC", index=False).lines(**asked))  # type: ignore[arg-type]


def test_the_second_question_reads_only_where_a_grave_line_may_be(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 18, [3, 11])
    log = logdex.open(path, tz="UTC")
    wanted = [_GRAVE, *_TRACE] * 2
    with log.lines(level="error") as lines:
        assert list(lines) == wanted
        assert lines.stats.bytes_skipped == 0
    with log.lines(level="error") as lines:
        assert list(lines) == wanted
        assert lines.stats.bytes_skipped > 16 << 20
        assert lines.stats.skipped_by_text == 0
    # All that is put to the engine asks the same index.
    assert log.count(level="error") == 8
    assert log.count("boom", level="error", since="2026-11-22 06:47:13") == 2
    assert [record.text for record in log.records(level="error")] == wanted
    assert list(log.lines(level="error", last=3)) == _TRACE
    assert list(log.lines("INFO", level="error")) == [_TRACE[2]] * 2
    assert list(log.lines(level="critical")) == []
    assert log.count(level="info") == log.count()
    assert [str(record.level) for record in log.records(level="warning")] == ["error"] * 8


def test_what_is_written_later_is_read(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 17, [2])
    log = logdex.open(path, tz="UTC")
    assert log.count(level="error") == 4
    with path.open("a") as file:
        # The record at the end goes on with what comes.
        file.write(_GRAVE)
    assert log.count(level="error") == 5
    with path.open("a") as file:
        file.write(_TRACE[0])
    assert log.count(level="error") == 6
    assert list(log.lines(level="error")) == _without_index(path, level="error")
    path.write_text(path.read_text().replace("INFO step", "FATAL ste"))
    assert log.count(level="critical") == len(_without_index(path, level="critical")) > 0


def test_an_index_that_is_damaged_changes_no_answer(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 17, [5])
    log = logdex.open(path, tz="UTC")
    assert log.count(level="error") == 4
    stored = [file for file in cache.iterdir() if ".l" in file.name]
    assert len(stored) == 1
    content = stored[0].read_bytes()
    for damaged in (b"", content[:100], content[:-1] + b"x", content[:40] + b"\xff" + content[41:]):
        stored[0].write_bytes(damaged)
        assert log.count(level="error") == 4


def test_a_question_that_does_not_tell_all_stores_nothing(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    _write(path, 17, [5])
    log = logdex.open(path, tz="UTC")
    next(iter(log.lines(level="error")))
    assert log.count("boom", level="error") == 1
    assert log.count(level="error", where="absent=1") == 0
    assert not _stored(cache)
    assert logdex.open(path, tz="UTC", stamp="%d.%m.%Y %H:%M:%S").count(level="error") == 4
    assert logdex.open(path, tz="UTC", index=False).count(level="error") == 4
    assert not _stored(cache)


def _stored(cache: Path) -> list[str]:
    return [name for name in (os.listdir(cache) if cache.exists() else []) if ".l" in name]


def test_a_merge_and_a_follow_ask_it_too(cache: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "rank0.log", tmp_path / "rank1.log"
    _write(one, 17, [1])
    _write(other, 17, [16])
    for path in (one, other):
        assert logdex.open(path, tz="UTC").count(level="error") == 4
    logs = logdex.open(tmp_path / "rank*.log", tz="UTC")
    assert sorted(logs.lines(level="error")) == sorted([_GRAVE, *_TRACE] * 2)

    def come(lines: Iterator[str], count: int) -> list[str]:
        return [next(lines) for _ in range(count)]

    with logdex.open(one, tz="UTC").lines(level="error", follow=True) as lines:
        assert come(lines, 4) == [_GRAVE, *_TRACE]
        with one.open("a") as file:
            file.write(_QUIET + _GRAVE)
        assert come(lines, 1) == [_GRAVE]
