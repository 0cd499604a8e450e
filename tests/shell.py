"""The command as a shell runs it, for the tests of the command."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LINES = [
    "2026-11-22 02:09:59 INFO warm up\n",
    "2026-11-22 02:10:00 INFO ready\n",
    "2026-11-22 02:10:30 ERROR NCCL timeout\n",
    "Traceback (most recent call last):\n",
    '  File "train.py", line 7, in <module>\n',
    "RuntimeError: NCCL\n",
    "2026-11-22 02:12:00 INFO bye\n",
]


def logdex(*args: object, stdin: bytes | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logdex", *map(str, args)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=300,
        env={**os.environ, **env},
        check=False,
    )


def run(*args: object, stdin: bytes | None = None, **env: str) -> tuple[int, list[str], str]:
    done = logdex(*args, stdin=stdin, **env)
    out, error = done.stdout.decode("utf-8", "replace"), done.stderr.decode()
    assert "Traceback" not in error, error
    return done.returncode, out.splitlines(keepends=True), error


class Following:
    """A `logdex -f` under way."""

    def __init__(self, *args: object, wrap: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*wrap, sys.executable, "-m", "logdex", "-f", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def error_line(self) -> str:
        assert self.process.stderr
        return self.process.stderr.readline()

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, error = self.process.communicate(timeout=60)
        return self.process.returncode, error
