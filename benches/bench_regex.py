"""Counting the lines that a regex selects, beside other searchers: ripgrep, GNU grep in the C locale, `re`.

Corpora: 1 GiB of `stamped` and of `torchrun`, page cache warm. In each round the rivals take turns, the best round of
each counts, and all have to find the same number of lines. `LOGDEX_RG` names the `rg` to race, `LOGDEX_ROUNDS` the
rounds. What is printed are rows for RESULTS.md: seconds, of `count` and of `rg -c` those of all cores too, and in
brackets how many times as long as `count` the others took. On a busy machine compare the seconds of all cores.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import logdex
import pytest
from measure import Corpus, drain

RG = os.environ.get("LOGDEX_RG", "rg")
ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "5"))
TWELVE = (
    "timeout|refused|evicted|Traceback|SIGKILL|NaN|unreachable|corrupt|failed|needle|lease ring|worker 63"
)
PATTERNS = [
    "ERROR",
    "needle-gamma",
    "(?i)cuda out of memory",
    r"step=\d+77 loss=8\.",
    r"\bshard \d{4}\b",
    r"[0-9]{4} \([a-z]+\)",
    TWELVE,
    ".",
    r"ERROR(?=.*worker 6[0-3])",
    r"(worker) \d+ failed: \1",
]
FOR_RE = PATTERNS[-2:]
RIVALS = ("rg -c", "rg -c --no-mmap", "grep -cP", "re")
# These take seconds: one round of them is enough.
SLOW = RIVALS[2:]

Counter = Callable[[], int]


@dataclass
class Best:
    """The best of several rounds."""

    seconds: float = float("inf")
    of_all_cores: float = float("inf")
    found: set[int] = field(default_factory=set)

    def time(self, run: Counter) -> None:
        start, spent = time.perf_counter(), cpu_seconds()
        self.found.add(run())
        self.seconds = min(self.seconds, time.perf_counter() - start)
        self.of_all_cores = min(self.of_all_cores, cpu_seconds() - spent)


def cpu_seconds() -> float:
    """What this process and the children that it waited for have spent on all cores."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def by_process(*command: str) -> Counter:
    def run() -> int:
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode > 1:
            pytest.skip(f"{command[0]}: {done.stderr.strip()}")
        return int(done.stdout.strip() or 0)

    return run


def by_re(path: Path, pattern: str) -> Counter:
    def run() -> int:
        search = re.compile(pattern).search
        with path.open(newline="\n", errors="replace") as lines:
            return sum(1 for line in lines if search(line))

    return run


def racers(path: Path, pattern: str) -> dict[str, Counter]:
    log = logdex.open(path, index=False)
    ours: dict[str, Counter] = {"count": lambda: log.count(pattern)}
    if pattern in FOR_RE:
        return ours | {"re": by_re(path, pattern)}
    return ours | {
        "rg -c": by_process(RG, "-c", pattern, str(path)),
        "rg -c --no-mmap": by_process(RG, "-c", "--no-mmap", pattern, str(path)),
        "grep -cP": by_process("grep", "-cP", pattern, str(path)),
    }


def race(runs: dict[str, Counter]) -> dict[str, Best]:
    best = {name: Best() for name in runs}
    for turn in range(ROUNDS):
        for name, run in runs.items():
            if turn == 0 or name not in SLOW:
                best[name].time(run)
    found = set().union(*(each.found for each in best.values()))
    assert len(found) == 1, {name: each.found for name, each in best.items()}
    return best


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("style", ["stamped", "torchrun"])
def test_count(corpus: Corpus, style: str, pattern: str, capsys: pytest.CaptureFixture[str]) -> None:
    best = race(racers(corpus(style, 256, days=4), pattern))
    ours = best["count"].seconds
    shown = "12 words" if pattern == TWELVE else f"`{pattern}`"
    spent = [f"{best[name].of_all_cores:.2f}" if name in best else "" for name in ("count", "rg -c")]
    cells = [style, shown, f"{best['count'].found.pop():,}", " / ".join(filter(None, spent)), f"{ours:.3f}"]
    for name in RIVALS:
        cells.append(f"{best[name].seconds:.3f} ({best[name].seconds / ours:.2f})" if name in best else "")
    with capsys.disabled():
        if style == "stamped" and pattern == PATTERNS[0]:
            print(
                f"\n{by_version()}\n| log | pattern | lines | all cores | count | {' | '.join(RIVALS)} |\n|{'---|' * 9}"
            )
        print(f"| {' | '.join(cells)} |")


def by_version() -> str:
    return subprocess.run([RG, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]


def test_lines_beside_count(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    log = logdex.open(corpus("stamped", 256, days=4), index=False)
    best = race(
        {"count": lambda: log.count("needle-gamma"), "lines": lambda: drain(log.lines("needle-gamma"))}
    )
    lines, count = best["lines"].seconds, best["count"].seconds
    with capsys.disabled():
        print(f"\n`lines` of `needle-gamma`: {lines:.3f} s, {lines / count:.2f} times as long as `count`")
