"""`logdex -f`: what is there, what is written, and what comes later."""

import fcntl
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from logdex._resolve import growing, inputs
from logdex.command.asked import words
from logdex.command.asked.arguments import parser
from logdex.command.lines.answer import CommandAnswer
from logdex.command.lines.rows import Rows, Shown
from logdex.inputs.input import Input, Wish
from logdex.inputs.newcomers import GrowingPath, Lookout
from logdex.inputs.source import Found
from shell import LINES, Following


def test_following_one_file(log: Path, following: Callable[..., Following]) -> None:
    one = following("-e", "INFO", "-n", "1", "--stats", log)
    assert one.line() == LINES[6]
    with log.open("a") as file:
        file.write("2026-11-22 02:13:00 INFO more\nnot this\n")
    assert one.line() == "2026-11-22 02:13:00 INFO more\n"
    status, error = one.interrupt()
    assert status == 130
    assert error.startswith("logdex: 2 lines, ")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def stamped(second: int, text: str) -> str:
    return f"2026-11-22 02:00:{second:02} {text}\n"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two ranks whose lines alternate in time."""
    for rank in (0, 1):
        write(
            tmp_path / f"two/rank{rank}.log",
            "".join(stamped(second, f"rank {rank}") for second in range(rank, 10, 2)),
        )
    return tmp_path / "two"


@pytest.mark.parametrize("options", [["-n", "3"], ["-n", "3", "-C0"], ["-v", "-e", "nothing", "-n", "3"]])
def test_the_last_of_many_are_the_last_of_all(
    two: Path, following: Callable[..., Following], options: list[str]
) -> None:
    one = following(*options, two)
    assert [one.line() for _ in range(3)] == [
        f"rank{second % 2} " + stamped(second, f"rank {second % 2}") for second in (7, 8, 9)
    ]
    for rank in (1, 0, 1):
        write(two / f"rank{rank}.log", f"new from {rank}\n")
        assert one.line() == f"rank{rank} new from {rank}\n"
    assert one.interrupt()[0] == 130


def test_logs_that_come_later_are_followed(tmp_path: Path, following: Callable[..., Following]) -> None:
    run = tmp_path / "run"
    run.mkdir()
    one = following(run)
    assert one.error_line() == f"logdex: {run}: no logs yet; waiting for the first\n"
    write(run / "rank0.log", "a\n")
    assert one.line() == "rank0 a\n"
    attempt = "deep/torchelastic/trainer/r_x/attempt_{}/0/stderr.log"
    write(run / attempt.format(0), "first\n")
    assert one.line() == "trainer/r_x/0 first\n"
    write(run / attempt.format(1), "second\n")
    assert one.line() == "--- trainer/r_x/0: attempt 1 ---\n"
    assert one.line() == "trainer/r_x/0 second\n"
    (run / ".hidden").write_text("moved here whole\n")
    (run / ".hidden").rename(run / "rank7.log")
    assert one.line() == "rank7 moved here whole\n"
    (run / "notes.txt").write_text("no log\n")
    write(run / "rank0.log", "b\n")
    assert one.line() == "rank0 b\n"


def test_a_log_that_comes_is_told_apart_from_one_of_another_directory(
    tmp_path: Path, following: Callable[..., Following]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "rank0.log").write_text("2026-11-22 02:00:00 a\n")
    (other / "rank1.log").write_text("2026-11-22 02:00:01 b\n")
    follow = following(one, other)
    assert [follow.line().split()[0] for _ in range(2)] == ["rank0", "rank1"]
    (other / "rank0.log").write_text("c\n")
    assert follow.line() == "other/rank0 c\n"
    (one / "rank1.log").write_text("d\n")
    assert follow.line() == "one/rank1 d\n"
    (one / "rank2.log").write_text("e\n")
    assert follow.line() == "rank2 e\n"
    with (other / "rank0.log").open("a") as file:
        file.write("f\n")
    assert follow.line() == "other/rank0 f\n"


def test_a_rotated_log_comes_once(tmp_path: Path, following: Callable[..., Following]) -> None:
    run = tmp_path / "run"
    write(run / "train.log.1", "oldest\n")
    write(run / "train.log", "old\n")
    one = following(run)
    assert [one.line(), one.line()] == ["train.log oldest\n", "train.log old\n"]
    for turn, kept in enumerate(["train.log.1", "train.log.1", "train-20261122.log"]):
        (run / "train.log").rename(run / kept)
        write(run / "train.log", f"turn {turn}\n")
        assert one.line() == f"train.log turn {turn}\n"
    (run / "latest.log").symlink_to("train.log")
    write(run / "train.log", "last\n")
    assert one.line() == "train.log last\n"


def test_a_glob_grows_and_names_that_it_does_not_match_are_left_out(
    tmp_path: Path, following: Callable[..., Following]
) -> None:
    (tmp_path / "runs").mkdir()
    one = following(f"{tmp_path}/runs/*/out.log")
    assert "waiting" in one.error_line()
    write(tmp_path / "runs/other/err.log", "no\n")
    write(tmp_path / "runs/1/out.log", "one\n")
    assert one.line() == "out.log one\n"
    write(tmp_path / "runs/2/out.log", "two\n")
    assert one.line().endswith("out.log two\n")


def test_one_thread_follows_many_with_context(two: Path, following: Callable[..., Following]) -> None:
    for rank in range(2, 60):
        write(two / f"rank{rank}.log", stamped(rank, "quiet"))
    one = following("-e", "ERROR", "-B1", "-A1", two)
    for rank in (30, 1):
        write(two / f"rank{rank}.log", "before\nERROR\n")
        assert [one.line(), one.line()] == [f"rank{rank} before\n", f"rank{rank} ERROR\n"]
    write(two / "rank30.log", "after\nleft out\n")
    assert one.line() == "rank30 after\n"
    assert one.threads() < 10


@pytest.mark.parametrize("around", ["-A1", "-B1", "-C1"])
def test_a_follow_of_one_log_shows_the_lines_around_those_of_a_level(
    tmp_path: Path, following: Callable[..., Following], around: str
) -> None:
    """What comes through a pipe is followed, too."""
    log = tmp_path / "train.log"
    lines = [stamped(1, "INFO a"), stamped(2, "ERROR b"), "ValueError: c\n", stamped(3, "INFO d")]
    write(log, "".join(lines))
    shown = {"-A1": lines[1:], "-B1": lines[:3], "-C1": lines}[around]
    one = following("-l", "error", around, log)
    assert [one.line() for _ in shown] == shown
    later = [stamped(4, "INFO e"), stamped(5, "INFO f"), stamped(6, "ERROR g")]
    write(log, "".join(later))
    shown = ["--\n", *(later[2:] if around == "-A1" else later[1:])]
    assert [one.line() for _ in shown] == shown


def test_a_record_is_shown_before_its_next_line_comes(
    tmp_path: Path, following: Callable[..., Following]
) -> None:
    log = tmp_path / "train.log"
    write(log, stamped(1, "fine") + stamped(2, "ERROR boom") + "Traceback (most recent call last):\n")
    one = following("--records", "-e", "ERROR", log)
    assert one.line() == stamped(2, "ERROR boom")
    assert one.line() == "Traceback (most recent call last):\n"
    write(log, "  here\nValueError: bad\n")
    assert [one.line(), one.line()] == ["  here\n", "ValueError: bad\n"]
    write(log, stamped(3, "fine") + stamped(4, "ERROR again"))
    assert one.line() == stamped(4, "ERROR again")


def test_a_log_that_cannot_be_read_does_not_end_the_others(
    two: Path, following: Callable[..., Following]
) -> None:
    one = following("-n", "1", two)
    assert one.line() == "rank1 " + stamped(9, "rank 1")
    (two / "pipe.log").write_bytes(b"\x1f\x8b\x08 compressed under a plain name")
    write(two / "rank0.log", "goes on\n")
    assert one.line() == "rank0 goes on\n"


@pytest.mark.parametrize("more", [0, 1])
def test_who_follows_is_not_told_to_follow(two: Path, following: Callable[..., Following], more: int) -> None:
    """A follow waits for a file, and not for the directory in which that would be."""
    nowhere = two / "no" / "rank2.log"
    one = following(nowhere, *[two / "rank0.log"][:more])
    assert one.error_line() == f"logdex: {nowhere}: No such file or directory; check the path\n"


def test_a_log_that_goes_wrong_is_told_of_at_once(two: Path, following: Callable[..., Following]) -> None:
    one = following("-n", "1", two)
    assert one.line() == "rank1 " + stamped(9, "rank 1")
    lost = two / "rank0.log"
    lost.rename(two / "rank0.log.1")
    lost.mkdir()
    assert one.error_line().startswith(f"logdex: {lost}: ")
    write(two / "rank1.log", "goes on\n")
    assert one.line() == "rank1 goes on\n"
    assert one.interrupt() == (130, "")


def test_a_log_that_is_damaged_from_one_look_to_the_next_does_not_end_the_others(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there with no bytes when it is looked at first, and compressed and damaged when it is looked at again."""
    known = inputs(str(two), Wish(follow=True))
    lookout = Lookout(growing([str(two)], Wish(follow=True)), known)
    args = words.parse(parser("logdex"), ["-f", str(two)], "--regex")
    args.before = args.after = 0
    answer = CommandAnswer(args, None, known, lookout, None)
    torn = two / "pipe.log"
    torn.touch()
    write(two / "rank2.log", stamped(3, "rank 2"))
    plain = Rows.of

    def looked_at_and_then_written(rows: Rows, one: Input, ended: Any) -> Shown:
        shown = plain(rows, one, ended)
        if one.path == str(torn):
            torn.write_bytes(b"\x1f\x8b\x08 compressed under a plain name")
        return shown

    monkeypatch.setattr(Rows, "of", looked_at_and_then_written)
    come, _ = answer._look()
    assert str(two / "rank2.log") in [one.question.path for one in come]


