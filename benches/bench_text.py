"""The index of text: what it spares, what it takes, and what it costs to build.

Corpora: 96 MiB of each style of `make_log.py` and of each shape of `real_shapes.py` for sizes and rates; 8 GiB of
`stamped` (32 days) for the needles, beside the same questions without the index and beside ripgrep (`LOGDEX_RG` names
it). Page cache warm unless a row says cold; the best of `LOGDEX_ROUNDS` rounds. What is printed are rows for
RESULTS.md.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import logdex
import pytest
from logdex import _core
from measure import Corpus, drain
from real_shapes import SHAPES, write

RG = os.environ.get("LOGDEX_RG", "rg")
ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "5"))
GIB = 1 << 30
STYLES = ["stamped", "torchrun", "json", "bare"]
RARE = "|".join(f"{word} went away" for word in "ab cd ef gh ij kl mn op qr st uv".split()) + "|needle-gamma"  # noqa: SIM905


def _best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least seconds that `run` takes."""
    walls = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        walls.append(time.perf_counter() - start)
    return min(walls)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _built(path: Path, kept: Path) -> tuple[logdex.Log, float, float]:
    """The log with both indexes, and the seconds of CPU that each took."""
    log = logdex.open(path, tz="UTC", index=kept)
    start = _cpu()
    _core.build_index(log._question)
    times = _cpu()
    _core.build_index(log._question, text=True)
    return log, times - start, _cpu() - times


@pytest.mark.parametrize("name", [*STYLES, *SHAPES])
def test_sizes_and_rates(corpus: Corpus, tmp_path: Path, name: str) -> None:
    path = corpus(name, 96) if name in STYLES else tmp_path / f"{name}.log"
    if name in SHAPES:
        write(name, 96 << 20, path)
    log, times, text = _built(path, tmp_path / "kept")
    size, _, (covered, taken) = _core.index_status(log._question)
    answer = log.lines("needle-gamma")
    assert drain(answer) == 1
    hits = (covered - answer.stats.skipped_by_text) / covered
    print(
        f"\n| {name} | {taken / covered:.2%} of the log | {covered / GIB / text:.2f} GiB/s a CPU second, "
        f"times and text {1 / (times * GIB / size + text * GIB / covered):.2f} | a needle reads {hits:.2%} |"
    )


@pytest.fixture(scope="module")
def large(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """8 GiB, and where its indexes are."""
    path, kept = corpus("stamped", 256, days=32), tmp_path_factory.mktemp("kept")
    _built(path, kept)
    return path, kept


@pytest.mark.parametrize("regex", ["needle-gamma", "(?i)cuda out of memory", RARE, "shard"])
def test_needles(large: tuple[Path, Path], regex: str) -> None:
    path, kept = large
    log, plain = logdex.open(path, index=kept), logdex.open(path, index=False)
    found = log.count(regex)
    rounds = ROUNDS if regex != "shard" else 2
    with_index, without = _best(lambda: log.count(regex), rounds), _best(lambda: plain.count(regex), 2)
    answer = log.lines(regex)
    next(answer, None)
    share = 1 - answer.stats.skipped_by_text / path.stat().st_size
    answer.close()
    rg = ""
    if shutil.which(RG):
        seconds = _best(lambda: subprocess.run([RG, "-c", regex, path], capture_output=True, check=True), 2)
        rg = f"; `rg -c` {seconds:.3f} s, {seconds / with_index:.0f} times"
    print(
        f"\n| `{regex[:40]}`, {found} lines | {with_index * 1e3:.2f} ms, {share:.2%} of the log read "
        f"| without {without:.3f} s, {without / with_index:.1f} times{rg} |"
    )


def _forget(*paths: Path) -> None:
    """Lets the page cache go of files."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def test_a_needle_from_a_cold_cache(large: tuple[Path, Path]) -> None:
    path, kept = large
    _forget(path, *kept.iterdir())
    log = logdex.open(path, index=kept)
    seconds = _best(lambda: log.count("needle-gamma"), 1)
    print(f"\n| `needle-gamma` in 8 GiB, log and index cold | {seconds * 1e3:.1f} ms |")


def test_a_range_of_steps(large: tuple[Path, Path]) -> None:
    path, kept = large
    log = logdex.open(path, tz="UTC", index=kept)
    first = _best(lambda: log.count(step=(123_456, 123_456)), 1)
    again = _best(lambda: log.count(step=(123_456, 123_456)))
    answer = log.lines(step=(123_456, 123_456))
    drain(answer)
    read = answer.stats.bytes_read >> 10
    print(f"\n| one step of 8 GiB | {again * 1e3:.1f} ms, {read} KiB read | first {first:.1f} s |")


def test_what_is_appended(large: tuple[Path, Path]) -> None:
    path, kept = large
    size = path.stat().st_size
    log = logdex.open(path, index=kept)
    try:
        with path.open("ab") as out:
            out.write(b"a line of no consequence\n" * ((1 << 20) // 25))
        print(
            f"\n| 1 MiB more, the next answer | {_best(lambda: log.count('needle-gamma'), 1) * 1e3:.1f} ms |"
        )
    finally:
        os.truncate(path, size)


def test_memory_to_build(corpus: Corpus, tmp_path: Path) -> None:
    path = corpus("stamped", 256, days=32)
    program = (
        "import sys, logdex\nfrom logdex import _core\n"
        "def private():\n"
        "    rows = open('/proc/self/smaps_rollup').read().splitlines()\n"
        "    return sum(int(row.split()[1]) for row in rows if row.startswith('Private_Dirty'))\n"
        "log = logdex.open(sys.argv[1], index=sys.argv[2])\n"
        "before, most = private(), [0]\n"
        "_core.build_index(log._question, text=True, told=lambda _: most.append(max(most.pop(), private())))\n"
        "print((most[0] - before) / 1024)\n"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "kept")]
    mib = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print(f"\n| private memory to build both for 8 GiB | {float(mib):.1f} MiB |")
