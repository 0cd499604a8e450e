"""Logs that may not be read, or not yet: who makes a log for another says last who may read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from shell import Following

_SETPRIV = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""What makes root one of those for whom permissions count."""


@pytest.fixture
def wrap() -> tuple[str, ...]:
    """What stands before a command, so that permissions count for it."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv") or subprocess.run([*_SETPRIV, "true"], capture_output=True).returncode:
        pytest.skip("needs setpriv, for root may read everything")
    return _SETPRIV


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def refuse(path: Path) -> None:
    path.chmod(0)


def run(wrap: tuple[str, ...], *args: object, stdin: IO[bytes] | None = None) -> tuple[int, str, str]:
    command = [*wrap, sys.executable, "-m", "logdex", *map(str, args)]
    done = subprocess.run(
        command, stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout, done.stderr


ROTATED = """
import os, sys, logdex
path, out, asked = sys.argv[1], None, 0

def ended():
    global asked
    asked += out is not None
    # Between two of these the name was looked at.
    if asked == 3:
        os.fchmod(out, 0o600)
        os.write(out, b"two\\n")
    return False

follow = logdex.open(path).lines(follow=True, ended=ended)
if os.path.exists(path):
    assert next(follow) == "one\\n"
    os.rename(path, path + ".1")
out = os.open(path, os.O_CREAT | os.O_WRONLY, 0)
assert next(follow) == "two\\n"
assert asked >= 3
"""


@pytest.mark.parametrize("rotated", [True, False])
def test_a_new_file_that_has_nothing_may_be_read_later(
    tmp_path: Path, wrap: tuple[str, ...], rotated: bool
) -> None:
    """So logrotate makes it: for nobody, and then for its owner and group."""
    log = tmp_path / "app.log"
    if rotated:
        log.write_text("one\n")
    done = subprocess.run([*wrap, sys.executable, "-c", ROTATED, str(log)], capture_output=True, text=True)
    assert done.stderr == ""


def test_a_new_log_of_a_directory_may_be_read_later(
    tmp_path: Path, wrap: tuple[str, ...], following: Callable[..., Following]
) -> None:
    write(tmp_path / "rank0.log", "one\n")
    one = following(tmp_path, wrap=wrap)
    assert one.line() == "rank0 one\n"
    late = tmp_path / "rank1.log"
    late.touch(0)
    # By the time that this comes, there was a look at the new name.
    write(tmp_path / "rank2.log", "two\n")
    assert one.line() == "rank2 two\n"
    late.chmod(0o600)
    write(late, "three\n")
    assert one.line() == "rank1 three\n"
    assert one.interrupt() == (130, "")


@pytest.mark.parametrize("at_first", [True, False])
@pytest.mark.parametrize("name", ["rank1.log", "other.log.1"])
def test_what_may_not_be_read_is_told_once_and_found_again(
    tmp_path: Path, wrap: tuple[str, ...], following: Callable[..., Following], name: str, at_first: bool
) -> None:
    write(tmp_path / "rank0.log", "one\n")
    refused = tmp_path / name

    def come() -> None:
        made = tmp_path / "new"
        made.write_text("refused\n")
        refuse(made)
        made.rename(refused)

    if at_first:
        come()
    one = following(tmp_path, wrap=wrap)
    assert one.line() == "rank0 one\n"
    if not at_first:
        come()
    assert one.error_line() == f"logdex: {refused}: Permission denied\n"
    write(tmp_path / "rank2.log", "two\n")
    assert one.line() == "rank2 two\n"
    refused.chmod(0o600)
    # A name that comes makes them look.
    write(tmp_path / "rank3.log", "three\n")
    assert {one.line().split(maxsplit=1)[1] for _ in range(2)} == {"refused\n", "three\n"}
    assert one.interrupt() == (130, "")


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("refused", ["rank0.log", "rank0.log.1", "both"])
def test_a_part_of_a_rotated_set_that_may_not_be_read_hides_nothing(
    tmp_path: Path, wrap: tuple[str, ...], following: Callable[..., Following], refused: str, follow: bool
) -> None:
    for name in ("rank0.log.1", "rank0.log", "rank1.log"):
        write(tmp_path / name, f"{name}\n")
    names = ["rank0.log.1", "rank0.log"] if refused == "both" else [refused]
    for name in names:
        refuse(tmp_path / name)
    left = {"rank0.log.1", "rank0.log", "rank1.log"} - set(names)
    if follow:
        one = following(tmp_path, wrap=wrap)
        assert {one.line().split()[1] for _ in left} == left
        told = {one.error_line() for _ in names}
    else:
        status, out, error = run(wrap, tmp_path)
        assert status == 2
        assert {line.split()[1] for line in out.splitlines()} == left
        told = set(error.splitlines(keepends=True))
    assert {line.split(": ")[1] for line in told} == {str(tmp_path / name) for name in names}
    assert all(": Permission denied" in line for line in told)


@pytest.mark.parametrize("options", [[], ["-"], ["-e", "o"], ["-f"]], ids=" ".join)
def test_standard_input_is_read_where_its_file_may_not_be_opened(
    tmp_path: Path, wrap: tuple[str, ...], options: list[str]
) -> None:
    """Who starts it has opened the file, as in `sudo -u nobody logdex < /var/log/app.log`."""
    log = tmp_path / "app.log"
    log.write_text("one\ntwo\n")
    with log.open("rb") as handed_over:
        refuse(log)
        assert run(wrap, *options, stdin=handed_over) == (0, "one\ntwo\n", "")
