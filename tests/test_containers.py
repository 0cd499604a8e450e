"""Container logs: lines, times and order are those of a naive twin, whatever stands in a file and however it grows."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import logdex
import pytest
from asking import set_when_asked
from logdex import _core
from logdex.command.cli import main
from logdex.inputs import frames, kept
from logdex.inputs.framing import is_open
from logdex.inputs.rotation import Pinned
from logdex.inputs.spool import Spool
from shell import Following

BEGIN = datetime(2026, 11, 22, 2, 10, tzinfo=timezone.utc)
STREAMS = ["stdout", "stderr"]
TEXTS = [
    b"",
    b"step 1 loss 0.5",
    b"[rank3]: ERROR nan",
    b'{"a": "b \\u001b"}',
    b"\x1b[31mred\x1b[0m \t tab",
    "größe 😀".encode(),
    b"\xff\xfe invalid",
    b"2026-11-22 02:00:00 its own stamp",
    b"x" * 5000,
]
FOREIGN = [
    b"not a frame",
    b"",
    b"{}",
    b'{"log":"x","stream":"stdout"}',
    b"2026-11-22T02:10:00Z stdout Q text",
    b'{"log":',
]
POD = "var/log/pods/ns_trainer-0_0f0e0d0c-1111-2222-3333-444455556666/main"
DOCKER = "0123456789ab" + "c" * 52
Line = tuple[bytes, "int | None", "str | None"]
"""The text, when it was written and to which stream."""


def nanoseconds(stamp: str) -> int:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", stamp)
    assert found is not None
    whole = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    return int(whole.timestamp()) * 10**9 + int((found[2] or "0").ljust(9, "0"))


def cri_piece(line: bytes) -> tuple[str, int, bytes, bool] | None:
    found = re.fullmatch(rb"(\S+) (stdout|stderr) ([FP])(?::\S*)?(?: (.*))?", line, re.DOTALL)
    try:
        return found and (
            found[2].decode(),
            nanoseconds(found[1].decode()),
            found[4] or b"",
            found[3] == b"P",
        )
    except (AssertionError, ValueError):
        return None


def docker_piece(line: bytes) -> tuple[str, int, bytes, bool] | None:
    try:
        said = json.loads(line.decode("utf-8", "surrogateescape"))
        text = said["log"].encode("utf-8", "surrogateescape")
        return said["stream"], nanoseconds(said["time"]), text.removesuffix(b"\n"), not text.endswith(b"\n")
    except (ValueError, KeyError, TypeError, AssertionError):
        return None


def twin(kind: str, raw: bytes) -> list[Line]:
    """The lines within the frames, each with the moment and the stream that are told of it."""
    piece_of = cri_piece if kind == "cri" else docker_piece
    lines: list[Line] = []
    begun: dict[str, tuple[int, bytes]] = {}
    *whole, last = raw.split(b"\n")
    for line in whole:
        piece = piece_of(line)
        if piece is None:
            lines.append((line + b"\n", None, None))
            continue
        stream, ns, text, goes_on = piece
        first, before = begun.pop(stream, (ns, b""))
        if goes_on:
            begun[stream] = (first, before + text)
        else:
            lines += [(one + b"\n", first, stream) for one in (before + text).split(b"\n")]
    torn = piece_of(last)
    if torn is not None:
        stream, ns, text, goes_on = torn
        first, before = begun.pop(stream, (ns, b""))
        if kind == "docker" and not goes_on:
            lines.append((before + text + b"\n", first, stream))
        else:
            begun[stream] = (first, before + text)
    left: list[Line] = [(begun[one][1], begun[one][0], one) for one in STREAMS if one in begun]
    if torn is None and last:
        left.append((last, None, None))
    lines += [(text + b"\n", *told) for text, *told in left[:-1]]
    return lines + [one for one in left[-1:] if one[0]]


def framed(kind: str, stream: str, moment: str, text: bytes, *, goes_on: bool) -> bytes:
    if kind == "cri":
        return f"{moment} {stream} {'P' if goes_on else 'F'} ".encode() + text + b"\n"
    said = json.dumps(
        {"log": text.decode("utf-8", "surrogateescape") + "\n" * (not goes_on)},
        ensure_ascii=len(text) % 2 == 0,
    )
    # What is no UTF-8 stands there as it is.
    raw = re.sub(r"\\u(dc[89a-f][0-9a-f])", lambda half: chr(int(half[1], 16)), said).encode(
        "utf-8", "surrogateescape"
    )
    return raw[:-1] + f', "stream":"{stream}","attrs":{{"tag":"a}}\\"b"}},"time":"{moment}"}}\n'.encode()


def random_log(kind: str, chance: random.Random, count: int, *, begin: int = 0) -> bytes:
    parts = []
    for number in range(begin, begin + count):
        if chance.random() < 0.05:
            parts.append(chance.choice(FOREIGN) + b"\n")
            continue
        moment = BEGIN + timedelta(seconds=number)
        told = moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{chance.randrange(10**9):09}Z"
        text = chance.choice(TEXTS)
        parts.append(framed(kind, chance.choice(STREAMS), told, text, goes_on=chance.random() < 0.3))
    return b"".join(parts)


def decoded(lines: list[Line]) -> list[str]:
    return [text.decode("utf-8", "replace") for text, *_ in lines]


def test_a_link_to_a_log_that_is_still_empty_is_framed(tmp_path: Path) -> None:
    """As the node's agents have them in `/var/log/containers`."""
    file = tmp_path / POD / "0.log"
    file.parent.mkdir(parents=True)
    file.touch()
    links = tmp_path / "containers"
    links.mkdir()
    link = links / f"trainer-0_ns_main-{'ab' * 32}.log"
    link.symlink_to(file)
    for path in (link, links):
        with logdex.open(path).records(follow=True) as records:
            file.write_text("2026-11-22T02:10:00.000000000Z stdout F hello\n")
            record = next(records)
            assert (record.text, record.stream) == ("hello\n", "stdout")
        file.write_text("")


