"""The arguments of Python, made ready for the `Question` that the engine is asked."""

from __future__ import annotations

import operator
import sys

from logdex import _core
from logdex._fields import Fields
from logdex._when import moment

# Not imported: `typing` takes longer than all the rest here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any, Literal, TypeAlias

    from logdex._step import Asked as Steps
    from logdex._step import Step
    from logdex.regex.pattern import Regex

    Lost: TypeAlias = Literal["raise", "restart", "skip"]


def index_beside(question: _core.Question, text: str | None) -> bool | str:
    """Where indexes of a text are kept that was made of a log: in the directory `text`, if `question` wants any."""
    return (question.index and text) or False


class Newcomers(Fields):
    """Where the engine asks for logs that come later; `src/python/scout.rs` reads these fields."""

    asked: _core.Question
    """What is asked of all logs."""
    look: Callable[[], tuple[list[tuple[Any, _core.Question]], list[str]]]
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


def steps_of(step: Step | None, steps: str | bool | None) -> Steps | None:
    if step is None and steps is None:
        return None
    from logdex._step import asked

    return asked(step, steps)


def pattern_of(regex: Regex | None) -> _core.Pattern | None:
    if regex is None:
        return None
    # Imported when first needed: the translation of patterns is most of what there is to import.
    from logdex.regex.pattern import compile_pattern

    return compile_pattern(regex)
