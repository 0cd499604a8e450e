"""`logdex --cursor-file` under random writers, rotations and kills: nothing is lost, and little shown twice."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from cursor_stage import PIECE, Call, Script, Stage
from logdex import _core
from logdex.command.lines.place import Place

SCRIPTS = int(os.environ.get("LOGDEX_SCRIPTS", "60"))
"""`LOGDEX_SCRIPTS=3000 pytest tests/test_cursor_scripts.py --timeout 0` is the long profile."""


@pytest.mark.parametrize("many", [False, True], ids=["log", "directory"])
def test_each_line_is_shown(tmp_path: Path, many: bool) -> None:
    twice = 0
    for seed in range(SCRIPTS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        twice += bool(Script(seed, folder, many=many).play())
    # Where the number of a file that is gone is given to a new one, and where a file was moved between the look at a
    # directory and the opening, lines may come again: seldom.
    assert twice <= max(SCRIPTS // 20, 1), twice


@pytest.mark.parametrize("dies", [False, True], ids=["ends", "killed"])
def test_three_rotations_behind_the_back_of_a_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """A log that is rotated and compressed between the opening of its files and the first look at its name."""
    stage = Stage(tmp_path, random.Random(0), "")
    place, shown = tmp_path / "place", []
    stage.lines()

    def call(*, follows: bool) -> None:
        one = Call(stage, place, stage.log)
        one.follows, one.kills, one.left, one.asked = follows, False, 0, 1 if not dies else 2
        shown.append(one.run(tmp_path))

    call(follows=False)
    begin = Place.begin

    def meanwhile(kept: Place, begun: list[_core.Mark], done: list[_core.Mark]) -> None:
        begin(kept, begun, done)
        monkeypatch.setattr(Place, "begin", begin)
        for _ in range(3):
            stage.lines()
            stage.piece()
            stage.rotate()
        for _ in range(3):
            stage.compress()
        stage.lines()
        if dies:
            stage.trace.append("killed")
            raise KeyboardInterrupt

    monkeypatch.setattr(Place, "begin", meanwhile)
    call(follows=True)
    stage.lines()
    stage.close()
    call(follows=False)
    call(follows=False)
    pieces = [int(piece) for text in shown for piece in PIECE.findall(text)]
    assert sorted(pieces) == sorted(stage.whole())
