"""Real torchrun failures (tests/data/torchrun/), each in the forms in which its logs lie about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parent / "data" / "torchrun"
TRUTH = {"a_raise": {"2"}, "b_kill": {"1"}, "d_exit0": {"2"}, "h_twonodes": {"3"}}
"""Who failed first; in `f_restart` nobody alone in the last attempt, and rank 1 in the first."""


def forms(case: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The sources of each form: trees of a file for each rank, with and without the launchers' logs."""
    there = folder / case
    if not there.exists():
        shutil.copytree(DATA / case, there)
        for line in (there / "mtimes.tsv").read_text().splitlines():
            name, mtime, _ = line.split("\t")
            if (there / name).exists():
                os.utime(there / name, (float(mtime), float(mtime)))
    for tree in ("redirects", "tee"):
        consoles = [str(path) for path in sorted(there.glob(f"{tree}*.console.log"))]
        yield tree, [str(there / tree)]
        yield f"{tree} and launcher", [str(there / tree), *consoles]
        yield f"{tree} launcher alone", consoles
    yield "torchx", [str(there / "torchx")]
    yield "torchx console", [str(there / "torchx.console.log")]
