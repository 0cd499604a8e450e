"""A real terminal for the tests of what is shown on one: tmux, at 80 x 24, without colours."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

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
