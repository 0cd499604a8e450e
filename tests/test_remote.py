"""Logs elsewhere: by ssh and from an object store, of which only what is asked is fetched, once."""

import gzip
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import logdex
import pytest
from asking import set_when_asked
from hypothesis import given
from hypothesis import strategies as st
from logdex.command.cli import main
from logdex.inputs.input import Wish
from logdex.remote import inputs as remote
from logdex.remote.copy import Copy, joined, missing
from logdex.remote.elsewhere import State
from shell import Following, run
from ssh_server import free_port

_RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


@given(ranges=_RANGES, start=st.integers(0, 30), end=st.integers(0, 30))
def test_ranges_are_sets_of_bytes(ranges: list[tuple[int, int]], start: int, end: int) -> None:
    there = {byte for first, last in ranges for byte in range(first, last)}
    one = joined(ranges)
    assert {byte for first, last in one for byte in range(first, last)} == there
    assert all(before[1] < after[0] for before, after in itertools.pairwise(one))
    wanted = missing(one, start, end)
    assert [byte for first, last in wanted for byte in range(first, last)] == sorted(
        set(range(start, end)) - there
    )


class Memory:
    """A file elsewhere, which notes what is read of it."""

    address = "memory://log"

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.tag = 0
        self.read_ranges: list[tuple[int, int]] = []

    def look(self) -> State:
        return State(len(self.text), str(self.tag))

    def read(self, start: int, end: int) -> bytes:
        self.read_ranges.append((start, end))
        return self.text[start:end]

    def change(self, text: bytes) -> None:
        self.text = text
        self.tag += 1

    def fetched(self) -> int:
        """How many bytes were read since this was asked last."""
        count = sum(min(end, len(self.text)) - start for start, end in self.read_ranges)
        self.read_ranges.clear()
        return count


LINES = b"".join(b"2026-11-22 02:10:00 step %07d\n" % number for number in range(100_000))


def test_what_was_fetched_once_is_not_fetched_again() -> None:
    file = Memory(LINES)
    assert Copy(file).read(1000, 5000) == LINES[1000:5000]
    assert file.fetched() == 4000
    assert Copy(file).read(500, 6000) == LINES[500:6000]
    assert file.fetched() == 1500
    Copy(file).fetch(0, len(LINES))
    assert file.fetched() == len(LINES) - 5500
    assert Path(Copy(file).path).read_bytes() == LINES
    assert file.fetched() == 0


def test_of_a_log_that_grew_the_new_bytes_are_fetched() -> None:
    file = Memory(LINES)
    Copy(file).fetch(0, len(LINES))
    file.fetched()
    file.change(LINES + b"more\n")
    copy = Copy(file)
    copy.fetch(0, copy.state.size)
    assert Path(copy.path).read_bytes() == LINES + b"more\n"
    assert file.fetched() <= 4096 + 5


@pytest.mark.parametrize(
    "text", [b"x" + LINES[1:], LINES[:-10], LINES[:-10] + b"x" * 20, b"", b"other" * len(LINES)]
)
def test_another_file_behind_the_address_is_read_anew(text: bytes) -> None:
    file = Memory(LINES)
    Copy(file).fetch(0, len(LINES))
    file.change(text)
    copy = Copy(file)
    copy.fetch(0, copy.state.size)
    assert Path(copy.path).read_bytes() == text


@pytest.mark.parametrize(
    "note",
    ["", "[]", "{", '{"state": [5, "0"], "ranges": [[0, 9999999999]]}', '{"state": 7, "ranges": [[5, 1]]}'],
)
def test_a_damaged_note_is_no_note(note: str) -> None:
    file = Memory(LINES)
    Path(Copy(file).path).with_suffix(".json").write_text(note)
    assert Copy(file).read(0, 100) == LINES[:100]


def _remove(copy: Copy) -> None:
    """As another process does that makes room."""
    for name in (copy.path, copy.path.removesuffix("log") + "json"):
        os.unlink(name)


def test_a_copy_that_was_removed_and_made_anew_under_a_follow_has_no_holes() -> None:
    file = Memory(LINES)
    followed = Copy(file)
    followed.fetch()
    _remove(followed)
    Copy(file).read(0, 16)
    file.change(LINES + b"new\n")
    assert followed.grow()
    assert followed.read(len(LINES), len(LINES) + 9) == b"new\n"
    later = Copy(file)
    later.fetch()
    assert Path(later.path).read_bytes() == file.text


