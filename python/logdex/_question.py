"""`Question`: what the engine is asked of one file, and the arguments of Python made ready for it."""

from __future__ import annotations

import operator
import sys

from logdex import _core
from logdex._fields import Fields
from logdex._when import moment

# Not imported, and `Question` is no dataclass: `typing` and `dataclasses` take longer than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from logdex.regex.pattern import Regex


class Question(Fields):
    """What the engine is asked; `src/python/question.rs` reads these fields."""

    path: str
    zone: _core.Zone
    reference: int | None = None
    stamp: _core.Format | None = None
    index: bool | str = True
    pattern: _core.Pattern | None = None
    exclude: _core.Pattern | None = None
    sieve: _core.Sieve | None = None
    judge: Callable[[str], object] | None = None
    """Decides on lines in place of the pattern's own `search`, which it includes."""
    since: int | None = None
    """The ends of the range, and the reference: nanoseconds since 1970 UTC."""
    until: int | None = None
    last: int | None = None
    follow: bool = False
    partial: bool = False
    strict: bool = True
    records: bool = False
    levels: bool = False
    """Whether records tell their level."""
    origin: tuple[str, int | None, str] | None = None
    ended: Callable[[], bool] | None = None
    keep: object = None
    name: str | None = None
    """What errors call the file, if not by its path."""
    beside: str | None = None
    """A second log: what is asked for is the combined stream of both."""


class Newcomers(Fields):
    """Where the engine asks for logs that come later; `src/python/scout.rs` reads these fields."""

    asked: Question
    """What is asked of all logs."""
    look: Callable[[], tuple[list[tuple[Any, Question]], list[str]]]
    """Gives those that have come, with their labels, and the directories in which more may."""


def zone_of(tz: str | None) -> _core.Zone:
    if not isinstance(tz, str | None):
        raise TypeError(f"tz={tz!r}: give the IANA name of a time zone, such as 'Europe/Berlin'")
    return _core.Zone(tz)


def reference_of(reference: datetime | None, zone: _core.Zone) -> int | None:
    """The moment of `reference`, in nanoseconds since 1970 UTC; naive ones are in `zone`."""
    if isinstance(reference, str):
        raise TypeError(f"reference={reference!r}: give a datetime")
    return moment(reference, "reference", zone)


def format_of(stamp: str | None, prefix: str) -> _core.Format | None:
    """The format that the user teaches, behind the text `prefix`."""
    if not isinstance(stamp, str | None):
        raise TypeError(f"stamp={stamp!r}: give a format such as '%d.%m.%Y %H:%M:%S'")
    if not isinstance(prefix, str):
        raise TypeError(f"prefix={prefix!r}: give the text that stands before the stamp")
    if stamp is None:
        if prefix:
            raise ValueError(f"prefix={prefix!r} says where a stamp stands: give stamp too")
        return None
    return _core.Format(stamp, prefix)


def last_of(last: int | None) -> int | None:
    """How many lines `last` asks for; more than there can be are all of them."""
    if last is None:
        return None
    try:
        count = operator.index(last)
    except TypeError:
        raise TypeError(f"last={last!r}: give a number of lines, or None for all") from None
    if count < 1:
        raise ValueError(f"last={last!r}: must be at least 1")
    return min(count, sys.maxsize)


def pattern_of(regex: Regex | None) -> _core.Pattern | None:
    if regex is None:
        return None
    # Imported when first needed: the translation of patterns is most of what there is to import.
    from logdex.regex.pattern import compile_pattern

    return compile_pattern(regex)
