"""The viewer's model beside a naive twin: all lines in memory, in the order of the merge."""

from __future__ import annotations

import os
import random
from datetime import datetime, timezone
from pathlib import Path

import logdex
import pytest
from logdex.view import search, window
from logdex.view.pager import Cancelled, Filter, Pager

HEIGHT = 7


def pager(paths: list[Path], shown: Filter | None = None) -> Pager:
    log = logdex.open([str(path) for path in paths], tz="UTC")
    return Pager(log._files(log._question)[0], shown)


def make(folder: Path, seed: int, logs: int) -> tuple[list[Path], list[str]]:
    """Logs of which no two lines have the same time, and all lines in order."""
    chosen = random.Random(seed)
    texts: list[list[str]] = [[] for _ in range(logs)]
    every: list[str] = []
    for number in range(chosen.choice([0, 1, 3, 50, 700])):
        owner = chosen.randrange(logs)
        said = chosen.choice(["x", "loss=nan", "é日", "y" * chosen.choice([1, 300, 40_000])])
        line = f"2026-11-22 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02} [rank{owner}]: {said} {number}"
        texts[owner].append(line)
        every.append(line)
    paths = []
    for owner, text in enumerate(texts):
        path = folder / f"rank{owner}-{seed}.log"
        end = chosen.choice(["\n", ""]) if text else ""
        path.write_text("\n".join(text) + end)
        paths.append(path)
    return paths, every


@pytest.mark.parametrize("logs", [1, 3])
@pytest.mark.parametrize("seed", range(12))
def test_random_keys(tmp_path: Path, seed: int, logs: int) -> None:
    paths, every = make(tmp_path, seed, logs)
    chosen = random.Random(seed)
    shown = chosen.choice([None, Filter(regex="nan"), Filter(rank=0)])
    asked = pager(paths, shown)
    if shown is not None:
        every = [line for line in every if ("nan" in line if shown.regex else "[rank0]" in line)]
    now, top = window.last(asked, HEIGHT), max(0, len(every) - HEIGHT)
    for _ in range(60):
        by = chosen.choice([1, -1, HEIGHT, -HEIGHT, 100, -100, "end", "start"])
        if by == "end":
            now, top = window.last(asked, HEIGHT), max(0, len(every) - HEIGHT)
        elif by == "start":
            now, top = window.at(asked, asked.start, HEIGHT), 0
        else:
            now = window.moved(asked, now, int(by), HEIGHT)
            top = max(0, min(top + int(by), len(every) - HEIGHT))
        there = [line.text for line in now.lines[now.top : now.top + HEIGHT]]
        assert there == every[top : top + HEIGHT]
        # Never more than some screens and what is kept around them.
        assert len(now.lines) <= 2 * 400 + HEIGHT


@pytest.mark.parametrize("logs", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_search_beside_a_walk(tmp_path: Path, seed: int, logs: int) -> None:
    paths, every = make(tmp_path, seed, logs)
    asked = pager(paths)
    wanted = [line for line in every if "nan" in line]
    place, found = asked.start, []
    while hit := search.find(asked, "nan", place):
        line, there = hit
        found.append(line.text)
        place = (*there[: line.log], line.behind, *there[line.log + 1 :])
    assert found == wanted
    place, back = asked.end(), []
    while hit := search.find(asked, "nan", place, backwards=True):
        line, place = hit
        back.append(line.text)
    assert back == wanted[::-1]


def test_no_line_is_lost_where_stamps_go_back(tmp_path: Path) -> None:
    chosen = random.Random(1)
    paths, every = [], []
    for rank in range(3):
        lines = [f"2026-11-22 02:00:{chosen.randrange(60):02} rank {rank} line {i}" for i in range(200)]
        path = tmp_path / f"rank{rank}.log"
        path.write_text("".join(line + "\n" for line in lines))
        paths.append(path)
        every += lines
    asked = pager(paths)
    now, seen = window.at(asked, asked.start, HEIGHT), []
    while True:
        seen += [line.text for line in now.lines[now.top : now.top + HEIGHT]]
        there = now.place(now.top + HEIGHT)
        if there == asked.end():
            break
        now = window.Window((), 0, there)
        now = window.Window(tuple(asked.after(there, HEIGHT)), 0, there)
    assert sorted(seen) == sorted(every)


def test_what_is_cancelled_ends(tmp_path: Path) -> None:
    paths, _ = make(tmp_path, 4, 1)
    asked = pager(paths)
    asked.cancel()
    with pytest.raises(Cancelled):
        search.find(asked, "not there", (1,))
    with pytest.raises(Cancelled):
        asked.after((0,), 5)


@pytest.mark.parametrize(
    "shape",
    [
        "26/11/%d 06:47:12 x",
        "13/11/2026 06:4%d:12 x",
        "05/1%d/2026 06:47:12 x",
        "x;2026112206471%d;y",
        "[26/11/2%d 06:47:12] x",
    ],
)
def test_the_gutter_has_the_times_of_a_format_that_the_log_elects(tmp_path: Path, shape: str) -> None:
    lines = [shape % n for n in (0, 1, 2)] * 20
    path = tmp_path / "a.log"
    path.write_text("".join(f"{line}\nbare\n" for line in lines))
    records = list(logdex.open(path, tz="UTC").records())
    asked = pager([path])
    assert [line.time for line in asked.after(asked.start, 999)] == [record.time for record in records]


def test_the_gutter_takes_a_year_by_the_last_change(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("Nov 22 02:10:00 host a: b\n")
    then = datetime(2019, 12, 1, tzinfo=timezone.utc).timestamp()
    os.utime(path, (then, then))
    (record,) = logdex.open(path, tz="UTC").records()
    asked = pager([path])
    assert [line.time for line in asked.after(asked.start, 9)] == [record.time]
    assert record.time is not None
    assert record.time.year == 2019
