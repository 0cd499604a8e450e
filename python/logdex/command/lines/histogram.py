"""`--histogram`: how many lines there were when, by level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from logdex import _core

_BARS = " ▏▎▍▌▋▊▉█"
_COLORS = {"trace": 90, "debug": 36, "info": 32, "warning": 33, "error": 31, "critical": 35, None: 0}
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
"""How many seconds a row may stand for; beyond a day, so many days as are needed."""
_ROWS = 24


def rows(records: Iterable[_core.Record], *, width: int, color: bool) -> Iterator[str]:
    """The lines of a picture, the earliest first, of at most about 24 rows.

    Of each row, when it begins, how many lines there were, and a bar that is as long as the share of the fullest row.
    """
    counts: Counter[tuple[int, str | None]] = Counter()
    untimed, zone = 0, None
    for record in records:
        if record.time_ns is None:
            untimed += 1
            continue
        zone = zone or record.time
        counts[record.time_ns // 10**9, str(record.level) if record.level is not None else None] += 1
    if counts and zone is not None:
        yield from _bars(counts, zone, width=width, color=color)
    if untimed:
        yield f"{untimed:,} lines without a time\n"


def _bars(
    counts: Counter[tuple[int, str | None]], zone: datetime, *, width: int, color: bool
) -> Iterator[str]:
    first, last = min(second for second, _ in counts), max(second for second, _ in counts)
    step = _step(last - first + 1)
    # Rows begin where a clock in this zone shows whole steps.
    shift = int((zone.utcoffset() or timedelta()).total_seconds())
    by_row: dict[int, Counter[str | None]] = {}
    for (second, level), count in counts.items():
        by_row.setdefault((second + shift) // step, Counter())[level] += count
    most = max(sum(row.values()) for row in by_row.values())
    room = max(width - 32, 10)
    for number in range(min(by_row), max(by_row) + 1):
        row = by_row.get(number, Counter())
        begin = datetime.fromtimestamp(number * step - shift, zone.tzinfo)
        total = sum(row.values())
        yield f"{begin:%Y-%m-%d %H:%M:%S} {total:>9,} {_bar(row, total / most * room, color)}\n"


def _step(seconds: int) -> int:
    for step in _STEPS:
        if seconds <= step * _ROWS:
            return step
    return -(-seconds // (_ROWS * 86_400)) * 86_400


def _bar(row: Counter[str | None], length: float, color: bool) -> str:
    if not color:
        whole, eighths = divmod(round(length * 8), 8)
        return "█" * whole + (_BARS[eighths] if eighths else "")
    total, drawn = sum(row.values()), 0.0
    parts: list[tuple[int, str]] = []
    for level, code in _COLORS.items():
        drawn += row[level] / total * length if total else 0.0
        cells = round(drawn) - sum(len(text) for _, text in parts)
        parts.append((code, "█" * cells))
    return "".join(f"\x1b[{code}m{text}\x1b[0m" if code else text for code, text in parts if text)
