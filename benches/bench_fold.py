"""A folded follow of 64 ranks, each of which writes 10,000 lines a second: what of a core `logdex -f --fold` takes.

The lines are made before, with the times at which they are written, so that the writer takes little: a slice of each
file each 20 ms. The bar is half a core. Numbers of one length, and numbers that grow in length.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

LOGDEX = str(Path(sys.executable).with_name("logdex"))
RANKS, RATE, SECONDS = 64, 10_000, 8
SLICE = 0.02
"""Seconds of lines that are written at once."""


def _slice(begin: datetime, number: int, *, even: bool) -> list[bytes]:
    """What each rank writes in one slice: steps that all ranks count alike, each with a loss of its own."""
    each = int(RATE * SLICE)
    steps = range(number * each, (number + 1) * each)
    heads = [
        f"{begin + timedelta(seconds=n / RATE):%Y-%m-%d %H:%M:%S.%f} INFO train: step={n + even * 100_000} loss="
        for n in steps
    ]
    loss = "{}{:05}\n" if even else "{}{}\n"
    return [
        "".join(
            loss.format(head, (n * 7919 + rank * 104_729) % 100_000)
            for n, head in zip(steps, heads, strict=True)
        ).encode()
        for rank in range(RANKS)
    ]


def _written(files: list[Path], slices: list[list[bytes]], begin: float) -> float:
    """Writes each slice when its time has come; returns by how many seconds the last came late."""
    handles = [file.open("ab", buffering=0) for file in files]
    for number, parts in enumerate(slices):
        time.sleep(max(0.0, begin + (number + 1) * SLICE - time.time()))
        for handle, part in zip(handles, parts, strict=True):
            handle.write(part)
    late = time.time() - (begin + len(slices) * SLICE)
    for handle in handles:
        handle.close()
    return late


@pytest.mark.timeout(0)
@pytest.mark.parametrize("even", [True, False], ids=["one length", "growing"])
def test_a_folded_follow(tmp_path: Path, *, even: bool) -> None:
    memory = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path
    files = [memory / f"logdex-fold-{os.getpid()}" / f"rank{rank}.log" for rank in range(RANKS)]
    files[0].parent.mkdir()
    try:
        for file in files:
            file.touch()
        count = int(SECONDS / SLICE)
        begin = datetime.now(timezone.utc) + timedelta(seconds=SECONDS * RANKS * RATE * 1e-6 + 5)
        slices = [_slice(begin, number, even=even) for number in range(count)]
        command = [LOGDEX, "-f", "--fold", "--tz", "UTC", str(files[0].parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            read = bytearray()
            reader = threading.Thread(target=lambda: read.extend(process.stdout.read()), daemon=True)  # type: ignore[union-attr]
            reader.start()
            assert begin.timestamp() > time.time(), "the lines took too long to make"
            time.sleep(max(0.0, begin.timestamp() - time.time()))
            before = _cpu(process.pid)
            late = _written(files, slices, begin.timestamp())
            took = _cpu(process.pid) - before
            time.sleep(1)
            process.terminate()
            reader.join()
        kind, shown = "of one length" if even else "that grow", len(read.splitlines())
        print(
            f"\n| numbers {kind} | {took / SECONDS:.2f} of a core | {shown:,} lines shown | {late:.2f} s late |"
        )
    finally:
        for file in files:
            file.unlink()
        files[0].parent.rmdir()


def _cpu(pid: int) -> float:
    """The seconds of processor time that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
