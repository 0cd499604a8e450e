"""A follow joins what is there and what is written without a seam, and ends when it should."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import logdex
import pytest
from faults_disk import append


class Reader:
    """Follows a log in a thread and keeps what comes, with the time of its coming."""

    def __init__(self, path: Path, *args: object, **options: object) -> None:
        self.over = threading.Event()
        self.asked = 0
        self.items: list[str] = []
        self.times: list[float] = []
        self.lines = logdex.open(path).lines(*args, follow=True, ended=self._ended, **options)  # type: ignore[arg-type]
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            for item in self.lines:
                self.items.append(item)
                self.times.append(time.monotonic())
        except BaseException as error:
            self.error = error

    def _ended(self) -> bool:
        self.asked += 1
        return self.over.is_set()

    def wait_for_look(self) -> None:
        """Waits until it has looked at the file as it is now: it asks for the end before each look and each wait."""
        goal, limit = self.asked + 4, time.monotonic() + 60
        while self.asked < goal:
            assert time.monotonic() < limit
            assert self.thread.is_alive()
            time.sleep(0.002)

    def wait_for(self, count: int, seconds: float = 60) -> list[str]:
        limit = time.monotonic() + seconds
        while len(self.items) < count and time.monotonic() < limit and self.thread.is_alive():
            time.sleep(0.002)
        assert len(self.items) >= count, (self.items[-5:], self.error)
        return self.items[:count]

    def end(self) -> list[str]:
        self.over.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        if self.error:
            raise self.error
        return self.items


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    return path


WRITER = """
import os, random, sys, time
rng = random.Random(int(sys.argv[2]))
data = open(sys.argv[1] + ".source", "rb").read()
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
at = 0
while at < len(data):
    n = rng.choice([1, 2, 7, 100, 5000, 64000, 300000])
    at += os.write(out, data[at : at + n])
    if rng.random() < 0.2:
        time.sleep(rng.random() * 0.01)
