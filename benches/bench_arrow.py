"""Lines as a table, beside `list(log.lines())` and a Python loop with `re`.

Corpus: 1 GiB of `stamped` (10,020,436 lines), page cache warm; the best of `LOGDEX_ROUNDS` rounds in which all take
turns. The table is kept while it is measured, as whoever makes one does. CPU time is given beside the wall's, for a
machine that is shared. What is printed are rows for RESULTS.md.
"""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

import logdex
import pyarrow as pa
from measure import Corpus

ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "3"))
FIELDS = r"step=(?P<step>\d+) loss=(?P<loss>[\d.]+)"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _by_re(path: Path) -> int:
    search, steps, losses = re.compile(FIELDS).search, [], []
    with path.open() as log:
        for line in log:
            if found := search(line):
                steps.append(int(found["step"]))
                losses.append(float(found["loss"]))
    return len(steps)


def test_a_table(corpus: Corpus) -> None:
    path = corpus("stamped", 1024)
    log = logdex.open(path, tz="UTC")

    def table(*columns: str, fields: str | None = None) -> Callable[[], int]:
        return lambda: pa.table(log.arrow(columns=list(columns), fields=fields)).num_rows

    runs: dict[str, Callable[[], int]] = {
        "`list(log.lines())`": lambda: len(list(log.lines())),
        "offset, time, text": table("offset", "time", "text"),
        "offset, time": table("offset", "time"),
        "offset": table("offset"),
        "a loop with `re`": lambda: _by_re(path),
        "the same as `fields`": table("step", "loss", fields=FIELDS),
    }
    walls: dict[str, float] = {}
    cpus: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), _cpu()
            assert run() > 0
            walls[name] = min(walls.get(name, float("inf")), time.perf_counter() - wall)
            cpus[name] = min(cpus.get(name, float("inf")), _cpu() - cpu)
    size = path.stat().st_size
    print()
    for name in runs:
        speed = size / walls[name] / 1e9
        print(f"| {name} | {walls[name]:.2f} s: {speed:.2f} GB/s | {cpus[name]:.2f} s on all cores |")
