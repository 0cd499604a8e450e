"""`logdex.polars.scan`: what a query says reaches the engine, and the rows are those that Polars takes by itself."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import logdex
import pytest

pl = pytest.importorskip("polars")

import logdex.polars
from logdex.polars import _Ranges, _ranges

UTC = timezone.utc
BEGIN = datetime(2026, 11, 22, 2, tzinfo=UTC)
at, source, rank = pl.col("time"), pl.col("source"), pl.col("rank")


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Three ranks, stamps that jitter, and lines without one."""
    rng, directory = random.Random(7), tmp_path / "job"
    directory.mkdir()
    for number in range(3):
        lines = []
        for step in range(40):
            stamp = BEGIN + timedelta(seconds=step + rng.randrange(-3, 4))
            lines.append(f"{stamp:%Y-%m-%d %H:%M:%S} step={step} loss={9 / (step + 1):.4f}\n")
            if step % 10 == 3:
                lines.append("  behind it\n")
        (directory / f"rank{number}.log").write_text("".join(lines))
    return directory


QUERIES: list[Any] = [
    at >= BEGIN + timedelta(seconds=10),
    BEGIN + timedelta(seconds=10) > at,
    (at > BEGIN + timedelta(seconds=5)) & (at <= BEGIN + timedelta(seconds=12)),
    BEGIN + timedelta(seconds=7) == at,
    at.is_between(BEGIN, BEGIN + timedelta(seconds=3)) & (rank == 1),
    at >= pl.datetime(2026, 11, 22, 2, 0, 30, time_zone="UTC"),
    source == "rank1",
    source.is_in(["rank0", "rank2"]) & (at < BEGIN + timedelta(seconds=9)),
    source.is_in([]),
    (source == "rank1") & (source == "rank2"),
    source != "rank1",
    ~(at >= BEGIN),
    (at >= BEGIN + timedelta(seconds=30)) | (source == "rank0"),
    pl.col("text").str.contains("step=3"),
    (rank >= 1) & pl.col("text").str.starts_with("  "),
    at.dt.second() == 4,
    (pl.col("step") >= 3) & (pl.col("step") < 7),
    pl.col("step").is_between(5, 9) & (source == "rank1"),
    at.is_null(),
]


RANKS: list[Any] = [
    rank == 1,
    rank == pl.lit(1, pl.Int64),
    pl.lit(1) < rank,
    (rank >= 0) & (rank <= 1),
    rank.is_in([0, 7]),
    rank.is_in([1, None]),
    rank.is_in([1, None], nulls_equal=True),
    rank.is_between(1, 7) & (at >= BEGIN + timedelta(seconds=10)),
    (rank == 2) & (source == "rank0"),
    (rank == 2) & (pl.col("step") < 20),
    (rank == 2) & (rank == 1),
    rank == -1,
    rank > 2**40,
    rank.is_null(),
    rank.eq_missing(None),
    rank.eq_missing(1),
    (rank == 1) | rank.is_null(),
    rank != 1,
]


