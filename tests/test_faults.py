"""Every way in which a log can change, and every limit that can be reached, under a reader: each made to happen."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import logdex
import pytest
from faults_disk import append, log_on_each_disk  # noqa: F401  # the fixture `log`
from faults_storm import line, parse

STORM = Path(__file__).with_name("faults_storm.py")
TIMES = [pytest.param(200, id="ci"), pytest.param(10_000, id="soak", marks=pytest.mark.soak)]


@contextmanager
def storm(path: Path, how: str, times: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, str(STORM), str(path), how, str(times), "7"])
    try:
        yield process
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("how", ["nothing", "middle", "offset"])
def test_plain_reads_while_another_process_cuts_the_file(log: Path, how: str, times: int) -> None:
    told: list[str] = []
    whole = 0
    with storm(log, how, times) as process:
        while process.poll() is None:
            answer = logdex.open(log)
            try:
                for text in answer.lines():
                    # A writer that keeps its offset and comes just behind a short hole: that much NULs are text.
                    if "\0" not in text:
                        parse(text)
                answer.count("0")
                whole += 1
            except OSError as error:
                told.append(str(error))
    assert whole
    assert all("truncated" in text and str(log) in text for text in told)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("how", ["nothing", "middle", "offset"])
def test_a_follow_while_another_process_cuts_the_file(log: Path, how: str, times: int) -> None:
    seen: list[tuple[int, int]] = []
    with storm(log, how, times) as process:
        follow = logdex.open(log).lines(follow=True, ended=lambda: process.poll() is not None)
        for text in follow:
            if "\0" not in text:
                seen.append(parse(text))
    assert len(set(seen)) == len(seen)
    assert [round_ for round_, _ in seen] == sorted(round_ for round_, _ in seen)
    # What the last round has written is all there, and so it must have come; after a cut to the middle, only if we saw
    # the file when it was that short.
    last = [number for round_, number in seen if round_ == times - 1]
    if how != "middle":
        assert last == list(range(len(last)))
        assert len(last) >= 150
    assert follow.stats.truncations


def test_replaced_by_a_directory(log: Path) -> None:
    append(log, b"one\n")
    follow = logdex.open(log).lines(follow=True)
    assert next(follow) == "one\n"
    log.rename(log.with_suffix(".1"))
    log.mkdir()
    (log / "something").write_text("x")
    with pytest.raises(IsADirectoryError, match=r"app\.log"):
        next(follow)


def test_permission_taken_away_while_followed(log: Path) -> None:
    append(log, b"one\n")
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    assert next(follow) == "one\n"
    with log.open("ab", buffering=0) as out:
        log.chmod(0)
        out.write(b"two\n")
        assert next(follow) == "two\n"
        over.set()
        assert list(follow) == []


READER = """
import sys, logdex
for line in logdex.open(sys.argv[1]).lines("line", since="2020-01-01", follow=True):
    print(line, end="", flush=True)
"""


def test_a_reader_that_is_killed_leaves_a_log_that_the_next_one_reads(log: Path) -> None:
    lines = [f"2026-11-22 10:00:00 line {n} {'x' * 60}\n" for n in range(200_000)]
    log.write_text("".join(lines))
    for n in range(6):
        child = subprocess.Popen([sys.executable, "-c", READER, str(log)], stdout=subprocess.DEVNULL)
        time.sleep(0.05 + n * 0.1)
        child.kill()
        child.wait()
        assert logdex.open(log).count("line 19999[0-9]", since="2026-11-22 10:00") == 10


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mount"), reason="needs root, to mount a small tmpfs"
)
def test_a_full_disk_for_the_index(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-11-22 10:00:00 line {n} {'x' * 60}\n" for n in range(300_000)))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        (small / "full").write_bytes(b"x" * 12_288)
        assert logdex.open(log, index=small).count(since="2026-11-22 10:00") == 300_000
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert logdex.open(log, index=small).count(since="2026-11-22 10:00") == 300_000
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _child(code: str, *args: object, wrap: tuple[str, ...] = ()) -> str:
    command = [*wrap, sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_limit_of_descriptors_is_a_clear_error_and_passes(log: Path) -> None:
    append(log, b"one\n")
    code = """
import os, resource, sys, logdex
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
lines = logdex.open(sys.argv[1]).lines(follow=True, ended=lambda: True)
try:
    next(lines)
    sys.exit("no error")
except OSError as error:
    assert "Too many open files" in str(error) and sys.argv[1] in str(error), error
os.close(held.pop())
# Enough for the log, not for its change events: it is looked at again and again.
assert next(lines) == "one\\n"
"""
    _child(code, log)


def test_no_room_for_the_text_of_a_compressed_log_is_an_error(log: Path) -> None:
    code = """
