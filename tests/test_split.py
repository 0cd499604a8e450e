"""Splits: read one after the other, their rows are those of each log in one process."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import logdex
import pytest
from compressed import compress
from logdex.tables.split import Split, splits

pa = pytest.importorskip("pyarrow")

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"regex": "step=7"},
    {"regex": "(?=.*rank2)step", "columns": ["offset", "text"]},
    {"since": "2026-11-22 01:00:00", "until": "2026-11-22 02:30:00"},
    {"fields": r"step=(?P<step>\d+)", "fields_types": {"step": int}, "columns": ["step"]},
]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines without stamps among others, of several ranks, so that times hang on lines before."""
    path = tmp_path_factory.mktemp("large") / "large.log"
    with path.open("w") as file:
        for n in range(120_000):
            stamp = f"2026-11-22 {n // 36000:02}:{n // 600 % 60:02}:{n // 10 % 60:02} " if n % 3 else "  "
            file.write(f"[rank{n % 4}] {stamp}step={n}\n")
        file.write("no end")
    return path


def rows(parts: list[Split]) -> Any:
    # As on another machine.
    return pa.concat_tables([pickle.loads(pickle.dumps(part)).table() for part in parts]).to_pylist()


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_parts_of_a_file_are_the_file(large: Path, tmp_path: Path, question: dict[str, Any]) -> None:
    parts = splits(large, tz="UTC", index=tmp_path, part=1 << 20, **question)
    assert len(parts) > 3
    assert parts[0].after == 0
    assert parts[-1].before is None
    assert all(one.before == other.after for one, other in itertools.pairwise(parts))
    assert rows(parts) == pa.table(logdex.open(large, tz="UTC").arrow(**question)).to_pylist()


def test_what_is_written_later_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2026-11-22 02:00:00 a\n")
    parts = splits(path, tz="UTC")
    with path.open("a") as file:
        file.write("2026-11-22 02:00:01 b\n")
    assert [row["text"] for row in rows(parts)] == ["2026-11-22 02:00:00 a"]


def test_many_files_keep_their_sources_and_ranks(tmp_path: Path) -> None:
    for rank in range(3):
        (tmp_path / f"rank{rank}.log").write_text(f"2026-11-22 02:00:0{rank} a\n")
    plain = tmp_path / "rank2.log"
    plain.with_suffix(".log.gz").write_bytes(compress(plain.read_bytes(), ".gz"))
    plain.unlink()
    parts = splits(tmp_path, tz="UTC")
    assert [(row["source"], row["rank"], row["text"][-3:]) for row in rows(parts)] == [
        (f"rank{rank}", rank, f"{rank} a") for rank in range(3)
    ]


@pytest.mark.parametrize("source", ["large.log", "*.log", "."])
def test_a_task_may_stand_in_another_directory(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("large.log").symlink_to(large)
    log = logdex.open(source, tz="UTC", index="indexes")
    whole = pa.table(log.arrow(columns=["source", "offset", "rank"], regex="step=7")).to_pylist()
    parts = splits(
        source, "step=7", tz="UTC", index="indexes", part=1 << 20, columns=["source", "offset", "rank"]
    )
    monkeypatch.chdir("/")
    assert len(parts) > 3
    assert all(part.opening["index"] == str(tmp_path / "indexes") for part in parts)
    assert rows(parts) == sorted(whole, key=lambda row: row["offset"])


@pytest.mark.parametrize("question", [{}, {"since": "2024-11-22", "until": "2024-11-23"}], ids=str)
def test_a_log_without_years_has_those_of_the_logs_beside_it(
    tmp_path: Path, question: dict[str, Any]
) -> None:
    (tmp_path / "sys.log").write_text("Nov 22 02:00:00 host a[1]: one\nNov 22 02:00:05 host a[1]: two\n")
    (tmp_path / "train.log").write_text("2024-11-22 02:00:01 b\n")
    whole = pa.table(logdex.open(tmp_path, tz="UTC").arrow(**question)).to_pylist()
    assert {row["time"].year for row in whole} == {2024}
    parts = rows(splits(tmp_path, tz="UTC", **question))
    assert sorted(parts, key=lambda row: row["time"]) == whole


def test_what_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        splits(tmp_path / "missing.log")
    with pytest.raises(TypeError, match="give its path"):
        splits(logdex.open(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="last"):
        splits(tmp_path, last=3)
    (tmp_path / "a.log").write_text("a\nb\n")
    lines = logdex.open(tmp_path / "a.log").lines()
    next(lines)
    with pytest.raises(ValueError, match=r"after: .*rotated"):
        splits(tmp_path / "a.log", after=lines.cursor)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Logs with steps and times, with times alone, with neither, and one without a line."""
    told = ["2026-11-22 02:10:{:02} step {}\n", "2026-11-22 02:10:{:02} nothing\n", "bare {}\n", ""]
    for rank, line in enumerate(told):
        (tmp_path / f"rank{rank}.log").write_text("".join(line.format(n, n) for n in range(20)))
    return tmp_path


RANGES: list[dict[str, Any]] = [
    {"since": "2026-11-22 02:10:15"},
    {"until": "2026-11-22 02:10:05"},
    {"since": timedelta(minutes=10)},
    {"step": (1, 5)},
    {"step": (None, 5)},
    {"step": (1, 5), "since": "2026-11-22 02:10:03"},
    {"steps": True},
    {"step": (1, 5), "strict": False},
    {"until": "2026-11-22 02:10:05", "strict": False},
]


def answer(ask: Callable[[], Any]) -> object:
    """The rows that an answer has, without their order, or what it says in their place."""
    try:
        return sorted((row["source"], row["offset"]) for row in ask())
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("ranks", [[0, 1, 2, 3], [1, 2], [2], [2, 3], [1], [3]], ids=str)
@pytest.mark.parametrize("question", RANGES, ids=str)
def test_a_range_means_to_parts_what_it_means_to_the_whole(
    mixed: Path, question: dict[str, Any], ranks: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """Where a log has no times or no steps, among others that have some, and alone."""
    paths = [mixed / f"rank{rank}.log" for rank in ranks]
    source = paths if len(paths) > 1 else paths[0]
    log, more = logdex.open(source, tz="UTC"), {"columns": ["source", "offset"], **question}
    whole = answer(lambda: pa.table(log.arrow(**more)).to_pylist())
    said = {record.getMessage() for record in caplog.records}
    caplog.clear()
    assert answer(lambda: rows(splits(source, tz="UTC", **more))) == whole
    assert {record.getMessage() for record in caplog.records} == said


def test_a_part_in_the_middle_may_have_no_step(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    path.write_text("step 1\n" + "nothing to see here\n" * 200_000)
    for step in ((1, 1), (2, 3)):
        parts = splits(path, part=1 << 20, step=step, columns=["offset"])
        assert len(parts) > 2
        assert rows(parts) == pa.table(logdex.open(path).arrow(step=step, columns=["offset"])).to_pylist()
