"""Two builds of logdex side by side in one run: what became slower, and what faster.

    python benches/compare.py BEFORE AFTER [--rounds N] [-k WORD]

BEFORE and AFTER are Python interpreters, each with a build of logdex installed. Each has a worker process of its own,
and the two take turns at each measure, so that what else runs on the machine meets both. Said are the medians of the
seconds, and the median of how many times as long AFTER took in a round.

The measures use only what both builds offer under the same name.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from measure import drain, log_of

SIZE = 256
"""MiB of each corpus."""
STYLES = ("stamped", "torchrun", "json", "bare")
PATTERNS = {
    "rare word": "needle-gamma",
    "error": "ERROR",
    "number": r"step=\d+77 loss=8\.",
    "shard": r"\bshard \d{4}\b",
    "every line": ".",
    "lookahead": r"ERROR(?=.*worker 6[0-3])",
}

Measure = Callable[[dict[str, str]], Any]


def _measures() -> dict[str, Measure]:
    """What is measured, by name; each takes the corpora by style."""
    import logdex

    def index(style: str) -> Measure:
        def build(logs: dict[str, str]) -> int:
            with tempfile.TemporaryDirectory() as kept:
                return logdex.open(logs[style], tz="UTC", index=kept).count(since="2026-10-01 03:00")

        return build

    def count(regex: str) -> Measure:
        return lambda logs: logdex.open(logs["stamped"], index=False).count(regex)

    def middle(logs: dict[str, str]) -> int:
        log = logdex.open(logs["stamped"], tz="UTC")
        since = datetime(2026, 10, 1, 3, tzinfo=timezone.utc)
        # Moments, for `until="03:01"` meant the beginning of that minute once, and means all of it.
        return sum(1 for _ in log.lines(since=since, until=since + timedelta(minutes=1)))

    def follow(logs: dict[str, str]) -> None:
        """The lines of one writer as they come, one by one."""
        del logs
        with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
            file.write("begun\n")
            file.flush()
            lines = iter(logdex.open(file.name).lines(follow=True))
            next(lines)
            for number in range(300):
                file.write(f"line {number}\n")
                file.flush()
                next(lines)

    def command(logs: dict[str, str]) -> None:
        subprocess.run(
            [sys.executable, "-m", "logdex", logs["stamped"], "-e", "needle-gamma"],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    return {
        "all lines": lambda logs: drain(logdex.open(logs["stamped"]).lines()),
        "all records": lambda logs: drain(logdex.open(logs["stamped"], tz="UTC").records()),
        "last 1,000": lambda logs: drain(logdex.open(logs["stamped"]).lines(last=1000)),
        **{f"count, {name}": count(regex) for name, regex in PATTERNS.items()},
        **{f"index of times, {style}": index(style) for style in STYLES},
        "a minute, indexed": middle,
        "merge of four": lambda logs: drain(
            logdex.merge({style: logdex.open(log, tz="UTC") for style, log in logs.items()})
        ),
        "follow, 300 lines": follow,
        "command, rare word": command,
    }


def _work() -> None:
    """Answers requests on stdin, each the name of a measure, with wall and processor seconds."""
    logs, measures = json.loads(sys.stdin.readline()), _measures()
    print(json.dumps(list(measures)), flush=True)
    for name in sys.stdin:
        before, spent = time.perf_counter(), _spent()
        measures[name.rstrip("\n")](logs)
        print(json.dumps([time.perf_counter() - before, _spent() - spent]), flush=True)


def _spent() -> float:
    """The processor seconds of this process and of those it waited for."""
    told = os.times()
    return time.process_time() + told.children_user + told.children_system


class _Worker:
    def __init__(self, python: str, logs: dict[str, str], cache: str) -> None:
        self._process = subprocess.Popen(
            [python, __file__, "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "LOGDEX_CACHE": cache},
        )
        self.names = json.loads(self.ask(json.dumps(logs)))

    def ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the worker {self._process.args} ended at {line!r}; its error stands above")
        return answer

    def seconds(self, name: str) -> tuple[float, float]:
        wall, spent = json.loads(self.ask(name))
        return wall, spent


def main() -> None:
    """Compares, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("before", help="a Python with the build that is compared with")
    parser.add_argument("after", help="a Python with the other build")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument(
        "-k", default="", metavar="WORD", help="only the measures with this word in their name"
    )
    asked = parser.parse_args()
    logs = {style: str(log_of(style, SIZE)) for style in STYLES}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        workers = [_Worker(asked.before, logs, one), _Worker(asked.after, logs, other)]
        print("| what | before, s | after, s | times as long | processor time |\n|---|---|---|---|---|")
        for name in (name for name in workers[0].names if asked.k in name):
            _compare(name, workers, asked.rounds)


def _compare(name: str, workers: list[_Worker], rounds: int) -> None:
    for worker in workers:
        worker.seconds(name)
    told = []
    for turn in range(rounds):
        order = workers if turn % 2 == 0 else workers[::-1]
        pair = [worker.seconds(name) for worker in order]
        told.append(pair if turn % 2 == 0 else pair[::-1])
    before, after = (statistics.median(pair[side][0] for pair in told) for side in (0, 1))
    wall, spent = (
        statistics.median(pair[1][kind] / max(pair[0][kind], 1e-9) for pair in told) for kind in (0, 1)
    )
    print(f"| {name} | {before:.4f} | {after:.4f} | {wall:.2f} | {spent:.2f} |", flush=True)


if __name__ == "__main__":
    _work() if sys.argv[1:] == ["--worker"] else main()
