"""A log and all that befalls it, played at the worst moments of a `logdex --cursor-file` on purpose.

Everything happens in one thread: the command runs in this process, and what writers and rotators do meanwhile is played
from inside of it, when it looks at names, opens files, and asks whether a follow shall end. So the same number gives
the same races each time. A line is made of pieces, each of which is known by its number; the naive twin is the list of
what was written.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from logdex import _core
from logdex.command import cli
from logdex.command.lines import answer
from logdex.command.lines.place import Place
from logdex.inputs import input as inputs
from logdex.inputs import rotation

PIECE = re.compile(r"<(\d+)>")


class Killed(BaseException):
    """The process is gone: nothing of what it would do at its end is done."""


class Stage:
    """The log, its writer, and the one who rotates it; nothing is ever deleted."""

    def __init__(self, folder: Path, rng: random.Random, banner: str) -> None:
        self.folder, self.rng, self.banner = folder / "job", rng, banner
        self.folder.mkdir()
        self.log = self.folder / "rank0.log"
        self.written: list[list[int]] = [[]]
        """The pieces of each line; the last is not finished."""
        self.number = 0
        self.trace: list[str] = []
        self.out = self.log.open("a", buffering=1 << 20)

    def _opened(self) -> Any:
        is_new = not self.log.exists() or not self.log.stat().st_size
        out = self.log.open("a", buffering=1 << 20)
        if is_new and self.banner:
            # What says nothing but what the others begin with is not told from them once it is compressed.
            out.write(self.banner)
            self.out = out
            self.line()
        return out

    def close(self) -> None:
        """Nobody writes any more."""
        self.out.close()

    def begin(self) -> int:
        """The first piece in the log as it is now."""
        found = PIECE.search(self.log.read_text())
        return int(found[1]) if found else self.number

    def piece(self) -> None:
        """A part of a line."""
        self.written[-1].append(self.number)
        self.out.write(f"<{self.number}>")
        self.out.flush()
        self.number += 1

    def line(self) -> None:
        """A line, or the rest of one."""
        self.piece()
        self.out.write("\n")
        self.out.flush()
        self.written.append([])

    def lines(self) -> None:
        for _ in range(self.rng.randrange(1, 4)):
            self.line()

    def _shift(self) -> None:
        for number in range(200, 0, -1):
            for more in ("", ".gz"):
                old = Path(f"{self.log}.{number}{more}")
                if old.exists():
                    old.rename(f"{self.log}.{number + 1}{more}")

    def rotate(self) -> None:
        """The writer turns to the new file at once; what it had begun is not finished."""
        self._shift()
        self.log.rename(f"{self.log}.1")
        self.out.close()
        if self.written[-1]:
            self.written.append([])
        self.out = self._opened()
        if self.rng.random() < 0.7:
            self.lines()

    def rotate_and_linger(self) -> None:
        """The writer goes on in the old file for a while."""
        self._shift()
        self.log.rename(f"{self.log}.1")
        if self.rng.random() < 0.5:
            self.log.touch()
        for _ in range(self.rng.randrange(3)):
            self.rng.choice([self.piece, self.line])()
        self.out.close()
        if self.written[-1]:
            self.written.append([])
        self.out = self._opened()

    def copy_and_cut(self) -> None:
        self._shift()
        shutil.copy(self.log, f"{self.log}.1")
        os.truncate(self.log, 0)
        if self.written[-1]:
            self.written.append([])

    def compress(self) -> None:
        """One of the rotated files, as `gzip` does it."""
        there = [one for one in self.folder.glob("rank0.log.*") if one.suffix != ".gz"]
        if there:
            old = self.rng.choice(sorted(there))
            with gzip.open(f"{old}.gz.new", "wb") as file:
                file.write(old.read_bytes())
            os.rename(f"{old}.gz.new", f"{old}.gz")
            old.unlink()

    def deed(self) -> None:
        """Something happens."""
        deeds: list[Callable[[], None]] = [
            *[self.lines] * 4,
            *[self.piece] * 3,
            *[self.rotate] * 3,
            self.rotate_and_linger,
            self.copy_and_cut,
            *[self.compress] * 2,
        ]
        deed = self.rng.choice(deeds)
        deed()
        self.trace.append(deed.__name__)

    def whole(self) -> set[int]:
        """The pieces of lines that are finished, or will never be."""
        return {piece for line in self.written[:-1] for piece in line}


class Call:
    """One call of the command, under which things happen, and which may be killed."""

    def __init__(self, stage: Stage, place: Path, target: Path) -> None:
        self.stage, self.place, self.target = stage, place, target
        rng = stage.rng
        self.follows = rng.random() < 0.6
        self.kills = rng.random() < 0.4
        self.interrupts = rng.random() < 0.3
        self.busy = rng.choice([0.0, 0.05, 0.3])
        self.asked = rng.randrange(2, 25)
        self.left = rng.randrange(12)
        self.shown: Any = None
        self.kept: Any = None
        self.dead = False
        self.may_fail = False

    def looks(self) -> None:
        """It is about to look at a name or a file."""
        while self.left and self.place.exists() and self.stage.rng.random() < self.busy:
            self.left -= 1
            self.stage.deed()
        if self.kills and self.stage.rng.random() < 0.02:
            self._die()

    def _die(self) -> None:
        self.dead = True
        self.stage.trace.append("killed")
        raise Killed

    def store(self) -> None:
        """What the command does twice in a second."""
        if self.shown is not None:
            self.kept.store(self.shown.cursor)
            self.stage.trace.append("stored")

    # What the engine asks, at its looks.

    every = 0.0

    def ring_with(self, ring: Callable[[], None]) -> None:
        """It never rings: it is asked at each look."""

    def __call__(self) -> bool:
        rng = self.stage.rng
        while rng.random() < 0.3:
            self.stage.deed()
        if rng.random() < 0.3:
            self.store()
        self.asked -= 1
        if self.kills and rng.random() < 0.1:
            self._die()
        if self.asked <= 0:
            self.stage.trace.append("interrupted" if self.interrupts else "ended")
            if self.interrupts:
                raise KeyboardInterrupt
            return True
        return False

    def run(self, folder: Path) -> str:
        """What it shows."""
        words = ["--cursor-file", str(self.place), "--no-labels", str(self.target)]
        self.stage.trace.append(f"call {'-f' if self.follows else ''} {self.target.name}")
        out = folder / "out"
        with out.open("wb") as file, standard_output(file.fileno()), self._inside():
            try:
                status = cli.main(["-f", *words] if self.follows else words)
                allowed = {0, 1} | ({130} if self.follows else set()) | ({2} if self.may_fail else set())
                assert status in allowed, (status, self.stage.trace)
            except Killed:
                pass
            finally:
                # Each knows of the other, and nobody would let go of the files.
                self.shown = self.kept = None
        return out.read_text()

    @contextmanager
    def _inside(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            call = self

            def attend(kept: Place, show: _core.Show) -> None:
                call.kept, call.shown = kept, show

            def finish(kept: Place, show: _core.Show) -> None:
                if not call.dead:
                    kept.store(show.cursor)

            patch.setattr(Place, "attend", attend)
            patch.setattr(Place, "finish", finish)
            made = inputs.Input.__init__

            def make(one: inputs.Input, *args: Any, **named: Any) -> None:
                made(one, *args, **named)
                if call.follows:
                    one.ended = call

            patch.setattr(inputs.Input, "__init__", make)
            patch.setattr(
                answer.CommandAnswer, "_all_ended", property(lambda _: call if call.follows else None)
            )
            opened = rotation.Pinned.__init__

            def pin(one: rotation.Pinned, name: str) -> None:
                call.looks()
                opened(one, name)
                call.looks()

            patch.setattr(rotation.Pinned, "__init__", pin)
            listed = os.listdir

            def look(*args: Any) -> Any:
                call.looks()
                names = listed(*args)
                call.looks()
                return names

            patch.setattr(os, "listdir", look)
            yield


@contextmanager
def standard_output(descriptor: int) -> Iterator[None]:
    before = os.dup(1)
    os.dup2(descriptor, 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


class Script:
    """Random calls of the command over one log, with all that happens before, between and under them."""

    def __init__(self, seed: int, folder: Path, *, many: bool) -> None:
        """`many`: the directory is asked for, and not the log in it."""
        rng = random.Random(seed)
        self.seed, self.folder, self.many = seed, folder, many
        self.stage = Stage(
            folder, rng, rng.choice(["", "same banner\n", "same banner, a long one " * 40 + "\n"])
        )
        if many:
            (self.stage.folder / "rank1.log").write_text("other\n")
        self.place = folder / "place"
        self.shown: set[int] = set()
        self.whole: Counter[tuple[int, ...]] = Counter()
        """How often calls that were not killed have shown a line that is whole."""
        self.first = 0
        """What was rotated away before the first call was not asked for, but in a directory."""

    def call(self, *, last: bool = False) -> None:
        """One call; the `last` ones are quiet."""
        stage = self.stage
        call = Call(stage, self.place, stage.folder if self.many else stage.log)
        if last:
            call.follows, call.kills, call.left = False, False, 0
        elif self.many:
            # Files that change their names between the look at the directory and the opening may not be found.
            call.may_fail = True
        if not self.place.exists() and not self.many:
            self.first = stage.begin()
        text = call.run(self.folder)
        lines = [tuple(map(int, PIECE.findall(line))) for line in text.splitlines()]
        self.shown.update(piece for line in lines for piece in line)
        if not call.dead:
            whole = {tuple(line) for line in stage.written[:-1]}
            self.whole.update(line for line in lines if line in whole)

    def play(self) -> list[tuple[int, ...]]:
        """Plays it, compares with what was written, and returns the lines that were shown more than once."""
        rng, stage = self.stage.rng, self.stage
        for _ in range(rng.randrange(1, 5)):
            for _ in range(rng.randrange(4)):
                stage.deed()
            self.call()
        if stage.written[-1]:
            stage.line()
        stage.close()
        # A line that any look could have seen is shown by the call or by the next.
        for _ in range(2):
            self.call(last=True)
        lost = {piece for piece in stage.whole() if piece >= self.first} - self.shown
        assert not lost, (self.seed, "lost", sorted(lost), stage.trace)
        return [line for line, count in self.whole.items() if count > 1 and line]
