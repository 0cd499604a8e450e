"""A Python pattern with its groups, as the engine takes them: only where it takes exactly those that `re` takes.

Unlike in `translate`, which of several matches Python prefers matters here. Both engines try the alternatives of a
pattern from left to right, so that for what stands below they come to the same match and the same groups; a line is
matched by itself, its `\\n` included. Where they may differ, `re` takes the groups of all lines:

- groups inside of what is repeated, and repeats of what can be empty (which times count is each engine's own affair);
- lookaround, back-references, conditionals, atomic groups, scoped type flags, `\\B`.

Where tables of Unicode decide, the pattern is for lines of ASCII, and `re` takes the groups of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from logdex.regex import charset
from logdex.regex.piece import as_class
from logdex.regex.sre import MAXREPEAT, TYPE_FLAGS, op, parse
from logdex.regex.translate import Item

_NEVER: Final = r"[^\x{0}-\x{10FFFF}]"

_SETS = frozenset({op("LITERAL"), op("NOT_LITERAL"), op("IN"), op("ANY")})
_GREEDY, _LAZY = op("MAX_REPEAT"), op("MIN_REPEAT")
_SUBPATTERN, _BRANCH, _AT = op("SUBPATTERN"), op("BRANCH"), op("AT")
_PLACES = {
    op("AT_BEGINNING_STRING"): r"\A",
    # A line has one `\n` at most, at its end, and `$` stands before it and behind it, with MULTILINE or without.
    op("AT_END"): "(?m:$)",
    op("AT_END_STRING"): r"\z",
}


class _Beyond(Exception):
    """What the engine may take otherwise than `re`."""


def captures(pattern: re.Pattern[str]) -> tuple[str, str | None] | None:
    """The pattern for lines of ASCII and the one for others, in the syntax of Rust's `regex`, with the same groups.

    Returns:
        None where `re` has to take the groups of every line; None as the second where it has to for lines that are not
        ASCII.
    """
    try:
        flags = pattern.flags & ~re.DEBUG
        tree = parse(pattern.pattern, flags)
        ascii_ = _PatternWriter(text=False).sequence(tree, flags)
    except (_Beyond, RecursionError):
        return None
    try:
        return ascii_, _PatternWriter(text=True).sequence(tree, flags)
    except _Beyond:
        return ascii_, None


class _PatternWriter:
    def __init__(self, *, text: bool) -> None:
        self.text = text

    def sequence(self, items: Iterable[Item], flags: int) -> str:
        return "".join(self.item(kind, value, flags) for kind, value in items)

    def item(self, kind: object, value: Any, flags: int) -> str:
        if kind in _SETS:
            return self.characters(kind, value, flags)
        if kind is _SUBPATTERN:
            return self.group(value, flags)
        if kind is _BRANCH:
            return "(?:" + "|".join(self.sequence(each, flags) for each in value[1]) + ")"
        if kind is _GREEDY or kind is _LAZY:
            return self.repeat(value, flags) + ("?" if kind is _LAZY else "")
        if kind is _AT:
            return self.place(value, flags)
        raise _Beyond

    def characters(self, kind: object, value: Any, flags: int) -> str:
        chars = charset.of_item(kind, value, flags)
        if self.text and not chars.exact:
            raise _Beyond
        return as_class(chars.ascii + chars.foreign if self.text else chars.ascii) or _NEVER

    def group(self, value: Any, flags: int) -> str:
        number, added, removed, body = value
        if (added | removed) & TYPE_FLAGS:
            raise _Beyond
        inner = self.sequence(body, (flags | added) & ~removed)
        return f"(?:{inner})" if number is None else f"({inner})"

    def repeat(self, value: Any, flags: int) -> str:
        low, high, body = value
        if body.getwidth()[0] == 0 or (high > 1 and _has_group(body)):
            raise _Beyond
        times = f"{{{low},}}" if high == MAXREPEAT else f"{{{low},{high}}}"
        return f"(?:{self.sequence(body, flags)}){times}"

    def place(self, where: object, flags: int) -> str:
        if where is op("AT_BEGINNING"):
            return "(?m:^)" if flags & re.MULTILINE else r"\A"
        if where is op("AT_BOUNDARY") and (flags & re.ASCII or not self.text):
            return r"(?-u:\b)"
        if where not in _PLACES:
            raise _Beyond
        return _PLACES[where]


def _has_group(items: Iterable[Item]) -> bool:
    """Whether something in `items` is captured."""
    for kind, value in items:
        if kind is _SUBPATTERN and (value[0] is not None or _has_group(value[3])):
            return True
        if kind is _BRANCH and any(_has_group(each) for each in value[1]):
            return True
        if (kind is _GREEDY or kind is _LAZY) and _has_group(value[2]):
            return True
    return False
