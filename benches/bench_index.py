"""Building the index of times, and seeking by it.

Corpora: 256 MiB of each style for building, on one core and on all; 8 GiB of `stamped` (32 days) for seeking, beside
the same question on 128 MiB, and beside ripgrep over the whole file (`LOGDEX_RG` names it). Page cache warm; the best
of `LOGDEX_ROUNDS` rounds. CPU time is given beside the wall's, for a machine that is shared. What is printed are rows
for RESULTS.md.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest
from measure import Corpus

RG = os.environ.get("LOGDEX_RG", "rg")
ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "5"))
GIB = 1 << 30


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _best(run: Callable[[], object]) -> tuple[float, float]:
    """The least seconds of the wall and of the CPU that `run` takes."""
    walls, cpus = [], []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), _cpu()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(_cpu() - cpu)
    return min(walls), min(cpus)


@pytest.mark.parametrize("style", ["stamped", "torchrun", "json", "bare"])
def test_building(corpus: Corpus, style: str) -> None:
    path = corpus(style, 256)
    log = logdex.open(path, tz="UTC", index=False)
    gib = path.stat().st_size / GIB
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        wall, cpu = _best(lambda: log.span())
    finally:
        os.sched_setaffinity(0, cores)
    all_wall, _ = _best(lambda: log.span())
    print(
        f"\n| build {style} | {gib / wall:.2f} GiB/s, {gib / cpu:.2f} a CPU second "
        f"| {len(cores)} cores: {gib / all_wall:.2f} GiB/s, {wall / all_wall:.2f} times |"
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


def _first_line(path: Path, kept: Path, since: datetime) -> str:
    with logdex.open(path, tz="UTC", index=kept).lines(since=since) as lines:
        return next(lines)


def test_seeking(corpus: Corpus, kept: Path) -> None:
    seconds = {}
    for name, path in (("8 GiB", corpus("stamped", 256, 32)), ("128 MiB", corpus("stamped", 128))):
        span = logdex.open(path, tz="UTC", index=kept).span()
        assert span is not None
        since = span[1] - timedelta(seconds=10)
        seconds[name], _ = _best(lambda path=path, since=since: _first_line(path, kept, since))
    stored = max(file.stat().st_size for file in kept.iterdir())
    ratio = seconds["8 GiB"] / seconds["128 MiB"]
    print(
        f"\n| since near the end of 8 GiB: open, seek, first line | {seconds['8 GiB'] * 1e3:.3f} ms "
        f"| {ratio:.2f} times 128 MiB ({seconds['128 MiB'] * 1e3:.3f} ms) |"
        f"\n| stored size | {stored / 1e6:.2f} MB | {stored / corpus('stamped', 256, 32).stat().st_size:.4%} |"
    )


def test_a_minute_of_it(corpus: Corpus, kept: Path) -> None:
    path = corpus("stamped", 256, 32)
    log = logdex.open(path, tz="UTC", index=kept)
    since = datetime(2026, 10, 20, 3)
    expected = log.count("ERROR", since=since, until=since + timedelta(minutes=1))
    ours, _ = _best(lambda: log.count("ERROR", since=since, until=since + timedelta(minutes=1)))
    if shutil.which(RG) is None:
        pytest.skip(f"{RG}: not found")
    start = time.perf_counter()
    subprocess.run([RG, "-c", "^2026-10-20 03:00.*ERROR", str(path)], capture_output=True, check=False)
    rg = time.perf_counter() - start
    print(
        f"\n| one minute of 8 GiB, ERROR ({expected} lines) | {ours * 1e3:.3f} ms "
        f"| rg {rg:.2f} s: {rg / ours:.0f} times |"
    )


def test_an_appended_mebibyte(corpus: Corpus, kept: Path) -> None:
    source = corpus("stamped", 256, 32)
    path = source.with_name("growing.log")
    if not path.exists():
        shutil.copyfile(source, path)
    log = logdex.open(path, tz="UTC", index=kept)
    assert log.span() is not None
    times = []
    size = path.stat().st_size
    try:
        for day in range(1, ROUNDS + 1):
            with path.open("a") as out:
                out.write(f"2026-12-{day:02d} 00:00:00,000 INFO {'x' * 71}\n" * 10_000)
            start = time.perf_counter()
            found = log.count(since=datetime(2026, 12, day))
            times.append(time.perf_counter() - start)
            assert found == 10_000
    finally:
        os.truncate(path, size)
        path.unlink()
    print(
        f"\n| 1 MiB appended to 8 GiB: next answer | {min(times) * 1e3:.2f} ms | the worst {max(times) * 1e3:.2f} ms |"
    )


def test_memory(corpus: Corpus) -> None:
    path = corpus("stamped", 256, 32)
    script = (
        "import logdex, resource, sys\n"
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "before = peak()\n"
        f"logdex.open({str(path)!r}, tz='UTC', index=False).span()\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    print(f"\n| memory to build the index of 8 GiB | {int(done.stdout) / 1024:.1f} MiB | |")
