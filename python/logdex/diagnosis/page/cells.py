"""What ranks wrote when, as rows of cells of one width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from logdex.diagnosis.rank import Rank


@dataclass
class Cell:
    """What one rank wrote in one column of time; `heat` is its share, 0 to 1, of the most in any cell."""

    lines: float = 0.0
    errors: float = 0.0
    heat: float = 0.0


def columns(
    rows: Sequence[Rank], first: datetime | None, last: datetime | None, width: int
) -> list[list[Cell]]:
    """For each of `rows`, `width` cells from `first` to `last`."""
    cells = [[Cell() for _ in range(width)] for _ in rows]
    if first is None or last is None:
        return cells
    begin, span = first.timestamp(), max((last - first).total_seconds(), 1e-3)
    for row, out in zip(rows, cells, strict=True):
        for start, seconds, lines, errors in row.history:
            _spread(out, (start - begin) / span, seconds / span, lines, errors)
    most = max((cell.lines for out in cells for cell in out), default=0.0) or 1.0
    for out in cells:
        for cell in out:
            cell.heat = cell.lines / most
    return cells


def _spread(out: list[Cell], left: float, share: float, lines: int, errors: int) -> None:
    """Puts a column of a rank's own history, wider or narrower, into the cells that it covers."""
    first = min(max(int(left * len(out)), 0), len(out) - 1)
    last = min(max(int((left + share) * len(out) - 1e-9), first), len(out) - 1)
    for cell in out[first : last + 1]:
        cell.lines += lines / (last - first + 1)
    # An error is one moment: shown once, where its column begins.
    out[first].errors += errors
