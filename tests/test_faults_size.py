"""Logs whose size says more than what is in them: holes of many gigabytes, and files that state more than they hold."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import logdex
import pytest

SYSFS = Path("/sys/kernel/mm/transparent_hugepage/enabled")
"""It states 4,096 bytes and holds a line."""

needs_sysfs = pytest.mark.skipif(
    not SYSFS.is_file() or SYSFS.stat().st_size <= len(SYSFS.read_bytes()),
    reason=f"{SYSFS} is not there, or its size is right",
)


class Stop(Exception):
    """Raised by a signal's handler."""


@pytest.fixture
def interrupted() -> Iterator[Callable[[float], None]]:
    """Sends a signal after so many seconds, whose handler raises `Stop`."""
    timers: list[threading.Timer] = []

    def handler(*_: object) -> None:
        raise Stop

    def arm(seconds: float) -> None:
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1)))
        timers[-1].start()

    previous = signal.signal(signal.SIGUSR1, handler)
    yield arm
    for timer in timers:
        timer.cancel()
        timer.join()
    signal.signal(signal.SIGUSR1, previous)


ASKED: dict[str, Callable[[logdex.Log, Callable[[], bool]], Iterator[object]]] = {
    "lines": lambda log, over: log.lines(follow=True, ended=over),
    "partial": lambda log, over: log.lines(follow=True, partial=True, ended=over),
    "since": lambda log, over: log.lines(follow=True, since="2020-01-01", ended=over),
    "records": lambda log, over: log.records(follow=True, ended=over),
}


@needs_sysfs
@pytest.mark.parametrize("how", ASKED)
def test_a_follow_of_a_file_that_states_more_than_it_holds_ends(how: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.log"
    plain.write_bytes(SYSFS.read_bytes())
    there, expected = ([*ASKED[how](logdex.open(path), lambda: True)] for path in (SYSFS, plain))
    assert [getattr(one, "text", one) for one in there] == [getattr(one, "text", one) for one in expected]
    # A line without a time that was there before is in no range.
    assert len(there) == (how != "since")


@needs_sysfs
@pytest.mark.parametrize("how", ASKED)
def test_a_follow_of_a_file_that_states_more_than_it_holds_is_interrupted(
    how: str, interrupted: Callable[[float], None]
) -> None:
    lines = ASKED[how](logdex.open(SYSFS), lambda: False)
    interrupted(0.2)
    with pytest.raises(Stop):
        for _ in lines:
            pass


@pytest.fixture
def hollow(tmp_path: Path) -> Path:
    """Two lines with a hole between them that is so long that nobody reads it to its end."""
    log = tmp_path / "app.log"
    with log.open("wb") as out:
        out.write(b"one\n")
        try:
            out.truncate(8 << 40)
        except OSError:
            pytest.skip(f"the file system of {tmp_path} has no such long files")
        out.seek(8 << 40)
        out.write(b"two")
    return log


def test_the_last_lines_before_a_hole_of_many_gigabytes_are_found(hollow: Path) -> None:
    assert [*logdex.open(hollow).lines(last=2)] == ["one\n", "two"]


def test_a_follow_from_before_a_hole_of_many_gigabytes_is_interrupted(
    hollow: Path, interrupted: Callable[[float], None]
) -> None:
    lines = logdex.open(hollow).lines(last=2, follow=True)
    interrupted(0.2)
    with pytest.raises(Stop):
        next(lines)
