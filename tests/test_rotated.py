"""Rotated sets: `app.log` and what was rotated away of it are one log, whatever is renamed and compressed meanwhile."""

from __future__ import annotations

import bz2
import gzip
import json
import logging.handlers
import lzma
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import logdex
import pytest
from logdex.command.cli import main
from logdex.inputs import rotation

SEEDS = range(25)
BEGIN = datetime(2026, 11, 20, tzinfo=timezone.utc)
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


class Writer:
    """Writes a log and rotates it by chance, as one of the usual tools; knows all that was written."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.chance = random.Random(seed)
        self.style = self.chance.choice(["numbers", "inside", "dated", "dated inside", "day"])
        self.written: list[str] = []
        self.rotated = 0
        path.touch()

    def write(self, count: int) -> None:
        with self.path.open("a") as log:
            for _ in range(count):
                number = len(self.written)
                line = f"{BEGIN + timedelta(minutes=number):%Y-%m-%d %H:%M:%S} {number} step {number % 7}\n"
                log.write(line)
                self.written.append(line)

    def rotate(self) -> None:
        """Gives what there is another name, and the name to a new file, which may stay away for a while."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        self.rotated += 1
        if self.style in ("numbers", "inside"):
            for one in sorted(rotation.rotations(str(self.path)), key=self._number, reverse=True):
                number = self._number(one)
                os.rename(
                    one,
                    self._named(number + 1)
                    + "".join(Path(one).suffixes[-1:]) * one.endswith(tuple(COMPRESSORS)),
                )
            os.rename(self.path, self._named(1))
        else:
            os.rename(self.path, self._dated(self.rotated))
        self._compress_some()
        if self.chance.random() < 0.7:
            self.path.touch()

    def _named(self, number: int) -> str:
        stem, end = os.path.splitext(self.path)
        return f"{self.path}.{number}" if self.style == "numbers" else f"{stem}.{number}{end}"

    def _dated(self, day: int) -> str:
        stem, end = os.path.splitext(self.path)
        date = BEGIN + timedelta(days=day)
        if self.style == "dated":
            return f"{self.path}-{date:%Y%m%d}"
        return f"{self.path}.{date:%Y-%m-%d_%H}" if self.style == "day" else f"{stem}-{date:%Y-%m-%d}{end}"

    def _number(self, name: str) -> int:
        return max(int(part) for part in os.path.basename(name).split(".") if part.isdigit())

    def _compress_some(self) -> None:
        for one in rotation.rotations(str(self.path)):
            if not one.endswith(tuple(COMPRESSORS)) and self.chance.random() < 0.4:
                suffix = self.chance.choice(list(COMPRESSORS))
                Path(one + suffix).write_bytes(COMPRESSORS[suffix](Path(one).read_bytes()))
                if self.chance.random() < 0.8:  # else it is just being compressed
                    os.unlink(one)
                elif os.path.exists(one):
                    os.unlink(one + suffix)

    def play(self, actions: int) -> None:
        for _ in range(actions):
            if self.chance.random() < 0.5:
                self.rotate()
            else:
                self.write(self.chance.randrange(40))


def played(tmp_path: Path, seed: int, *, named: bool = True) -> Writer:
    writer = Writer(tmp_path / "app.log", seed)
    if not named and writer.style == "inside":
        # `app.1.log` may be a log of its own, where nobody says that it is not.
        writer.style = "numbers"
    writer.play(12)
    writer.write(3)
    return writer