@pytest.mark.parametrize("pattern", ["", "/*.log"])
def test_a_directory_that_was_removed_is_looked_for(two: Path, pattern: str) -> None:
    one = GrowingPath(f"{two}{pattern}", Wish(follow=True))
    assert len(one.find().sources) == 2
    shutil.rmtree(two)
    assert one.find() == Found([], [str(two)])


@pytest.mark.parametrize("options", [["-C1"], ["-B", "1"], ["-A1", "-n", "5"]], ids=" ".join)
def test_around_every_line_stand_whole_lines(options: list[str]) -> None:
    """Nothing is selected, so that a bar could be shown as it moves; around lines its frames are none."""
    one = subprocess.Popen(
        [sys.executable, "-m", "logdex", "-f", *options, "--frames", "all"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert one.stdin
    assert one.stdout
    one.stdin.write(b"one\n 1%\r 2%\r")
    one.stdin.flush()
    assert one.stdout.readline() == b"one\n"
    one.stdin.write(b" 3%\ntwo\nunfinished\r")
    assert one.communicate(timeout=60)[0] == b" 1%\r 2%\r 3%\ntwo\nunfinished\r\n"


@pytest.mark.parametrize("many", [False, True])
def test_a_follow_ends_when_nobody_reads_it(two: Path, many: bool) -> None:
    source = two if many else two / "rank0.log"
    done = subprocess.run(
        f"{sys.executable} -m logdex -f {source} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith(stamped(0, "rank 0"))
    assert done.stderr == ""


@pytest.mark.parametrize("options", [[], ["--json"], ["--since", "2026-11-22 02:00"]], ids=" ".join)
def test_an_interrupt_ends_it_though_nobody_reads(tmp_path: Path, options: list[str]) -> None:
    """A write to a full pipe is cut short by a signal, and the next one must not wait for ever."""
    for rank in range(2):
        line = "2026-11-22 02:00:{:02} " + "x" * 100 + "\n"
        (tmp_path / f"rank{rank}.log").write_text("".join(line.format(at % 60) for at in range(40_000)))
    one = subprocess.Popen(
        [sys.executable, "-m", "logdex", *options, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert one.stdout
    held, waiting = 0, bytearray(4)
    for _ in range(600):
        fcntl.ioctl(one.stdout, termios.FIONREAD, waiting)
        before, held = held, int.from_bytes(waiting, sys.byteorder)
        if held and held == before:
            break
        time.sleep(0.1)
    one.send_signal(signal.SIGINT)
    assert one.wait(timeout=60) == 130
    assert one.communicate()[1] == b""