@pytest.mark.parametrize("query", RANKS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_a_rank_is_the_lines_own_or_else_its_files(job: Path, query: Any, seed: int) -> None:
    """By the engine as by Polars, where lines of other ranks stand in the files of ranks, and some have none."""
    rng = random.Random(seed)
    heads = ["[rank1]: ", "[rank7]: ", "[default2]: ", "[4294967299]: ", "[rank2]:", "", "", ""]
    for path in (*job.iterdir(), job / "driver.log", job / "empty.log"):
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        for number in range(0 if path.stem == "empty" else 60):
            stamp = BEGIN + timedelta(seconds=number)
            lines.append(f"{rng.choice(heads)}{stamp:%Y-%m-%d %H:%M:%S} step={number}\n")
        rng.shuffle(lines)
        path.write_text("".join(lines))
    for log in (logdex.open(job, tz="UTC"), logdex.open(job / "rank1.log", tz="UTC")):
        frame, whole = logdex.polars.scan(log), pl.DataFrame(log.arrow())
        assert frame.filter(query).collect().equals(whole.filter(query))
        assert frame.filter(query).select("text").collect().equals(whole.filter(query).select("text"))


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_rows_are_those_that_polars_takes_of_the_whole(job: Path, query: Any) -> None:
    log = logdex.open(job, tz="UTC")
    whole = pl.DataFrame(log.arrow())
    for frame in (logdex.polars.scan(log), logdex.polars.scan(job, tz="UTC")):
        assert frame.filter(query).collect().equals(whole.filter(query))
        assert frame.filter(query).select("text").collect().equals(whole.filter(query).select("text"))
        for rows in (0, 1, 5, 500):
            assert frame.filter(query).head(rows).collect().equals(whole.filter(query).head(rows))
            assert frame.head(rows).filter(query).collect().equals(whole.head(rows).filter(query))
        assert frame.filter(query).select(pl.len()).collect().item() == whole.filter(query).height


def test_what_compares_time_and_source_becomes_ranges() -> None:
    later = BEGIN + timedelta(seconds=9)
    told = _ranges((at >= BEGIN) & (later > at) & source.is_in(["a", "b"]) & (source == "a") & (rank == 1))
    assert told == _Ranges(BEGIN, later, frozenset({"a"}), least_rank=1, greatest_rank=1)
    assert _ranges(at == BEGIN) == _Ranges(BEGIN, BEGIN)
    assert _ranges((at >= BEGIN) & (at >= later)).since == later
    assert _ranges(at.is_between(BEGIN, later)) == _Ranges(BEGIN, later)
    for query in (
        (at >= BEGIN) | (rank == 1),
        ~(at >= BEGIN),
        at != BEGIN,
        at + timedelta(1) >= later,
    ):
        assert _ranges(query) == _Ranges(), str(query)
    step = pl.col("step")
    assert _ranges((step >= 3) & (step < 7)) == _Ranges(least=3, greatest=7)
    assert _ranges(step == 4) == _Ranges(least=4, greatest=4)
    assert _ranges((step >= 3) & (source == "a") & (at >= BEGIN), {"step", "source", "time"}) == _Ranges()
    assert _ranges((rank >= 3) & (rank < 7)) == _Ranges(least_rank=3, greatest_rank=7)
    assert _ranges(rank.is_in([5, 2, None])) == _Ranges(least_rank=2, greatest_rank=5)
    for query in (rank != 1, rank.is_null(), ~(rank == 1), rank == 1.5, rank > 1 << 62, rank.is_in([])):
        assert _ranges(query) == _Ranges(), str(query)
    assert _ranges(rank == 1, {"rank"}) == _Ranges()
    zoned = pl.lit(BEGIN.astimezone(timezone(timedelta(hours=2))))
    assert _ranges(zoned <= at).since == BEGIN


def test_explain_shows_what_was_pushed_down(job: Path) -> None:
    plan = logdex.polars.scan(job, tz="UTC").filter(at >= BEGIN).select("text", "time").explain()
    assert "logdex" in plan
    assert "SELECTION" in plan
    assert "PROJECT" in plan
    assert "FILTER" not in plan


def test_a_range_reads_no_more_than_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    with path.open("w") as file:
        for second in range(40_000):
            file.write(f"{BEGIN + timedelta(seconds=second):%Y-%m-%d %H:%M:%S} {'x' * 100}\n")
    log, asked = logdex.open(path, tz="UTC"), []
    arrow = log.arrow

    class Spy(logdex.Log):
        def arrow(self, *question: Any, **more: Any) -> Any:
            asked.append(arrow(*question, **more))
            return asked[-1]

    log.__class__ = Spy
    frame = logdex.polars.scan(log).filter(at >= BEGIN + timedelta(seconds=39_990)).select("offset").collect()
    assert frame.height == 10
    assert asked[-1].columns == ["offset", "time"]
    assert asked[-1].stats.lines < 40_000
    assert logdex.polars.scan(log).head(3).select("offset").collect().height == 3
    assert asked[-1].columns == ["offset"]
    assert asked[-1].stats.lines < 40_000


def test_groups_are_columns(job: Path) -> None:
    frame = logdex.polars.scan(
        job,
        "loss=",
        fields=r"step=(?P<step>\d+) loss=(?P<loss>[\d.]+)",
        fields_types={"step": int, "loss": float},
    )
    last = frame.group_by("rank").agg(pl.col("loss").sort_by("step").last()).sort("rank").collect()
    assert last.to_dict(as_series=False) == {"rank": [0, 1, 2], "loss": [0.225] * 3}


def test_errors_are_polars_or_pythons(tmp_path: Path, job: Path) -> None:
    with pytest.raises(ValueError, match="tz: say so"):
        logdex.polars.scan(logdex.open(job), tz="UTC")
    frame = logdex.polars.scan(tmp_path / "missing.log")
    with pytest.raises((FileNotFoundError, pl.exceptions.ComputeError), match="missing"):
        frame.collect()


def test_the_callers_own_range_must_mean_something(tmp_path: Path) -> None:
    """What a predicate says does not have to, for Polars applies it again."""
    (tmp_path / "bare.log").write_text("bare\n" * 10)
    with pytest.raises(ValueError, match="no line has a time"):
        logdex.polars.scan(tmp_path / "bare.log", since="10m").collect()
    assert logdex.polars.scan(tmp_path / "bare.log").filter(at >= BEGIN).collect().height == 0
    (tmp_path / "timed.log").write_text("2026-11-22 02:00:00 a\n2026-11-22 02:00:01 b\n")
    for source in (tmp_path, tmp_path / "timed.log"):
        log = logdex.open(source, tz="UTC")
        asked = {"since": "2026-11-22 02:00:01"}
        frame, whole = logdex.polars.scan(log, **asked), pl.DataFrame(log.arrow(**asked))
        for query in (pl.lit(True), pl.col("step") < 5, at < BEGIN + timedelta(seconds=9)):
            assert frame.filter(query).collect().equals(whole.filter(query))
        assert frame.collect().height == 1