@pytest.mark.parametrize("kind", ["cri", "docker"])
@pytest.mark.parametrize("seed", range(40))
def test_what_comes_out_is_what_the_twin_says(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    raw = random_log(kind, chance, chance.randrange(60))
    raw = raw[: len(raw) - chance.choice([0, 0, 1, chance.randrange(40)])]
    expected = twin(kind, raw)
    text, table = tmp_path / "text", tmp_path / "table"
    text.touch()
    table.touch()
    frames = _core.Frames(kind, str(text), str(table))
    at = 0
    while at < len(raw):
        size = chance.choice([1, 7, 100, 10_000])
        frames.push(raw[at : at + size])
        at += size
    frames.finish()
    assert text.read_bytes() == b"".join(one for one, *_ in expected)
    assert frames.size == text.stat().st_size
    told = table.read_bytes()
    entries = list(struct.iter_unpack("<Qq", told))
    starts = [sum(len(one) for one, *_ in expected[:number]) for number in range(len(expected))]
    assert [start & (1 << 62) - 1 for start, _ in entries] == starts
    assert [[None, *STREAMS][start >> 62] for start, _ in entries] == [stream for *_, stream in expected]
    assert [None if ns == -(2**63) else ns for _, ns in entries] == [ns for _, ns, _ in expected]


@pytest.mark.parametrize("kind", ["cri", "docker"])
def test_a_long_log_is_what_the_twin_says(tmp_path: Path, kind: str) -> None:
    """One of several pieces, on threads, of which lines go on from one to the next."""
    raw = random_log(kind, random.Random(1), 12_000)
    assert len(raw) > 5 << 20
    (tmp_path / "a.log").write_bytes(
        framed(kind, "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False) + raw
    )
    assert list(logdex.open(tmp_path / "a.log").lines())[1:] == decoded(twin(kind, raw))
    assert logdex.open(tmp_path).count() == len(twin(kind, raw)) + 1


@pytest.mark.parametrize("kind", ["cri", "docker"])
@pytest.mark.parametrize("seed", range(8))
def test_a_log_says_what_the_program_wrote_and_when(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    first = framed(kind, "stdout", "2026-11-22T02:09:59.5Z", b"first", goes_on=False)
    raw = first + random_log(kind, chance, 3000)
    (tmp_path / "any.name").write_bytes(raw)
    (tmp_path / "any.name.gz").write_bytes(gzip.compress(raw))
    expected = twin(kind, raw)
    for name in ("any.name", "any.name.gz"):
        log = logdex.open(tmp_path / name, tz="UTC")
        assert list(log.lines()) == decoded(expected)
        assert list(log.lines(r"^\[rank3\]: ERROR")) == [
            one for one in decoded(expected) if one.startswith("[rank3]: ERROR")
        ]
        assert log.count("nan$") == sum(re.search("nan$", one) is not None for one in decoded(expected))
        records = list(log.records())
        for record, (_, ns, stream) in zip(records, expected, strict=True):
            assert record.stream == stream
            if ns is not None:
                assert (record.how, record.time) == (
                    "own",
                    BEGIN + timedelta(microseconds=(ns - int(BEGIN.timestamp()) * 10**9) // 1000),
                )
        since, until = BEGIN + timedelta(seconds=500), BEGIN + timedelta(seconds=900)
        in_range = [one.text for one in records if since <= one.time <= until]
        assert list(log.lines(since=since, until=until)) == in_range
        assert list(log.lines(last=7)) == decoded(expected)[-7:]
        for stream in STREAMS:
            of_stream = logdex.open(tmp_path / name, tz="UTC", streams=stream)
            written = decoded([one for one in expected if one[2] == stream])
            assert list(of_stream.lines()) == written
            assert of_stream.count() == len(written)
            assert list(of_stream.lines(last=7)) == written[-7:]
            assert list(of_stream.lines(since=since, until=until)) == [
                one.text for one in records if since <= one.time <= until and one.stream == stream
            ]
        with log.lines() as lines:
            taken = [next(lines) for _ in range(100)]
            assert taken + list(log.lines(after=lines.cursor)) == decoded(expected)


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_chosen_among_the_logs_of_a_directory(
    tmp_path: Path, stream: str, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(1)
    expected = []
    for kind in ("cri", "docker"):
        raw = framed(kind, "stdout", "2026-11-22T02:09:59.5Z", b"first", goes_on=False)
        raw += random_log(kind, chance, 2000)
        (tmp_path / f"{kind}.log").write_bytes(raw)
        expected += decoded([one for one in twin(kind, raw) if one[2] == stream])
    log = logdex.open(tmp_path, streams=stream)
    assert sorted(log.lines()) == sorted(expected)
    assert log.count() == len(expected)
    assert {one.stream for one in log.records(last=50)} == {stream}
    errors = sorted(one for one in expected if "ERROR" in one)
    assert sorted(log.lines("ERROR")) == errors
    assert sorted(log.lines(level="error")) == sorted(
        one.text for one in logdex.open(tmp_path).records(level="error") if one.stream == stream
    )
    assert main(["--streams", stream, str(tmp_path), "-e", "ERROR", "--json"]) == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {one["stream"] for one in told} == {stream}
    assert sorted(one["text"] + "\n" for one in told) == errors
    pa = pytest.importorskip("pyarrow")
    table = pa.table(logdex.open(tmp_path).arrow(columns=["stream", "text"])).to_pylist()
    in_table = sorted(one["text"] for one in table if one["stream"] == stream)
    assert in_table == sorted(one.removesuffix("\n") for one in expected)


def test_of_a_stream_the_lines_around_are_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [("stdout", b"a"), ("stderr", b"b"), ("stderr", b"ERROR"), ("stdout", b"c"), ("stderr", b"d")]
    path = tmp_path / "a.log"
    path.write_bytes(
        b"".join(framed("cri", to, "2026-11-22T02:10:00Z", text, goes_on=False) for to, text in lines)
    )
    assert main(["--streams", "stderr", "-C", "1", "-e", "ERROR", str(path)]) == 0
    assert capfd.readouterr().out == "b\nERROR\nd\n"
    with logdex.open(path, streams="stderr").lines(follow=True) as follow:
        assert [next(follow) for _ in range(3)] == ["b\n", "ERROR\n", "d\n"]
        with path.open("ab") as file:
            for to in STREAMS:
                file.write(framed("cri", to, "2026-11-22T02:10:01Z", to.encode(), goes_on=False))
        assert next(follow) == "stderr\n"
    with pytest.raises(ValueError, match="give stdout, stderr or combined"):
        logdex.open(path, streams="both")


@pytest.mark.parametrize("kind", ["cri", "docker"])
def test_an_unfinished_line_of_another_stream_is_not_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        framed(kind, "stderr", "2026-11-22T02:10:00Z", b"b", goes_on=False)
        + framed(kind, "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=True)
    )
    for streams, shown in (("stderr", "b\n"), ("stdout", "a\n"), ("combined", "b\na\n")):
        assert main(["--streams", streams, str(path)]) == 0
        assert capfd.readouterr().out == shown


def test_a_log_without_frames_says_no_stream_and_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a\n")
    log = logdex.open(tmp_path / "a.log", streams="stderr")
    assert [(one.text, one.stream) for one in log.records()] == [("a\n", None)]


@pytest.mark.parametrize("kind", ["cri", "docker"])
@pytest.mark.parametrize("seed", range(6))
def test_a_follow_of_a_container_goes_on_over_rotations(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / (f"{POD}/0.log" if kind == "cri" else f"{DOCKER}/{DOCKER}-json.log")
    path.parent.mkdir(parents=True)
    raw = random_log(kind, chance, 200)
    path.write_bytes(raw)
    end = framed(kind, "stdout", "2026-11-22T03:00:00Z", b"x", goes_on=False) + framed(
        kind, "stderr", "2026-11-22T03:00:01Z", b"the end", goes_on=False
    )
    with logdex.open(path).lines(follow=True) as lines:
        taken: list[str] = []
        for turn in range(1, 5):
            if turn == 3:
                os.rename(path, f"{path}.1" if kind == "docker" else f"{path}.20261122-021000")
            more = random_log(kind, chance, 30, begin=200 * turn) + (end if turn == 4 else b"")
            raw += more
            for at in range(0, len(more), 1000):
                with path.open("ab") as file:
                    file.write(more[at : at + 1000])
        for line in lines:
            taken.append(line)
            if line.endswith("the end\n"):
                break
    assert taken == decoded(twin(kind, raw))
    assert list(logdex.open(path, rotated=True).lines()) == taken
    # Of a directory they come in the order of time, which for a line of parts is that of the first.
    assert sorted(logdex.open(tmp_path).lines()) == sorted(taken)
    del lines
    assert not [one for one in threading.enumerate() if one.name == "logdex-spool" and not ended(one)]


def test_a_follow_keeps_a_character_that_a_runtime_cut_apart(tmp_path: Path) -> None:
    path, text = tmp_path / "0.log", "é".encode()
    path.write_bytes(framed("cri", "stdout", "2026-11-22T02:10:00Z", b"first", goes_on=False))
    with logdex.open(path).lines(follow=True) as lines:
        assert next(lines) == "first\n"
        with path.open("ab") as file:
            file.write(framed("cri", "stdout", "2026-11-22T02:10:01Z", b"a" + text[:1], goes_on=True))
            file.write(framed("cri", "stdout", "2026-11-22T02:10:01Z", text[1:] + b"b\xff", goes_on=False))
        assert next(lines) == "aéb\ufffd\n"


def test_a_follow_that_ends_has_all_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to take the frames off."""
    is_awaited, catch_up, push = threading.Event(), Spool.catch_up, frames._push

    def awaited(text: Spool) -> None:
        is_awaited.set()
        catch_up(text)

    def late(*parts: Any) -> int:
        is_awaited.wait()
        return push(*parts)

    monkeypatch.setattr(Spool, "catch_up", awaited)
    monkeypatch.setattr(frames, "_push", late)
    log = tmp_path / "a.log"
    log.write_bytes(framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False))
    try:
        asked = logdex.open(log, tz="UTC").lines(follow=True, until="2026-11-22 03:00")
        assert list(asked) == ["a\n"]
    finally:
        is_awaited.set()


@pytest.mark.parametrize("what", ["file", "set", "directory", "merge"])
def test_a_follow_of_a_container_begins_at_the_end_of_what_is_there(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The text is slow to come.
    fill = frames.Made._fill
    monkeypatch.setattr(frames.Made, "_fill", lambda *given: (time.sleep(0.2), fill(*given))[1])
    late, early = (tmp_path / f"ns_{name}-0_{POD.split('_')[-1]}/0.log" for name in ("a", "b"))
    for path, hour in ((late, 3), (early, 2)):
        path.parent.mkdir(parents=True)
        moments = [f"2026-11-22T{hour:02}:{n // 60:02}:{n % 60:02}Z" for n in range(200)]
        path.write_bytes(
            b"".join(framed("cri", "stdout", one, one.encode(), goes_on=False) for one in moments)
        )
    if what == "merge":
        answer: Any = logdex.merge({one: logdex.open(one) for one in (late, early)}, follow=True)
        with answer:
            assert [next(answer)[1].time.hour for _ in range(400)] == [2] * 200 + [3] * 200
        return
    log = logdex.open(tmp_path if what == "directory" else late, rotated=what == "set")
    with log.lines(follow=True, last=2) as lines:
        assert [next(lines), next(lines)] == ["2026-11-22T03:03:18Z\n", "2026-11-22T03:03:19Z\n"]
    if what == "directory":
        with log.records(follow=True) as records:
            assert [next(records).time.hour for _ in range(400)] == [2] * 200 + [3] * 200  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["file", "directory"])
def test_the_command_follows_the_end_of_a_container(tmp_path: Path, what: str) -> None:
    path = tmp_path / "0.log"
    moment = "2026-11-22T02:10:00Z"
    path.write_bytes(
        b"".join(framed("cri", "stdout", moment, b"line %d" % n, goes_on=False) for n in range(60_000))
    )
    command = [sys.executable, "-m", "logdex", "-f", "-n", "2", str(path if what == "file" else tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        shown = [running.stdout.readline(), running.stdout.readline()]
        running.terminate()
    assert [line.split()[-1] for line in shown] == ["59998", "59999"]


@pytest.mark.parametrize("kind", ["cri", "docker"])
@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("what", ["file", "set", "directory"])
def test_a_cursor_holds_in_the_text_of_a_container(
    tmp_path: Path, kind: str, follow: bool, what: str
) -> None:
    path = tmp_path / "a.log"
    one = framed(kind, "stdout", "2026-11-22T02:10:00Z", b"a" * 90, goes_on=False)
    path.write_bytes(one * 50_000)
    log = logdex.open(tmp_path if what == "directory" else path, rotated=what == "set")
    with log.lines() as lines:
        for _ in range(49_999):
            next(lines)
        cursor = lines.cursor
    with path.open("ab") as file:
        file.write(one.replace(b"a" * 90, b"new"))
    with log.lines(after=cursor, follow=follow) as rest:
        assert [next(rest), next(rest)] == ["a" * 90 + "\n", "new\n"]
        assert follow or next(rest, None) is None


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The logs of which frames were taken off, each time; behind a plus those that were gone on with, or copied."""
    names: list[str] = []

    def fill(
        self: frames.Made, text: Spool, files: list[Pinned], live: Any, begun: frames.Begun | None
    ) -> None:
        how = "" if begun is None else "+" if begun.made is self else "copied +"
        names.append(how + os.path.basename(text.name))
        frames_fill(self, text, files, live, begun)

    frames_fill = frames.Made._fill
    monkeypatch.setattr(frames.Made, "_fill", fill)
    return names


def test_what_was_asked_before_is_not_decoded_again(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "a.log").write_bytes(framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False))
    (tmp_path / "b.log").write_bytes(framed("docker", "stdout", "2026-11-22T02:10:01Z", b"b", goes_on=False))
    for _ in range(3):
        assert list(logdex.open(tmp_path).lines()) == ["a\n", "b\n"]
        assert logdex.open(tmp_path / "a.log").count() == 1
    assert sorted(made) == ["a.log", "b.log"]


def test_times_of_a_text_are_summed_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDEX_CACHE", str(tmp_path / "cache"))
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "a.log"
    first, second = (
        framed("cri", "stdout", f"2026-11-22T02:1{minute}:00Z", b"a" * 2000, goes_on=False)
        for minute in (0, 5)
    )
    path.write_bytes(first * 10_000 + second)
    for log in (logdex.open(path), logdex.open(tmp_path / "logs"), logdex.open(path, rotated=True)):
        for _ in range(2):
            with log.records(since="2026-11-22T02:12Z") as records:
                assert len(list(records)) == 1
    assert logdex.open(path, index=False).count(since="2026-11-22T02:12Z") == 1
    with logdex.open(path).lines(since="2026-11-22T02:12Z") as lines:
        assert len(list(lines)) == 1
        assert lines.stats.skipped_by_time > 10 << 20
    assert not (tmp_path / "cache").exists()


def test_what_has_changed_is_decoded_anew(tmp_path: Path, made: list[str]) -> None:
    path = tmp_path / "a.log"
    one = framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False)
    path.write_bytes(one)
    there = path.stat()

    def lines() -> list[str]:
        return list(logdex.open(tmp_path).lines())

    assert lines() == ["a\n"]
    path.write_bytes(one + one)
    assert lines() == ["a\n", "a\n"]
    path.write_bytes(one.replace(b" a", b" b"))
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))
    assert lines() == ["b\n"]
    os.rename(path, tmp_path / "other.log")
    path.write_bytes(one)
    assert logdex.open(path).count("a") == 1
    assert made == ["a.log", "+a.log", "a.log", "a.log"]


@pytest.mark.parametrize("kind", ["cri", "docker"])
@pytest.mark.parametrize("seed", range(12))
def test_what_has_grown_is_gone_on_with(tmp_path: Path, kind: str, seed: int) -> None:
    """Cut anywhere, asked while others read, rotated and followed between: always what the twin says of all of it."""
    chance = random.Random(seed)
    path = tmp_path / "0.log"
    first = framed(kind, "stdout", "2026-11-22T02:09:59.5Z", b"first", goes_on=False)
    raw = first + random_log(kind, chance, 400)
    logs = [logdex.open(path, tz="UTC", rotated=True), logdex.open(tmp_path, tz="UTC")]
    path.write_bytes(b"")
    at, readers, rotated = 0, [], 0
    while at < len(raw):
        end, rotates = max(at, len(first)) + chance.choice([1, 40, 3000, 100_000]), chance.random() < 0.3
        # Runtimes rotate at a line end; two files that begin with the same few bytes are taken for copies.
        end = raw.index(b"\n", end) + 1 if rotates and end < len(raw) else min(end, len(raw))
        with path.open("ab") as file:
            file.write(raw[at:end])
        at = end
        if rotates:
            rotated += 1
            os.rename(path, f"{path}.{100 - rotated}")
            path.write_bytes(b"")
            if chance.random() < 0.5:
                Path(f"{path}.{100 - rotated}.gz").write_bytes(
                    gzip.compress(Path(f"{path}.{100 - rotated}").read_bytes())
                )
                os.unlink(f"{path}.{100 - rotated}")
        expected = twin(kind, raw[:at])
        log = chance.choice(logs)
        if chance.random() < 0.3:
            with log.lines(follow=True) as follow:
                for _ in range(min(5, len(decoded(twin(kind, raw[:at]))) - 3)):
                    next(follow)
                if chance.random() < 0.5:
                    readers.append((follow, None))
        records = log.records() if log is logs[0] else log.records(last=10**6)
        told = [(one.text, one.stream) for one in records]
        assert sorted(told, key=str) == sorted(
            zip(decoded(expected), (stream for *_, stream in expected), strict=True), key=str
        )
        if log is logs[0]:
            assert [text for text, _ in told] == decoded(expected)
            assert [one.text for one in log.records(since=BEGIN + timedelta(seconds=200))] == [
                one.text for one in log.records() if one.time and one.time >= BEGIN + timedelta(seconds=200)
            ]
        if chance.random() < 0.4:
            reader = log.lines()
            readers.append((reader, [*decoded(expected)] if log is logs[0] else None))
            if len(expected) > 1:
                assert next(reader)
    for reader, lines in readers:
        if lines is not None:
            rest = list(reader)
            assert rest == lines[-len(rest) :]
            assert len(rest) >= len(lines) - 1


def test_what_nobody_reads_is_gone_on_with_in_place(tmp_path: Path, made: list[str]) -> None:
    path = tmp_path / "a.log"
    one = framed("docker", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False)
    path.write_bytes(one)
    log = logdex.open(path)

    def grown() -> int:
        with path.open("ab") as file:
            file.write(one)
        return log.count()

    assert [log.count(), grown(), grown()] == [1, 2, 3]
    with log.lines() as lines:
        assert next(lines) == "a\n"
        assert grown() == 4
        assert len(list(lines)) == 2
    del lines
    assert grown() == 5
    with path.open("ab") as file:
        file.write(one[:20])
    assert log.count() == 6
    with path.open("ab") as file:
        file.write(one[20:])
    # What had been taken for the end of the log is none of it.
    assert list(log.lines()) == ["a\n"] * 6
    assert made == ["a.log", "+a.log", "+a.log", "copied +a.log", "+a.log", "+a.log", "copied +a.log"]


def test_a_follow_goes_on_with_what_was_asked_and_what_is_asked_with_that(
    tmp_path: Path, made: list[str]
) -> None:
    path = tmp_path / "a.log"
    one = framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False)
    path.write_bytes(one * 3)
    log = logdex.open(path)
    with log.lines(follow=True) as lines:
        assert [next(lines) for _ in range(3)] == ["a\n"] * 3
        with path.open("ab") as file:
            file.write(one.replace(b" a", b" \xff"))
        assert next(lines) == "\ufffd\n"
        assert log.count() == 4
    with log.lines(follow=True) as lines:
        assert [next(lines) for _ in range(4)][-1] == "\ufffd\n"
    # In a follow the byte was text already; here it counts as it stands in the log.
    assert [record.offset for record in log.records()] == [0, 2, 4, 6]
    assert made == ["a.log", "copied +a.log", "copied +a.log"]


def test_few_texts_are_kept(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        text = name.encode() * 1000
        line = framed("cri", "stdout", "2026-11-22T02:10:00Z", text, goes_on=False)
        (tmp_path / f"{name}.log").write_bytes(line)
    monkeypatch.setattr(kept, "_MOST", 2500)
    for name in "abcbcab":
        assert logdex.open(tmp_path / f"{name}.log").count(name) == 1
    assert made == ["a.log", "b.log", "c.log", "a.log", "b.log"]
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    assert logdex.open(tmp_path / "b.log").count("b") == 1
    assert made[5:] == ["b.log"]


def test_a_text_that_did_not_fit_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a" * 2000, goes_on=False)
    (tmp_path / "a.log").write_bytes(line * 1000)
    monkeypatch.setenv("LOGDEX_SPOOL", "1")
    with pytest.raises(OSError, match="more than 1 MiB"):
        logdex.open(tmp_path).count()
    monkeypatch.delenv("LOGDEX_SPOOL")
    assert logdex.open(tmp_path).count() == 1000


def test_a_fork_makes_texts_of_its_own(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "a.log").write_bytes(framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False))
    assert logdex.open(tmp_path).count() == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if logdex.open(tmp_path).count() == 1 and len(made) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_container_is_one_part_for_a_cluster(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from logdex.tables.split import splits

    one = framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False)
    (tmp_path / "a.log").write_bytes(one * 80_000)
    parts = splits(tmp_path / "a.log", part=1 << 20, columns=["text"])
    assert [line for part in parts for line in part.table()["text"].to_pylist()] == ["a"] * 80_000


def ended(thread: threading.Thread) -> bool:
    thread.join(60)
    return not thread.is_alive()


def test_restarts_of_a_pod_are_attempts_and_rotations_one_log(tmp_path: Path) -> None:
    pod = tmp_path / POD
    pod.mkdir(parents=True)

    def cri(seconds: int, text: str, tag: str = "F") -> bytes:
        return framed(
            "cri",
            "stdout",
            (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            text.encode(),
            goes_on=tag == "P",
        )

    (pod / "0.log.20261122-020000.gz").write_bytes(gzip.compress(cri(0, "a") + cri(1, "b1 ", "P")))
    (pod / "0.log.20261122-021000").write_bytes(cri(2, "b2") + cri(3, "c"))
    (pod / "0.log").write_bytes(cri(4, "d"))
    (pod / "1.log").write_bytes(cri(5, "e"))
    log = logdex.open(tmp_path)
    assert log.sources == ["ns/trainer-0/main"]
    assert [(one.part, one.text) for one in log.records()] == [
        ("attempt 0", "a\n"),
        ("attempt 0", "b1 b2\n"),
        ("attempt 0", "c\n"),
        ("attempt 0", "d\n"),
        ("attempt 1", "e\n"),
    ]
    with log.lines(follow=True) as lines:
        assert [next(lines) for _ in range(5)] == ["a\n", "b1 b2\n", "c\n", "d\n", "e\n"]
        (pod / "2.log").touch()
        (pod / "2.log").write_bytes(cri(9, "f"))
        assert next(lines) == "f\n"


@pytest.mark.parametrize("more", [[], ["-f"], ["-e", "b", "-B1"]], ids=str)
def test_what_comes_through_a_pipe_has_no_frames_however_late_it_comes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    more: list[str],
) -> None:
    pipe, is_asked = tmp_path / "pipe", set_when_asked(monkeypatch, "await_head")
    os.mkfifo(pipe)
    text = b"".join(
        framed("docker", "stdout", "2026-11-22T02:10:00Z", line, goes_on=False) for line in (b"a", b"b")
    )

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(text[:20])
            is_asked.wait()
            file.write(text[20:])

    writer = threading.Thread(target=write)
    writer.start()
    assert main([*more, str(pipe)]) == 0
    writer.join()
    assert capfd.readouterr().out == "a\nb\n"


@pytest.mark.parametrize(
    ("head", "may_be_framed"),
    [
        (b"", True),
        (b"2026-11", True),
        (b"2026-11-22T02:10:00Z stdout F", True),
        (b'{"log":"a', True),
        (b"\0", True),
        (b"2026-11-22T02:10:00Z stdout F a\n", False),
        # What shows how far a program is has no line end yet.
        (b"2026-11-22 02:10:00 10%", False),
        (b"20%", False),
        (b"epoch 1", False),
        (b"{" + b"x" * (1 << 16), False),
    ],
)
def test_text_is_held_back_only_as_long_as_it_may_be_framed(head: bytes, may_be_framed: bool) -> None:
    assert is_open(head) is may_be_framed


def test_frames_stay_where_that_is_wished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = framed("cri", "stdout", "2026-11-22T02:10:00Z", b"a", goes_on=False)
    (tmp_path / "a.log").write_bytes(raw)
    log = logdex.open(tmp_path / "a.log")
    assert list(log.lines()) == ["a\n"]
    monkeypatch.setenv("LOGDEX_FRAMES", "off")
    assert list(log.lines()) == [raw.decode()]


@pytest.mark.parametrize(
    "line", ["2026-11-22T02:10:00Z a program's own", '{"log": "x", "level": "info"}', "2", "{", ""]
)
def test_other_logs_have_no_frames(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.log").write_text(line + "\n")
    assert list(logdex.open(tmp_path / "a.log").lines()) == [line + "\n"]


@pytest.mark.parametrize(
    "head",
    ["\x1b[36mweb-1  | \x1b[0m", "\x1b[33mtrain_worker_1  |\x1b[0m ", "web-1  | ", "[pod/x-1/main] ", ""],
)
def test_names_that_other_tools_put_before_a_stamp_are_passed_over(head: str) -> None:
    told = logdex.parse_time(f"{head}2026-11-22T02:10:00.000000000Z GET /")
    assert told == BEGIN


@pytest.mark.parametrize("kind", ["cri", "docker"])
def test_the_viewer_shows_the_times_of_a_container_and_goes_to_them(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("textual")
    from logdex.view import jumps
    from logdex.view.screen import open_screen

    raw = b"".join(
        framed(kind, "stdout", f"2026-11-22T02:{n // 60:02}:{n % 60:02}.5Z", text, goes_on=False)
        for n, text in enumerate([b"a", b"2020-01-01 00:00:00 not that", "h\u00e9\ufffd".encode(), b""] * 200)
    )
    (tmp_path / "a.log").write_bytes(raw)
    log = logdex.open(tmp_path / "a.log", tz="UTC")
    records = list(log.records())
    pager = open_screen(log).pager
    # No index tells them, for which the first screen of a large log would wait.
    assert not any(question.records for question in pager.questions)
    expected = [(record.offset, record.time) for record in records]
    assert [(line.offset, line.time) for line in pager.after(pager.start, 1000)] == expected
    assert [(line.offset, line.time) for line in pager.before(pager.end(), 90)] == expected[-90:]
    for said in ("02:05:00", "-1m", "02:05"):
        (place,) = jumps.go(pager, said)
        moment = (
            BEGIN.replace(hour=2, minute=12, second=19) if said == "-1m" else BEGIN.replace(hour=2, minute=5)
        )
        later = [offset for offset, time in expected if time is not None and time >= moment]
        assert place == later[0]


def test_the_viewer_follows_what_a_container_writes(tmp_path: Path) -> None:
    pytest.importorskip("textual")
    from logdex.view.screen import open_screen

    def write(text: bytes) -> None:
        with (tmp_path / "a.log").open("ab") as file:
            file.write(framed("cri", "stdout", "2026-11-22T02:00:00.5Z", text, goes_on=False))

    write(b"one")
    pager = open_screen(logdex.open(tmp_path / "a.log", tz="UTC"), follow=True).pager
    assert [line.text for line in pager.after(pager.start, 9)] == ["one"]
    write(b"two")
    while len(lines := pager.after(pager.start, 9)) < 2:
        pass
    assert [(line.text, line.time is not None) for line in lines] == [("one", True), ("two", True)]


@pytest.mark.parametrize("comes_later", [False, True])
def test_a_log_of_a_follow_of_many_that_goes_wrong_is_told_of(
    tmp_path: Path, following: Callable[..., Following], comes_later: bool
) -> None:
    line = framed("docker", "stdout", "2026-11-22T02:10:00Z", b"one", goes_on=False)
    lost, other = tmp_path / "rank0.log", tmp_path / "rank1.log"

    def come(log: Path) -> None:
        # With its first line, which tells that it is a container's.
        made = tmp_path / ".made"
        made.write_bytes(line)
        made.rename(log)

    come(other if comes_later else lost)
    one = following(tmp_path)
    assert one.line().endswith(" one\n")
    come(lost if comes_later else other)
    assert one.line().endswith(" one\n")
    lost.rename(tmp_path / "rank0.log.1")
    lost.mkdir()
    assert one.error_line().startswith(f"logdex: {lost}: ")
    with other.open("ab") as more:
        more.write(line)
    assert one.line().endswith(" one\n")
    assert one.interrupt() == (130, "")