@pytest.mark.parametrize("seed", SEEDS)
def test_a_set_is_the_log_that_was_written(tmp_path: Path, seed: int) -> None:
    (tmp_path / "set").mkdir()
    writer = played(tmp_path / "set", seed)
    whole = tmp_path / "whole"
    whole.write_text("".join(writer.written))
    twin, log = logdex.open(whole, tz="UTC"), logdex.open(writer.path, tz="UTC", rotated=True)
    some = len(writer.written) // 2
    moments = {"since": BEGIN + timedelta(minutes=some), "until": BEGIN + timedelta(minutes=some + 30)}
    questions: list[dict[str, Any]] = [
        {},
        {"regex": "step 3"},
        {"last": 1},
        {"last": some + 1},
        {"last": 10**6},
        {"regex": "(?=.*step)[25]$", "last": 7},
        {"since": moments["since"]},
        moments,
        {"regex": "step 1", "until": moments["until"]},
        {**moments, "last": 5},
        {"step": (2, 3)},
        {"exclude": "step [0-5]"},
    ]
    for question in questions:
        expected = list(twin.lines(**question))
        assert list(log.lines(**question)) == expected, question
        timed = [(one.text, one.time, one.how) for one in log.records(**question)]
        assert timed == [(one.text, one.time, one.how) for one in twin.records(**question)]
        if "last" not in question:
            assert log.count(**question) == len(expected)
    assert log.span() == twin.span()
    merged = logdex.merge({"a": log, "b": twin})
    assert [one.text for _, one in merged] == [line for line in writer.written for _ in "ab"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_directory_and_a_glob_take_a_set_as_one_source(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = played(tmp_path, seed, named=False)
    monkeypatch.chdir(tmp_path.parent)
    for path in (tmp_path, f"{tmp_path}/app*log*", tmp_path.name, f"{tmp_path.name}/app*log*"):
        log = logdex.open(path, tz="UTC")
        assert log.sources == ["app.log"]
        assert list(log.lines()) == writer.written
        assert list(log.lines("step 3", last=5)) == [one for one in writer.written if "step 3" in one][-5:]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["set", "directory"])
def test_a_follow_reads_what_was_rotated_first_and_goes_on(tmp_path: Path, seed: int, kind: str) -> None:
    writer = played(tmp_path, seed, named=kind == "set")
    log = (
        logdex.open(writer.path, tz="UTC", rotated=True) if kind == "set" else logdex.open(tmp_path, tz="UTC")
    )
    with log.lines(follow=True) as lines:
        # Between the question and its first line, and then while it goes on.
        writer.rotate()
        writer.write(5)
        taken = [next(lines) for _ in range(len(writer.written))]
        assert taken == writer.written
        for _ in range(3):
            writer.rotate()
            writer.write(4)
            taken += [next(lines) for _ in range(4)]
        assert taken == writer.written


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("follow", [False, True])
def test_a_cursor_goes_on_in_the_file_where_its_place_went(tmp_path: Path, seed: int, follow: bool) -> None:
    writer = played(tmp_path, seed)
    log = logdex.open(writer.path, tz="UTC", rotated=True)
    with log.lines() as lines:
        taken = [next(lines) for _ in range(writer.chance.randrange(1, len(writer.written)))]
        cursor = lines.cursor
    writer.play(6)
    writer.write(1)
    with log.lines(after=cursor, follow=follow) as rest:
        taken += [next(rest) for _ in range(len(writer.written) - len(taken))]
        assert follow or next(rest, None) is None
    assert taken == writer.written


@pytest.mark.parametrize("follow", [False, True])
def test_a_rotation_between_the_names_and_the_files_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, follow: bool
) -> None:
    writer = Writer(tmp_path / "app.log", 0)
    writer.style = "numbers"
    for _ in range(3):
        writer.write(5)
        writer.rotate()
    writer.write(5)
    looked = rotation._names
    turns = iter(range(3))

    def rotated_meanwhile(path: str, numbered_inside: bool, newest: int | None) -> list[str]:
        names = looked(path, numbered_inside, newest)
        if next(turns, None) is not None:
            writer.rotate()
            writer.write(5)
        return names

    monkeypatch.setattr(rotation, "_names", rotated_meanwhile)
    with logdex.open(writer.path, rotated=True).lines(follow=follow) as lines:
        assert [next(lines) for _ in writer.written] == writer.written
        assert follow or next(lines, None) is None


