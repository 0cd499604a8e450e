"""Many replicas in one order of time: 256 logs of 2 MiB of `stamped`, written beforehand."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import logdex
import pytest
from measure import Corpus, drain

REPLICAS, MEBIBYTES = 256, 2


@pytest.fixture(scope="module")
def replicas(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Pieces of one log, so that all overlap in time: each takes every 256th line."""
    folder = tmp_path_factory.mktemp("replicas")
    paths = {n: folder / f"{n}.log" for n in range(REPLICAS)}
    with corpus("stamped", REPLICAS * MEBIBYTES // 2, days=2).open("rb") as log:
        lines = log.readlines()
    for n, path in paths.items():
        path.write_bytes(b"".join(lines[n::REPLICAS]))
    return paths


def test_merge(benchmark: Any, replicas: dict[int, Path]) -> None:
    benchmark.group = (
        f"merge of {REPLICAS} replicas of {MEBIBYTES} MiB: 1 million lines/s, first line within 50 ms"
    )
    started = time.perf_counter()
    with logdex.merge(replicas) as merged:
        first = list(itertools.islice(merged, 1))
    benchmark.extra_info["first line, ms"] = round((time.perf_counter() - started) * 1000, 1)
    count = benchmark.pedantic(lambda: drain(logdex.merge(replicas)), rounds=3)
    rate = count / benchmark.stats.stats.median
    benchmark.extra_info["lines a second"] = round(rate)
    print(
        f"\nfirst line after {benchmark.extra_info['first line, ms']} ms, {rate:,.0f} lines a second, {count} lines"
    )
    assert len(first) == 1
    assert count == sum(logdex.open(path).count() for path in replicas.values())
