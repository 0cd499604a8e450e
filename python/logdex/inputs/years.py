"""Of which year stamps are that name none, by the logs beside them: a copy's date says nothing of it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from logdex import _core
from logdex.inputs.compression import open_regular
from logdex.inputs.input import Input

_ENDS = 64 << 10
"""So many bytes of a log's beginning and end are looked at."""
_FEW = 2 << 10
_HALF_A_YEAR = 182 * 86_400 * 10**9
_THEN, _LATER = 1_000_000_000 * 10**9, 2_000_000_000 * 10**9
"""Two moments years apart: a stamp that differs by them has no year of its own."""


def settle_years(found: Iterable[Input], zone: _core.Zone) -> None:
    """Gives logs without years, in a directory with others that have them, a moment to go by.

    Their last stamp is put into the year that brings it nearest to the end of those others, and is not later than the
    file was changed. It is looked for once, though the moments that are asked for and the lines both need it.
    """
    beside: dict[str, list[Input]] = {}
    for one in found:
        beside.setdefault(os.path.dirname(os.path.abspath(one.path)), []).append(one)
    for logs in beside.values():
        if len(logs) > 1 and not all(one.is_dated for one in logs):
            _settle(logs, zone)
        for one in logs:
            one.is_dated = True


def _settle(logs: list[Input], zone: _core.Zone) -> None:
    has_year = {one: _has_year(one.path, zone) for one in logs}
    without = [one for one in logs if has_year[one] is False]
    if not without:
        return
    ends = [end for one in logs if has_year[one] and (end := _end(one.path, zone)) is not None]
    for one in without if ends else []:
        one.reference = min(max(ends) + _HALF_A_YEAR, os.stat(one.path).st_mtime_ns)


def _has_year(path: str, zone: _core.Zone) -> bool | None:
    """Whether the first stamp of a log names its year; None where none was found."""
    # It stands mostly on one of the first lines; the last one of few bytes may be cut off.
    few = _year_of_first(_lines(path, 0, _FEW)[:-1], zone)
    return _year_of_first(_lines(path, 0, _ENDS), zone) if few is None else few


def _year_of_first(lines: Iterable[bytes], zone: _core.Zone) -> bool | None:
    for line in lines:
        then = _core.parse_time(line, zone, _THEN)
        if then is not None:
            return then == _core.parse_time(line, zone, _LATER)
    return None


def _end(path: str, zone: _core.Zone) -> int | None:
    """The last stamp of a log with years, in nanoseconds since 1970 UTC."""
    for line in reversed(_lines(path, max(0, _size(path) - _ENDS), _ENDS)):
        stamp = _core.parse_time(line, zone, _LATER)
        if stamp is not None:
            return int(stamp.timestamp()) * 10**9
    return None


def _lines(path: str, start: int, count: int) -> list[bytes]:
    """The lines of a stretch of `count` bytes; none where the file cannot be read, of which the answer will tell."""
    try:
        with open_regular(path) as file:
            file.seek(start)
            return file.read(count).splitlines()
    except OSError:
        return []


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
