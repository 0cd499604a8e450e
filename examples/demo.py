"""The main job in one go: launch with TorchX, follow live, ask by time, read from another process.

    python examples/demo.py

Four real processes write a few hundred thousand lines, and are followed meanwhile; then the same files are
read by TorchX's own `log_iter`. Nothing is kept unless LOGDEX_HOME says where.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import logdex.torchx_backend  # makes `local_persistent` known to TorchX
from torchx.runner import get_runner
from torchx.schedulers.local_scheduler import LocalScheduler
from torchx.specs import AppDef, Role

REPLICAS = 4
TROUBLE = r"ERROR|Traceback|KeyError"
STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{6}) ")
BOLD, DIM, RED, END = ("\033[1m", "\033[2m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("",) * 4


def say(title: str) -> None:
    """A headline."""
    print(f"\n{BOLD}{title}{END}", flush=True)


def app(lines: int, seconds: float) -> AppDef:
    """The job: four trainers, told apart by the replica's index."""
    script = str(Path(__file__).with_name("train.py"))
    args = [script, "${replica_id}", "--steps", str(lines), "--seconds", str(seconds)]
    role = Role("trainer", image="", entrypoint=sys.executable, args=args, num_replicas=REPLICAS)
    return AppDef("demo", [role])


class Followed:
    """What came out of following one stream of one replica, and how long after it was written."""

    shown = 0
    lock = threading.Lock()

    def __init__(self, lines: Iterable[str], label: str) -> None:
        self.lines = lines
        self.label = label
        self.count = 0
        self.lags: list[float] = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        """Counts, and notes how long each stamped line took to get here."""
        for line in self.lines:
            now = datetime.now()
            self.count += 1
            if found := STAMP.match(line):
                written = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f")
                self.lags.append((now - written) / timedelta(milliseconds=1))
                self.show(line)

    def show(self, line: str) -> None:
        """Prints the first few."""
        with Followed.lock:
            Followed.shown += 1
            if Followed.shown <= 8:
                print(f"  {DIM}{self.label}{END} {RED}{line.rstrip()}{END}", flush=True)


def follow(runner: Any, handle: str) -> None:
    """Follows both streams of all replicas, to the end of the app, by a regex."""
    began = time.monotonic()
    followed = [
        Followed(
            runner.log_lines(handle, "trainer", k, TROUBLE, should_tail=True, streams=stream), f"trainer/{k}"
        )
        for k in range(REPLICAS)
        for stream in ("stdout", "stderr")
    ]
    for one in followed:
        one.thread.join()
    lags = sorted(lag for one in followed for lag in one.lags)
    print(
        f"  followed for {time.monotonic() - began:.1f} s: {sum(one.count for one in followed)} lines match"
    )
    if lags:
        middle, late = lags[len(lags) // 2], lags[int(len(lags) * 0.99)]
        print(f"  from stamp to us: median {middle:.1f} ms, 99th percentile {late:.1f} ms")


def ask_by_time(runner: Any, handle: str, began: datetime, seconds: float) -> None:
    """One second out of the middle of the job, from each replica."""
    since = began + timedelta(seconds=seconds / 2)
    until = since + timedelta(seconds=1)
    started = time.perf_counter()
    counts, sample = [], ""
    for k in range(REPLICAS):
        lines = list(runner.log_lines(handle, "trainer", k, None, since, until, streams="stdout"))
        counts.append(len(lines))
        sample = sample or (lines[0] if lines else "")
    took = 1000 * (time.perf_counter() - started)
    print(f"  {since:%H:%M:%S.%f} to {until:%H:%M:%S.%f}: {counts} lines, in {took:.0f} ms together")
    print(f"  {DIM}{sample.rstrip()}{END}")


def timed(read: Callable[[int], Iterable[str]]) -> tuple[int, float]:
    """Reads all replicas; how many lines, and how many a second."""
    started = time.perf_counter()
    count = sum(1 for k in range(REPLICAS) for _ in read(k))
    return count, time.perf_counter() - started


def side_by_side(scheduler: Any, app_id: str) -> None:
    """The same files, by the same call, once through the engine and once through TorchX's own code."""
    print(f"  {'':28}{'logdex':>24}{'TorchX':>24}{'':>10}")
    for name, regex in [
        ("all lines", None),
        ("ERROR", "ERROR"),
        (r"step=\d+77 loss=8\.", r"step=\d+77 loss=8\."),
    ]:

        def ours(k: int, regex: str | None = regex) -> Iterable[str]:
            return scheduler.log_iter(app_id, "trainer", k, regex, streams="stdout")

        def theirs(k: int, regex: str | None = regex) -> Iterable[str]:
            from torchx.schedulers.api import Stream

            return LocalScheduler.log_iter(scheduler, app_id, "trainer", k, regex, streams=Stream.STDOUT)

        (count, seconds), (their_count, their_seconds) = timed(ours), timed(theirs)
        columns = (
            f"{n:,} in {1000 * s:,.0f} ms" for n, s in [(count, seconds), (their_count, their_seconds)]
        )
        print(
            f"  {name:28}" + "".join(f"{one:>24}" for one in columns) + f"{their_seconds / seconds:>8.1f} x"
        )
        if regex is None:
            rates = (f"{count / seconds:,.0f} lines/s", f"{their_count / their_seconds:,.0f} lines/s")
            cut = f"  ({their_count - count} lines cut in two)" if their_count > count else ""
            print(f"  {'':28}" + "".join(f"{one:>24}" for one in rates) + cut)


def main() -> None:
    """Runs the job and shows what can be asked of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=50_000, help="lines of stdout a replica")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the job takes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logdex-demo-") as home, get_runner() as runner:
        os.environ.setdefault("LOGDEX_HOME", home)
        say(f"1. TorchX launches {REPLICAS} replicas that write {REPLICAS * args.lines:,} lines")
        began = datetime.now()
        handle = runner.run(app(args.lines, args.seconds), "local_persistent")
        print(f"  {handle}")
        say(f"2. Followed live, both streams of each, by the regex {TROUBLE!r}")
        follow(runner, handle)
        print(f"  {runner.status(handle).state.name}")
        say("3. Asked by time")
        ask_by_time(runner, handle, began, args.seconds)
        say("4. Read by another process")
        for command in (["status", handle], ["logdex", "-e", "done$", "--streams", "stdout", handle]):
            print(f"  $ torchx {' '.join(command)}", flush=True)
            subprocess.run([sys.executable, "-m", "torchx.cli.main", *command], check=True)
        say("5. Beside TorchX's own reader")
        side_by_side(runner._scheduler("local_persistent"), handle.rpartition("/")[2])


if __name__ == "__main__":
    assert logdex.torchx_backend
    main()
