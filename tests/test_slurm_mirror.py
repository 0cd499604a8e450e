"""Copies of logs behind a tunnel: each look fetches the new bytes and no others, whatever became of the file."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_slurm import FakeSlurm
from logdex.slurm import mirror as mirrors
from logdex.slurm.ask import CommandResult, Poll
from logdex.slurm.ids import JobId
from logdex.slurm.mirror import Fetching, Mirror, fetching_of, place_of


class Tunnel:
    """Runs commands as SSH does, by a shell that gets one line, and counts what they print."""

    def __init__(self) -> None:
        self.commands = 0
        self.printed = 0
        self.broken = False
        self.before: Callable[[Sequence[str]], object] = lambda command: None

    def __call__(self, command: Sequence[str]) -> CommandResult:
        self.commands += 1
        self.before(command)
        if self.broken:
            return CommandResult(255, "", "Connection reset by peer")
        done = subprocess.run(["sh", "-c", shlex.join(command)], capture_output=True, text=True, check=False)
        self.printed += len(done.stdout)
        return CommandResult(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A directory on the other side, with a blank in its name."""
    directory = tmp_path / "far away"
    directory.mkdir()
    return directory


def made(tunnel: Tunnel, remote: Path, tmp_path: Path) -> Mirror:
    return Mirror(tunnel, str(remote), 77, str(tmp_path / "copies"))


def copies(mirror: Mirror) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(mirror.local).glob("[!.]*"))}


def test_only_logs_of_the_job_are_copied(remote: Path, tmp_path: Path) -> None:
    (remote / "log-a_77_0.out").write_bytes(b"x\0\xff\n")
    (remote / "-dash 77.out").write_bytes(b"dash\n")
    (remote / "log-a_78_0.out").write_bytes(b"other\n")
    (remote / "dir-77").mkdir()
    mirror = made(Tunnel(), remote, tmp_path)
    assert mirror.look()
    assert copies(mirror) == {"-dash 77.out": b"dash\n", "log-a_77_0.out": b"x\0\xff\n"}
    assert os.stat(mirror.local).st_mode & 0o777 == 0o700
    assert {os.stat(path).st_mode & 0o777 for path in Path(mirror.local).glob("*77*")} == {0o600}


def test_what_is_here_is_not_fetched_again(remote: Path, tmp_path: Path) -> None:
    tunnel, log = Tunnel(), remote / "log_77.out"
    log.write_bytes(random.Random(1).randbytes(100_000))
    made(tunnel, remote, tmp_path).look()
    tunnel.printed = tunnel.commands = 0
    with log.open("ab") as file:
        file.write(b"one more line\n")
    mirror = made(tunnel, remote, tmp_path)  # another process, later
    assert mirror.look()
    assert copies(mirror)["log_77.out"] == log.read_bytes()
    assert tunnel.printed < 1_000
    tunnel.commands = 0
    mirror.look()
    assert tunnel.commands == 1


def test_a_long_log_comes_in_parts(remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "_CHUNK", 1_000)
    log = remote / "log_77.out"
    log.write_bytes(random.Random(2).randbytes(10_001))
    tunnel = Tunnel()
    mirror = made(tunnel, remote, tmp_path)
    mirror.look()
    assert (copies(mirror)["log_77.out"] == log.read_bytes(), tunnel.commands) == (True, 12)


