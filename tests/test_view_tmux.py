"""The viewer by keys in a real terminal: tmux, at 80 x 24, without colours."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("textual")

TMUX = shutil.which("tmux")
if TMUX is None:
    pytest.skip("tmux is not installed", allow_module_level=True)

PATIENCE = 120.0
"""How long a screen may take on a slow machine, in seconds."""


class Terminal:
    """A tmux server of its own, with one window of 80 x 24."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.socket = str(folder / "tmux")
        environment = {
            **os.environ,
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            "LOGDEX_CACHE": str(folder / "cache"),
        }
        environment.pop("TMUX", None)
        # What comes behind it keeps the window, so that the end is seen.
        script = f"{shlex.join(command)}; echo FINISHED $?; exec cat"
        size = ("-x", "80", "-y", "24")
        subprocess.run(
            [str(TMUX), "-u", "-S", self.socket, "-f", os.devnull, "new-session", "-d", *size, script],
            check=True,
            env=environment,
        )

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            [str(TMUX), "-u", "-S", self.socket, *words],
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait(self, there: Callable[[str], bool]) -> str:
        end = time.monotonic() + PATIENCE
        while not there(screen := self.screen()):
            assert time.monotonic() < end, f"the screen that was waited for did not come:\n{screen}"
            time.sleep(0.02)
        return screen


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
