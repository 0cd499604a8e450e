"""What one character of a pattern can be, as CPython's own matcher says it.

Nothing here knows by itself what `\\w` or `(?i)k` means. For ASCII each item of a pattern is compiled by
CPython and asked which of the 128 characters it takes. Beyond ASCII only what is plain arithmetic (literals,
ranges, negation) is said exactly; where Unicode tables decide, the set is widened to every character and
marked as not exact, so that `re` decides on the lines in question.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from logdex.regex.sre import AT_NEGATE, SubPattern, compile_tree, op, state_for

Ranges: TypeAlias = "tuple[tuple[int, int], ...]"
"""Code points as ranges, both ends included, in order and apart."""

ASCII_TEXT: Final = "".join(map(chr, range(128)))
FOREIGN: Final[Ranges] = ((0x80, 0xD7FF), (0xE000, 0x10FFFF))
"""Every character beyond ASCII that decoded text can hold."""

_LITERAL, _NOT_LITERAL, _IN, _ANY = op("LITERAL"), op("NOT_LITERAL"), op("IN"), op("ANY")
_RANGE, _CATEGORY = op("RANGE"), op("CATEGORY")


class CharSet(NamedTuple):
    """The characters that one item of a pattern takes."""

    ascii: Ranges
    foreign: Ranges
    exact: bool
    """False: `foreign` holds characters that the item may not take."""


@lru_cache(maxsize=4096)
def literal(code: int, flags: int) -> CharSet:
    """What a single literal takes under `flags`."""
    if not flags & re.IGNORECASE:
        own: Ranges = ((code, code),)
        return CharSet(own, (), True) if code < 128 else CharSet((), _clip(own), True)
    taken = ask_ascii((_LITERAL, code), flags)
    if flags & re.ASCII:
        return CharSet(taken, _clip(((code, code),)) if code >= 128 else (), True)
    if code >= 128:
        return CharSet(taken, FOREIGN, False)
    return CharSet(taken, _folding_into((_LITERAL, code), flags), True)


def of_item(kind: object, value: Any, flags: int) -> CharSet:
    """What a LITERAL, NOT_LITERAL, IN or ANY item takes under `flags`."""
    if kind is _LITERAL:
        return literal(value, flags)
    if kind is _ANY:
        return CharSet(ask_ascii((_ANY, None), flags), FOREIGN, True)
    if kind is _NOT_LITERAL:
        return _members([(AT_NEGATE, None), (_LITERAL, value)], flags)
    return _members(value, flags)


def _members(members: Sequence[tuple[object, Any]], flags: int) -> CharSet:
    """What a bracketed set takes."""
    return _members_cached(tuple(members), flags)


@lru_cache(maxsize=4096)
def _members_cached(members: tuple[tuple[object, Any], ...], flags: int) -> CharSet:
    item = (_IN, list(members))
    taken = ask_ascii(item, flags)
    negated = bool(members) and members[0][0] is AT_NEGATE
    plain = members[1:] if negated else members
    foreign = _foreign(plain, flags)
    if foreign is None:
        return CharSet(taken, FOREIGN, False)
    return CharSet(taken, _complement(foreign) if negated else foreign, True)


def _foreign(members: Sequence[tuple[object, Any]], flags: int) -> Ranges | None:
    """The characters beyond ASCII that the listed members take, or None where Unicode tables decide."""
    tables = not flags & re.ASCII
    found: list[tuple[int, int]] = []
    for kind, value in members:
        if kind is _CATEGORY:
            if tables:
                return None
            # Under (?a) a category treats every character beyond ASCII alike.
            if _takes((_IN, [(kind, value)]), flags, "\xe9"):
                found.extend(FOREIGN)
            continue
        if kind is not _LITERAL and kind is not _RANGE:
            return None
        low, high = (value, value) if kind is _LITERAL else value
        if high >= 128:
            if tables and flags & re.IGNORECASE:
                return None
            found.append((max(low, 128), high))
        elif tables and flags & re.IGNORECASE:
            found.extend(_folding_into((_IN, [(kind, value)]), flags))
    return _clip(merge(found))


def ask_ascii(item: tuple[object, Any], flags: int) -> Ranges:
    """The ASCII characters that CPython's matcher takes for `item`."""
    return merge((ord(c), ord(c)) for c in _compiled(item, flags).findall(ASCII_TEXT))


def _takes(item: tuple[object, Any], flags: int, text: str) -> bool:
    return _compiled(item, flags).fullmatch(text) is not None


def _compiled(item: tuple[object, Any], flags: int) -> re.Pattern[str]:
    return compile_tree(SubPattern(state_for(flags), [item]), flags)


def _folding_into(item: tuple[object, Any], flags: int) -> Ranges:
    """The characters beyond ASCII that an ASCII item takes under (?i), such as the Kelvin sign for `k`."""
    return merge((ord(c), ord(c)) for c in folding_to_ascii() if _takes(item, flags, c))


@cache
def folding_to_ascii() -> str:
    """The characters beyond ASCII that (?i) holds equal to an ASCII one: asked of `re`, once a process.

    Case mappings live in the first two planes of Unicode; the tests compare with all seventeen.
    """
    codes = array("I", range(0x80, 0xD800))
    codes.extend(range(0xE000, 0x20000))
    return "".join(re.findall(r"(?i)[\x00-\x7f]", str(codes, _UTF32)))


_UTF32 = "utf-32-le" if array("I", [1]).tobytes()[0] == 1 else "utf-32-be"


def merge(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same code points in order, ranges that meet joined."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def without(ranges: Ranges, code: int) -> Ranges:
    """The ranges less one code point."""
    return tuple(
        part
        for low, high in ranges
        for part in ((low, min(high, code - 1)), (max(low, code + 1), high))
        if part[0] <= part[1]
    )


def contains(ranges: Ranges, code: int) -> bool:
    """Whether a range holds `code`."""
    return any(low <= code <= high for low, high in ranges)


def _clip(ranges: Ranges) -> Ranges:
    """The ranges less the surrogates, which decoded text never holds."""
    return tuple(_parts(ranges))


def _parts(ranges: Ranges) -> Iterator[tuple[int, int]]:
    for low, high in ranges:
        for floor, ceiling in FOREIGN:
            if max(low, floor) <= min(high, ceiling):
                yield max(low, floor), min(high, ceiling)


def _complement(ranges: Ranges) -> Ranges:
    """The characters beyond ASCII that the ranges do not hold."""
    gaps, start = [], 0x80
    for low, high in ranges:
        gaps.append((start, low - 1))
        start = high + 1
    gaps.append((start, 0x10FFFF))
    return _clip(tuple(gap for gap in gaps if gap[0] <= gap[1]))
