"""The cursor of a merge that waits for earlier lines: wherever it is taken, each line is given once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import logdex
import pytest


class Writers:
    """Writes to several logs while they are merged: a stretch each time that the merge asks whether it is over."""

    every = 0.0

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng, self.folder = rng, folder
        self.paths = [folder / f"{name}.log" for name in "abc"[: rng.randrange(1, 4)]]
        self.number, self.turns = 0, rng.randrange(1, 6)
        self.written: list[str] = []
        for path in self.paths:
            path.touch()
            self.write(path)

    def write(self, path: Path) -> None:
        """Some lines, of times near to each other in any order; a few without one."""
        with path.open("a") as file:
            for _ in range(self.rng.randrange(5)):
                second = self.number + self.rng.randrange(-6, 7)
                stamp = (
                    f"2026-11-22 02:{30 + second // 60:02}:{second % 60:02} "
                    if self.rng.random() < 0.9
                    else ""
                )
                self.written.append(f"{stamp}line {self.number}\n")
                file.write(self.written[-1])
                self.number += 1

    def rotate(self, path: Path) -> None:
        for number in range(9, 0, -1):
            old = Path(f"{path}.{number}")
            if old.exists():
                old.rename(f"{path}.{number + 1}")
        path.rename(f"{path}.1")
        path.touch()

    def ring_with(self, ring: Callable[[], None]) -> None:
        """It is asked at each look."""

    def __call__(self) -> bool:
        if self.turns <= 0:
            return True
        self.turns -= 1
        for path in self.paths:
            if self.rng.random() < 0.2:
                self.rotate(path)
            if self.rng.random() < 0.7:
                self.write(path)
        return False

    def merge(self, after: str | None, **options: Any) -> Any:
        return logdex.merge(
            {path.name: path for path in self.paths}, after=after, follow=True, ended=self, **options
        )


def some(answer: Iterator[tuple[str, logdex.Record]], count: int) -> list[str]:
    return [record.text for _, (_, record) in zip(range(count), answer, strict=False)]


@pytest.mark.parametrize("patience", [0.0, 0.02, 5.0])
def test_each_line_is_given_once_wherever_it_is_gone_on(tmp_path: Path, patience: float) -> None:
    for seed in range(40):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        writers = Writers(rng, folder)
        given: list[str] = []
        cursor = None
        for _ in range(rng.randrange(1, 4)):
            with writers.merge(cursor, patience=patience) as answer:
                given += some(answer, rng.randrange(12))
                cursor = answer.cursor
        writers.turns = 0
        with writers.merge(cursor, patience=patience) as answer:
            rest = list(answer)
        given += [record.text for _, record in rest]
        assert sorted(given) == sorted(writers.written), (seed, given, writers.written)
        # What was there comes in the order of time.
        times = [record.time for _, record in rest if record.time is not None]
        assert times == sorted(times), seed


def test_the_lines_that_wait_come_again(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2026-11-22 02:00:00 first\n")
    other = tmp_path / "b.log"
    other.touch()
    texts = iter(["2026-11-22 02:00:09 waits\n2026-11-22 02:00:01 goes\n2026-11-22 02:00:08 waits\n"])
    over = []

    def ended() -> bool:
        with path.open("a") as file:
            file.write(next(texts, ""))
        return bool(over)

    with logdex.merge({"a": path, "b": other}, follow=True, patience=0.3, ended=ended) as answer:
        assert some(answer, 2) == ["2026-11-22 02:00:00 first\n", "2026-11-22 02:00:01 goes\n"]
        cursor = answer.cursor
    over.append(True)
    with logdex.merge({"a": path, "b": other}, after=cursor) as answer:
        assert some(answer, 9) == ["2026-11-22 02:00:08 waits\n", "2026-11-22 02:00:09 waits\n"]
