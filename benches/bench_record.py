"""The combined stream and its recorder: from write to yield, from the app's end to StopIteration, and what it costs.

Bars: p50 under 1 ms and p99 under 5 ms from write to yield, in the launcher's process and in another; under 50 ms from
the end of an app of four replicas to StopIteration; at most 2 % more CPU of writers and recorder with it than without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

WRITES = 1_000
SECONDS = 5
REPLICAS = 8

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

STEADY = """
import os, sys, time
due = time.monotonic()
for n in range({writes}):
    os.write(1 + n % 2, b"2026-11-22 02:10:00,123 INFO step %d loss=1.2345 lr=0.0003 tokens/s=12345\\n" % n)
    due += 0.001
    time.sleep(max(0.0, due - time.monotonic()))
"""

LOAD = """
import os, resource, sys, time
from logdex.torchx_backend.schedulers.local import create_scheduler
from torchx.specs import AppDef, AppState, Role
scheduler = create_scheduler("bench", record=sys.argv[2] == "record")
role = Role("w", image="", entrypoint=sys.executable, args=[sys.argv[1]], num_replicas=int(sys.argv[3]))
app_id = scheduler.submit(AppDef("app", [role]), {})
while any(replica.is_alive() for replica in scheduler._apps[app_id].role_replicas["w"]):
    time.sleep(0.2)
own, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(sum(one.ru_utime + one.ru_stime for one in (own, theirs)))
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
        log_dir = scheduler._record(app_id).log_dir
        said = [float(Path(log_dir, "w", str(k), "stdout.log").read_text()) for k in range(4)]
        late.append((end - max([last, *said])) * 1e3)

    benchmark.pedantic(follow, rounds=7)
    benchmark.extra_info.update(median_ms=statistics.median(late))
    print(
        f"\nend to StopIteration: median {statistics.median(late):.1f} ms, longest {max(late):.1f} ms, bar 50 ms"
    )


def test_what_recording_costs(benchmark: Any, tmp_path: Path) -> None:
    benchmark.group = f"CPU of {REPLICAS} writers and the launcher, 1,000 writes a second each: printed"
    writer = _script(tmp_path, STEADY, writes=1_000 * SECONDS)
    cpu: dict[str, list[float]] = {"record": [], "plain": []}

    def both() -> None:
        for how in cpu:
            with tempfile.TemporaryDirectory(dir=tmp_path) as home:
                environ = {**os.environ, "LOGDEX_HOME": home}
                command = [sys.executable, "-c", LOAD, writer, how, str(REPLICAS)]
                told = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
                cpu[how].append(float(told.stdout.split()[-1]))

    benchmark.pedantic(both, rounds=int(os.environ.get("LOGDEX_BENCH_ROUNDS", "7")))
    with_it, without = (statistics.median(cpu[how]) for how in ("record", "plain"))
    more = (with_it / without - 1) * 100
    benchmark.extra_info.update(percent_more=more)
    print(f"\nCPU with the recorder {with_it:.3f} s, without {without:.3f} s: {more:+.1f} %, bar 2 %\n{cpu}")
