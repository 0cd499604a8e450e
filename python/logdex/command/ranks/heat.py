"""A heat map of ranks by time: as characters for a terminal, as a picture in SVG."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from logdex.diagnosis.page.cells import Cell, columns
from logdex.diagnosis.rank import Rank
from logdex.diagnosis.records.short import showable
from logdex.inputs.input import text_of
from logdex.ranks import Ranks

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 19
"""How many characters of a name there is room for."""
_COOL = ("#0d2b45", "#14507a", "#1c7fb0", "#38b0cf", "#8ad9d3", "#e4f5d0")


def bar(cell: Cell) -> tuple[str, str]:
    """A cell as a character and its style for rich."""
    if cell.errors:
        return "!", "bold white on red"
    if cell.lines <= 0:
        return "·", "bright_black"
    return _BARS[min(int(cell.heat * len(_BARS)), len(_BARS) - 1)], "cyan"


def svg(told: Ranks, width: int = 200) -> str:
    """The heat map of all ranks as a picture, 1,200 units wide."""
    rows = told.ranks
    left, top, right, height = 160, 64, 24, max(min(22, 1600 // max(len(rows), 1)), 5)
    wide = 1200 - left - right
    bottom = top + height * len(rows)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 {bottom + 56}" '
        f'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">',
        f'<rect width="1200" height="{bottom + 56}" fill="#0b0f14"/>',
        f'<text x="{left}" y="24" fill="#f0f4f8" font-size="15" font-weight="bold">'
        f"{_xml(_title(told))}</text>",
        *_axis(told, left, wide, top, bottom),
    ]
    for place, (rank, cells) in enumerate(
        zip(rows, columns(rows, told.first, told.last, width), strict=True)
    ):
        out += _row(rank, cells, told, (left, top + place * height, wide / width, height))
    out += _legend(left, bottom + 34)
    return "\n".join([*out, "</svg>", ""])


def _title(told: Ranks) -> str:
    facts = dict(told.diagnosis.facts)
    silent = ", ".join(_who(one) for one in told.silent[:6])
    return f"first failure: {facts.get('first failure', 'none')}" + (f"; silent: {silent}" if silent else "")


def _axis(told: Ranks, left: int, wide: int, top: int, bottom: int) -> list[str]:
    if told.first is None or told.last is None:
        return []
    span, out = told.last - told.first, []
    for tick in range(7):
        x = left + wide * tick / 6
        moment: datetime = told.first + timedelta(seconds=span.total_seconds() * tick / 6)
        anchor = "start" if tick == 0 else "end" if tick == 6 else "middle"
        out.append(
            f'<text x="{x:.1f}" y="{top - 10}" fill="#9fb3c8" text-anchor="{anchor}">{moment:%H:%M:%S}</text>'
        )
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{bottom}" stroke="#243b53"/>')
    return out


def _row(rank: Rank, cells: list[Cell], told: Ranks, place: tuple[float, float, float, float]) -> list[str]:
    left, y, wide, height = place
    color = "#ff5c5c" if rank.name in _named(told) else "#ffd166" if rank.is_silent else "#bcccdc"
    size = min(12, height - 1)
    out = [
        f'<text x="{left - 8}" y="{y + height * 0.72:.1f}" fill="{color}" text-anchor="end" '
        f'font-size="{size}">{_xml(_short(_who(rank)))}</text>'
    ]
    for at, cell in enumerate(cells):
        fill = _fill(cell)
        if fill:
            out.append(
                f'<rect x="{left + at * wide:.2f}" y="{y + 1}" width="{wide + 0.1:.2f}" '
                f'height="{height - 2}" fill="{fill}"/>'
            )
    # Errors last and a little wider, so that one among a thousand lines is seen.
    for at, cell in enumerate(cells):
        if cell.errors:
            out.append(
                f'<rect x="{left + at * wide - 1:.2f}" y="{y}" width="{wide + 2:.2f}" '
                f'height="{height}" fill="#ff2e2e"/>'
            )
    return out


def _named(told: Ranks) -> tuple[str, ...]:
    return told.diagnosis.ranks if told.diagnosis.kind in ("rank", "host") else ()


def _who(rank: Rank) -> str:
    return f"rank {rank.name}" if rank.name.isdigit() else rank.name


def _short(name: str) -> str:
    """What of a name fits beside the picture: its end tells most."""
    return name if len(name) <= _WIDEST else f"…{name[1 - _WIDEST :]}"


def _xml(text: str) -> str:
    """Text as XML can hold it: names of files hold any byte."""
    return escape(showable(text_of(text)))


def _fill(cell: Cell) -> str:
    if cell.lines <= 0:
        return ""
    return _COOL[min(int(cell.heat**0.5 * len(_COOL)), len(_COOL) - 1)]


def _legend(left: int, y: int) -> list[str]:
    out = [f'<text x="{left}" y="{y + 10}" fill="#9fb3c8">lines written: few</text>']
    x = left + 118
    for color in _COOL:
        out.append(f'<rect x="{x}" y="{y}" width="18" height="12" fill="{color}"/>')
        x += 18
    out.append(f'<text x="{x + 6}" y="{y + 10}" fill="#9fb3c8">many</text>')
    out.append(f'<rect x="{x + 60}" y="{y}" width="12" height="12" fill="#ff2e2e"/>')
    out.append(f'<text x="{x + 78}" y="{y + 10}" fill="#9fb3c8">errors</text>')
    return out