"""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("regex", [None, "7\\d* é", "needle"])
def test_no_seam_under_a_live_writer(log: Path, seed: int, regex: str | None) -> None:
    rng = random.Random(seed)
    lines = [
        f"line {n} é {'x' * rng.choice([0, 3, 90, 9000])} {'needle' * (n % 500 == 3)}\n" for n in range(3000)
    ]
    lines[1500] = "x" * 1_000_000 + "\n"
    before = rng.randrange(len(lines))
    log.write_text("".join(lines[:before]) + lines[before][:2])
    Path(f"{log}.source").write_text("".join(lines)[len("".join(lines[:before])) + 2 :])
    reader = Reader(log, regex)
    subprocess.run([sys.executable, "-c", WRITER, str(log), str(seed)], check=True)
    import re

    expected = [line for line in lines if regex is None or re.search(regex, line)]
    assert reader.end() == expected


def test_a_line_comes_when_its_newline_is_written(log: Path) -> None:
    reader = Reader(log)
    append(log, b"half")
    reader.wait_for_look()
    assert reader.items == []
    append(log, b" and half\nnext")
    assert reader.wait_for(1) == ["half and half\n"]
    assert reader.end() == ["half and half\n", "next"]


def test_last_with_follow_is_tail_n_f(log: Path) -> None:
    log.write_text("".join(f"line {n}\n" for n in range(100)) + "unfin")
    reader = Reader(log, last=3)
    assert reader.wait_for(3) == ["line 97\n", "line 98\n", "line 99\n"]
    append(log, b"ished\n")
    assert reader.wait_for(4)[3] == "unfinished\n"
    reader.end()


def test_partial_text_of_bars_and_prompts(log: Path) -> None:
    reader = Reader(log, partial=True)
    append(log, b"whole\rline\n")
    assert reader.wait_for(1) == ["whole\rline\n"]
    append(log, b" 1%|#\r 2%|##\r 3%")
    assert reader.wait_for(2)[1:] == [" 1%|#\r", " 2%|##\r"][:1]
    assert reader.wait_for(4)[1:] == [" 1%|#\r", " 2%|##\r", " 3%"]
    append(log, b" done\r\n")
    assert reader.wait_for(5)[4] == " done\r\n"
    append(log, b"(Pdb) \xe2\x82")
    assert reader.wait_for(6)[5] == "(Pdb) "
    time.sleep(0.15)
    assert len(reader.items) == 6
    append(log, b"\xac\n")
    assert reader.wait_for(7)[6] == "€\n"
    append(log, b"cut \xe2")
    assert "".join(reader.end()) == log.read_bytes().decode("utf-8", "replace")


def test_partial_items_joined_equal_the_file(log: Path) -> None:
    rng = random.Random(3)
    reader = Reader(log, partial=True)
    for _ in range(300):
        append(
            log,
            rng.choice([b"\r", b"\n", b"\r\n", "né😀".encode(), b"\xf0", b"text ", b"10%|#\r"])
            * rng.randrange(4),
        )
        if rng.random() < 0.1:
            time.sleep(rng.random() * 0.12)
    assert "".join(reader.end()) == log.read_bytes().decode("utf-8", "replace")


def test_a_file_that_comes_late(tmp_path: Path) -> None:
    path = tmp_path / "late.log"
    reader = Reader(path)
    reader.wait_for_look()
    path.write_text("here\n")
    assert reader.wait_for(1) == ["here\n"]
    reader.end()
    with pytest.raises(FileNotFoundError):
        next(logdex.open(tmp_path / "nowhere" / "late.log").lines(follow=True))


def test_a_file_that_never_comes(tmp_path: Path) -> None:
    assert Reader(tmp_path / "never.log").end() == []


def test_close_from_another_thread_ends_a_wait(log: Path) -> None:
    reader = Reader(log)
    reader.wait_for_look()
    reader.lines.close()
    reader.thread.join(60)
    assert not reader.thread.is_alive()
    assert reader.error is None


def test_stats_can_be_read_while_another_thread_waits(log: Path) -> None:
    append(log, b"one\n")
    reader = Reader(log)
    reader.wait_for(1)
    assert reader.lines.stats.lines == 1
    with pytest.raises(RuntimeError, match="another thread"):
        next(reader.lines)
    reader.end()


def test_a_signal_is_served_while_waiting(log: Path) -> None:
    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    previous = signal.signal(signal.SIGALRM, stop)
    try:
        lines = logdex.open(log).lines(follow=True)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        # No line comes, so that it would wait for ever.
        with pytest.raises(Stop):
            next(lines)
        append(log, b"after\n")
        assert next(lines) == "after\n"
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_what_ended_raises_is_handed_through(log: Path) -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(logdex.open(log).lines(follow=True, ended=broken))


@pytest.mark.parametrize("size", [100, 50_000])
def test_truncated_to_nothing_under_an_appending_writer(log: Path, size: int) -> None:
    old = [f"old {n} {'x' * 90}\n" for n in range(size // 100)]
    append(log, "".join(old).encode())
    reader = Reader(log)
    reader.wait_for(len(old))
    os.truncate(log, 0)
    append(log, b"new 1\nnew 2\n")
    reader.wait_for(len(old) + 2)
    assert reader.end() == [*old, "new 1\n", "new 2\n"]
    assert reader.lines.stats.truncations == 1


@pytest.mark.parametrize("size", [100, 50_000])
def test_truncated_to_nothing_under_a_writer_that_keeps_its_offset(log: Path, size: int) -> None:
    with log.open("wb", buffering=0) as out:
        old = [f"old {n} {'x' * 90}\n" for n in range(size // 100)]
        out.write("".join(old).encode())
        reader = Reader(log)
        reader.wait_for(len(old))
        os.truncate(log, 0)
        out.write(b"new 1\n")
        reader.wait_for(len(old) + 1)
        out.write(b"new 2\n")
        assert reader.end() == [*old, "new 1\n", "new 2\n"]


@pytest.mark.parametrize("keeps", [False, True])
def test_truncated_to_the_middle(log: Path, keeps: bool) -> None:
    old = [f"old {n} {'x' * 90}\n" for n in range(500)]
    append(log, "".join(old).encode())
    with log.open("r+b" if keeps else "ab", buffering=0) as out:
        out.seek(0, os.SEEK_END)
        reader = Reader(log)
        reader.wait_for(len(old))
        os.truncate(log, len("".join(old[:400])))
        # It must be seen while it is so short: what is behind it later looks the same.
        reader.wait_for_look()
        out.write(b"new 1\nnew 2\n")
        reader.wait_for(len(old) + 2)
        assert reader.end() == [*old, "new 1\n", "new 2\n"]


@pytest.mark.parametrize("banner", [5, 600, 9000])
@pytest.mark.parametrize(
    ("regex", "options"),
    [
        (None, {}),
        ("line", {}),
        ("[02468] ", {}),
        (None, {"since": "2020-01-01"}),
        ("line", {"since": "2020-01-01"}),
    ],
)
@pytest.mark.parametrize("kind", ["lines", "records"])
@pytest.mark.parametrize("count", [10, 60])
def test_written_anew_with_the_same_banner_while_the_reader_holds_its_batch(
    log: Path, kind: str, regex: str | None, options: dict[str, str], banner: int, count: int
) -> None:
    def written(first: int, count: int) -> list[str]:
        return [f"2026-11-22 10:00:00 line {n} {'x' * 20}\n" for n in range(first, first + count)]

    # As it is where a job is started anew with the same settings: the beginning tells nothing.
    head = f"2026-11-22 10:00:00 settings {'-' * banner}\n"
    old, new = written(0, 60), written(1000, count)
    log.write_text("".join([head, *old]))
    over = threading.Event()
    ask = getattr(logdex.open(log), kind)
    answer = ask(regex, follow=True, ended=over.is_set, **options)
    seen = [next(answer)]
    log.write_text("".join([head, *new]))
    over.set()
    seen += answer
    texts = [getattr(item, "text", item) for item in seen]
    wanted = [text for text in [*old, *new] if regex is None or re.search(regex, text)]
    assert [text for text in texts if text != head] == wanted
    assert answer.stats.truncations == 1


def test_cut_and_grown_past_our_place_between_two_looks(log: Path) -> None:
    append(log, b"a head that differs\n" * 10)
    reader = Reader(log)
    reader.wait_for(10)
    new = b"another beginning\n" * 1000
    temporary = log.with_suffix(".new")
    temporary.write_bytes(new)
    with log.open("r+b", buffering=0) as out:
        out.write(new)
    assert len(reader.wait_for(1010)) == 1010
    reader.end()
    assert reader.lines.stats.truncations == 1


def test_renamed_and_created_anew(log: Path) -> None:
    with log.open("ab", buffering=0) as out:
        out.write(b"old 1\n")
        reader = Reader(log)
        reader.wait_for(1)
        log.rename(log.with_suffix(".1"))
        out.write(b"old 2\nold unfinished")
        log.write_bytes(b"new 1\n")
        reader.wait_for(4)
        append(log, b"new 2\n")
        assert reader.end() == ["old 1\n", "old 2\n", "old unfinished", "new 1\n", "new 2\n"]
    assert reader.lines.stats.rotations == 1


def test_deleted_while_followed(log: Path) -> None:
    with log.open("ab", buffering=0) as out:
        reader = Reader(log)
        out.write(b"one\n")
        reader.wait_for(1)
        log.unlink()
        out.write(b"two\n")
        reader.wait_for(2)
        assert reader.end() == ["one\n", "two\n"]


def test_a_line_that_grows_in_pieces(log: Path) -> None:
    reader = Reader(log)
    for _ in range(64):
        append(log, b"x" * (1 << 20))
    append(log, b"\nnext\n")
    assert [len(item) for item in reader.end()] == [(64 << 20) + 1, 5]


def test_a_hole_at_the_end_waits_for_what_follows_it(log: Path) -> None:
    reader = Reader(log, partial=True)
    append(log, b"one\n" + b"\0" * 3000)
    reader.wait_for_look()
    append(log, b"\0" * 3000)
    reader.wait_for_look()
    append(log, b"two\n")
    assert reader.end() == ["one\n", "two\n"]


def test_partial_with_a_filter_is_refused(log: Path) -> None:
    with pytest.raises(ValueError, match="partial"):
        logdex.open(log).lines("x", follow=True, partial=True)


def test_a_follow_costs_little_when_nothing_comes(log: Path) -> None:
    looks = itertools.count()
    began, spent = time.monotonic(), time.process_time()
    assert list(logdex.open(log).lines(follow=True, ended=lambda: next(looks) >= 30)) == []
    # It sleeps between its looks, however long the machine takes for them.
    assert time.process_time() - spent < (time.monotonic() - began) / 4


def take(items: Iterator[str], count: int) -> list[str]:
    return list(itertools.islice(items, count))


def test_backfill_larger_than_what_is_in_flight_then_live(log: Path) -> None:
    with log.open("w") as out:
        out.writelines(f"line {n} {'y' * 80}\n" for n in range(200_000))
    over: Callable[[], bool] = threading.Event().is_set
    lines = logdex.open(log).lines("line", follow=True, ended=over)
    assert len(take(lines, 200_000)) == 200_000
    append(log, b"line last\n")
    assert next(lines) == "line last\n"
    lines.close()


@pytest.mark.parametrize("how", ["to nothing", "to a hole", "to the middle", "renamed", "turned back"])
def test_a_line_has_its_number_in_the_file_whatever_befell_that(tmp_path: Path, how: str) -> None:
    log = tmp_path / "app.log"
    lines = [f"2026-11-22 02:10:{n:02} {'x' * 600}\n".encode() for n in range(10)]
    with log.open("wb", buffering=0) as writer, logdex.open(log).records(follow=True) as records:
        for line in lines:
            writer.write(line)
        assert [next(records).number for _ in lines] == list(range(1, 11))
        if how == "renamed":
            log.rename(tmp_path / "app.log.1")
            log.write_bytes(lines[0])
            assert next(records).number == 1
            return
        if how == "turned back":
            # A link leads to the file again that was left.
            log.rename(tmp_path / "old")
            log.write_bytes(lines[0] * 2)
            assert [next(records).number for _ in range(2)] == [1, 2]
            (tmp_path / "link").symlink_to("old")
            (tmp_path / "link").rename(log)
            writer.write(lines[0])
            assert next(records).number == 11
            return
        left = len(b"".join(lines[:5])) if how == "to the middle" else 0
        os.truncate(log, left)
        if how != "to a hole":
            writer.seek(left)
        writer.write(lines[0].replace(b"x", b"new") * 2)
        begin = 6 if how == "to the middle" else 1
        assert [next(records).number for _ in range(2)] == [begin, begin + 1]
    assert [record.number for record in logdex.open(log).records()][-1] == begin + 1


def test_the_pieces_of_a_line_have_its_number(log: Path) -> None:
    with logdex.open(log).records(follow=True, partial=True) as records:
        for text, number in [
            ("one\n", 1),
            ("2 of 3\r", 2),
            ("3 of 3\r", 2),
            ("done\n", 2),
            ("half", 3),
            (" more", 3),
        ]:
            append(log, text.encode())
            record = next(records)
            assert (record.text, record.number) == (text, number)
        append(log, b"\nlast\n")
        assert [(record.text, record.number) for record in itertools.islice(records, 2)] == [
            ("\n", 3),
            ("last\n", 4),
        ]
        os.truncate(log, 0)
        append(log, b"anew\n")
        assert next(records).number == 1


@pytest.mark.parametrize("how", ["renamed", "cut"])
def test_a_line_has_nothing_from_the_file_that_had_its_name_before(log: Path, how: str) -> None:
    """What a job that was started anew says before its first stamp is of now, however long ago the other one ended."""
    append(log, b"2026-11-22 02:00:00 old step=7\n" + b"x" * 600 + b"\n")
    lines = Reader(log, since="2026-11-22 02:30")
    # It has looked at the file before that changes.
    lines.wait_for_look()
    with logdex.open(log).records(follow=True, step=(None, None)) as every:
        assert [next(every).step for _ in range(2)] == [7, 7]
        if how == "renamed":
            log.rename(log.with_suffix(".1"))
        else:
            os.truncate(log, 0)
        append(log, b"Traceback (most recent call last):\nImportError\n2026-11-22 03:00:00 new\n")
        assert [next(every).step for _ in range(3)] == [None, None, None]
    assert [text.split()[0] for text in lines.wait_for(3)] == ["Traceback", "ImportError", "2026-11-22"]
    lines.end()


def test_the_years_of_a_new_file_are_its_own(log: Path) -> None:
    """The stamps of the one before had come to another year than its first."""
    near = datetime(2026, 1, 1, 0, 5, tzinfo=timezone.utc)
    append(log, b"Dec 31 23:59:58 host app: a\nJan  1 00:00:01 host app: b\n")
    with logdex.open(log, tz="UTC", reference=near).records(follow=True) as records:
        years = [next(records) for _ in range(2)]
        log.rename(log.with_suffix(".1"))
        append(log, b"Jan  1 00:00:02 host app: c\n")
        years.append(next(records))
    assert [record.time and record.time.year for record in years] == [2025, 2026, 2026]
