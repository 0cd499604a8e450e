"""The viewer's keys that are pressed in no other test, and clocks that were wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")

import asyncio

import logdex
from logdex.view.app import Viewer
from logdex.view.keys import KEYS, PROMPTS
from test_view import TRACE, current, keys, shown, stamped, status, typed, until, view, write


@pytest.mark.parametrize(
    ("pressed", "line"),
    [
        (["space"], 21),
        (["f"], 21),
        (["ctrl+f"], 21),
        (["space", "space", "pageup"], 21),
        (["f", "f", "ctrl+b"], 21),
        (["d"], 11),
        (["ctrl+d", "d", "u"], 11),
        (["d", "d", "ctrl+u"], 11),
        (["end"], 999),
        (["greater_than_sign"], 999),
        (["end", "home"], 0),
        (["end", "less_than_sign"], 0),
        (["j", "j", "up"], 1),
    ],
)
def test_each_key_moves_as_it_says(tmp_path: Path, pressed: list[str], line: int) -> None:
    lines = stamped(1000)

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g")
        await keys(app, pilot, *pressed)
        assert current(app) == lines[line]

    view(write(tmp_path / "a.log", lines), play)


def test_long_lines_go_aside_and_back(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        assert current(app).startswith("0 1 2 ")
        await keys(app, pilot, "right")
        aside = current(app)
        assert not aside.startswith("0 1 2 ")
        assert aside.split()[3:6] == [str(int(aside.split()[2]) + n) for n in (1, 2, 3)]
        await keys(app, pilot, "left", "left")
        assert current(app).startswith("0 1 2 ")

    view(write(tmp_path / "a.log", [" ".join(map(str, range(200)))]), play)


def test_errors_one_after_the_other_and_what_failed_first(tmp_path: Path) -> None:
    lines = stamped(300)
    lines[100] = lines[100].replace("INFO", "ERROR")
    lines[200] = lines[200].replace("INFO", "CRITICAL")

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g", "e")
        assert "step=100 " in current(app)
        await keys(app, pilot, "e")
        assert "step=200 " in current(app)
        await keys(app, pilot, "E")
        assert "step=100 " in current(app)
        await keys(app, pilot, "g", "E")
        assert "no match before" in status(app)
        await keys(app, pilot, "X")
        assert "rank" in status(app)

    view(write(tmp_path / "rank0.log", lines), play)


def test_the_rank_before_is_shown_at_the_same_moment(tmp_path: Path) -> None:
    logs = [write(tmp_path / f"rank{rank}.log", stamped(300, rank=rank)) for rank in range(3)]

    async def play(app: Viewer, pilot: Any) -> None:
        await typed(app, pilot, "r", "2")
        await typed(app, pilot, "colon", "02:02:00")
        await keys(app, pilot, "left_square_bracket")
        assert "[rank1]: INFO step=120 " in current(app)

    view(logs, play)


def test_marks_are_found_backwards(tmp_path: Path) -> None:
    lines = stamped(100)

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g", "m", "d", "m", "G", "quotation_mark")
        assert current(app) == lines[11]
        await keys(app, pilot, "quotation_mark")
        assert current(app) == lines[0]

    view(write(tmp_path / "a.log", lines), play)


def test_tracebacks_are_folded_or_not_and_the_gutter_is_there_or_not(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "E")
        assert "(4 lines)" in current(app)
        await keys(app, pilot, "z")
        assert all(any(row[2:] == line for row in shown(app)) for line in TRACE)
        await keys(app, pilot, "z", "G")
        plain = current(app)
        await keys(app, pilot, "t")
        assert current(app) != plain
        assert current(app).endswith(plain)
        await keys(app, pilot, "t")
        assert current(app) == plain

    view(write(tmp_path / "a.log", [*stamped(50), *TRACE, *stamped(5)]), play)


def test_escape_ends_what_there_is_to_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", stamped(100))

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "v")
        assert app.view.chosen is not None
        await keys(app, pilot, "escape")
        assert app.view.chosen is None
        assert app.following
        await keys(app, pilot, "ctrl+c")
        assert not app.following
        await pilot.press("f1")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("Q")
        await until(pilot, lambda: app._exit)

    view(path, play, follow=True)


def test_no_key_does_two_things() -> None:
    pressed = [key for keys_, *_ in KEYS for key in keys_.split(",") if key] + list(PROMPTS)
    assert len(set(pressed)) == len(pressed)


def test_clocks_that_were_behind_are_shown_and_put_in_order_as_they_should_have_gone(tmp_path: Path) -> None:
    for rank in range(2):
        write(tmp_path / f"rank{rank}.log", [f"2026-11-22 02:00:0{i} rank {rank}" for i in range(3)])

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g")
        assert [row[-6:] for row in shown(app)][:6] == ["rank 0"] * 3 + ["rank 1"] * 3
        assert "02:00:10" in shown(app)[3].partition("2026")[0]
        await typed(app, pilot, "colon", "02:00:11")
        assert current(app).endswith("2026-11-22 02:00:01 rank 1")

    app = Viewer(logdex.open(tmp_path, tz="UTC", skew={"rank1": "+10s"}), title="test", follow=False)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: bool(shown(app)))
            await play(app, pilot)

    asyncio.run(run())