def test_what_is_being_copied_to_be_truncated_comes_once(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(f"{number}\n" for number in range(9000)))
    # As logrotate's copytruncate is in the middle of it.
    (tmp_path / "app.log.1").write_bytes(log.read_bytes()[:20000])
    (tmp_path / "app.log.2").write_text("before\n")
    assert list(logdex.open(log, rotated=True).lines()) == [
        "before\n",
        *log.read_text().splitlines(keepends=True),
    ]
    assert list(logdex.open(tmp_path).lines()) == ["before\n", *log.read_text().splitlines(keepends=True)]


@pytest.mark.parametrize("size", [1, 4000, 9000])
def test_logs_that_begin_alike_are_no_copies(tmp_path: Path, size: int) -> None:
    """Programs print their settings first; some do nothing else."""
    banner = "".join(f"setting {number:06}\n" for number in range(size // 15 + 1))
    for name, more in (("app.log.3", ""), ("app.log.2", "one\n"), ("app.log.1", ""), ("app.log", "two\n")):
        (tmp_path / name).write_text(banner + more)
    whole = f"{banner}{banner}one\n{banner}{banner}two\n".splitlines(keepends=True)
    assert list(logdex.open(tmp_path / "app.log", rotated=True).lines()) == whole
    assert sorted(logdex.open(tmp_path).lines()) == sorted(whole)
    # One that was restored from elsewhere is young, but it was not written just now.
    (tmp_path / "app.log.1").unlink()
    (tmp_path / "app.log.1").write_text(banner)
    os.utime(tmp_path / "app.log.1", (1e9, 1e9))
    assert list(logdex.open(tmp_path / "app.log", rotated=True).lines()) == whole


def test_lines_without_stamps_keep_the_order_of_the_files(tmp_path: Path) -> None:
    for name, text in {"app.log.2": "a\n", "app.log.1": "b\n", "app.log": "c\n"}.items():
        (tmp_path / name).write_text(text)
    log = logdex.open(tmp_path / "app.log", rotated=True)
    assert list(log.lines()) == list(logdex.open(tmp_path).lines()) == ["a\n", "b\n", "c\n"]
    assert log.parts == [str(tmp_path / name) for name in ("app.log.2", "app.log.1", "app.log")]
    assert list(log.lines(last=2)) == ["b\n", "c\n"]
    with pytest.raises(ValueError, match=r"app\.log"):
        list(log.lines(since="2026-11-22 02:00"))


@pytest.mark.parametrize(
    ("old", "ranged"), [("no time", {"since": "2026-11-22 02:10"}), ("no step", {"step": (1, 9)})]
)
def test_a_file_that_a_range_does_not_speak_of_is_left_out(
    tmp_path: Path, old: str, ranged: dict[str, Any]
) -> None:
    (tmp_path / "app.log.2").write_text(f"{old}\n")
    (tmp_path / "app.log.1").write_text("2026-11-22 02:10:00 step 1\n")
    (tmp_path / "app.log").write_text("2026-11-22 02:11:00 step 2\n")
    log = logdex.open(tmp_path / "app.log", rotated=True)
    expected = ["2026-11-22 02:10:00 step 1\n", "2026-11-22 02:11:00 step 2\n"]
    with log.lines() as lines:
        first = lines.cursor
        next(lines)
        cursor = lines.cursor
    assert list(log.lines(after=first, **ranged)) == expected
    assert list(log.lines(**ranged)) == list(log.lines(after=cursor, **ranged)) == expected
    for more in ({}, {"after": cursor}, {"last": 2}):
        with log.lines(follow=True, **more, **ranged) as lines:
            assert [next(lines) for _ in expected] == expected
    # In none of them is one.
    for name in ("app.log.1", "app.log"):
        (tmp_path / name).write_text("nothing\n")
    with pytest.raises(ValueError, match=r"app\.log"):
        list(log.lines(**ranged))


def test_the_order_of_a_file_stands_where_its_stamps_go_back(tmp_path: Path) -> None:
    (tmp_path / "app.log.1").write_text("2026-11-22 02:00:05 a\n2026-11-22 02:00:01 b\n")
    (tmp_path / "app.log").write_text("2026-11-22 02:00:00 c\n")
    expected = ["2026-11-22 02:00:05 a\n", "2026-11-22 02:00:01 b\n", "2026-11-22 02:00:00 c\n"]
    assert list(logdex.open(tmp_path / "app.log", rotated=True).lines()) == expected
    shown = run("--rotated", "app.log", cwd=tmp_path)
    assert shown.stdout == "".join(expected)


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logdex", "--tz", "UTC", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("last", [1, 2, 3, 4, 9])
def test_of_a_set_the_command_shows_the_last_lines_in_the_order_of_the_files(
    tmp_path: Path, last: int
) -> None:
    """Where a line has no time, and where the clock was set back."""
    (tmp_path / "app.log.2").write_text("2026-11-22 03:00:00 a\n")
    (tmp_path / "app.log.1").write_text("2026-11-22 02:00:05 b\n2026-11-22 02:00:01 c\n")
    (tmp_path / "app.log").write_text("d\ne\n")
    files = [tmp_path / name for name in ("app.log.2", "app.log.1", "app.log")]
    written = "".join(file.read_text() for file in files).splitlines(keepends=True)
    set_ = ("--rotated", "app.log", "-n", str(last))
    assert run(*set_, cwd=tmp_path).stdout == "".join(written[-last:])
    assert run(*set_, "--json", "-e", "[acd]", cwd=tmp_path).stdout.count("\n") == min(last, 3)
    around = run(*set_, "-e", "[bd]", "-A", "1", cwd=tmp_path).stdout
    assert around == {1: "d\ne\n"}.get(last, "".join([*written[1:3], "d\ne\n"]))
    for more in ([], ["-n", str(last)]):
        words = [sys.executable, "-m", "logdex", "--tz", "UTC", "-f", "--rotated", "app.log", *more]
        expected = written[-last:] if more else written
        with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as follow:
            assert follow.stdout is not None
            assert [follow.stdout.readline() for _ in expected] == expected
            with (tmp_path / "app.log").open("a") as log:
                log.write("f\n")
            assert follow.stdout.readline() == "f\n"
            follow.kill()
        (tmp_path / "app.log").write_text("d\ne\n")


def test_a_follow_of_the_last_lines_takes_what_is_compressed(tmp_path: Path) -> None:
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"a\nb\n"))
    (tmp_path / "app.log").write_text("c\n")
    words = [sys.executable, "-m", "logdex", "-f", "--rotated", "app.log", "-n", "2"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as follow:
        assert follow.stdout is not None
        assert [follow.stdout.readline() for _ in range(2)] == ["b\n", "c\n"]
        follow.kill()


@pytest.mark.parametrize("last", [1, 2, 9])
def test_a_follow_of_the_last_lines_waits_for_the_log(tmp_path: Path, last: int) -> None:
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"a\nb\n"))
    log = tmp_path / "app.log"
    with logdex.open(log, rotated=True).lines(last=last, follow=True) as lines:
        assert [next(lines) for _ in range(min(last, 2))] == ["a\n", "b\n"][-last:]
        log.write_text("c\nd")
        assert next(lines) == "c\n"
    with logdex.open(log, rotated=True).lines(last=last, follow=True) as lines:
        # What is unfinished is yet to come.
        assert [next(lines) for _ in range(min(last, 3))] == ["a\n", "b\n", "c\n"][-last:]
        with log.open("a") as more:
            more.write("\n")
        assert next(lines) == "d\n"


