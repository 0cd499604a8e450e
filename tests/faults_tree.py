"""Random scripts of making, appending to and removing logs in a tree, and what of it must be followed.

A script is played by the one who also reads, so the test knows when a log was seen: nothing hangs on a moment.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

NAMES = ["d1", "d2", "d3"]


class Tree:
    """A tree of logs, with all that was ever written to each of them.

    Each line says its number and its log, and is written whole.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.rng = random.Random(seed)
        self.number = 0
        self.written: list[str] = []

    def _directory(self) -> Path:
        depth = self.rng.randrange(4)
        return self.root.joinpath(*self.rng.choices(NAMES, k=depth))

    def write(self) -> None:
        """Lines are appended to a log, which may be new, in a directory that may be new with those above it."""
        directory = self._directory()
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"s{self.rng.randrange(5)}.log"
        lines = []
        for _ in range(self.rng.randrange(1, 4)):
            self.number += 1
            lines.append(f"{self.number} {path.relative_to(self.root)}\n")
        with path.open("ab", buffering=0) as out:
            out.write("".join(lines).encode())
        self.written += lines

    def remove(self) -> None:
        """A log is removed, or a directory with all below it."""
        there = sorted(self.root.rglob("*"))
        if not there:
            return
        victim = self.rng.choice(there)
        if victim.is_dir():
            shutil.rmtree(victim)
        else:
            victim.unlink()
