"""Moments as a caller says them, and what they come to when they are said.

A moment is resolved once, where the question is asked: to the engine "10m" and "02:10" are nanoseconds since 1970 UTC,
the same for all files of a question, also for those that come later.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone

from logdex import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    When: TypeAlias = datetime | timedelta | str
    Said: TypeAlias = "str | Civil | Moment | Ago"

_NAIVE_EPOCH = datetime(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class Civil:
    """A naive datetime: microseconds from 1970 on the wall, and of an hour that comes twice, the second or not."""

    def __init__(self, civil: int, fold: bool) -> None:
        self.civil = civil
        self.fold = fold

    def __repr__(self) -> str:
        return f"Civil({self.civil}, {self.fold})"


class Moment:
    """An aware datetime: microseconds since 1970 UTC."""

    def __init__(self, moment: int) -> None:
        self.moment = moment

    def __repr__(self) -> str:
        return f"Moment({self.moment})"


class Ago:
    """That many microseconds before the question."""

    def __init__(self, ago: int) -> None:
        self.ago = ago

    def __repr__(self) -> str:
        return f"Ago({self.ago})"


def said(value: When | None, name: str) -> Said | None:
    """What `value`, given as the argument `name`, says to the engine.

    Raises:
        TypeError: It is no datetime, timedelta or text.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, timedelta):
        return Ago(value // _MICROSECOND)
    if not isinstance(value, datetime):
        raise TypeError(
            f"{name}={value!r}: give a datetime, a timedelta (that long ago) or text such as '02:10' or '2h ago'"
        )
    offset = value.utcoffset()
    if offset is None:
        return Civil((value - _NAIVE_EPOCH) // _MICROSECOND, bool(value.fold))
    # Not `value - _EPOCH`: an offset may push the moment beyond what a datetime can hold.
    return Moment((value.replace(tzinfo=timezone.utc) - _EPOCH - offset) // _MICROSECOND)


def now() -> int:
    """The moment of a question, in nanoseconds since 1970 UTC: `$LOGDEX_NOW` where it is put for another machine."""
    asked = os.environ.get("LOGDEX_NOW", "")
    return int(asked) if asked.isdecimal() else time.time_ns()


def moment(value: When | None, name: str, zone: _core.Zone, asked: int | None = None) -> int | None:
    """The nanosecond since 1970 UTC that `value` stands for as the argument `name`, of a question `asked` then or now.

    Raises:
        TypeError: It is no datetime, timedelta or text.
        ValueError: It is text that says no moment.
    """
    told = said(value, name)
    return None if told is None else _core.resolve(told, name, zone, now() if asked is None else asked)
