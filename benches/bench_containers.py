"""Frames of containers taken off: 256 MiB of framed lines, a new text in the spool each round.

Page cache warm; the best of `LOGDEX_ROUNDS` rounds. CPU time counts on a machine that is shared, for the spool may wait
for the disk. What is printed are rows for RESULTS.md.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import logdex
import pytest
from measure import Corpus

ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "5"))
SIZE = 256 << 20
BEGIN = datetime(2026, 11, 22, 2, 10, tzinfo=timezone.utc)


def _framed(log: Path, kind: str) -> Iterator[bytes]:
    """The lines of `log` in frames, 700 microseconds apart."""
    with log.open("rb") as file:
        for number, line in enumerate(file):
            moment = BEGIN + timedelta(microseconds=700 * number)
            told = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000 + number * 7919 % 1000:09}Z"
            stream = "stderr" if number % 7 == 0 else "stdout"
            if kind == "cri":
                yield f"{told} {stream} F ".encode() + line
            else:
                said = {"log": line.decode(), "stream": stream, "time": told}
                yield json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("style", ["stamped", "json", "bare"])
@pytest.mark.parametrize("kind", ["cri", "docker"])
def test_frames_taken_off(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, style: str
) -> None:
    # So that no text is kept from round to round.
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    path, size = tmp_path / "framed.log", 0
    with path.open("wb") as file:
        for line in _framed(corpus(style, 256), kind):
            size += file.write(line)
            if size >= SIZE:
                break
    walls, cpus = [], []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), _cpu()
        with logdex.open(path).lines() as lines:
            next(lines)
        walls.append(time.perf_counter() - wall)
        cpus.append(_cpu() - cpu)
    print(f"\n| {kind} `{style}` | {size / min(cpus) / 1e9:.2f}, wall {size / min(walls) / 1e9:.2f} |")