@pytest.mark.parametrize("name", ["job", "job/*.log"])
def test_a_directory_with_its_rotations_is_not_one_log(tmp_path: Path, name: str) -> None:
    """Asked for or not, they come with it, and its logs in one order, of which a follow shows all."""
    job = tmp_path / "job"
    job.mkdir()
    (job / "a.log.1").write_text("2026-11-22 02:00:00 a\n")
    (job / "a.log").write_text("2026-11-22 02:00:02 c\n2026-11-22 02:00:04 e\n")
    (job / "b.log").write_text("2026-11-22 02:00:01 b\n2026-11-22 02:00:03 d\n")
    for more in ([], ["-n", "3"], ["-m", "2"], ["-n", "2", "--json"], ["-c"], ["--histogram", "-n", "2"]):
        assert run("--rotated", name, *more, cwd=tmp_path).stdout == run(name, *more, cwd=tmp_path).stdout
    words = [sys.executable, "-m", "logdex", "--tz", "UTC", "-f", "--rotated", "--no-labels", name, "-n", "2"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as follow:
        assert follow.stdout is not None
        assert [follow.stdout.readline()[-2] for _ in range(2)] == ["d", "e"]
        for log in ("a", "b"):
            with (job / f"{log}.log").open("a") as file:
                file.write(f"2026-11-22 02:00:05 new in {log}\n")
            assert follow.stdout.readline().endswith(f"new in {log}\n")
        follow.kill()


@pytest.mark.parametrize("seed", range(5))
def test_the_command_reads_a_set(tmp_path: Path, seed: int) -> None:
    writer = played(tmp_path, seed)
    assert run("--rotated", "app.log", cwd=tmp_path).stdout == "".join(writer.written)
    assert run("--rotated", "app.log", "-n", "9", cwd=tmp_path).stdout == "".join(writer.written[-9:])
    counts = run("--rotated", "app.log", "-c", "-e", "step 3", cwd=tmp_path).stdout.split()
    assert sum(map(int, counts)) == sum("step 3" in line for line in writer.written)
    rows = run("--rotated", "app.log", "--json", cwd=tmp_path).stdout.splitlines()
    assert [json.loads(row)["text"] + "\n" for row in rows] == writer.written


def test_a_set_of_pythons_handlers(tmp_path: Path) -> None:
    by_size = logging.handlers.RotatingFileHandler(tmp_path / "size.log", maxBytes=100, backupCount=9)
    by_time = logging.handlers.TimedRotatingFileHandler(tmp_path / "time.log", when="M")
    for number in range(60):
        for handler in (by_size, by_time):
            handler.emit(logging.makeLogRecord({"msg": f"line {number}"}))
        if number % 20 == 19:
            by_time.rolloverAt -= 60 * (number + 1)
            by_time.doRollover()
    by_size.close()
    by_time.close()
    written = [f"line {number}\n" for number in range(60)]
    assert len(list(tmp_path.glob("size.log.*"))) > 0 < len(list(tmp_path.glob("time.log.*")))
    assert list(logdex.open(tmp_path / "size.log", rotated=True).lines()) == written
    assert logdex.open(tmp_path).sources == ["size.log", "time.log"]


def test_only_one_file_can_be_asked_for_with_its_rotations(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not one file"):
        logdex.open(tmp_path, rotated=True)
    with pytest.raises(FileNotFoundError):
        list(logdex.open(tmp_path / "none.log", rotated=True).lines())


def test_files_that_look_alike_are_no_rotations(tmp_path: Path) -> None:
    for name in ("app.log", "app.log.bak", "app.log.swp", "app.logs.1", "my-app.log.1", "app.log.1.part"):
        (tmp_path / name).write_text(f"{name}\n")
    assert list(logdex.open(tmp_path / "app.log", rotated=True).lines()) == ["app.log\n"]


@pytest.mark.parametrize("name", ["app.log", "a\udcff.log"])
def test_the_lines_of_a_set_are_from_the_log_that_was_asked_for(tmp_path: Path, name: str) -> None:
    """By its path, and not by the file that is held open, however its lines are read."""
    pyarrow = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    import logdex.polars

    path = tmp_path / name
    for rotated in ("", ".1"):
        path.with_name(name + rotated).write_text(f"2026-11-22 02:00:00 a{rotated}\n")
    source = os.fsencode(path).decode("utf-8", "replace")
    log = logdex.open(path, tz="UTC", rotated=True)
    assert [record.source for record in log.records()] == [source] * 2
    with log.records(follow=True, last=1) as records:
        assert next(records).source == source
    assert pyarrow.table(log.arrow(columns=["source"]))["source"].to_pylist() == [source] * 2
    for one, lines in ((log, 2), (logdex.open(path, tz="UTC"), 1)):
        frame = logdex.polars.scan(one)
        assert frame.filter(pl.col("source") == source).collect().height == lines
        assert frame.filter(pl.col("source") == "app").collect().height == 0


@pytest.mark.parametrize("what", ["pipe", "directory", "loop", "nowhere"])
def test_what_is_no_file_is_no_rotation(tmp_path: Path, what: str) -> None:
    (tmp_path / "app.log").write_text("new\n")
    (tmp_path / "app.log.2").write_text("old\n")
    other = tmp_path / "app.log.1"
    if what == "pipe":
        os.mkfifo(other)
    elif what == "directory":
        other.mkdir()
    else:
        other.symlink_to(other if what == "loop" else tmp_path / "nowhere")
    assert list(logdex.open(tmp_path / "app.log", rotated=True).lines()) == ["old\n", "new\n"]
    assert sorted(logdex.open(tmp_path).lines()) == ["new\n", "old\n"]


def test_a_damaged_rotation_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("a\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"b\n" * 99)[:-9])
    with pytest.raises(OSError, match=r"damaged or cut off") as caught:
        list(logdex.open(tmp_path / "app.log", rotated=True).lines())
    assert caught.value.filename == str(tmp_path / "app.log.1.gz")


def test_ranks_and_arrow_take_a_set(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    (tmp_path / "app.log.1").write_text("[rank0]: 2026-11-22 02:10:00 step 1\n")
    (tmp_path / "app.log").write_text(
        "[rank1]: 2026-11-22 02:10:03 CUDA error: an illegal memory access was encountered\n"
    )
    log = logdex.open(tmp_path / "app.log", tz="UTC", rotated=True)
    assert [rank.name for rank in log.ranks().ranks] == ["0", "1"]
    assert pyarrow.table(log.arrow(columns=["text"]))["text"].to_pylist() == [
        line[:-1] for line in log.lines()
    ]


def test_of_a_set_the_command_counts_and_stops_as_of_one_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.log.2").write_text("2026-11-22 02:00:00 one\n2026-11-22 02:01:00 two\n")
    (tmp_path / "a.log.1").write_text("2026-11-22 02:02:00 three\n")
    (tmp_path / "a.log").write_text("2026-11-22 02:03:00 four\n")
    (tmp_path / "b.log").write_text("2026-11-22 02:03:00 five\n")

    def shown(*args: str) -> list[str]:
        main([*args[:-1], str(tmp_path / args[-1])])
        return capfd.readouterr().out.splitlines()

    assert shown("--rotated", "-c", "a.log") == ["4"]
    assert shown("--rotated", "-c", "-n", "3", "a.log") == ["3"]
    assert [row.split()[1:3] for row in shown("--rotated", "--histogram", "-n", "2", "a.log")][::12] == [
        ["02:02:00", "1"],
        ["02:03:00", "1"],
    ]
    assert shown("-c", "") == ["a.log:4", "b.log:1"]
    for most, words in ((1, ["one"]), (3, ["one", "two", "three"]), (9, ["one", "two", "three", "four"])):
        assert [one.split()[-1] for one in shown("--rotated", "-m", str(most), "a.log")] == words
    assert shown("--rotated", "-m", "1", "-e", "three|four", "a.log") == ["2026-11-22 02:02:00 three"]
    # Each source has its own.
    assert [one.split()[-1] for one in shown("--no-merge", "-m", "1", "")] == ["one", "five"]
    for last, words in ((1, ["four"]), (2, ["three", "four"]), (9, ["one", "two", "three", "four"])):
        asked = ("--no-merge", "-n", str(last))
        assert [one.split()[-1] for one in shown(*asked, "")] == [*words, "five"]
        assert shown(*asked, "-c", "") == [f"a.log:{len(words)}", "b.log:1"]
        assert sum(int(row.split()[2]) for row in shown(*asked, "--histogram", "")) == len(words) + 1
