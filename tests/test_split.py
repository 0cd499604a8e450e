"""Splits: read one after the other, their rows are those of each log in one process."""

from __future__ import annotations

import itertools
import pickle
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


def test_what_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        splits(tmp_path / "missing.log")
    with pytest.raises(TypeError, match="give its path"):
        splits(logdex.open(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="last"):
        splits(tmp_path, last=3)
