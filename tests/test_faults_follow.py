"""What can befall a log while it is followed: cut, replaced, taken away, interrupted; nothing lost, nothing twice."""

from __future__ import annotations

import gc
import gzip
import itertools
import os
import re
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import logdex
import pytest
from faults_disk import append, log_on_each_disk  # noqa: F401  # the fixture `log`
from logdex import _core

Lines = Iterator[str]


def numbered(count: int, name: str = "line") -> list[str]:
    return [f"{name} {n} {'x' * 80}\n" for n in range(count)]


def take(lines: Lines, count: int) -> list[str]:
    return list(itertools.islice(lines, count))


@pytest.mark.parametrize("since", [None, "2020-01-01"])
def test_cut_to_the_middle_under_a_backlog_brings_nothing_twice(log: Path, since: str | None) -> None:
    lines = [f"2026-11-22 10:00:00 {line}" for line in numbered(100_000)]
    log.write_text("".join(lines))
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, since=since, ended=over.is_set)
    seen = take(follow, 10)
    os.truncate(log, len("".join(lines[:60_000])))
    over.set()
    append(log, b"new\n")
    seen += list(follow)
    assert seen[-1] == "new\n"
    assert seen[:-1] == lines[: len(seen) - 1]
    assert len(seen) > 60_000
    assert follow.stats.truncations == 1


def test_cut_to_nothing_under_a_backlog(log: Path) -> None:
    lines = numbered(100_000)
    log.write_text("".join(lines))
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    seen = take(follow, 10)
    os.truncate(log, 0)
    append(log, b"another beginning\n")
    over.set()
    seen += list(follow)
    assert seen[-1] == "another beginning\n"
    assert seen[:-1] == lines[: len(seen) - 1]


class Stop(Exception):
    """Raised by a signal's handler."""


@pytest.fixture
def armed() -> Iterator[list[bool]]:
    """Every 2 ms a signal, whose handler raises if this says so, once."""
    armed, over = [False], threading.Event()

    def handler(*_: object) -> None:
        if armed[0]:
            armed[0] = False
            raise Stop

    def send() -> None:
        while not over.wait(0.002):
            os.kill(os.getpid(), signal.SIGUSR1)

    previous = signal.signal(signal.SIGUSR1, handler)
    sender = threading.Thread(target=send)
    sender.start()
    yield armed
    armed[0] = False
    over.set()
    sender.join()
    signal.signal(signal.SIGUSR1, previous)


@pytest.mark.parametrize("regex", [None, "line", r"(l)ine (?=\d*[05] )(?:(?!\1z)|no)"])
@pytest.mark.parametrize("follow", [False, True])
def test_a_handler_that_raises_in_the_middle_loses_nothing(
    log: Path, armed: list[bool], regex: str | None, follow: bool
) -> None:
    lines = numbered(150_000)
    log.write_text("".join(lines))
    expected = [line for line in lines if regex is None or re.search(regex, line)]
    stops = 0
    # A fast machine may be through before a signal comes.
    for _ in range(100):
        answer = logdex.open(log).lines(regex, follow=follow, ended=(lambda: True) if follow else None)
        seen, interrupted = read_on(answer, expected, armed)
        assert seen == expected
        stops += interrupted
        if stops:
            break
    assert stops


def read_on(answer: logdex.Lines, expected: list[str], armed: list[bool]) -> tuple[list[str], int]:
    """What `answer` gives to one who reads on after each exception of the handler, and how many there were."""
    seen: list[str] = []
    stops = 0
    while True:
        try:
            armed[0] = True
            for line in answer:
                seen.append(line)
            armed[0] = False
            return seen, stops
        except Stop:
            stops += 1
            if answer.stats.lines > len(seen):
                # Raised when the line had been handed out, and not yet been put down here.
                seen.append(expected[len(seen)])


def test_what_is_in_the_next_file_when_the_writer_ends_is_delivered(log: Path) -> None:
    append(log, b"old\n")
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    assert next(follow) == "old\n"
    log.rename(log.with_suffix(".1"))
    append(log.with_suffix(".1"), b"the old one's last\n")
    log.write_bytes(b"new\nunfinished")
    over.set()
    assert list(follow) == ["the old one's last\n", "new\n", "unfinished"]
    assert follow.stats.rotations == 1


def test_a_writer_that_is_told_late_of_the_new_file_is_heard(log: Path) -> None:
    with log.open("ab", buffering=0) as out:
        over = threading.Event()
        follow = logdex.open(log).lines(follow=True, ended=over.is_set)
        out.write(b"one\n")
        assert next(follow) == "one\n"
        log.rename(log.with_suffix(".1"))
        log.write_bytes(b"")
        reader = threading.Timer(0.2, lambda: out.write(b"two\n"))
        reader.start()
        assert next(follow) == "two\n"
        append(log, b"three\n")
        assert next(follow) == "three\n"
        over.set()
        assert list(follow) == []


def test_written_anew_with_the_same_size_at_once(log: Path) -> None:
    # The time of change may stay the same: file systems keep it by a tick of some milliseconds.
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, ended=over.is_set)
    for n in range(100, 200):
        os.truncate(log, 0)
        append(log, b"%d\n" % n)
        assert next(follow) == f"{n}\n"
    over.set()
    assert list(follow) == []