@pytest.mark.parametrize("seed", range(12))
def test_a_copy_is_the_file_whatever_became_of_it(
    remote: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive twin is the file itself, read at each look."""
    monkeypatch.setattr(mirrors, "_CHUNK", 50)
    chance = random.Random(seed)
    log = remote / "log_77.out"
    mirror = made(Tunnel(), remote, tmp_path)
    for second in range(12):
        what = chance.choice(["append", "append", "cut", "rewrite", "replace", "gone"])
        text = chance.randbytes(chance.randrange(200))
        if what == "append":
            with log.open("ab") as file:
                file.write(text)
        elif what == "cut" and log.exists():
            os.truncate(log, chance.randrange(log.stat().st_size + 1))
        elif what == "rewrite":
            log.write_bytes(text)
        elif what == "replace":
            (remote / "new").write_bytes(text)
            (remote / "new").replace(log)
        elif what == "gone":
            log.unlink(missing_ok=True)
        if log.exists():  # a file system may know no times that are as near as these writes
            os.utime(log, (second, second))
        assert mirror.look()
        if log.exists():
            assert copies(mirror)["log_77.out"] == log.read_bytes()


def test_a_log_that_is_written_anew_at_the_same_length_is_seen(remote: Path, tmp_path: Path) -> None:
    log, mirror = remote / "log_77.out", made(Tunnel(), remote, tmp_path)
    for second, text in enumerate((b"first\n", b"other\n", b"third\n")):
        log.write_bytes(text)
        os.utime(log, (second, second))
        assert mirror.look()
        assert copies(mirror) == {"log_77.out": text}


def test_a_cut_between_the_list_and_the_fetch(remote: Path, tmp_path: Path) -> None:
    log, tunnel = remote / "log_77.out", Tunnel()
    log.write_bytes(b"a line\n" * 100)
    tunnel.before = lambda command: os.truncate(log, 0) if "tail" in " ".join(command) else None
    mirror = made(tunnel, remote, tmp_path)
    assert mirror.look()
    assert copies(mirror) == {"log_77.out": b""}


@pytest.mark.parametrize("had", [0, 40, 100])
def test_a_command_that_fails_there_takes_nothing_away(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: int
) -> None:
    lines = [b"line %03d\n" % number for number in range(101)]
    log, other, tunnel = remote / "log_77.out", remote / "other_77.out", Tunnel()
    mirror = made(tunnel, remote, tmp_path)
    log.write_bytes(b"".join(lines[:had]))
    assert mirror.look()
    failing = tmp_path / "failing" / "tail"
    failing.parent.mkdir()
    failing.write_text(
        '#!/bin/sh\ncase "$*" in */log_77.out) echo "Stale file handle" >&2; exit 1;; esac\n'
        f'PATH={shlex.quote(os.environ["PATH"])} exec tail "$@"\n'
    )
    failing.chmod(0o755)
    log.write_bytes(b"".join(lines))
    other.write_bytes(b"other\n")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(failing.parent), prepend=":")
        assert not mirror.look()
    assert copies(mirror) == {"log_77.out": b"".join(lines[:had]), "other_77.out": b"other\n"}
    assert mirror.look()
    assert copies(mirror)["log_77.out"] == b"".join(lines)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_log_that_we_may_not_read_keeps_no_other_from_coming(remote: Path, tmp_path: Path) -> None:
    for name in ("a_77", "b_77"):
        (remote / name).write_bytes(b"x\n")
    (remote / "a_77").chmod(0)
    mirror = made(Tunnel(), remote, tmp_path)
    assert mirror.look()
    assert copies(mirror) == {"a_77": b"", "b_77": b"x\n"}


def test_the_language_there_does_not_matter(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (remote / "log_77.out").write_bytes(b"x\n")
    stat = tmp_path / "german" / "stat"
    stat.parent.mkdir()
    stat.write_text(
        f"#!/bin/sh\nPATH={shlex.quote(os.environ['PATH'])}\n"
        '[ "$LC_ALL" = C ] && exec stat "$@"\nstat "$@" | sed "s/^regular file/normale Datei/"\n'
    )
    stat.chmod(0o755)
    monkeypatch.setenv("PATH", str(stat.parent), prepend=":")
    mirror = made(Tunnel(), remote, tmp_path)
    assert mirror.look()
    assert copies(mirror) == {"log_77.out": b"x\n"}


def test_a_tunnel_that_breaks_is_said_once_and_tried_again(
    remote: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (remote / "log_77.out").write_bytes(b"x\n")
    tunnel = Tunnel()
    tunnel.broken = True
    mirror = made(tunnel, remote, tmp_path)
    assert [mirror.look() for _ in range(3)] == [False] * 3
    assert caplog.text.count("new lines cannot be fetched (Connection reset by peer)") == 1
    tunnel.broken = False
    assert mirror.look()
    assert copies(mirror) == {"log_77.out": b"x\n"}


@pytest.mark.parametrize("out", ["regular file|x|1|log_77", "nonsense", "regular file|3|1|../log_77", "|||"])
def test_what_the_other_side_says_is_not_believed(tmp_path: Path, out: str) -> None:
    mirror = Mirror(lambda command: CommandResult(0, out, ""), "/far", 77, str(tmp_path / "copies"))
    mirror.look()
    assert copies(mirror) == {}


def test_bytes_that_are_damaged_on_the_way_are_not_kept(tmp_path: Path) -> None:
    said = {"stat": "regular file|3|1|log_77\n", "tail": "AAAA"}
    mirror = Mirror(
        lambda command: CommandResult(0, next(text for word, text in said.items() if word in command[2]), ""),
        "/far",
        77,
        str(tmp_path / "copies"),
    )
    assert not mirror.look()
    assert copies(mirror) == {"log_77": b""}


def test_one_process_fetches_at_a_time(remote: Path, tmp_path: Path) -> None:
    (remote / "log_77.out").write_bytes(b"x\n")
    first, second = (made(Tunnel(), remote, tmp_path) for _ in range(2))
    with first._alone(wait=False) as alone:
        assert alone
        assert not second.look()
    assert second.look()


def test_fetching_ends_with_the_job_and_has_all(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    monkeypatch.setattr(mirrors, "EVERY", 0.01)
    log, fake = remote / "log_77.out", FakeSlurm("running")
    log.write_bytes(b"first\n")
    poll = Poll(JobId(1000), fake, clock=lambda: 0.0)
    mirror = made(Tunnel(), remote, tmp_path)
    fetching = fetching_of(mirror, poll)
    assert fetching_of(mirror, poll) is fetching
    eventually(lambda: copies(mirror) == {"log_77.out": b"first\n"})
    assert not fetching.is_over()
    log.write_bytes(b"first\nlast\n")
    fake.state = "cancelled"
    poll._ask()
    eventually(fetching.is_over)
    assert copies(mirror) == {"log_77.out": b"first\nlast\n"}


def test_fetching_ends_with_those_who_follow(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    monkeypatch.setattr(mirrors, "EVERY", 0.01)
    mirror = made(Tunnel(), remote, tmp_path)
    fetching = Fetching(mirror, Poll(JobId(1000), FakeSlurm("running"), clock=lambda: 0.0))
    held = weakref.ref(mirror)
    del fetching, mirror
    eventually(lambda: held() is None)


def test_copies_that_nobody_looked_at_go(tmp_path: Path) -> None:
    old, new = (place_of("me@host", "/far", number) for number in (1, 2))
    for place, age in ((old, 30 * 86_400), (new, 0)):
        Mirror(lambda command: CommandResult(0, "", ""), "/far", 1, place).look()
        lock = Path(place, ".lock")
        os.utime(lock, (lock.stat().st_atime, lock.stat().st_mtime - age))
    place_of("me@host", "/far", 3)
    assert (os.path.exists(old), os.path.exists(new)) == (False, True)
