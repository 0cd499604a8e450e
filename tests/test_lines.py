"""Lines come out whole, in order, decoded as CPython decodes, whatever is in the file."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import logdex
import pytest
from compressed import compress
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex.inputs.compression import MAGIC, compression_of

HOLE = 4096
BLOCK = 256 << 10


def twin(content: bytes) -> list[str]:
    """The contract's "Lines", naively."""
    lines = []
    for line in split(content):
        text = line.lstrip(b"\0")
        kept = text if len(line) - len(text) >= HOLE else line
        lines.extend([kept.decode("utf-8", "replace")] if kept else [])
    return lines


def split(content: bytes) -> list[bytes]:
    pieces = content.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + [piece for piece in pieces[-1:] if piece]


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    log = logdex.open(path)
    expected = twin(content)
    assert list(log.lines()) == expected
    assert log.count() == len(expected)
    for n in (1, 2, 5, len(expected) + 1):
        assert list(log.lines(last=n)) == expected[-n:]


PIECES = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=40).map(str.encode),
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"a line\n",
            b"\xe2\x82",
            b"\x80\n",
            b"\0" * 4095,
            b"\0" * 4096,
            b"\n" + b"\0" * 9000,
        ]
    ),
    st.sampled_from([b"x" * BLOCK, b"\n" * 5000, b"some line of text\n" * 20000, "né\n".encode() * 90000]),
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=10))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    if compression_of(content[:MAGIC]):
        return  # It is taken for what it says it is, and damaged.
    check(tmp_path_factory.getbasetemp() / "any.log", content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"no newline",
        b"a\r\nb\rc\n",
        b"\0" * 10,
        b"\0" * HOLE,
        b"\0" * (1 << 20),
        b"\0" * (1 << 20) + b"after\n" + b"\0" * 4095 + b"not a hole\n",
        b"caf\xe9 \xff\xfe\n\xf0\x9f\x98\n\xed\xa0\x80\n",
        "\u2028 is no line end\x0b nor\x0c is\x85 any\n".encode(),
    ],
)
def test_odd_files(tmp_path: Path, content: bytes) -> None:
    check(tmp_path / "odd.log", content)


def test_a_line_of_200_mb_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    with path.open("wb") as out:
        out.write(b"before\n")
        for _ in range(200):
            out.write(b"0123456789" * 100_000)
        out.write(b"\nafter\n")
    lines = list(logdex.open(path).lines())
    assert [len(line) for line in lines] == [7, 200_000_001, 6]
    assert logdex.open(path).count() == 3
    assert list(logdex.open(path).lines(last=1)) == ["after\n"]