import gzip, resource, sys, logdex
path, lines = sys.argv[1] + ".gz", 60_000
with gzip.open(path, "wt") as out:
    out.writelines(f"line {n:07d} {'x' * 50}\\n" for n in range(lines))
log = logdex.open(path)
# As on a disk that fills up, a write that does not fit writes a part.
for room in (3_500_000, 3_799_999):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        sys.exit(f"{log.count()} lines")
    except OSError as error:
        assert "where its text goes" in str(error) and error.filename == path, error
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert log.count() == lines
"""
    _child(code, log)


MANY = """
import os, resource, sys, threading, logdex
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
folder, backlog, count = Path(sys.argv[1]), int(sys.argv[2]), 400
logs = [folder / f"{n}.log" for n in range(count)]
past = "".join(f"2026-11-22 10:00:{n % 60:02d} old {n} {'x' * 80}\\n" for n in range(backlog))
for log in logs:
    log.write_text(past)

def append(log, text):
    with log.open("a") as out:
        out.write(text)

over = threading.Event()
merged = logdex.merge({str(n): log for n, log in enumerate(logs)}, follow=True, ended=over.is_set)
seen = {str(n): [] for n in range(count)}

def take(number):
    for _ in range(number):
        label, record = next(merged)
        seen[label].append(record.text)

take(count * backlog)
assert len(os.listdir("/proc/self/fd")) < 200
for turn in range(3):
    for log in logs:
        append(log, f"new {turn}\\n")
    take(count)
expected = past.splitlines(keepends=True) + [f"new {turn}\\n" for turn in range(3)]
assert all(sorted(lines) == sorted(expected) for lines in seen.values())
assert merged.stats.lost == 0 and merged.stats.rotations == 0
# The first to be used is closed when all others have been; the last one is open.
for at in (0, count - 1):
    logs[at].rename(logs[at].with_suffix(".1"))
    logs[at].write_text("another\\n")
    take(1)
    assert seen[str(at)].pop() == "another\\n"
# Of the last one, the file before is known unless a look at all logs, which comes by the clock, closed it meanwhile.
assert merged.stats.lost in (1, 2) and merged.stats.lost + merged.stats.rotations == 2, merged.stats
for log in logs:
    append(log, "last\\n")
over.set()
for label, record in merged:
    seen[label].append(record.text)
assert all(lines[-1] == "last\\n" and len(lines) == len(expected) + 1 for lines in seen.values())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are told by /proc")
@pytest.mark.parametrize("backlog", [0, 1, 3000])
def test_more_files_are_followed_than_may_be_open(tmp_path: Path, backlog: int) -> None:
    _child(MANY, tmp_path, backlog)