def test_a_copy_that_was_removed_while_it_was_asked_is_whole() -> None:
    file = Memory(LINES)
    copy = Copy(file)
    copy.read(0, 100)
    _remove(copy)
    copy.fetch()
    assert Path(copy.path).read_bytes() == LINES


def test_what_others_fetched_meanwhile_stays_known() -> None:
    file = Memory(LINES)
    first, second = Copy(file), Copy(file)
    first.read(0, 5000)
    file.change(LINES + b"more\n")
    assert second.grow()
    second.read(9000, len(file.text))
    first.read(5000, 6000)
    file.fetched()
    first.fetch()
    assert file.fetched() == 3000
    assert Path(first.path).read_bytes() == file.text


def test_a_copy_that_was_begun_anew_and_left_has_nothing_of_the_former() -> None:
    file = Memory(LINES)
    Copy(file).fetch()
    file.change(LINES[:50])
    Copy(file)
    file.change(LINES)
    copy = Copy(file)
    copy.fetch()
    assert Path(copy.path).read_bytes() == LINES


@pytest.mark.parametrize("seed", range(20))
def test_copies_in_many_hands_are_the_file(seed: int) -> None:
    """The naive twin is the file itself, which only grows; processes come, follow, and remove what is here."""
    chance = random.Random(seed)
    file = Memory(b"")
    copies = [Copy(file)]
    for _ in range(40):
        what = chance.choice(["append", "append", "come", "grow", "read", "read", "fetch", "remove", "gone"])
        one = chance.choice(copies)
        if what == "append":
            file.change(file.text + chance.randbytes(chance.randrange(9000)))
        elif what == "come":
            copies = [*copies[-2:], Copy(file)]
        elif what == "grow":
            one.grow()
            assert one.state.size == len(file.text)
        elif what == "read":
            start = chance.randrange(one.state.size + 1)
            got = one.read(start, start + 3000)
            assert got == file.text[start : start + 3000][: len(got)]
            assert len(got) == min(3000, one.state.size - start)
        elif what == "fetch":
            one.fetch()
            assert Path(one.path).read_bytes() == file.text[: one.state.size]
        elif what == "remove":
            for name in (one.path, one.path.removesuffix("log") + "json"):
                if chance.random() < 0.7:
                    Path(name).unlink(missing_ok=True)
        elif what == "gone":
            shutil.rmtree(Path(one.path).parent, ignore_errors=True)


def test_a_file_that_is_cut_while_it_is_read_is_said() -> None:
    file = Memory(LINES)
    copy = Copy(file)
    file.text = LINES[:50]
    with pytest.raises(OSError, match="it ended at byte 50 while it was read"):
        copy.fetch(0, 100)
    file.change(LINES[:50])
    with pytest.raises(OSError, match="cut or written anew"):
        copy.grow()


def test_a_log_that_is_written_to_in_place_is_followed_and_not_kept() -> None:
    file = Memory(LINES)
    copy = Copy(file)
    copy.fetch()
    file.change(b"x" + LINES[1:])
    assert not copy.grow()
    file.change(file.text + b"new\n")
    assert copy.grow()
    assert copy.read(len(LINES), len(file.text)) == b"new\n"
    copy.fetch()
    assert Path(copy.path).read_bytes() == file.text


def test_old_copies_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDEX_SPOOL", "1")
    old, new = Memory(LINES), Memory(LINES)
    new.address = "memory://other"
    copy = Copy(old)
    copy.fetch(0, len(LINES))
    Copy(new).fetch(0, 10)
    assert not Path(copy.path).exists()


