"""The viewer on 8 GiB, by Textual's pilot: from a key or a typed jump to the painted screen.

Page cache as warm as the machine allows; medians of `LOGDEX_ROUNDS` rounds, each somewhere else. What is printed are
rows for RESULTS.md. The index of times and text is built before, and kept in a folder of the bench.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("textual")

import logdex
from logdex.command import cli
from logdex.view.app import Viewer
from logdex.view.lines_view import LinesView
from measure import Corpus

ROUNDS = int(os.environ.get("LOGDEX_ROUNDS", "9"))
DAYS = 32
"""Of 256 MiB each."""

Ask = Callable[[Viewer, int], None]


def _typed(asked: str, said: Callable[[int], str]) -> Ask:
    return lambda app, turn: app.on_lines_view_typed(LinesView.Typed(asked, said(turn)))


JUMPS: dict[str, Ask] = {
    "to a time": _typed(":", lambda turn: f"2026-10-{1 + 3 * turn % 30:02} 0{turn % 7}:1{turn % 10}"),
    "to a step": _typed(":", lambda turn: f"step {1 + turn * 1_700_003}"),
    "to a line": _typed(":", lambda turn: f"{1 + turn * 7_000_003}"),
    "to a share": _typed(":", lambda turn: f"{5 + turn * 10}%"),
    "last line": lambda app, _: app.action_last(),
    # What is searched for from here on has all of the log before it.
    "first line": lambda app, _: app.action_first(),
    "next error": lambda app, _: app.action_error(1),
    "a word that is nowhere": _typed("/", lambda turn: f"quixotic{turn}"),
    "a word of a few lines": _typed("/", lambda _: "needle-gamma"),
}


async def _until(there: Callable[[], bool]) -> None:
    for _ in count():
        if there():
            return
        await asyncio.sleep(0)


def _view(path: Path, play: Callable[[Viewer], Awaitable[None]]) -> float:
    """Opens a viewer and has `play` use it; returns the seconds until its first screen."""
    begun = time.perf_counter()
    app = Viewer(logdex.open(path, tz="UTC"), title="bench")

    async def run() -> float:
        async with app.run_test(size=(120, 40)):
            await _until(lambda: bool(app.view._painted))
            first = time.perf_counter() - begun
            await play(app)
            return first

    return asyncio.run(run())


@pytest.mark.timeout(0)
def test_jumps_and_searches(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDEX_CACHE", str(tmp_path))
    path = corpus("stamped", 256, days=DAYS)
    nothing_yet = _view(path, lambda app: asyncio.sleep(0))
    assert cli.main(["index", "--text", str(path)]) == 0
    took: dict[str, list[float]] = {name: [] for name in JUMPS}

    async def play(app: Viewer) -> None:
        # The strip of density is drawn behind the first screen, on a thread.
        await app.workers.wait_for_complete()
        for turn in range(ROUNDS):
            for name, ask in JUMPS.items():
                begun = time.perf_counter()
                ask(app, turn)
                await _until(lambda: app._job is None and not app._waiting)
                took[name].append(time.perf_counter() - begun)

    first = _view(path, play)
    print(f"\n| first screen, no index | {1000 * nothing_yet:.0f} ms |")
    print(f"| first screen, indexed | {1000 * first:.0f} ms |")
    for name, seconds in took.items():
        print(f"| {name} | {1000 * statistics.median(seconds):.1f} ms, at most {1000 * max(seconds):.1f} |")