def test_a_writer_that_never_rests_does_not_put_off_until(log: Path) -> None:
    over = threading.Event()

    def write() -> None:
        rests = time.monotonic() + 60
        with log.open("ab", buffering=0) as out:
            while not over.is_set() and time.monotonic() < rests:
                out.write(b"%d\n" % time.monotonic_ns())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until = time.time() + 0.5
        for _ in logdex.open(log).lines(follow=True, until=_moment(until)):
            pass
        assert time.time() >= until + 1
        # Else it may have ended for want of more.
        assert writer.is_alive()
    finally:
        over.set()
        writer.join()


def _moment(seconds: float) -> object:
    from datetime import datetime, timezone

    return datetime.fromtimestamp(seconds, timezone.utc)


def test_last_and_follow_with_a_cut_before_the_first_line(log: Path) -> None:
    log.write_text("".join(numbered(1000)))
    over = threading.Event()
    follow = logdex.open(log).lines("line", last=3, follow=True, ended=over.is_set)
    assert take(follow, 3) == numbered(1000)[-3:]
    os.truncate(log, 0)
    append(log, b"line new\n")
    over.set()
    assert list(follow) == ["line new\n"]


def test_the_working_directory_may_change(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(log, b"one\n")
    monkeypatch.chdir(log.parent)
    looked = threading.Event()
    follow = logdex.open(log.name).lines(follow=True)
    late = logdex.open("late.log").lines(follow=True, ended=lambda: bool(looked.set()))
    reader = threading.Thread(target=lambda: next(late))
    reader.start()
    assert next(follow) == "one\n"
    assert looked.wait(60)
    monkeypatch.chdir("/")
    log.rename(log.with_suffix(".1"))
    log.write_bytes(b"two\n")
    assert next(follow) == "two\n"
    assert follow.stats.rotations == 1
    log.with_name("late.log").write_bytes(b"late\n")
    reader.join(60)
    assert not reader.is_alive()


class Tail:
    """One who holds the answer that asks it, as an object of a program does."""

    def __init__(self, make: Callable[[Tail], object]) -> None:
        self.answer = make(self)

    def is_over(self) -> bool:
        return False


@pytest.mark.parametrize("how", ["ended", "keep", "records", "label", "merged"])
def test_an_answer_that_nobody_holds_but_itself_is_let_go(log: Path, how: str) -> None:
    append(log, b"one\n")
    makers: dict[str, Callable[[Tail], Iterator[object]]] = {
        "ended": lambda tail: logdex.open(log).lines(follow=True, ended=tail.is_over),
        "keep": lambda tail: _core.Lines(_core.Question(str(log), zone=_core.Zone(), keep=tail)),
        "records": lambda tail: logdex.open(log).records(follow=True, ended=tail.is_over),
        "label": lambda tail: logdex.merge({tail: log}),
        "merged": lambda tail: logdex.merge({0: log, 1: log}, follow=True, ended=tail.is_over),
    }
    tail = Tail(makers[how])
    next(tail.answer)  # type: ignore[call-overload]
    gone = weakref.ref(tail)
    gc.collect()
    assert gone() is tail
    del tail
    gc.collect()
    assert gone() is None


def test_what_becomes_a_compressed_file_is_refused(log: Path) -> None:
    follow = logdex.open(log).lines(follow=True)
    append(log, b"one\n")
    assert next(follow) == "one\n"
    log.write_bytes(gzip.compress(b"two\n"))
    with pytest.raises(ValueError, match=r"app\.log: gzip-compressed"):
        next(follow)
    late = log.with_name("late.log")
    late.write_bytes(b"")
    follow = logdex.open(late).lines(follow=True)
    timer = threading.Timer(0.1, lambda: late.write_bytes(gzip.compress(b"two\n")))
    timer.start()
    with pytest.raises(ValueError, match=r"late\.log: gzip-compressed"):
        next(follow)


@pytest.mark.parametrize("partial", [False, True])
def test_a_hole_in_front_of_unfinished_text(log: Path, partial: bool) -> None:
    with log.open("r+b", buffering=0) as out:
        out.truncate(3 << 30)
        out.seek(3 << 30)
        out.write(b"10%|#\r20%|##\r")
        over = threading.Event()
        follow = logdex.open(log).lines(follow=True, partial=partial, ended=over.is_set)
        if partial:
            assert take(follow, 2) == ["10%|#\r", "20%|##\r"]
        out.write(b"done\n")
        over.set()
        assert "".join(follow) == ("done\n" if partial else "10%|#\r20%|##\rdone\n")
        assert follow.stats.holes == 1


@pytest.mark.parametrize("shown", ["prompt> ", "10%|#\r", "x" * 300_000])
def test_nuls_behind_text_that_was_shown_are_text(log: Path, shown: str) -> None:
    over = threading.Event()
    follow = logdex.open(log).lines(follow=True, partial=True, ended=over.is_set)
    append(log, shown.encode())
    items = [next(follow)]
    append(log, b"\0" * 5000 + b"yes\n" + b"\0" * 5000 + b"next\n")
    items += [next(follow), next(follow)]
    over.set()
    assert [*items, *follow] == [shown, "\0" * 5000 + "yes\n", "next\n"]


@pytest.mark.parametrize("partial", [False, True])
def test_a_hole_at_the_very_end_is_no_text(log: Path, partial: bool) -> None:
    append(log, b"one\n" + b"\0" * 5000)
    over = threading.Event()
    over.set()
    assert list(logdex.open(log).lines(follow=True, partial=partial, ended=over.is_set)) == ["one\n"]
