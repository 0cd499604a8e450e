"""A row for each rank: what the voices of its files come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from logdex import _core
from logdex.diagnosis.rank import Quote, Rank
from logdex.diagnosis.who.identity import File, mute_names
from logdex.inputs.layouts import naturally

SECOND = 10**9
"""In nanoseconds, in which the engine counts."""


def rows_of(files: Sequence[File], tz: str | None) -> list[Rank]:
    """A row for each rank and for each witness."""
    by_name: dict[str, list[Rank]] = {}
    heard_of = set()
    for file in files:
        for voice, name in zip(file.voices, file.names, strict=True):
            row = _rank(voice, name or file.label, file.path, tz, is_witness=name is None)
            by_name.setdefault(row.name, []).append(row)
            heard_of.add(row.name)
    mute = mute_names(files)
    for file in files:
        name = mute.get(file.path, file.label)
        if not file.voices and name not in heard_of:
            by_name.setdefault(name, []).append(Rank(name))
    merged = [_merge(same) for same in by_name.values()]
    end = max((one.last for one in merged if one.last), default=None)
    rows = [
        replace(one, silent=(end - one.last).total_seconds()) if end and one.last else one for one in merged
    ]
    return sorted(rows, key=lambda one: (one.is_witness, naturally(one.name)))


def _rank(voice: _core._Voice, name: str, path: str, tz: str | None, *, is_witness: bool) -> Rank:
    width, columns = voice["history"]
    tail = voice["tail"][-1] if voice["tail"] else None
    return Rank(
        name=name,
        lines=voice["lines"],
        errors=voice["errors"],
        first=_maybe(voice["first"], tz),
        last=_maybe(voice["last"], tz),
        last_line=_quote(*tail, path, tz) if tail else None,
        first_error=_noted(voice["first_error"], path, tz),
        last_error=_noted(voice["last_error"], path, tz),
        history=[(start / SECOND, width / SECOND, lines, errors) for start, lines, errors in columns],
        is_witness=is_witness,
    )


def _noted(note: _core._Note | None, path: str, tz: str | None) -> Quote | None:
    return None if note is None else _quote(note["text"], note["span"], note["number"], path, tz)


def _quote(text: str, span: tuple[int, int] | None, number: int, path: str, tz: str | None) -> Quote:
    time, resolution = (time_of(span[0], tz), span[1] - span[0] + 1) if span else (None, 0)
    return Quote(text, time, resolution, number, path)


def _maybe(ns: int | None, tz: str | None) -> datetime | None:
    return None if ns is None else time_of(ns, tz)


def time_of(ns: int, tz: str | None) -> datetime:
    """The moment `ns`, in nanoseconds since 1970 UTC, on the clock of the zone `tz`, or of the machine's."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ns // 1000)
    if tz is None:
        return moment.astimezone()
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return moment.astimezone(ZoneInfo(tz))
    except ZoneInfoNotFoundError:
        # The engine brings its own zones; this Python has none, so UTC is what can be said.
        return moment


def _merge(same: list[Rank]) -> Rank:
    """One rank that wrote several files: stdout and stderr, say, or the parts of a log that was rotated."""
    if len(same) == 1:
        return same[0]
    return Rank(
        name=same[0].name,
        lines=sum(one.lines for one in same),
        errors=sum(one.errors for one in same),
        first=min((one.first for one in same if one.first), default=None),
        last=max((one.last for one in same if one.last), default=None),
        last_line=_latest(one.last_line for one in same),
        first_error=_earliest(one.first_error for one in same),
        last_error=_latest(one.last_error for one in same),
        history=sorted(column for one in same for column in one.history),
        is_witness=same[0].is_witness,
    )


def _earliest(quotes: Iterable[Quote | None]) -> Quote | None:
    # Of the lines of one file that have one time the first number says which was written first.
    return min((quote for quote in quotes if quote), key=_written_at(float("inf")), default=None)


def _latest(quotes: Iterable[Quote | None]) -> Quote | None:
    return max((quote for quote in quotes if quote), key=_written_at(0.0), default=None)


def _written_at(unknown: float) -> Callable[[Quote], tuple[float, str, int]]:
    return lambda quote: (quote.time.timestamp() if quote.time else unknown, quote.path, quote.number)
