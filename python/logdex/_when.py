"""Moments as a caller says them, in the form in which the engine takes them (`src/python/when.rs`)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

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
