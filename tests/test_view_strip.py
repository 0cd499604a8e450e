"""The strip of the viewer: how many lines and errors there were when, beside a naive count; and what a click does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")

import logdex
from hypothesis import given
from hypothesis import strategies as st
from logdex.view import density, jumps
from logdex.view.app import Viewer
from logdex.view.density import Density, Stretch
from logdex.view.screen import open_screen
from logdex.view.strip_view import StripView
from test_view import current, keys, shown, stamped, status, typed, until, view, write

SPANS = st.none() | st.tuples(st.integers(0, 10**9), st.integers(0, 10**8)).map(lambda at: (at[0], sum(at)))
PARTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 500), SPANS, st.sampled_from([None, False, True])),
    max_size=30,
)


def behind_one_another(told: list[tuple[int, int, tuple[int, int] | None, bool | None]]) -> list[Stretch]:
    at, parts = [0, 0, 0], []
    for log, lines, span, grave in told:
        parts.append(Stretch(log, at[log], at[log] + 10 * lines, lines, span, grave))
        at[log] += 10 * lines
    return parts


@given(PARTS, st.integers(1, 90))
def test_cells_have_the_lines_of_all_parts(
    told: list[tuple[int, int, tuple[int, int] | None, bool | None]], width: int
) -> None:
    parts = behind_one_another(told)
    found = density.density(parts, width)
    meant = [part for part in parts if part.span is not None] or parts
    assert sum(found.lines) == pytest.approx(sum(part.lines for part in meant))
    assert len(found.bars()) == width
    assert [bar == " " for bar in found.bars()] == [lines == 0 for lines in found.lines]
    for part in meant if found.timed else ():
        assert part.span is not None
        covered = range(found.cell(part.span[0]), found.cell(part.span[1]) + 1)
        assert all(found.lines[cell] > 0 for cell in covered)
        assert not part.grave or all(found.grave[cell] for cell in covered)
    if not any(part.grave for part in meant):
        assert not any(found.grave)


def test_a_cell_is_found_again_by_where_it_begins() -> None:
    found = Density(10**18, 10**18 + 3_600_000_000_000, True, [0.0] * 57, [False] * 57)
    for cell in range(57):
        assert found.cell(found.at(cell) + 1) == cell


def logs_of(tmp_path: Path, seed: int) -> list[Path]:
    chosen, paths = random.Random(seed), []
    for log in range(chosen.choice([1, 2, 3])):
        rows = [
            f"2026-11-22 {at // 3600:02}:{at // 60 % 60:02}:{at % 60:02} "
            f"{'ERROR' if chosen.random() < 0.001 else 'INFO'} step={at} {'x' * chosen.randrange(400)}"
            for at in range(chosen.choice([1, 40, 9000]))
        ]
        paths.append(write(tmp_path / f"rank{log}.log", rows))
    return paths


@pytest.mark.parametrize("seed", range(4))
def test_the_outline_has_the_lines_that_a_walk_has(tmp_path: Path, monkeypatch: Any, seed: int) -> None:
    paths = logs_of(tmp_path, seed)
    pager = open_screen(logdex.open(paths, tz="UTC")).pager
    walked = density.parts_of(pager)
    monkeypatch.setattr(density, "_EXACT", 0)
    shares: list[float] = []
    outlined = density.parts_of(pager, shares.append)
    for log, path in enumerate(paths):
        lines = path.read_bytes().splitlines(keepends=True)
        for parts in ([one for one in some if one.log == log] for some in (walked, outlined)):
            assert sum(part.lines for part in parts) == len(lines)
            assert [part.begin for part in parts[1:]] == [part.end for part in parts[:-1]]
            assert parts[-1].end == path.stat().st_size
        for part in walked:
            if part.log == log:
                assert part.grave == (b" ERROR " in path.read_bytes()[part.begin : part.end])
        for part in outlined:
            inside = [
                one for one in walked if one.log == log == part.log and part.begin <= one.begin < part.end
            ]
            for one in inside:
                assert one.span is not None
                assert part.span is not None
                assert part.span[0] <= one.span[0] <= one.span[1] <= part.span[1]
            if part.grave is not None:
                assert part.grave == any(one.grave for one in inside)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("seed", range(3))
def test_the_line_of_a_number_is_that_of_a_count(tmp_path: Path, seed: int) -> None:
    path = logs_of(tmp_path, seed)[0]
    pager = open_screen(logdex.open(path, tz="UTC")).pager
    lines = path.read_bytes().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(0, len(lines), max(1, len(lines) // 50))]
    for start in starts:
        number = path.read_bytes()[:start].count(b"\n") + 1
        assert jumps.of_number(pager, number) == (start,)
    assert jumps.of_number(pager, len(lines) + 5) == (path.stat().st_size - len(lines[-1]),)


def strip(app: Viewer) -> Density:
    found = app.query_one(StripView).shown
    assert found is not None
    return found


def test_a_click_goes_to_the_moment(tmp_path: Path) -> None:
    rows = [row.replace("INFO", "ERROR") if at == 900 else row for at, row in enumerate(stamped(3000))]

    async def play(app: Viewer, pilot: Any) -> None:
        await until(pilot, lambda: app.query_one(StripView).shown is not None)
        found = strip(app)
        assert sum(found.lines) == pytest.approx(3000)
        second = 1_000_000_000
        assert [cell for cell, grave in enumerate(found.grave) if grave] == [
            found.cell(found.begin + 900 * second)
        ]
        indent = app.query_one(StripView)._indent()
        for cell in (3, len(found.lines) - 2):
            await pilot.click(StripView, offset=(indent + cell, 0))
            await until(pilot, lambda: app._job is None and not app._waiting)
            # A stamp without a fraction stands for its whole second.
            assert current(app) == rows[(found.at(cell) - found.begin) // second]

        await keys(app, pilot, "i")
        await until(pilot, lambda: len(shown(app)) == 23)
        await keys(app, pilot, "i")
        await until(pilot, lambda: len(shown(app)) == 22)

    view(write(tmp_path / "a.log", rows), play)


def test_a_strip_of_logs_without_times_is_over_their_bytes(tmp_path: Path) -> None:
    rows = [f"line {at}" for at in range(4000)]

    async def play(app: Viewer, pilot: Any) -> None:
        await until(pilot, lambda: app.query_one(StripView).shown is not None)
        found = strip(app)
        assert not found.timed
        assert sum(found.lines) == pytest.approx(4000)
        await pilot.click(StripView, offset=(app.query_one(StripView)._indent() + len(found.lines) // 2, 0))
        await until(pilot, lambda: app._job is None and not app._waiting)
        behind = (
            len(("".join(row + "\n" for row in rows)[: found.at(len(found.lines) // 2) + 1]).splitlines()) - 1
        )
        assert current(app) == rows[behind]

    view(write(tmp_path / "a.log", rows), play)


def test_only_lines_of_which_a_field_is_so(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        await typed(app, pilot, "W", "step>=100 && step<103")
        assert [row.split("step=")[1].split()[0] for row in shown(app) if "step=" in row] == [
            "100",
            "101",
            "102",
        ]
        assert "step>=100" in status(app)
        await typed(app, pilot, "W", "step >> 3")
        assert "step >> 3" in status(app)
        await typed(app, pilot, "W", "")
        assert len(shown(app)) == 22

    view(write(tmp_path / "a.log", stamped(300)), play)


def test_one_stream_or_both(tmp_path: Path) -> None:
    run = tmp_path / "app" / "trainer" / "0"
    run.mkdir(parents=True)
    for name in ("stdout", "stderr"):
        write(run / f"{name}.log", [f"{row} {name}" for row in stamped(40)])

    async def play(app: Viewer, pilot: Any) -> None:
        assert {row.split()[-1] for row in shown(app)} == {"stdout", "stderr"}
        for pressed in ("stdout", "stderr"):
            await keys(app, pilot, "o", "g")
            assert {row.split()[-1] for row in shown(app)} == {pressed}
            assert pressed in status(app)
        await keys(app, pilot, "o", "g")
        assert {row.split()[-1] for row in shown(app)} == {"stdout", "stderr"}

    view(tmp_path / "app", play)


def test_where_nothing_tells_streams_apart(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "o")
        assert "nothing here tells stdout from stderr" in status(app)
        assert len(shown(app)) == 22

    view(write(tmp_path / "a.log", stamped(100)), play)
