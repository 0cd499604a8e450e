"""Searching and indexing with maps and without, beside `rg` and the bare loop, in both states of the page cache.

`LOGDEX_RG` names the `rg` that is compared with, `LOGDEX_BARE` the bare loop (`cargo build --release -p guarded-map
--example bare` makes `target/release/examples/bare`), `LOGDEX_BENCH_MIB` the size of the log in MiB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import logdex
import pytest
from measure import Corpus

RG = os.environ.get("LOGDEX_RG") or shutil.which("rg")
BARE = Path(os.environ.get("LOGDEX_BARE") or Path(__file__).parents[1] / "target/release/examples/bare")
MEBIBYTES = int(os.environ.get("LOGDEX_BENCH_MIB", 1024))
ROUNDS = int(os.environ.get("LOGDEX_BENCH_ROUNDS", 9))
RARE = "needle-gamma"
MANY = [".", r"[0-9]{4} \([a-z]+\)", "INFO"]


@pytest.fixture(scope="module", params=["copied", "appended"])
def log(
    request: pytest.FixtureRequest, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A log that lies in the page cache in large folios, for it was copied at once, or in small ones, line by line."""
    source = corpus("stamped", MEBIBYTES // 4, days=4)
    path = tmp_path_factory.mktemp(request.param) / f"{request.param}.log"
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with source.open("rb") as lines:
        pieces = iter(lambda: lines.read(16 << 20), b"") if request.param == "copied" else lines
        for piece in pieces:
            os.write(out, piece)
    os.fsync(out)
    os.close(out)
    time.sleep(1)  # What was written just now is read, not mapped.
    yield path
    path.unlink()


def rounds(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The best time of each way in seconds; they take turns, so that what else runs on the machine slows all alike."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def with_maps(value: str, way: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        os.environ["LOGDEX_MAPS"] = value
        return way()

    return run


def tell(what: str, log: Path, best: dict[str, float]) -> None:
    ours = best["maps"]
    told = ", ".join(f"{name} {seconds:.4f} s ({seconds / ours:.2f})" for name, seconds in best.items())
    print(f"\n{log.stem}: {what}: {told}")


@pytest.fixture(params=[1, 2])
def cores(request: pytest.FixtureRequest) -> Iterator[int]:
    """So many cores, for this process and those that it starts."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < request.param:
        pytest.skip("there are not so many cores")
    os.sched_setaffinity(0, set(sorted(allowed)[: request.param]))
    yield request.param
    os.sched_setaffinity(0, allowed)


def test_a_rare_literal(log: Path, cores: int) -> None:
    question = logdex.open(log, index=False)
    count = lambda: question.count(RARE)  # noqa: E731
    ways = {"maps": with_maps("on", count), "read": with_maps("off", count)}
    if RG:
        ways["rg"] = lambda: subprocess.run([RG, "-c", RARE, log], check=True, stdout=subprocess.DEVNULL)
    best = rounds(ways)
    if BARE.exists():
        for way in ["map", "read"]:
            command = [BARE, log, way, str(cores), str(ROUNDS)]
            best[f"bare {way}"] = float(subprocess.run(command, check=True, capture_output=True).stdout)
    tell(f"{RARE} on {cores} cores", log, best)


@pytest.mark.parametrize("regex", MANY)
def test_many_hits(log: Path, regex: str) -> None:
    question = logdex.open(log, index=False)
    count = lambda: question.count(regex)  # noqa: E731
    tell(regex, log, rounds({"maps": with_maps("on", count), "read": with_maps("off", count)}))


def test_building_an_index(log: Path, cores: int) -> None:
    build = lambda: logdex.open(log, tz="UTC", index=False).span()  # noqa: E731
    tell(
        f"an index of times on {cores} cores",
        log,
        rounds({"maps": with_maps("on", build), "read": with_maps("off", build)}),
    )


def test_the_command(log: Path) -> None:
    if not RG:
        pytest.skip("there is no rg")
    command = [shutil.which("logdex") or "logdex", "-e", RARE, log]
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    ways = {
        "maps": with_maps("on", lambda: subprocess.run(command, **quiet)),
        "read": with_maps("off", lambda: subprocess.run(command, **quiet)),
        "rg": lambda: subprocess.run([RG, RARE, log], **quiet),
    }
    tell("the command", log, rounds(ways))


def test_private_memory(corpus: Corpus) -> None:
    """Of a scan of 8 GiB, in another process: the most above what it began with, in KiB."""
    log = corpus("stamped", 256, days=32)
    code = """
import sys, threading, time, logdex
def private():
    return int(open("/proc/self/status").read().split("RssAnon:")[1].split()[0])
begun = most = private()
log = logdex.open(sys.argv[1], index=False)
done = threading.Thread(target=lambda: log.count("needle-gamma"))
done.start()
while done.is_alive():
    most = max(most, private())
    time.sleep(0.001)
print(most - begun)
"""
    for maps in ["on", "off"]:
        command = [sys.executable, "-c", code, str(log)]
        environment = {**os.environ, "LOGDEX_MAPS": maps}
        grown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        print(f"\n8 GiB, maps {maps}: {int(grown) / 1024:.1f} MiB more of private memory")
