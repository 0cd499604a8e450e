"""Counting the lines that a regex selects, beside other searchers: ripgrep, GNU grep in the C locale, `re`.

Corpora: 1 GiB of `stamped` and of `torchrun`, page cache warm. In each round the rivals take turns, the median of
the rounds counts, and all have to find the same number of lines. `LOGDEX_RG` names the `rg` to race, `LOGDEX_ROUNDS`
the rounds. What is printed are rows for RESULTS.md: seconds, of `count` and of `rg -c` those of all cores too, and in
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
from statistics import median

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
class Rounds:
    """What several rounds of one rival took."""

    clock: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    found: set[int] = field(default_factory=set)

    def time(self, run: Counter) -> None:
        start, spent = time.perf_counter(), cpu_seconds()
        self.found.add(run())
        self.clock.append(time.perf_counter() - start)
        self.cores.append(cpu_seconds() - spent)

    @property
    def seconds(self) -> float:
        return median(self.clock)

    @property
    def of_all_cores(self) -> float:
        return median(self.cores)


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


def race(runs: dict[str, Counter]) -> dict[str, Rounds]:
    rounds = {name: Rounds() for name in runs}
    for turn in range(ROUNDS):
        for name, run in runs.items():
            if turn == 0 or name not in SLOW:
                rounds[name].time(run)
    found = set().union(*(each.found for each in rounds.values()))
    assert len(found) == 1, {name: each.found for name, each in rounds.items()}
    return rounds


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("style", ["stamped", "torchrun"])
def test_count(corpus: Corpus, style: str, pattern: str, capsys: pytest.CaptureFixture[str]) -> None:
    rounds = race(racers(corpus(style, 256, days=4), pattern))
    ours = rounds["count"].seconds
    shown = "12 words" if pattern == TWELVE else f"`{pattern}`"
    spent = [f"{rounds[name].of_all_cores:.2f}" if name in rounds else "" for name in ("count", "rg -c")]
    cells = [style, shown, f"{rounds['count'].found.pop():,}", " / ".join(filter(None, spent)), f"{ours:.3f}"]
    for name in RIVALS:
        cells.append(
            f"{rounds[name].seconds:.3f} ({rounds[name].seconds / ours:.2f})" if name in rounds else ""
        )
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
    rounds = race(
        {"count": lambda: log.count("needle-gamma"), "lines": lambda: drain(log.lines("needle-gamma"))}
    )
    lines, count = rounds["lines"].seconds, rounds["count"].seconds
    with capsys.disabled():
        print(f"\n`lines` of `needle-gamma`: {lines:.3f} s, {lines / count:.2f} times as long as `count`")


def test_first_match(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    """A first result does not wait for the last."""
    path = planted(corpus("stamped", 256, days=16), at=0.01)
    log = logdex.open(path, index=False)
    rounds = race(
        {
            "scan": lambda: log.count(PLANTED.decode()),
            "first": lambda: int(next(log.lines(PLANTED.decode())).startswith(PLANTED.decode())),
        }
    )
    path.unlink()
    first, scan = rounds["first"].seconds, rounds["scan"].seconds
    with capsys.disabled():
        print(
            f"\nfirst match at 1 % of 4 GiB: {first * 1000:.1f} ms, {first / scan:.2%} of the scan's {scan:.3f} s"
        )


PLANTED = b"planted-here-once"


def planted(path: Path, *, at: float) -> Path:
    """A copy of `path` with one line more, so far into it."""
    copy = path.with_suffix(".planted")
    with path.open("rb", buffering=0) as log, copy.open("wb", buffering=0) as out:
        left = int(path.stat().st_size * at)
        while block := log.read(1 << 24 if left < 0 else min(left, 1 << 24)):
            out.write(block)
            left -= len(block)
            if left == 0:
                head, _, rest = log.read(1 << 20).partition(b"\n")
                out.write(head + b"\n" + PLANTED + b"\n" + rest)
                left = -1
    return copy
