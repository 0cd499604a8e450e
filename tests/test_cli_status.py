"""`logdex -f` on a terminal: the row below the lines that says where the follow stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from logdex.command.asked.arguments import parser
from logdex.command.lines.rows import Rows
from terminal import Terminal

HOUR = 3600


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts `logdex -f` of a directory with three ranks, the last of them silent for an hour."""
    run = tmp_path / "run"
    run.mkdir()
    for rank in range(3):
        (run / f"rank{rank}.log").write_text(f"2026-11-22 02:10:00 INFO step 25 loss 2.{rank}\n")
    then = (run / "rank2.log").stat().st_mtime - HOUR
    os.utime(run / "rank2.log", (then, then))
    made: list[Terminal] = []

    def start(*words: str) -> Terminal:
        made.append(Terminal(tmp_path, sys.executable, "-m", "logdex", "-f", *words, str(run)))
        return made[-1]

    yield start
    for one in made:
        one.tmux("kill-server")


def write(directory: Path, rank: int, text: str) -> None:
    with (directory / f"run/rank{rank}.log").open("a") as file:
        file.write(text)


def last_row(screen: str) -> str:
    return screen.rstrip("\n").rsplit("\n", 1)[-1]


@pytest.mark.parametrize("words", [[], ["--no-fold"]])
def test_it_stands_below_the_lines_until_ctrl_c(
    tmp_path: Path, watched: Callable[..., Terminal], words: list[str]
) -> None:
    terminal = watched(*words)
    terminal.wait(lambda screen: "3 ranks" in last_row(screen) and "silent [2] since" in last_row(screen))
    write(tmp_path, 1, "2026-11-22 02:10:01 ERROR \x1b[31mNCCL\n")
    terminal.wait(lambda screen: "ERROR NCCL" in screen and "first error [1] 2026" in last_row(screen))
    write(tmp_path, 0, "2026-11-22 02:10:02 ERROR later\n")
    screen = terminal.wait(lambda screen: "ERROR later" in screen and "3 ranks" in last_row(screen))
    assert "first error [1] 2026" in last_row(screen)
    assert screen.count("ranks") == 1
    terminal.keys("C-c")
    screen = terminal.wait(lambda screen: "FINISHED 130" in screen)
    assert "lines/s" not in screen
    assert screen.count("step 25") == (1 if not words else 3)


def test_it_survives_a_terminal_that_changes_its_size(
    tmp_path: Path, watched: Callable[..., Terminal]
) -> None:
    terminal = watched()
    terminal.wait(lambda screen: "silent [2] since" in last_row(screen))
    terminal.tmux("resize-window", "-x", "24", "-y", "12")
    write(tmp_path, 1, "narrow\n")
    terminal.wait(lambda screen: "narrow" in screen and last_row(screen).startswith(" 3 ranks"))
    terminal.tmux("resize-window", "-x", "100", "-y", "30")
    write(tmp_path, 1, "wide\n")
    screen = terminal.wait(lambda screen: "wide" in screen and "silent [2] since" in last_row(screen))
    assert screen.count("ranks") == 1


def test_a_rank_that_comes_later_is_counted(tmp_path: Path, watched: Callable[..., Terminal]) -> None:
    terminal = watched()
    terminal.wait(lambda screen: "3 ranks" in last_row(screen))
    write(tmp_path, 7, "come\n")
    screen = terminal.wait(lambda screen: "4 ranks" in last_row(screen))
    assert screen.count("ranks") == 1


@pytest.mark.parametrize(
    ("words", "terminal", "shown"),
    [
        (["-f", "a", "b"], True, True),
        (["-f", "--no-fold", "a", "b"], True, True),
        (["-f", "--no-status", "a", "b"], True, False),
        (["-f", "a", "b"], False, False),
        (["-f", "--fold", "a", "b"], False, False),
        (["-f", "a"], True, False),
        (["a", "b"], True, False),
    ],
)
def test_it_is_for_a_follow_of_several_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, words: list[str], terminal: bool, shown: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    args = parser().parse_args(words)
    rows = Rows(args, None, several=len(args.sources) > 1, many_labels=True)
    assert (rows.status is not None) == shown
