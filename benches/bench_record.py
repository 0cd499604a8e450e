"""The combined stream and its recorder: from write to yield, from the app's end to StopIteration, and what it costs.

Bars: p50 under 1 ms and p99 under 5 ms from write to yield, in the launcher's process and in another; under 50 ms from
the end of an app of four replicas to StopIteration; at most 2 % more CPU of writers and recorder with it than without.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from logdex import _core

WRITES = 1_000
REPLICAS = 8
PAIRS = int(os.environ.get("LOGDEX_BENCH_ROUNDS", "16"))
SLICE = 4.0

WRITER = """
import os, time
time.sleep(1)
for n in range({writes}):
    time.sleep(0.002)
    os.write(1 + n % 2, b"%d line %d\\n" % (time.monotonic_ns(), n))
"""

READ = """
import sys, time
from logdex.torchx_backend.schedulers.local import create_scheduler
for line in create_scheduler("bench").log_iter(sys.argv[1], "w", 0, regex="line", should_tail=True):
    print((time.monotonic_ns() - int(line.split()[0])) / 1e6)
"""

# Some 1,000 writes a second, to either log in turn, for ever.
STEADY = """
import os, time
due, n = time.monotonic(), 0
while True:
    os.write(1 + n % 2, b"2026-11-22 02:10:00,123 INFO step %d loss=1.2345 lr=0.0003 tokens/s=12345\\n" % n)
    due, n = due + 0.001, n + 1
    time.sleep(max(0.0, due - time.monotonic()))
"""


def _script(directory: Path, text: str, **values: int) -> str:
    path = directory / "write.py"
    path.write_text(text.format(**values))
    return str(path)


def _launch(scheduler: Any, entrypoint: str, *args: str, replicas: int = 1) -> str:
    from torchx.specs import AppDef, Role

    role = Role("w", image="", entrypoint=entrypoint, args=list(args), num_replicas=replicas)
    return str(scheduler.submit(AppDef("app", [role]), {}))


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    local = pytest.importorskip("logdex.torchx_backend.schedulers.local", exc_type=ImportError)
    monkeypatch.setenv("LOGDEX_HOME", str(tmp_path / "home"))
    return local.create_scheduler("bench")


@pytest.mark.parametrize("where", ["launcher", "elsewhere"])
def test_write_to_yield(benchmark: Any, scheduler: Any, tmp_path: Path, where: str) -> None:
    benchmark.group = f"combined stream, from write to yield, {WRITES} writes: the milliseconds are printed"
    late: list[float] = []

    def follow() -> None:
        app_id = _launch(scheduler, sys.executable, _script(tmp_path, WRITER, writes=WRITES))
        if where == "elsewhere":
            told = subprocess.run(
                [sys.executable, "-c", READ, app_id], capture_output=True, text=True, check=True
            )
            late.extend(map(float, told.stdout.split()))
            return
        for line in scheduler.log_iter(app_id, "w", 0, should_tail=True):
            late.append((time.monotonic_ns() - int(line.split()[0])) / 1e6)

    benchmark.pedantic(follow, rounds=1)
    late.sort()
    p50, p99 = late[WRITES // 2], late[WRITES * 99 // 100]
    benchmark.extra_info.update(p50_ms=p50, p99_ms=p99)
    print(f"\ncombined, {where}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {late[-1]:.1f} ms")
    assert len(late) == WRITES


def test_end_to_stop_iteration(benchmark: Any, scheduler: Any) -> None:
    benchmark.group = "from the end of an app of 4 replicas to StopIteration: the milliseconds are printed"
    late: list[float] = []

    def follow() -> None:
        app_id = _launch(scheduler, "bash", "-c", "sleep 0.5; date +%s.%N", replicas=4)
        last = max(float(list(scheduler.log_iter(app_id, "w", 0, should_tail=True))[-1]), 0.0)
        end = time.time()
        log_dir = scheduler.record_of(app_id).log_dir
        said = [float(Path(log_dir, "w", str(k), "stdout.log").read_text()) for k in range(4)]
        late.append((end - max([last, *said])) * 1e3)

    benchmark.pedantic(follow, rounds=7)
    benchmark.extra_info.update(median_ms=statistics.median(late))
    print(
        f"\nend to StopIteration: median {statistics.median(late):.1f} ms, longest {max(late):.1f} ms, bar 50 ms"
    )


class Writers:
    """Processes that write without end."""

    def __init__(self, folder: Path) -> None:
        self.folders = [folder / str(k) for k in range(REPLICAS)]
        self.processes = []
        for one in self.folders:
            one.mkdir(parents=True)
            with (one / "stdout.log").open("wb") as out, (one / "stderr.log").open("wb") as err:
                command = [sys.executable, "-c", STEADY]
                self.processes.append(subprocess.Popen(command, stdout=out, stderr=err))

    def so_far(self) -> tuple[int, int]:
        """The nanoseconds of CPU that they have spent, and the bytes that they have written."""
        runs = (Path(f"/proc/{one.pid}/schedstat").read_text() for one in self.processes)
        written = sum(log.stat().st_size for one in self.folders for log in one.glob("*.log"))
        return sum(int(run.split()[0]) for run in runs), written

    def end(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()


def _slice(recorded: Writers, others: Writers) -> tuple[float, float]:
    """How many times as much CPU a byte costs that is recorded as one that is not, and the recorder's part in that.

    Both are written at the same time: what else the machine does falls on both alike.
    """
    for one in recorded.folders:
        _core.start_recording(str(one))
    # A job lasts longer than the beginning, when the recorder looks more often.
    time.sleep(0.5)
    begun, own = [recorded.so_far(), others.so_far()], time.process_time_ns()
    time.sleep(SLICE)
    ended, own = [recorded.so_far(), others.so_far()], time.process_time_ns() - own
    for one in recorded.folders:
        _core.stop_recording(str(one))
    (spent, written), (plain, beside) = (
        (after[0] - before[0], after[1] - before[1]) for before, after in zip(begun, ended, strict=True)
    )
    return (spent + own) / written / (plain / beside), own / spent


@pytest.mark.skipif(sys.platform != "linux", reason="the CPU of others is told by /proc")
def test_what_recording_costs(benchmark: Any, tmp_path: Path) -> None:
    benchmark.group = f"CPU of {REPLICAS} writers and the recorder, 1,000 writes a second each: printed"
    more: list[float] = []
    parts: list[float] = []

    def pairs() -> None:
        both = [Writers(tmp_path / name) for name in "ab"]
        try:
            time.sleep(1)
            for _ in range(PAIRS):
                # Each is recorded in turn, so what sets them apart otherwise cancels out.
                (first, own), (second, again) = _slice(both[0], both[1]), _slice(both[1], both[0])
                more.append((math.sqrt(first * second) - 1) * 100)
                parts.append((own + again) * 50)
        finally:
            both[0].end()
            both[1].end()

    benchmark.pedantic(pairs, rounds=1)
    low, median, high = statistics.quantiles(more, n=4)
    part = statistics.median(parts)
    benchmark.extra_info.update(percent_more=median, percent_of_recorder=part)
    print(
        f"\nCPU with the recorder: {median:+.1f} % (quartiles {low:+.1f} and {high:+.1f} %), bar 2 %; ",
        end="",
    )
    print(f"the recorder alone {part:.1f} %\n" + " ".join(f"{one:+.1f}" for one in more))
