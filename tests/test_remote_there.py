"""`logdex ssh://...` where logdex is there: it is asked there, and answers as it would here."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import logdex
import pytest
from shell import LINES, Following, run
from terminal import Terminal


@pytest.fixture
def asked(sshd: tuple[str, str, Path], tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Puts this logdex there; tells how often an answer was asked of it."""
    noted = tmp_path / "asked"
    noted.touch()
    program = sshd[2] / "logdex"
    program.write_text(
        f'#!/bin/sh\ntest "$1" = --version || echo >> {shlex.quote(str(noted))}\n'
        f'exec {shlex.quote(sys.executable)} -m logdex "$@"\n'
    )
    program.chmod(0o755)
    yield lambda: noted.read_text().count("\n")
    program.unlink()


@pytest.fixture
def ranks(tmp_path: Path) -> Path:
    directory = tmp_path / "a run's"
    directory.mkdir()
    for rank in range(3):
        lines = [f"2026-11-22 02:1{second}:00 rank {rank} step {second}\n" for second in range(rank, 9, 3)]
        (directory / f"rank{rank}.log").write_text("".join(lines))
    return directory


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-n", "2"],
        ["-e", "ERROR|bye"],
        ["-e", "^'\"$HOME `x`"],
        ["--since", "02:10:00", "--until", "02:10"],
        ["--since", "2026-11-22 02:12"],
        ["--since", "-10m"],
        ["-l", "error", "-C1"],
        ["--json", "-e", "NCCL"],
        ["-c", "-e", "NCCL"],
        ["--time", "local", "-n1"],
        ["--color", "always", "-e", "ready"],
        ["-e", "("],
        ["--histogram"],
    ],
)
def test_what_is_answered_there_is_what_is_answered_here(
    by_ssh: str, asked: Callable[[], int], log: Path, words: list[str]
) -> None:
    here = run(*words, log)
    there = run(*words, f"{by_ssh}{log}")
    assert asked() == 1
    assert there == (here[0], here[1], here[2].replace(f"logdex: {log}: ", f"logdex: {by_ssh}{log}: "))


def test_directories_and_globs_there(by_ssh: str, asked: Callable[[], int], ranks: Path) -> None:
    assert run("-e", "step [345]", f"{by_ssh}{ranks}") == run("-e", "step [345]", ranks)
    assert run(f"{by_ssh}{ranks}/rank[01].log") == run(f"{ranks}/rank[01].log")
    sources = [f"{by_ssh}{ranks}/rank2.log", f"{by_ssh}{ranks}/rank0.log"]
    assert run(*sources) == run(ranks / "rank2.log", ranks / "rank0.log")
    assert asked() == 3


def test_a_follow_there_shows_what_comes_and_ends_with_the_command_here(
    by_ssh: str, asked: Callable[[], int], ranks: Path
) -> None:
    one = Following("-n", "1", f"{by_ssh}{ranks}")
    try:
        assert one.line() == "rank2 2026-11-22 02:18:00 rank 2 step 8\n"
        (ranks / "rank7.log").write_text("late\n")
        assert one.line() == "rank7 late\n"
    finally:
        status, _ = one.interrupt()
    assert status == 130


@pytest.mark.parametrize("words", [[], ["--json"], ["--all", "--color", "always"], ["--since", "02:14"]])
def test_ranks_are_heard_there(by_ssh: str, asked: Callable[[], int], ranks: Path, words: list[str]) -> None:
    (ranks / "rank1.log").write_text("2026-11-22 02:15:00 RuntimeError: CUDA error: device-side assert\n")
    here = run("ranks", *words, ranks)
    assert run("ranks", *words, f"{by_ssh}{ranks}") == here
    assert here[0] in (1, 4)
    assert asked() == 1


@pytest.mark.parametrize("option", ["--html", "--svg"])
def test_the_page_of_ranks_is_written_here(
    by_ssh: str, asked: Callable[[], int], ranks: Path, tmp_path: Path, option: str
) -> None:
    pytest.importorskip("rich")
    wanted = tmp_path / "here"
    assert run("ranks", option, wanted, f"{by_ssh}{ranks}/rank0.log")[0] == 0
    assert wanted.stat().st_size > 0
    assert asked() == 0


@contextmanager
def viewing(folder: Path, *words: str) -> Iterator[Terminal]:
    """`logdex view` on a terminal, which ends well at `q`."""
    terminal = Terminal(folder, sys.executable, "-m", "logdex", "view", *words)
    try:
        yield terminal
        terminal.keys("q")
        terminal.wait(lambda screen: "FINISHED 0" in screen)
    finally:
        terminal.tmux("kill-server")


def test_a_directory_is_viewed_there(
    by_ssh: str, asked: Callable[[], int], ranks: Path, tmp_path: Path
) -> None:
    pytest.importorskip("textual")
    with viewing(tmp_path, "--tz", "UTC", f"{by_ssh}{ranks}") as terminal:
        terminal.wait(lambda screen: "rank 2 step 8" in screen and "h: help" in screen)
        assert asked() == 1
        terminal.keys("g")
        terminal.wait(lambda screen: "> " in screen and "rank 0 step 0" in screen)


def test_what_cannot_be_viewed_there_is_read_from_here(
    by_ssh: str, asked: Callable[[], int], sshd: tuple[str, str, Path], ranks: Path, tmp_path: Path
) -> None:
    pytest.importorskip("textual")
    program = sshd[2] / "logdex"
    # One that is installed without the viewer.
    without = "import sys, importlib.util as u; u.find_spec = lambda name: None; from logdex.command.cli import main"
    program.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(f"{without}; sys.exit(main())")} "$@"\n'
    )
    with viewing(tmp_path, f"{by_ssh}{ranks}/rank2.log") as terminal:
        terminal.wait(lambda screen: "rank 2 step 8" in screen and "h: help" in screen)


def test_what_is_not_there_is_said_of_the_address(
    by_ssh: str, asked: Callable[[], int], tmp_path: Path
) -> None:
    missing = f"{by_ssh}{tmp_path}/none.log"
    status, out, error = run(missing)
    assert (status, out) == (2, [])
    assert error.startswith(f"logdex: {missing}: ")
    assert asked() == 1


@pytest.mark.parametrize("words", [["--files-with-matches"], ["--cursor-file", "place"]])
def test_what_is_kept_or_named_here_is_asked_here(
    by_ssh: str, asked: Callable[[], int], log: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(log.parent)
    status, out, _ = run(*words, f"{by_ssh}{log}")
    assert status == 0
    assert out == ([f"{by_ssh}{log}\n"] if words == ["--files-with-matches"] else LINES)
    assert asked() == 0


def test_another_version_there_is_not_asked(
    by_ssh: str, asked: Callable[[], int], sshd: tuple[str, str, Path], log: Path
) -> None:
    program = sshd[2] / "logdex"
    program.write_text(f"#!/bin/sh\necho logdex {logdex.__version__}.1\n")
    assert run(f"{by_ssh}{log}") == (0, LINES, "")
