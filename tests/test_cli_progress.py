"""When the command says how far it has come: never on a terminal that somebody else paints."""

import io
import os
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from logdex.command.lines import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Makes standard error a terminal, which pytest itself sets between a fixture and its test; nobody has patience."""
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setattr(progress, "_EVERY", 0.001)

    def make() -> Terminal:
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr  # type: ignore[return-value]

    return make


@pytest.fixture
def stdout() -> Iterator[Callable[[int], None]]:
    """Puts a descriptor in the place of standard output, until the test ends."""
    kept = os.dup(1)
    yield lambda other: (os.dup2(other, 1), None)[1]
    os.dup2(kept, 1)
    os.close(kept)


def _is_told() -> bool:
    return any(thread.name == "logdex-progress" for thread in threading.enumerate())


@pytest.mark.parametrize(("count", "told"), [(False, False), (True, True)])
def test_a_pager_behind_a_pipe_has_its_terminal_for_itself(
    terminal: Callable[[], Terminal], stdout: Callable[[int], None], count: bool, told: bool
) -> None:
    terminal()
    reader, writer = os.pipe()
    stdout(writer)
    with progress.Progress(Namespace(follow=False, count=count)):
        assert _is_told() == told
    os.close(reader)
    os.close(writer)


def test_where_lines_go_into_a_file_it_is_told_and_wiped_away(
    tmp_path: Path,
    terminal: Callable[[], Terminal],
    stdout: Callable[[int], None],
    eventually: Callable[..., None],
) -> None:
    with (tmp_path / "out").open("w") as file:
        stdout(file.fileno())
        shown = terminal()
        with progress.Progress(Namespace(follow=False, count=False)):
            eventually(lambda: "GB read in 0 s" in shown.getvalue())
    assert shown.getvalue().endswith("\r\x1b[K")
