"""The whole `logdex` process, interpreter start included, beside `rg` and `cat`.

Corpus: 1 GiB of `stamped` (256 MiB a day, 4 days), page cache warm. All lines to a pipe (bar: at least 1 GB/s); a rare
literal (bar: within 20 % of `rg`, one line expected); `--help` (bar: under 100 ms).
`LOGDEX_RG` names the `rg` to race.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from measure import Corpus

LOGDEX = str(Path(sys.executable).with_name("logdex"))
RG = os.environ.get("LOGDEX_RG", "rg")
NEEDLE = "needle-gamma"


def bytes_through_a_pipe(*command: str) -> int:
    """Runs a command and reads what it writes, as fast as it comes."""
    total, buffer = 0, bytearray(1 << 20)
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout
        while count := process.stdout.readinto(buffer):
            total += count
    return total


@pytest.mark.parametrize("who", ["logdex", "cat"])
def test_all_lines_to_a_pipe(benchmark: Any, corpus: Corpus, who: str) -> None:
    path = corpus("stamped", 256, days=4)
    benchmark.group = "all lines of 1 GiB to a pipe"
    benchmark.name = who
    command = (LOGDEX if who == "logdex" else "cat", str(path))
    total = benchmark.pedantic(lambda: bytes_through_a_pipe(*command), rounds=5, warmup_rounds=1)
    assert total == path.stat().st_size
    benchmark.extra_info["GB/s"] = round(total / 1e9 / benchmark.stats["min"], 2)


@pytest.mark.parametrize("who", ["logdex", "rg"])
def test_a_rare_literal(benchmark: Any, corpus: Corpus, who: str) -> None:
    path = str(corpus("stamped", 256, days=4))
    benchmark.group = f"{NEEDLE} in 1 GiB, one line expected"
    benchmark.name = who
    command = (LOGDEX, "-e", NEEDLE, path) if who == "logdex" else (RG, NEEDLE, path)

    def search() -> bytes:
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout

    assert benchmark.pedantic(search, rounds=5, warmup_rounds=1).count(b"\n") == 1


@pytest.mark.parametrize("who", ["logdex", "python"])
def test_help(benchmark: Any, who: str) -> None:
    benchmark.group = "--help"
    benchmark.name = who
    command = (LOGDEX, "--help") if who == "logdex" else (sys.executable, "-c", "pass")
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), rounds=10, warmup_rounds=2
    )
