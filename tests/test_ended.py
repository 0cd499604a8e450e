"""How a follow learns that nobody writes any more: it asks, or is rung."""

import threading
from collections.abc import Callable
from pathlib import Path

import logdex
import pytest
from logdex._ended import AllEnded


class Writer:
    """One whose end is told by a ring; a test that waited until it is asked again would not come to its end."""

    every = 3600.0

    def __init__(self) -> None:
        self.over = False
        self.asked = 0
        self.rings: list[Callable[[], None]] = []

    def __call__(self) -> bool:
        self.asked += 1
        return self.over

    def ring_with(self, ring: Callable[[], None]) -> None:
        self.rings.append(ring)

    def end(self) -> None:
        self.over = True
        for ring in self.rings:
            ring()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_text("first\n")
    return path


def test_one_that_rings_is_hardly_asked_and_ends_the_follow_when_it_rings(path: Path) -> None:
    writer = Writer()
    lines = logdex.open(path).lines(follow=True, ended=writer)
    assert next(lines) == "first\n"

    def end() -> None:
        with path.open("a") as file:
            file.write("last")
        writer.end()

    threading.Timer(0.5, end).start()
    assert list(lines) == ["last"]
    assert writer.asked <= 3


def test_one_that_cannot_ring_is_asked_again_and_again(path: Path) -> None:
    over = threading.Event()
    asked = []
    lines = logdex.open(path).lines(follow=True, ended=lambda: bool(asked.append(1)) or over.is_set())
    assert next(lines) == "first\n"
    threading.Timer(0.5, over.set).start()
    assert list(lines) == []
    assert len(asked) > 5


def test_a_ring_after_the_answer_was_closed_does_nothing(path: Path) -> None:
    writer = Writer()
    lines = logdex.open(path).lines(follow=True, ended=writer)
    next(lines)
    threading.Timer(0.2, lines.close).start()
    assert list(lines) == []
    del lines
    writer.end()


def test_an_error_of_the_one_who_is_asked_comes_out(path: Path) -> None:
    def fails() -> bool:
        raise RuntimeError("the job store is gone")

    with pytest.raises(RuntimeError, match="the job store is gone"):
        list(logdex.open(path).lines(follow=True, ended=fails))


def test_a_merge_ends_when_the_last_writer_has_rung(tmp_path: Path) -> None:
    writers = {name: Writer() for name in "abc"}
    for name in writers:
        (tmp_path / name).write_text(f"{name}\n")
    logs = {name: logdex.open(tmp_path / name) for name in writers}
    merged = logdex.merge(logs, follow=True, ended=AllEnded(writers.values()))
    assert {next(merged)[0] for _ in writers} == set(writers)
    for at, writer in enumerate(writers.values()):
        threading.Timer(0.2 * (at + 1), writer.end).start()
    assert list(merged) == []
    assert all(writer.over for writer in writers.values())


def test_all_have_ended_when_each_has_and_one_of_which_nothing_is_known_never_does() -> None:
    writers = [Writer() for _ in range(1000)]
    ended = AllEnded(writers)
    assert not ended()
    assert not ended()
    assert sum(writer.asked for writer in writers) == 2
    for writer in writers:
        writer.over = True
    assert ended()
    assert ended()
    assert AllEnded([])()
    assert not AllEnded([lambda: True, None])()
