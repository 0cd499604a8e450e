"""The page to hand on: one file, nothing from the net, in which log text stays text.

What logs hold is hostile: everything that goes into the markup is escaped, what the script shows goes in as text,
and the
page's own policy lets no other script run than the one whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from logdex.diagnosis.page.cells import columns
from logdex.diagnosis.page.groups import folded
from logdex.diagnosis.rank import Rank
from logdex.diagnosis.records.short import ranges, showable

_CELLS = 160_000
"""So many cells the matrix has at most, so that the page stays under a megabyte."""
_COLUMNS = 480
_GROUPS = 64
_NAMES = 400
"""So many names of a group are listed at most."""


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def page(answer: dict[str, Any], ranks: Sequence[Rank] = ()) -> str:
    """The whole page of an answer (`Diagnosis.to_dict`); without `ranks` the answer and its evidence alone."""
    script = _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_text(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_text(_title(answer))}</title><style>{_asset('page.css')}</style></head><body>",
        f"<main><h1>{_text(_title(answer))}</h1>",
        *_verdict(answer),
        *_evidence(answer),
    ]
    if ranks:
        parts += [*_matrix(), *_groups(ranks, answer["ranks"])]
        parts.append(
            f'<script type="application/json" id="data">{_json(_data(ranks, answer["ranks"]))}</script>'
        )
    return "\n".join([*parts, "</main>", f"<script>{script}</script></body></html>", ""])


def _text(text: str) -> str:
    """Text as markup can hold it: what is not to be shown is replaced."""
    return escape(showable(text).encode("utf-8", "replace").decode("utf-8"), quote=True)


def _json(value: Any) -> str:
    """JSON that cannot end the element in which it stands."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _title(answer: dict[str, Any]) -> str:
    said = dict(answer["facts"]).get("first failure", "no rank failed")
    return f"First failure: {said}"[:200]


def _verdict(answer: dict[str, Any]) -> Iterable[str]:
    yield f'<section aria-label="Answer" class="answer {_text(answer["kind"])}">'
    yield '<button type="button" id="copy">Copy as text</button>'
    yield f'<pre id="verdict" tabindex="0">{_text(answer["text"])}</pre>'
    if answer["evidence"]:
        links = (
            f'<li><a href="#e{at}">{_text(_claim(one))}</a></li>' for at, one in enumerate(answer["evidence"])
        )
        yield "<p>It rests on:</p><ul>" + "".join(links) + "</ul>"
    yield "</section>"


def _claim(one: dict[str, Any]) -> str:
    """What a line is quoted for, and whose it is."""
    return str(one["claim"]) + (f": rank {one['rank']}" if one["rank"] else "")


def _evidence(answer: dict[str, Any]) -> Iterable[str]:
    if not answer["evidence"]:
        return
    yield '<section aria-label="Evidence"><h2>The lines</h2>'
    for at, one in enumerate(answer["evidence"]):
        when = f" at {one['time']}" if one["time"] else ""
        place = f"{one['path']}:{one['number']}"
        yield (
            f'<figure id="e{at}"><figcaption>{_text(_claim(one) + when)}<br><code>{_text(place)}</code>'
            f"</figcaption><pre>{_text(one['text'])}</pre></figure>"
        )
    yield "</section>"


def _matrix() -> Iterable[str]:
    yield '<section aria-label="Ranks by time"><h2>Ranks by time</h2>'
    yield (
        '<p class="tools"><button type="button" id="in">Zoom in</button> '
        '<button type="button" id="out">Zoom out</button> <button type="button" id="all">All</button> '
        '<span class="key"><i class="few"></i> few lines <i class="many"></i> many <i class="bad"></i> errors '
        '<i class="none"></i> silence</span></p>'
    )
    yield (
        '<div id="frame"><canvas id="matrix" tabindex="0" role="application" aria-describedby="how" '
        'aria-label="Lines and errors of each rank by time"></canvas></div>'
    )
    yield '<p id="spot" role="status" aria-live="polite">&nbsp;</p>'
    yield '<p id="how" class="how">Arrow keys move, + and - zoom, 0 shows all. A wheel zooms, a drag moves.</p>'
    yield "</section>"


def _groups(ranks: Sequence[Rank], named: Sequence[str]) -> Iterable[str]:
    rows, names = folded(ranks, named, 32)
    yield '<section aria-label="Groups"><h2>What the ranks did</h2>'
    for row, alike in zip(rows[:_GROUPS], names, strict=False):
        head = f"{'other log ' if row.is_witness else ''}{ranges(alike, 6)}" + (
            f" ({len(alike)} alike)" if len(alike) > 1 else ""
        )
        error = row.first_error
        yield f"<details><summary>{_text(head)}: {row.lines:,} lines, {row.errors:,} errors</summary>"
        if error:
            yield f"<p>First error, <code>{_text(error.path)}:{error.number}</code></p><pre>{_text(error.text)}</pre>"
        if row.last_line:
            last = row.last_line
            yield f"<p>Last line, <code>{_text(last.path)}:{last.number}</code></p><pre>{_text(last.text)}</pre>"
        if len(alike) > 1:
            yield f"<p>{_text(ranges(alike, _NAMES))}</p>"
        yield "</details>"
    yield "</section>"


def _data(ranks: Sequence[Rank], named: Sequence[str]) -> dict[str, Any]:
    """What the script draws: rows sorted by host, cells as numbers in base 36, errors as places in the row."""
    first = min((one.first for one in ranks if one.first), default=None)
    last = max((one.last for one in ranks if one.last), default=None)
    rows = sorted(ranks, key=lambda one: (one.is_witness, one.host or ""))
    rows = rows[: _CELLS // 8]
    width = max(min(_COLUMNS, _CELLS // max(len(rows), 1)), 8)
    cells = columns(rows, first, last, width)
    return {
        "first": _stamp(first),
        "last": _stamp(last),
        "offset": _offset(first),
        "width": width,
        "rows": [
            {
                "name": _short(row.name),
                "host": _short(row.host or ""),
                "hot": row.name in named,
                "cells": ".".join(_base36(round(cell.lines)) for cell in out).rstrip("."),
                "errors": [[at, round(cell.errors)] for at, cell in enumerate(out) if cell.errors],
            }
            for row, out in zip(rows, cells, strict=True)
        ],
    }


def _short(name: str) -> str:
    name = showable(name)
    return name if len(name) <= 40 else "..." + name[-37:]


def _base36(number: int) -> str:
    if number == 0:
        return ""
    digits = ""
    while number:
        number, at = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[at] + digits
    return digits


def _stamp(time: datetime | None) -> float | None:
    return time.timestamp() if time else None


def _offset(time: datetime | None) -> float:
    """The offset of the zone in which times are shown, in seconds."""
    offset = time.utcoffset() if time else None
    return (offset or timedelta()).total_seconds()
