"""Killed at any write of an index: what is left is whole or nothing, and answers stay right."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest

_START = datetime(2026, 11, 1)
_STEP = timedelta(seconds=3)
_ASK = "import logdex, sys; print(logdex.open(sys.argv[1], tz='UTC', index=sys.argv[2]).count(since=sys.argv[3]))"
_CALLS = "write,fchmod,renameat,renameat2"

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def _write(path: Path, lines: int, first: int = 0) -> None:
    with path.open("a") as out:
        for n in range(first, first + lines):
            out.write(f"{_START + n * _STEP:%Y-%m-%d %H:%M:%S},000 INFO step={n} {'x' * 60}\n")


def _ask(log: Path, kept: Path, since: datetime, kill_at: int | None) -> subprocess.CompletedProcess[str]:
    """Counts in another process, which is killed as it enters its nth call that changes what is stored."""
    command = [sys.executable, "-c", _ASK, str(log), str(kept), since.isoformat()]
    if kill_at is not None:
        inject = f"inject={_CALLS}:signal=KILL:when={kill_at}"
        command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={_CALLS}", "-e", inject, *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("grows", [False, True])
def test_killed_at_every_write(tmp_path: Path, grows: bool) -> None:
    log, kept = tmp_path / "a.log", tmp_path / "kept"
    _write(log, 190_000)
    lines = 190_000
    if grows:
        assert logdex.open(log, tz="UTC", index=kept).count(since=_START) == lines
        _write(log, 25_000, first=lines)
        lines += 25_000
    before = {file.name: file.read_bytes() for file in kept.iterdir()} if grows else {}
    since = _START + (lines - 100) * _STEP
    for at in range(1, 100):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name, content in before.items():
            (kept / name).write_bytes(content)
        done = _ask(log, kept, since, at)
        stored = {file.name: file.read_bytes() for file in kept.iterdir() if file.suffix == ".logdex"}
        assert len(stored) == 1 if grows else len(stored) <= 1
        # One that is damaged would be of no use.
        assert logdex.prune(kept) == 0
        assert logdex.open(log, tz="UTC", index=kept).count(since=since) == 100
        if done.returncode == 0:
            assert done.stdout.strip() == "100"
            break
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        unfinished = [file for file in kept.iterdir() if file.suffix != ".logdex"]
        assert len(unfinished) <= 1
    else:
        pytest.fail("there was no end of writes")
    assert at > 3, "it was killed at no write of the index"