def test_a_sparse_hole_costs_no_memory(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "sparse.log"
    with path.open("wb") as out:
        out.write(b"before\n")
        out.seek(2 << 30)
        out.write(b"after\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = logdex.open(path).lines()
    assert list(lines) == ["before\n", "after\n"]
    assert lines.stats.holes == 1
    assert list(logdex.open(path).lines(last=2)) == ["before\n", "after\n"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_reading_ends_at_the_size_at_the_first_next(tmp_path: Path) -> None:
    path = tmp_path / "growing.log"
    path.write_bytes(b"one\n" * 100_000)
    lines = logdex.open(path).lines()
    with path.open("ab") as out:
        out.write(b"two\n")
    assert next(lines) == "one\n"
    with path.open("ab") as out:
        out.write(b"three\n")
    assert list(lines)[-2:] == ["one\n", "two\n"]


def test_the_file_is_touched_only_when_read(tmp_path: Path) -> None:
    log = logdex.open(tmp_path / "later.log")
    lines = log.lines()
    (tmp_path / "later.log").write_text("here\n")
    assert list(lines) == ["here\n"]


def test_missing_directory_permission(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.log"):
        next(logdex.open(tmp_path / "no.log").lines())
    with pytest.raises(FileNotFoundError):
        logdex.open(tmp_path / "no.log").count()
    with pytest.raises(IsADirectoryError, match="name a log file"):
        next(logdex.open(tmp_path).lines())
    with pytest.raises(ValueError, match="not a regular file"):
        next(logdex.open("/dev/null").lines())
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not a regular file"):
        next(logdex.open(tmp_path / "pipe").lines())


def assert_refused(path: str | Path, name: str) -> None:
    """Reading `path` is a PermissionError that has `name` in its text.

    Root reads everything, so the attempt is made in a child that is nobody, whoever runs the tests.
    """
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.seteuid(65534)
            list(logdex.open(path).lines())
        except PermissionError as error:
            os._exit(0 if name in str(error) else 2)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_no_permission() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "secret.log")
        path.write_text("secret\n")
        path.chmod(0)
        assert_refused(path, "secret.log")


def test_a_directory_that_may_not_be_read_is_not_passed_over() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        secret = Path(folder, "node-1")
        secret.mkdir()
        Path(folder, "rank0.log").write_text("0\n")
        (secret / "rank1.log").write_text("1\n")
        assert sorted(logdex.open(folder).lines()) == ["0\n", "1\n"]
        secret.chmod(0)
        try:
            assert_refused(folder, "node-1")
        finally:
            secret.chmod(0o755)


def test_bad_arguments(tmp_path: Path) -> None:
    log = logdex.open(tmp_path / "x.log")
    for last in (0, -1):
        with pytest.raises(ValueError, match="last"):
            log.lines(last=last)
    with pytest.raises(TypeError):
        logdex.open(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda log: log.lines(last="3"), "last='3': give a number of lines"),
        (lambda log: log.lines(last=1.5), "last=1.5: give a number of lines"),
        (lambda log: logdex.open(3), "path=3: give a path"),
        (lambda log: logdex.open("x.log", tz=3), "tz=3: give the IANA name"),
        (lambda log: logdex.open("x.log", reference="today"), "reference='today': give a datetime"),
        (lambda log: logdex.parse_time(3), "line=3: give str or bytes"),
    ],
)
def test_a_wrong_type_is_told_with_its_name_and_value(
    ask: Callable[[Any], object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError) as raised:
        ask(logdex.open(tmp_path / "x.log"))
    assert str(raised.value).startswith(message)


def test_truth_is_enough_and_more_than_all_is_all(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("a\nb\n")
    log = logdex.open(tmp_path / "x.log")
    untyped: Any = log
    assert list(untyped.lines(follow=0, partial=0, strict=1)) == ["a\n", "b\n"]
    assert list(log.lines(last=1 << 80)) == ["a\n", "b\n"]


def test_a_path_of_raw_bytes(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.log"
    with open(path, "wb") as out:
        out.write(b"x\n")
    assert list(logdex.open(path).lines()) == ["x\n"]
    assert list(logdex.open(os.fsdecode(path)).lines()) == ["x\n"]


@pytest.mark.parametrize("compressed", [True, False])
def test_a_text_that_is_made_of_a_file_whose_name_is_no_text(tmp_path: Path, compressed: bool) -> None:
    """As that of any other file: what a record says of its source is text."""
    path = tmp_path / "caf\udce9.log.gz" if compressed else tmp_path / "caf\udce9.log"
    framed = b'{"log":"x\\n","stream":"stdout","time":"2026-11-22T02:00:00.5Z"}\n'
    path.write_bytes(compress(b"x\n", ".gz") if compressed else framed)
    source = os.fsencode(path).decode("utf-8", "replace")
    log = logdex.open(path)
    assert [(record.source, record.text) for record in log.records()] == [(source, "x\n")]
    assert list(log.lines()) == ["x\n"]


def test_close_and_with(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("a line\n" * 100_000)
    with logdex.open(path).lines() as lines:
        next(lines)
    assert list(lines) == []
    assert lines.stats.lines == 1


def test_one_reader_at_a_time_and_many_readers_of_one_log(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {n}\n" for n in range(200_000)))
    log = logdex.open(path)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(sum(1 for _ in log.lines()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [200_000] * 8


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_processes_may_share_a_log(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.log{suffix}"
    text = b"INFO 11-22 06:47:12 a\nINFO 11-23 06:47:12 b\n"
    path.write_bytes(compress(text, suffix) if suffix else text)
    for paths in (path, [path]):
        log = logdex.open(paths, tz="Asia/Kolkata", reference=datetime(2024, 12, 1))
        assert log.count() == 2
        for other in (pickle.loads(pickle.dumps(log)), copy.deepcopy(log)):
            assert repr(other) == repr(log)
            assert other.tz == "Asia/Kolkata"
            assert list(other.lines(since="2024-11-23 06:47:12")) == ["INFO 11-23 06:47:12 b\n"]
            assert other.span() == log.span()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(logdex.Log.count, [log]) == [2]


def test_a_fork_in_the_middle_of_an_iteration(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {n}\n" for n in range(400_000)))
    lines = logdex.open(path).lines()
    for _ in range(1000):
        next(lines)
    child = os.fork()
    rest = sum(1 for _ in lines)
    if child == 0:
        os._exit(0 if rest == 399_000 else 1)
    assert rest == 399_000
    assert os.waitpid(child, 0)[1] == 0


def test_a_truncation_under_a_plain_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {n}\n" for n in range(2_000_000)))
    lines = logdex.open(path).lines()
    seen = [next(lines) for _ in range(1000)]
    os.truncate(path, 100)
    with pytest.raises(OSError, match=r"truncated.*x\.log"):
        seen.extend(lines)
    assert seen == [f"line {n}\n" for n in range(len(seen))]


def test_ctrl_c_stops_a_long_count(tmp_path: Path) -> None:
    path = tmp_path / "sparse.log"
    with path.open("wb") as out:
        out.write(b"x")
        out.truncate(1 << 40)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        logdex.open(path).count("x")
    assert time.monotonic() - started < 60


def test_random_sizes_around_blocks(tmp_path: Path) -> None:
    rng = random.Random(7)
    for _ in range(20):
        lines = [
            bytes(rng.choices(b"ab \xc3\xa9", k=rng.randrange(300))) + b"\n"
            for _ in range(rng.randrange(6000))
        ]
        check(tmp_path / "r.log", b"".join(lines)[: rng.randrange(1 << 20)])


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
def test_the_years_of_a_compressed_log_go_by_its_last_modification(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.log{suffix}"
    path.write_bytes(compress(b"INFO 11-22 06:47:12 x\n", suffix))
    os.utime(path, (1_733_000_000, 1_733_000_000))
    for log in (logdex.open(path, tz="UTC"), logdex.open([path], tz="UTC")):
        assert [record.time.year for record in log.records() if record.time] == [2024]


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
def test_a_compressed_log_is_asked_as_any_other(tmp_path: Path, suffix: str) -> None:
    text = "".join(f"2026-11-22 02:{n // 60:02}:{n % 60:02} line {n}\n" for n in range(3600))
    text += "2026-11-22 01:00:00 back\n"
    path = tmp_path / f"x.log{suffix}"
    path.write_bytes(compress(text.encode(), suffix))
    log = logdex.open(path, tz="UTC")
    assert list(log.lines()) == text.splitlines(keepends=True)
    assert list(log.lines("7$", since="2026-11-22 02:59:50")) == ["2026-11-22 02:59:57 line 3597\n"]
    assert list(log.lines(last=1)) == ["2026-11-22 01:00:00 back\n"]
    assert list(log.lines("back", follow=True)) == ["2026-11-22 01:00:00 back\n"]
    assert log.count("line") == 3600
    assert log.span()
    assert log.span()[0].hour == 1
    assert {record.source for record in log.records(last=2)} == {str(path)}
    assert log.ranks().ranks[0].lines == 3601
    path.write_bytes(compress(b"", suffix))
    assert list(log.lines()) == list(log.lines(since="10m")) == []
    path.write_bytes(compress(b"no time\n", suffix))
    assert list(log.lines()) == ["no time\n"]
    with pytest.raises(ValueError, match=f"x.log{suffix}: no line has a time"):
        list(log.lines(since="2026-11-22"))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(OSError, match="damaged or cut off") as raised:
        log.lines()
    assert raised.value.filename == str(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
def test_the_streams_of_a_compressed_log_are_all_read_or_it_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.log{suffix}"
    first, second = (compress(f"{text}\n".encode() * 1000, suffix) for text in ("first", "second"))
    path.write_bytes(first + second)
    assert list(logdex.open(path).lines()) == ["first\n"] * 1000 + ["second\n"] * 1000
    if suffix != ".zst" and suffix != ".lz4":
        path.write_bytes(first + b"\0" * 8192)
        assert logdex.open(path).count() == 1000
    damaged = bytearray(second)
    damaged[1] ^= 0x20
    for rest in (bytes(damaged), b"something else"):
        path.write_bytes(first + rest)
        with pytest.raises(OSError, match="damaged") as raised:
            list(logdex.open(path).lines())
        assert raised.value.filename == str(path)


def test_a_name_does_not_make_a_log_compressed(tmp_path: Path) -> None:
    path = tmp_path / "x.log.gz"
    with pytest.raises(FileNotFoundError):
        list(logdex.open(path).lines())
    path.write_text("plain\n")
    assert list(logdex.open(path).lines()) == ["plain\n"]
    (tmp_path / "x.log").write_bytes(compress(b"text\n", ".gz"))
    assert list(logdex.open(tmp_path / "x.log").lines()) == ["text\n"]


def test_the_import_brings_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import logdex; new = set(sys.modules) - before\n"
        "print(sorted({'typing', 'dataclasses', 're', 'logging', 'torchx', 'rich'} & new))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
