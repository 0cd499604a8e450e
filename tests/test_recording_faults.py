"""What can befall the recorder and its record: the app runs, and every reader gets all lines, whole, in their order."""

import contextlib
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

from torchx.specs import AppState

Place = Callable[[Path], object]

COUNT = 40
TURNS = f"for i in $(seq {COUNT}); do echo out $i; sleep 0.012; echo err $i >&2; sleep 0.012; done"

READ = """
import sys
from logdex.torchx_backend.schedulers.local import create_scheduler
for line in create_scheduler("test").log_iter(sys.argv[1], "w", 0, should_tail=True):
    print(line, end="", flush=True)
"""


def assert_whole(lines: list[str], count: int = COUNT) -> None:
    """All lines of `TURNS`, none twice, each stream's in its order."""
    assert len(lines) == 2 * count
    for name in ("out", "err"):
        assert [line for line in lines if line.startswith(name)] == [
            f"{name} {i}\n" for i in range(1, count + 1)
        ]


@contextlib.contextmanager
def reader_elsewhere(app_id: str) -> Iterator[subprocess.Popen[str]]:
    """A process that follows the combined stream."""
    with subprocess.Popen([sys.executable, "-c", READ, app_id], stdout=subprocess.PIPE, text=True) as reader:
        try:
            yield reader
        finally:
            reader.kill()