@pytest.mark.parametrize("lines", [0, 1, 2, 7, 9000, 100_000, 200_000])
@pytest.mark.parametrize("end", [b"", b"unfinished"])
def test_of_the_last_lines_only_those_are_fetched(
    lines: int, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Memory(LINES + end)
    monkeypatch.setattr(remote, "_elsewhere", lambda address: file)
    (one,) = remote.of_address("memory://log", Wish(tail=lines))
    text = Path(one.path).read_bytes().splitlines(keepends=True)
    every = (LINES + end).splitlines(keepends=True)
    # The engine takes the last of what is there, which is the whole where the log has hardly more.
    assert text[-lines:] == every[-lines:] if lines else text == []
    assert file.fetched() <= 16 + max(4 * len(b"".join(text)), 256 << 10)


@pytest.mark.parametrize("follow", [False, True])
def test_of_a_container_the_last_lines_are_those_of_the_text(
    follow: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Which stand in several parts, and belong to streams."""
    parts = [("one", "stderr", "\n"), ("tw", "stdout", ""), ("o", "stdout", "\n"), ("three", "stderr", "\n")]
    text = "".join(
        json.dumps({"log": part + end, "stream": stream, "time": "2026-11-22T02:10:00Z"}) + "\n"
        for part, stream, end in parts
    )
    monkeypatch.setattr(remote, "_elsewhere", lambda _: Memory(text.encode()))
    ends = ["-f", "--until", "2026-11-22 03:00", "--tz", "UTC"] if follow else []
    for more, shown in ((["-n", "2"], "two\nthree\n"), (["-n", "1", "--streams", "stdout"], "two\n")):
        assert main([*more, *ends, "memory://log"]) == 0
        assert capfd.readouterr().out == shown


@pytest.mark.parametrize("more", [["-e", "step"], ["-l", "info"], ["--json"]], ids=str)
def test_a_follow_with_a_filter_begins_with_the_last_lines_of_what_is_there(
    more: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """However late that comes."""
    is_asked = set_when_asked(monkeypatch, "catch_up")

    class Late(Memory):
        def read(self, start: int, end: int) -> bytes:
            if end - start > 1000:
                is_asked.wait()
            return super().read(start, end)

    text = b"".join(b"2026-11-22 02:10:00 INFO step %d\n" % number for number in range(9000))
    monkeypatch.setattr(remote, "_elsewhere", lambda _: Late(text))
    assert main(["-f", "-n", "2", "--until", "2026-11-22 03:00", "--tz", "UTC", *more, "memory://log"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert ["step 899" in line for line in lines] == [True, True]


def test_what_was_rotated_away_elsewhere_is_not_left_out_unsaid(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remote, "_elsewhere", lambda _: Memory(LINES))
    assert main(["--rotated", "memory://log", "-n", "1"]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert "memory://log: what was rotated away of it is found by the logdex there alone" in told.err


# By ssh


def test_by_ssh(by_ssh: str, tmp_path: Path) -> None:
    path = tmp_path / "a b's.log"
    path.write_bytes(LINES[:3000])
    address = f"{by_ssh}{path}"
    every = LINES[:3000].decode().splitlines(keepends=True)
    assert run(address)[1] == [*every[:-1], every[-1].rstrip("\n") + "\n"]
    assert run("-n", "2", address)[1] == [*every[-2:-1], every[-1].rstrip("\n") + "\n"]
    assert run("-e", "step 0000007", address) == (0, [every[7]], "")
    assert list(logdex.open(address).lines("step 0000007")) == [every[7]]
    with path.open("ab") as file:
        file.write(b"\n2026-11-22 02:11:00 new\n")
    assert run("--since", "2026-11-22 02:11", address) == (0, ["2026-11-22 02:11:00 new\n"], "")


def test_by_ssh_what_is_not_there_is_said(by_ssh: str, tmp_path: Path) -> None:
    missing_one = f"{by_ssh}{tmp_path}/none.log"
    assert run(missing_one) == (2, [], f"logdex: {missing_one}: there is no such file there\n")
    assert run(f"{by_ssh}{tmp_path}") == (
        2,
        [],
        f"logdex: {by_ssh}{tmp_path}: this is no plain file; name one, or install this version of logdex there\n",
    )
    closed = f"ssh://127.0.0.1:{free_port()}/x.log"
    status, _, error = run(closed)
    assert status == 2
    assert error.startswith(f"logdex: {closed}: ")
    assert "try `ssh 127.0.0.1`" in error
    status, _, error = run("ssh://-oProxyCommand=evil/x")
    assert (status, error) == (
        2,
        "logdex: ssh://-oProxyCommand=evil/x: write ssh://[user@]host[:port]/path\n",
    )
    status, _, error = run(missing_one, LOGDEX_SSH="/nowhere/ssh")
    assert "/nowhere/ssh is not here; install openssh, or set LOGDEX_SSH" in error


class Held:
    """A file elsewhere that is held in memory."""

    def __init__(self, text: bytes) -> None:
        self.address, self.text = "memory://log", text

    def look(self) -> State:
        return State(len(self.text), "1")

    def read(self, start: int, end: int) -> bytes:
        return self.text[start:end]


@pytest.mark.parametrize("lines", [0, 1, 2, 3, 50_000])
@pytest.mark.parametrize(
    "text", [b"", b"half", b"one\n", b"one\ntwo\nhalf", b"a\nb\nc\n", b"a line\n" * 60_000]
)
def test_a_follow_begins_with_the_last_lines_of_a_log_of_any_size(text: bytes, lines: int) -> None:
    copy = Copy(Held(text))
    expected = text.splitlines(keepends=True)
    assert text[remote._of_last(copy, lines) :] == b"".join(
        expected[len(expected) - min(lines, len(expected)) :]
    )


@pytest.mark.parametrize("text", [b"", b"old\n"])
def test_a_log_of_which_nothing_is_here_may_grow(text: bytes) -> None:
    held = Held(text)
    copy = Copy(held)
    held.text += b"new\n"
    assert copy.grow()
    assert copy.read(len(text), len(held.text)) == b"new\n"


def test_by_ssh_a_follow_shows_what_comes(by_ssh: str, tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text("old\nlast\n")
    one = Following("-n", "1", f"{by_ssh}{path}")
    try:
        assert one.line() == "last\n"
        with path.open("a") as file:
            file.write("new\n")
        assert one.line() == "new\n"
        path.write_text("x\n")
        assert "cut or written anew while it was followed" in one.error_line()
        assert one.process.wait(60) == 2
    finally:
        one.process.kill()
        one.process.communicate()


# From an object store


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of moto's S3, which speaks as the real one does."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(bucket: str, monkeypatch: pytest.MonkeyPatch) -> "Store":
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": bucket,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return Store()


class Store:
    """What is in the bucket, put there by another process, as training jobs do."""

    def put(self, name: str, text: bytes) -> str:
        code = (
            "import sys, s3fs; files = s3fs.S3FileSystem(); files.exists('logs') or files.mkdir('logs')\n"
            "files.pipe_file('logs/' + sys.argv[1], sys.stdin.buffer.read())"
        )
        subprocess.run([sys.executable, "-c", code, name], input=text, check=True, timeout=300)
        return f"s3://logs/{name}"


def test_from_s3(s3: Store, tmp_path: Path) -> None:
    address = s3.put("run/rank3.log", LINES)
    every = LINES.decode().splitlines(keepends=True)
    assert run("-n", "2", address) == (0, every[-2:], "")
    notes = list((tmp_path / "cache" / "remote").glob("*.json"))
    (ranges,) = (json.loads(note.read_text())["ranges"] for note in notes)
    assert sum(end - start for start, end in ranges) == 16 + (256 << 10)
    assert run("-e", "step 0000007", address) == (0, [every[7]], "")
    s3.put("run/rank3.log", LINES + b"2026-11-22 02:11:00 new\n")
    assert run("--since", "2026-11-22 02:11", address) == (0, ["2026-11-22 02:11:00 new\n"], "")
    assert json.loads(run("--json", "-n", "1", address)[1][0])["rank"] == 3
    packed = s3.put("run/a.log.gz", gzip.compress(b"one\ntwo\n"))
    assert run("-n", "1", packed) == (0, ["two\n"], "")
    assert run("s3://logs/none.log") == (2, [], "logdex: s3://logs/none.log: there is no such object\n")


def test_from_nowhere_what_is_missing_is_said(tmp_path: Path) -> None:
    (tmp_path / "fsspec.py").write_text("raise ImportError('no fsspec here')")
    status, _, error = run("gs://bucket/x.log", PYTHONPATH=str(tmp_path))
    assert status == 2
    assert error == (
        "logdex: gs://bucket/x.log: no fsspec here; such addresses are read by fsspec: pip install 'logdex[remote]'\n"
    )
