"""By how much the clocks of sources were behind, as a caller says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from logdex.inputs.input import Input

Amount: TypeAlias = "timedelta | str"
Skew: TypeAlias = "Amount | Mapping[str, Amount]"

_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", re.ASCII)
_MOST = 366 * 24 * 3600 * 10**9
"""A clock that is wrong by more has no skew: its lines have other dates."""


class Skews:
    """What is added to the stamps of each source."""

    def __init__(self, said: Skew) -> None:
        """Takes one amount for all sources, or amounts by the sources' names, which may be patterns of a shell.

        Raises:
            ValueError: An amount is none.
            TypeError: It is of another type.
        """
        by_name = said if isinstance(said, Mapping) else {"*": said}
        self._by_name = {name: _nanoseconds(name, amount) for name, amount in by_name.items()}
        self._names = isinstance(said, Mapping)

    def of(self, label: str) -> int:
        """How many nanoseconds are added to the stamps of the source: by its own label, or else by the first name."""
        if label in self._by_name:
            return self._by_name[label]
        return next((ns for name, ns in self._by_name.items() if _is_called(label, name)), 0)

    def settle(self, found: Iterable[Input], *, more: bool = False) -> None:
        """Tells each source its own; `more` may come later, by names that there are not yet.

        Raises:
            ValueError: A name is that of no source.
        """
        labels = []
        for one in found:
            one.skew = self.of(one.label)
            labels.append(one.label)
        if more or not self._names:
            return
        for name in self._by_name:
            if not any(_is_called(label, name) for label in labels):
                known = ", ".join(sorted(set(labels))[:20]) or "none"
                raise ValueError(f"skew: there is no source {name!r}; there are {known}")


def _is_called(label: str, name: str) -> bool:
    """Whether `name` is the label, a part of its path (`host1` of `host1/rank0.log`), perhaps up to its first dot, or a
    pattern of one of these."""
    parts = label.split("/")
    names = [label, *parts, *(part.partition(".")[0] for part in parts)]
    return name in names or any(fnmatchcase(one, name) for one in names)


def of_words(words: Iterable[str]) -> Skews | None:
    """What the command says: `host1=+2.4s`, or `-150ms` for all.

    Raises:
        ValueError: A word is no skew.
    """
    told = said(words)
    return None if told is None else Skews(told)


def said(words: Iterable[str]) -> Skew | None:
    """The same, as a caller says it to `logdex.open`."""
    by_name: dict[str, Amount] = {}
    for word in words:
        name, told, amount = word.rpartition("=")
        by_name[name if told else "*"] = amount
    if not by_name:
        return None
    return by_name["*"] if by_name.keys() == {"*"} else by_name


def _nanoseconds(name: str, amount: Amount) -> int:
    if isinstance(amount, timedelta):
        ns = (amount // timedelta(microseconds=1)) * 1000
    elif isinstance(amount, str):
        ns = _told(name, amount)
    else:
        raise TypeError(
            f"skew={amount!r}: give a timedelta or a text such as '+2.4s', or these by the names of sources"
        )
    if abs(ns) > _MOST:
        raise ValueError(f"skew={amount!r}: more than a year is no skew of a clock")
    return ns


def _told(name: str, amount: str) -> int:
    sign, parts = (amount[:1], amount[1:]) if amount[:1] in ("+", "-") else ("+", amount)
    found = list(_PART.finditer(parts))
    if not found or "".join(one[0] for one in found) != parts:
        said = amount if name == "*" else f"{name}={amount}"
        raise ValueError(
            f"skew {said!r}: {amount!r} is no amount of time; give one such as +2.4s, -150ms or 1m30s, "
            "by which the clock was behind"
        )
    total = sum(Fraction(one[1]) * _UNITS[one[2]] for one in found)
    return -int(total) if sign == "-" else int(total)
