"""Levels and fields, and logs whose format has to be elected.

Corpora: 256 MiB of each style of `make_log.py` for levels, `json` for fields, beside hl where `LOGDEX_HL` names it;
100 logs of 1 MiB with the stamp at the head, and as many with a format that the file elects. Page cache warm; the best
of `LOGDEX_ROUNDS` rounds. What is printed are rows for RESULTS.md.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import logdex
import pytest
from measure import Corpus, drain

HL = os.environ.get("LOGDEX_HL")
ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "5"))
LOGS = 100


def _best(run: Callable[[], object]) -> float:
    """The least seconds that `run` takes."""
    walls = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        walls.append(time.perf_counter() - start)
    return min(walls)


@pytest.mark.parametrize("style", ["stamped", "torchrun", "json", "bare"])
def test_a_level(corpus: Corpus, tmp_path: Path, style: str) -> None:
    path = corpus(style, 256)
    size = path.stat().st_size / 1e9
    bare = logdex.open(path, tz="UTC", index=False)
    kept = logdex.open(path, tz="UTC", index=tmp_path)
    first = _best(lambda: bare.count(level="error"))
    kept.count(level="error")
    again = _best(lambda: kept.count(level="critical"))
    print(f"\n| level {style} | {size / first:.2f} GB/s | asked again {again * 1000:.1f} ms |")


@pytest.mark.parametrize("where", ["step>1000000000", "absent=1", "msg=nowhere", "loss>100"])
def test_a_field(corpus: Corpus, where: str) -> None:
    path = corpus("json", 256)
    size = path.stat().st_size / 1e9
    log = logdex.open(path, tz="UTC", index=False)
    taken = _best(lambda: log.count(where=where))
    print(f"\n| where {where} | {size / taken:.2f} GB/s |")
    if HL:
        asked = [HL, "-P", "-f", where, str(path)]
        theirs = _best(lambda: subprocess.run(asked, stdout=subprocess.DEVNULL, check=False))
        print(f"| hl -f {where} | {size / theirs:.2f} GB/s |")


def test_logs_that_elect_their_format(tmp_path: Path) -> None:
    rows = {
        "head": "2026-11-22 06:{:02}:{:02},123 INFO step {} loss 0.5 and so on for a while\n",
        "elected": "26/11/22 06:{:02}:{:02} INFO step {} loss 0.5 and so on for a while, as logs do\n",
    }
    taken = {}
    for name, row in rows.items():
        line = [row.format(n // 60 % 60, n % 60, n) for n in range(20_000)]
        text = "".join(line)[: 1 << 20]
        paths = []
        for number in range(LOGS):
            paths.append(tmp_path / f"{name}{number}.log")
            paths[-1].write_text(text[: text.rindex("\n") + 1])
        logs = [logdex.open(path, tz="UTC") for path in paths]
        taken[name] = (
            _best(lambda logs=logs: sum(log.count(since="2026-11-22 06:30") for log in logs)),  # type: ignore[misc]
            _best(lambda logs=logs: sum(drain(log.records(level="error")) for log in logs)),  # type: ignore[misc]
        )
    (since, level), (elected_since, elected_level) = taken["head"], taken["elected"]
    print(
        f"\n| {LOGS} logs of 1 MiB, since | {since:.3f} s | elected {elected_since / since:.2f} times |"
        f"\n| {LOGS} logs of 1 MiB, level | {level:.3f} s | elected {elected_level / level:.2f} times |"
    )
