"""The viewer by Textual's pilot: keys in, the screen out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")

import logdex
from logdex.view.app import Viewer
from logdex.view.screen import open_screen


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


def stamped(count: int, *, rank: int = 0, every: int = 1) -> list[str]:
    return [
        f"2026-11-22 02:{i * every // 60 % 60:02}:{i * every % 60:02} [rank{rank}]: INFO step={i} loss={i / 7:.3f}"
        for i in range(count)
    ]


def shown(app: Viewer) -> list[str]:
    return [strip.text.rstrip() for strip in app.view._painted]


def current(app: Viewer) -> str:
    return next(row for row in shown(app) if row.startswith(">"))[2:]


def status(app: Viewer) -> str:
    return str(app.query_one("#status").render())


Play = Callable[[Viewer, Any], Awaitable[None]]


def view(source: Path | list[Path], play: Play, *, follow: bool = False, empty: bool = False) -> None:
    app = Viewer(logdex.open(source, tz="UTC"), title="test", follow=follow)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app._sized if empty else bool(shown(app)))
            await play(app, pilot)

    asyncio.run(run())


async def until(pilot: Any, there: Callable[[], bool]) -> None:
    """Waits until something is so; a test that waits for what never comes fails by its timeout."""
    for _ in itertools.count():
        await pilot.pause(0.01)
        if there():
            return


async def keys(app: Viewer, pilot: Any, *pressed: str) -> None:
    await pilot.press(*pressed)
    await until(pilot, lambda: app._job is None and not app._waiting)


async def typed(app: Viewer, pilot: Any, key: str, text: str) -> None:
    await keys(app, pilot, key, *text, "enter")


def test_it_opens_at_the_end_and_pages(tmp_path: Path) -> None:
    lines = stamped(1000)

    async def play(app: Viewer, pilot: Any) -> None:
        assert [row[2:] for row in shown(app)] == lines[-22:]
        assert current(app) == lines[-1]
        await keys(app, pilot, "g")
        assert [row[2:] for row in shown(app)] == lines[:22]
        assert current(app) == lines[0]
        await keys(app, pilot, "j", "j", "down", "k")
        assert current(app) == lines[2]
        await keys(app, pilot, "pagedown")
        assert [row[2:] for row in shown(app)] == lines[21:43]
        await keys(app, pilot, "b", "b")
        assert current(app) == lines[0]
        await keys(app, pilot, "G")
        assert current(app) == lines[-1]

    view(write(tmp_path / "a.log", lines), play)


def test_search_goes_both_ways_and_says_where_it_ends(tmp_path: Path) -> None:
    lines = stamped(1000)

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g")
        await typed(app, pilot, "slash", r"step=\d*77 ")
        assert "step=77 " in current(app)
        await keys(app, pilot, "n")
        assert "step=177 " in current(app)
        await keys(app, pilot, "n", "N")
        assert "step=177 " in current(app)
        await typed(app, pilot, "question_mark", "step=3 ")
        assert "step=3 " in current(app)
        await keys(app, pilot, "n")
        assert "no match before" in status(app)
        await typed(app, pilot, "slash", "(")
        assert "no regex" in status(app)

    view(write(tmp_path / "a.log", lines), play)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("02:05:00", "step=300 "),
        ("-1m", "step=939 "),
        ("step 41", "step=41 "),
        ("501", "step=500 "),
        ("line 1", "step=0 "),
        ("byte 0", "step=0 "),
        ("99999999", "step=999 "),
        ("9" * 30, "step=999 "),
        ("byte " + "9" * 30, "step=999 "),
        ("9" * 30 + "%", "step=999 "),
        ("0", "step=0 "),
    ],
)
def test_a_place_that_is_named(tmp_path: Path, said: str, found: str) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        await typed(app, pilot, "colon", said)
        assert found in current(app), status(app)

    view(write(tmp_path / "a.log", stamped(1000)), play)


def test_a_time_in_a_format_that_the_log_elects(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        await typed(app, pilot, "colon", "02:05")
        assert "step=300 " in current(app), status(app)
        await typed(app, pilot, "colon", "-10s")
        assert "step=389 " in current(app), status(app)

    lines = [f"26/11/22 02:{n // 60:02}:{n % 60:02} INFO step={n} x" for n in range(400)]
    view(write(tmp_path / "spark.log", lines), play)


def test_a_place_that_is_not(tmp_path: Path) -> None:
    async def play(app: Viewer, pilot: Any) -> None:
        before = shown(app)
        await typed(app, pilot, "colon", "nowhere")
        assert "nowhere" in status(app)
        for said in ("step " + "9" * 30, ",", "_", "byte -5", "line", "%"):
            await typed(app, pilot, "colon", said)
            assert shown(app) == before, said
        await typed(app, pilot, "r", "9" * 30)
        assert "is no" in status(app)

    view(write(tmp_path / "a.log", stamped(100)), play)


def test_filters_and_the_same_moment_on_another_rank(tmp_path: Path) -> None:
    logs = [write(tmp_path / f"rank{rank}.log", stamped(300, rank=rank)) for rank in range(3)]

    async def play(app: Viewer, pilot: Any) -> None:
        assert len(shown(app)) == 22
        await typed(app, pilot, "colon", "02:02:00")
        assert "[rank0]: INFO step=120 " in current(app)
        await keys(app, pilot, "right_square_bracket", "right_square_bracket")
        assert "[rank1]: INFO step=120 " in current(app)
        assert all("[rank1]" in row for row in shown(app))
        await typed(app, pilot, "r", "")
        await typed(app, pilot, "ampersand", "step=7[0-9] ")
        assert all("step=7" in row for row in shown(app))
        await keys(app, pilot, "g")
        assert len(shown(app)) == 22
        await keys(app, pilot, "G")
        assert "[rank2]: INFO step=79 " in current(app)
        await typed(app, pilot, "l", "noneoflevels")
        assert "noneoflevels" in status(app)

    view(logs, play)


TRACE = [
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    step()",
    "ValueError: nan",
]


def test_a_traceback_is_a_line_until_it_is_opened(tmp_path: Path) -> None:
    lines = [*stamped(50), *TRACE, *stamped(5)]

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "E")
        assert "ValueError: nan  (4 lines)" in current(app)
        await keys(app, pilot, "enter")
        assert current(app) == TRACE[0]
        assert [row for row in shown(app) if row[2:] == TRACE[2]]
        await keys(app, pilot, "enter")
        assert "(4 lines)" in current(app)

    view(write(tmp_path / "a.log", lines), play)


def test_marks_and_what_is_saved(tmp_path: Path) -> None:
    lines, path = stamped(100), tmp_path / "a.log"
    saved = tmp_path / "saved.txt"

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g", "m", "G", "m", "apostrophe")
        assert current(app) == lines[0]
        await typed(app, pilot, "s", str(saved))
        assert saved.read_text() == f"{path}:1:{lines[0]}\n{path}:100:{lines[-1]}\n"
        saved.unlink()
        await keys(app, pilot, "g", "v", "j", "j")
        await typed(app, pilot, "s", str(saved))
        assert saved.read_text() == "".join(f"{path}:{i + 1}:{lines[i]}\n" for i in range(3))
        await keys(app, pilot, "y")
        assert app.clipboard

    view(write(path, lines), play)


def test_what_a_log_says_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        b"\x1b]0;title\x07 \x1b[2J\x1b[31mred\x1b[0m\n"
        b"nul \0 bad \xff\xfe tab\tend\n"
        + "wide 日本語 e\u0301 \u202egnol\n".encode()
        + b"bar 1%\rbar 50%\rbar 100%\n"
        + b"x" * 1_000_000
        + b"\nlast\n"
    )

    async def play(app: Viewer, pilot: Any) -> None:
        text = "\n".join(shown(app))
        assert "\x1b" not in text
        assert "\0" not in text
        assert "\u202e" not in text
        assert "␛]0;title␇ ␛[2Jred" in text
        assert "bar 100%" in text
        assert "bar 50%" not in text
        assert all(strip.cell_length <= 80 for strip in app.view._painted)
        await keys(app, pilot, "w", "g", "G")
        assert all(strip.cell_length <= 80 for strip in app.view._painted)
        assert current(app) == "last"

    view(path, play)


def test_a_follow_shows_what_comes_and_a_log_that_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", stamped(100))

    async def play(app: Viewer, pilot: Any) -> None:
        with path.open("a") as file:
            file.write("more\n")
        await until(pilot, lambda: current(app) == "more")
        await keys(app, pilot, "F")
        write(path, ["anew"])
        await until(pilot, lambda: current(app) == "anew")
        assert "cut or replaced" in status(app)

    view(path, play, follow=True)


def test_an_empty_log_and_help(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", [""])

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, "g", "G", "j", "pagedown", "n", "m", "apostrophe")
        await pilot.press("h")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) == 1)

    view(path, play)


@pytest.mark.parametrize("many", [False, True])
def test_a_follow_waits_for_a_file_that_is_not_there(tmp_path: Path, many: bool) -> None:
    path, other = tmp_path / "a.log", write(tmp_path / "b.log", [])

    async def play(app: Viewer, pilot: Any) -> None:
        assert "".join(shown(app)).strip("~ ") == ""
        write(path, ["2026-11-22 02:00:00 first"])
        await until(pilot, lambda: "first" in "".join(shown(app)))
        assert "cut or replaced" not in status(app)
        with path.open("a") as more:
            more.write("2026-11-22 02:00:01 second\n")
        await until(pilot, lambda: any(row.startswith(">") and "second" in row for row in shown(app)))
        path.unlink()
        write(path, ["2026-11-22 02:00:02 anew"])
        await until(pilot, lambda: any(row.startswith(">") and "anew" in row for row in shown(app)))
        assert "cut or replaced" in status(app)

    view([path, other] if many else path, play, follow=True, empty=True)


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_a_follow_of_a_directory_takes_in_logs_that_come_later(tmp_path: Path, begun: int) -> None:
    for rank in range(begun):
        write(tmp_path / f"rank{rank}.log", stamped(30, rank=rank))

    async def play(app: Viewer, pilot: Any) -> None:
        await keys(app, pilot, *["k", "k", "m", "v"] * bool(begun))
        write(tmp_path / "rank7.log", ["2026-11-22 02:30:00 [rank7]: come"])
        await until(pilot, lambda: len(app.pager.questions) == (begun or 1) + 1)
        if begun:
            # Who reads further above is not carried to the end.
            assert not any("come" in row for row in shown(app))
            await keys(app, pilot, "escape", "G", "F")
        await until(pilot, lambda: "come" in current(app))
        (tmp_path / "node1").mkdir()
        write(tmp_path / "node1" / "rank8.log", ["2026-11-22 02:31:00 [rank8]: too"])
        await until(pilot, lambda: "too" in current(app))
        with (tmp_path / "rank7.log").open("a") as file:
            file.write("2026-11-22 02:32:00 [rank7]: more\n")
        await until(pilot, lambda: "more" in current(app))
        assert [one.text for one in app.pager.after(app.pager.start, 1000)][-3:] == [
            f"2026-11-22 02:3{minute}:00 [rank{rank}]: {said}"
            for minute, rank, said in ((0, 7, "come"), (1, 8, "too"), (2, 7, "more"))
        ]

    view(tmp_path, play, follow=True, empty=not begun)


def test_without_a_follow_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="check the path, or follow=True to wait for the file"):
        open_screen(logdex.open(tmp_path / "a.log")).last(open_screen(logdex.open(tmp_path / "a.log")).pager)


def test_what_was_empty_shows_its_first_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", [])

    async def play(app: Viewer, pilot: Any) -> None:
        write(path, ["first"])
        await until(pilot, lambda: "> first" in shown(app))

    view(path, play, empty=True)