FOLLOWER = """
import sys, threading, time, logdex
if len(sys.argv) > 2:
    with open("/proc/sys/user/" + sys.argv[2], "w") as limit:
        limit.write("0")
path = sys.argv[1]
def write():
    for n in range(20):
        time.sleep(0.02)
        with open(path, "ab", buffering=0) as out:
            out.write(b"%d %d\\n" % (n, time.monotonic_ns()))
threading.Thread(target=write).start()
late = []
lines = logdex.open(path).lines(follow=True)
for n in range(20):
    text = next(lines).split()
    late.append(time.monotonic_ns() - int(text[1]))
    assert int(text[0]) == n
print(sorted(late)[10] / 1e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_polling_where_change_events_run_out(log: Path, limit: str) -> None:
    # In a user namespace of its own, so that nobody else on the machine misses an instance.
    wrap = ("unshare", "--user", "--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*wrap, "true"], capture_output=True).returncode:
        pytest.skip("no user namespace can be had here")
    assert float(_child(FOLLOWER, log, limit, wrap=wrap)) < 100


def test_two_hundred_readers_of_one_growing_log(log: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    over = threading.Event()
    counts: list[int] = []

    def read() -> None:
        follow = logdex.open(log).lines("line", follow=True, ended=over.is_set)
        counts.append(sum(1 for _ in follow))

    threads = [threading.Thread(target=read) for _ in range(200)]
    for thread in threads:
        thread.start()
    for n in range(300):
        append(log, b"line %d\n" % n)
    over.set()
    for thread in threads:
        thread.join(60)
    assert counts == [300] * 200
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) <= before + 1  # The one instance of inotify stays.


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks_while_following(log: Path) -> None:
    append(log, b"one\n")
    over = threading.Event()
    shared = logdex.open(log).lines(follow=True, ended=lambda: True)
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    assert (next(follow), next(shared)) == ("one\n", "one\n")
    children = []
    for _ in range(20):
        child = os.fork()
        if child == 0:
            # The child goes on with an answer of its parent's, and asks anew.
            good = set(shared) <= {"more\n"} and next(logdex.open(log).lines()) == "one\n"
            os._exit(0 if good else 1)
        children.append(child)
        append(log, b"more\n")
        assert next(follow) == "more\n"
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 20


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks_while_workers_read(log: Path) -> None:
    count = 300_000
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(count)))
    for _ in range(10):
        answer = logdex.open(log).lines()
        first = list(itertools.islice(answer, 1))
        child = os.fork()
        if child == 0:
            os._exit(0 if sum(1 for _ in answer) == count - 1 else 1)
        assert first == ["line 0\n"]
        assert sum(1 for _ in answer) == count - 1
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("mebibytes", [64, pytest.param(1024, marks=pytest.mark.soak)])
def test_a_line_that_grows_in_pieces_costs_no_more_than_itself(log: Path, mebibytes: int) -> None:
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)

    def write() -> None:
        for _ in range(mebibytes * 4):
            append(log, b"x" * (1 << 18))
        append(log, b"\nnext\n")

    writer = threading.Thread(target=write)
    writer.start()
    assert len(next(follow)) == (mebibytes << 20) + 1
    assert next(follow) == "next\n"
    writer.join()
    over.set()
    assert list(follow) == []
    # Read twice (for its end, and as a line), and not once for each piece.
    assert follow.stats.bytes_read < (mebibytes << 20) * 2


def test_nothing_but_until_looks_at_the_clock(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(log, b"one\n")
    os.utime(log, (2**33, 2**33))  # A time of change in the year 2242.
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    assert next(follow) == "one\n"
    append(log, b"two\n")
    os.utime(log, (0, 0))
    assert next(follow) == "two\n"
    over.set()
    assert list(follow) == []


@pytest.mark.skipif(
    getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="needs a free-threaded Python: python3.13t or later",
)
def test_one_log_from_many_threads_without_the_gil(log: Path) -> None:
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(100_000)))
    shared, counts = logdex.open(log), []
    threads = [threading.Thread(target=lambda: counts.append(shared.count("line"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [100_000] * 8


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


FIREHOSE = """
import os, sys, time
sys.path.insert(0, sys.argv[3])
from faults_storm import line
path, end, number, size = sys.argv[1], time.monotonic() + float(sys.argv[2]), 0, 0
out = os.open(path, os.O_WRONLY | os.O_APPEND)
# Only the first line of each run is made anew: making all would take longer than reading them.
rest = b"".join(line(0, n) for n in range(1, 4000))
while time.monotonic() < end:
    size += os.write(out, line(1, number) + rest)
    number += 1
    if size >> 28 > (size - 256_000) >> 28:
        # Rotated every 256 MiB; the one before the last is given up once it can have been read.
        os.close(out)
        while os.path.exists(path + ".1"):
            time.sleep(0.001)
        os.rename(path, path + ".1")
        out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print(size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
@pytest.mark.parametrize("seconds", [2, pytest.param(600, marks=pytest.mark.soak)])
def test_a_long_follow_at_the_highest_rate(log: Path, seconds: int) -> None:
    seconds = min(seconds, int(os.environ.get("LOGDEX_SOAK", seconds)))
    command = [sys.executable, "-c", FIREHOSE, str(log), str(seconds), str(STORM.parent)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    old, count, rotations = Path(f"{log}.1"), 0, 0
    follow = logdex.open(log).lines(follow=True, ended=lambda: writer.poll() is not None)
    run = [line(0, n).decode() for n in range(4000)]
    settled = most = 0
    for text in follow:
        if count % 4000:
            assert text == run[count % 4000]
        else:
            assert parse(text) == (1, count // 4000)
            if follow.stats.rotations > rotations:
                rotations += 1
                old.unlink()
        if count % 1_000_000 == 0:
            most = max(most, _resident())
            settled = settled or (_resident() if count >= 1_000_000 else 0)
        count += 1
    told, _ = writer.communicate()
    assert count == int(told) // len(line(0, 0))
    # A machine that is busy elsewhere may not come to the millionth line, when all buffers are there.
    assert not settled or most - settled < 100 << 20
    grown = (most - settled) / (1 << 20) if settled else 0
    print(f"{count} lines, {count * 64 / 1e9:.1f} GB, {count * 64 / seconds / 1e6:.0f} MB/s, ", end="")
    print(f"{rotations} rotations, {most >> 20} MiB resident, {grown:.0f} of them late")