def rest_of(reader: subprocess.Popen[str]) -> list[str]:
    assert reader.stdout is not None
    lines = reader.stdout.readlines()
    assert reader.wait() == 0
    return lines


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Mounts a small file system in memory, until the end of the test."""
    mounted: list[Path] = []

    def run(path: Path, options: str) -> None:
        path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(path)], capture_output=True)
        if done.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.decode().strip()}")
        mounted.append(path)

    yield run
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mount"), reason="needs root, to mount a small tmpfs"
)


def place_beside_logs(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """Has `place` put something where `.logdex` of each replica would be, before anything is recorded there."""
    made = os.makedirs

    def makedirs(path: Any, *args: Any, **kwargs: Any) -> None:
        made(path, *args, **kwargs)
        if os.path.basename(path) in "01" and not kwargs:
            place(Path(path, ".logdex"))

    monkeypatch.setattr(os, "makedirs", makedirs)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [one.getMessage() for one in caplog.records if one.name == "logdex"]
    return [one for one in said if "cannot be recorded" in one]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("file", "Not a directory"),
        ("pipe", "Not a directory"),
        pytest.param("read-only", "Read-only file system", marks=needs_root),
        pytest.param("full", "No space left on device", marks=needs_root),
    ],
)
def test_where_no_record_can_be_made_the_app_runs_and_it_is_said_once(
    scheduler: Any,
    launch: Callable[..., str],
    mount: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    how: str,
    why: str,
) -> None:
    def full(path: Path) -> None:
        mount(path, "size=4k")
        (path / "other").write_bytes(b"x" * 4096)

    places: dict[str, Place] = {
        "file": Path.touch,
        "pipe": os.mkfifo,
        "read-only": lambda path: mount(path, "size=4k,ro"),
        "full": full,
    }
    place_beside_logs(monkeypatch, places[how])
    with caplog.at_level(logging.WARNING, "logdex"):
        app_id = launch(TURNS, replicas=2)
        for k in (0, 1):
            assert_whole(list(scheduler.log_iter(app_id, "w", k, should_tail=True)))
        assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert len(warnings(caplog)) == 1
    assert why in warnings(caplog)[0]


@needs_root
def test_a_disk_that_fills_up_ends_the_record_and_nothing_else(
    scheduler: Any,
    launch: Callable[..., str],
    mount: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    place_beside_logs(monkeypatch, lambda path: mount(path, "size=4k"))
    go_on, pairs = tmp_path / "go_on", tmp_path / "pairs"
    os.mkfifo(go_on)
    # The app writes a line only when the one before was read, so that the recorder, however late it comes, has to note
    # the order of each pair. Once the fifo is closed the app waits for nobody, and writes so many pairs more.
    script = (
        f"exec 3< {go_on}; i=0; left={COUNT}; until [ $left = 0 ]; do i=$((i + 1)); "
        "read -u 3 || left=$((left - 1)); echo out $i; read -u 3; echo err $i >&2; done; "
        f"echo $i > {pairs}"
    )
    live: list[str] = []
    with caplog.at_level(logging.WARNING, "logdex"):
        app_id = launch(script)
        record = record_of(scheduler, app_id)
        with reader_elsewhere(app_id) as reader:
            lines = scheduler.log_iter(app_id, "w", 0, should_tail=True)
            with go_on.open("wb", buffering=0) as turns:
                turns.write(b"\n")
                while record.stat().st_size < 4096 and len(live) < 4096:
                    live.append(next(lines))
                    turns.write(b"\n")
                for _ in range(COUNT):
                    live.append(next(lines))
                    turns.write(b"\n")
            live.extend(lines)
            count = int(pairs.read_text())
            assert_whole(live, count)
            assert_whole(rest_of(reader), count)
        assert record.stat().st_size == 4096
        assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert len(warnings(caplog)) == 1
    assert "No space left on device" in warnings(caplog)[0]
    # What was recorded until then is still the order.
    assert_whole(list(scheduler.log_iter(app_id, "w", 0)), count)


def recorder_thread(process: int) -> int:
    """The number of the thread that records, which takes its name only once it runs."""
    for _ in range(3000):
        for task in Path(f"/proc/{process}/task").iterdir():
            if (task / "comm").read_text().strip() == "logdex-record":
                return int(task.name)
        time.sleep(0.02)
    raise AssertionError("nobody records")


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("at", [1, 2, 3, 5, 9, 17])
def test_a_launcher_that_is_killed_at_a_write_of_the_record(
    scheduler: Any,
    launcher: Callable[[str], Any],
    tmp_path: Path,
    eventually: Callable[..., None],
    at: int,
) -> None:
    go = tmp_path / "go"
    process, app_id = launcher(f"launch('until [ -e {go} ]; do sleep 0.02; done; {TURNS}'); time.sleep(60)")
    with reader_elsewhere(app_id) as reader:
        inject = f"inject=write,pwrite64:signal=KILL:when={at}"
        command = ["strace", "-qq", "-e", "trace=write,pwrite64", "-e", inject, "-p"]
        thread = recorder_thread(process.pid)
        strace = subprocess.Popen([*command, str(thread)], stderr=subprocess.PIPE, text=True)
        eventually(lambda: "TracerPid:\t0\n" not in Path(f"/proc/{thread}/status").read_text())
        go.touch()
        live = list(scheduler.log_iter(app_id, "w", 0, should_tail=True))
        assert process.wait(60) == -signal.SIGKILL
        strace.communicate(timeout=60)
        assert_whole(live)
        assert_whole(rest_of(reader))
    assert_whole(list(scheduler.log_iter(app_id, "w", 0)))


def test_a_launcher_that_is_killed_at_any_moment(scheduler: Any, launcher: Callable[[str], Any]) -> None:
    pick = random.Random(5)
    for _ in range(5):
        process, app_id = launcher(f"launch({TURNS!r}); time.sleep(60)")
        killer = threading.Timer(pick.random(), process.kill)
        killer.start()
        assert_whole(list(scheduler.log_iter(app_id, "w", 0, should_tail=True)))
        killer.join()
        assert_whole(list(scheduler.log_iter(app_id, "w", 0)))


@pytest.mark.parametrize("name", ["out", "err"])
def test_a_stream_that_stays_silent_holds_nothing_up(
    scheduler: Any, launch: Callable[..., str], name: str
) -> None:
    to = "" if name == "out" else " >&2"
    app_id = launch(f"for i in $(seq 10); do echo $(date +%s.%N){to}; sleep 0.1; done; sleep 0.5")
    with reader_elsewhere(app_id) as reader:
        late = [time.time() - float(line) for line in scheduler.log_iter(app_id, "w", 0, should_tail=True)]
        assert len(rest_of(reader)) == 10
    assert len(late) == 10
    # A recorder that was taken for dead would have cost a second.
    assert sorted(late)[5] < 0.9


@pytest.mark.parametrize("last", ["printf end", "printf end >&2", "printf a; printf b >&2"])
def test_an_app_that_ends_without_a_last_newline(
    scheduler: Any, launch: Callable[..., str], last: str
) -> None:
    app_id = launch(f"echo first; sleep 0.05; echo second >&2; sleep 0.05; {last}")
    expected = "first\nsecond\n" + ("end" if "end" in last else "ab")
    with reader_elsewhere(app_id) as reader:
        assert "".join(scheduler.log_iter(app_id, "w", 0, should_tail=True)) == expected
        assert "".join(rest_of(reader)) == expected
    assert "".join(scheduler.log_iter(app_id, "w", 0)) == expected


def record_of(scheduler: Any, app_id: str) -> Path:
    return Path(scheduler.record_of(app_id).log_dir, "w", "0", ".logdex", "arrivals")


def test_whatever_stands_in_the_record_no_line_is_lost(scheduler: Any, launch: Callable[..., str]) -> None:
    app_id = launch(TURNS)
    assert_whole(list(scheduler.log_iter(app_id, "w", 0, should_tail=True)))
    scheduler.describe(app_id)
    record = record_of(scheduler, app_id)
    content, pick = record.read_bytes(), random.Random(7)
    for _ in range(300):
        torn = bytearray(content)
        for _ in range(pick.choice([1, 1, 3])):
            at, length = pick.randrange(len(torn)), pick.choice([1, 1, 8, 200])
            torn[at : at + length] = pick.choice([b"", pick.randbytes(length), b"\xff" * length, content])
            torn = torn or bytearray(b"\0")
        record.write_bytes(torn)
        assert_whole(list(scheduler.log_iter(app_id, "w", 0)))


@pytest.mark.parametrize("how", ["noise", "cut", "gone", "replaced"])
def test_a_record_that_is_damaged_while_it_is_written_and_read(
    scheduler: Any, launch: Callable[..., str], how: str
) -> None:
    app_id = launch(TURNS)
    record = record_of(scheduler, app_id)
    with reader_elsewhere(app_id) as reader:
        lines = scheduler.log_iter(app_id, "w", 0, should_tail=True)
        live = [next(lines) for _ in range(20)]
        assert reader.stdout is not None
        elsewhere = [reader.stdout.readline() for _ in range(5)]
        if how == "noise":
            with record.open("r+b", buffering=0) as out:
                out.write(random.Random(1).randbytes(4000))
        elif how == "cut":
            os.truncate(record, 0)
        elif how == "gone":
            shutil.rmtree(record.parent)
        else:
            other = record.with_name("other")
            other.write_bytes(record.read_bytes()[:60] + b"\0" * 100)
            other.rename(record)
        begun = time.monotonic()
        assert_whole(live + list(lines))
        # Nobody waits for what the record will not say; the app goes on for about a second.
        assert time.monotonic() - begun < 30
        assert_whole(elsewhere + rest_of(reader))
    assert_whole(list(scheduler.log_iter(app_id, "w", 0)))
