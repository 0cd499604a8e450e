"""The viewer by keys in a real terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import Terminal

pytest.importorskip("textual")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    lines = [f"2026-11-22 02:{i // 60:02}:{i % 60:02} INFO step={i}" for i in range(1000)]
    lines[500] = "\x1b]0;owned\x07\x1b[2J\x1b[31mstep=500"
    log = tmp_path / "a.log"
    log.write_text("".join(line + "\n" for line in lines))
    made = Terminal(tmp_path, sys.executable, "-m", "logdex", "view", "--tz", "UTC", str(log))
    yield made
    made.tmux("kill-server")


def test_keys_in_a_terminal(terminal: Terminal) -> None:
    terminal.wait(lambda screen: "> 2026-11-22 02:16:39 INFO step=999" in screen and "h: help" in screen)
    terminal.keys("g")
    screen = terminal.wait(lambda screen: "> 2026-11-22 02:00:00 INFO step=0" in screen)
    assert "step=21" in screen
    assert "step=22" not in screen
    terminal.type("/step=5..$")
    terminal.keys("Enter")
    terminal.wait(lambda screen: "> ␛]0;owned␇␛[2Jstep=500" in screen)
    terminal.keys("n")
    terminal.wait(lambda screen: "step=501" in screen and "> 2026-11-22 02:08:21" in screen)
    terminal.keys(":")
    terminal.type("02:01:00")
    terminal.keys("Enter")
    terminal.wait(lambda screen: "> 2026-11-22 02:01:00 INFO step=60" in screen)
    terminal.keys("PageDown")
    terminal.wait(lambda screen: "step=60\n" not in screen and "step=81" in screen)
    terminal.keys("h")
    terminal.wait(lambda screen: "a line on" in screen)
    terminal.keys("q")
    terminal.wait(lambda screen: "a line on" not in screen)
    terminal.keys("q")
    terminal.wait(lambda screen: "FINISHED 0" in screen)


def test_without_a_terminal_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "logdex", "view", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr


def test_a_pipe_is_paged_and_keys_come_from_the_terminal(tmp_path: Path) -> None:
    script = f"seq 1 1000 | {sys.executable} -m logdex view -"
    terminal = Terminal(tmp_path, "sh", "-c", script)
    try:
        terminal.wait(lambda screen: "> 1000" in screen and "stdin  100%" in screen and "h: help" in screen)
        terminal.keys("g")
        terminal.wait(lambda screen: "> 1\n" in screen)
        terminal.keys("q")
        terminal.wait(lambda screen: "FINISHED 0" in screen)
    finally:
        terminal.tmux("kill-server")


def test_what_comes_through_a_pipe_is_followed(tmp_path: Path) -> None:
    (tmp_path / "go").unlink(missing_ok=True)
    script = f"(while [ ! -e go ]; do sleep 0.05; done; echo come; sleep 1000) | {sys.executable} -m logdex view -f"
    terminal = Terminal(tmp_path, "sh", "-c", f"cd {tmp_path} && {script}")
    try:
        terminal.wait(lambda screen: "stdin  0%  [follow]" in screen)
        (tmp_path / "go").touch()
        terminal.wait(lambda screen: "> come" in screen)
        terminal.keys("q")
    finally:
        terminal.tmux("kill-server")


def test_a_terminal_and_nothing_piped_in(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, sys.executable, "-m", "logdex", "view", "-")
    try:
        screen = terminal.wait(lambda screen: "FINISHED 2" in screen)
        assert "logdex: -: nothing is piped in" in screen
    finally:
        terminal.tmux("kill-server")
