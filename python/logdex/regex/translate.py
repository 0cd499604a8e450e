"""From the tree of a Python pattern to a program that the engine runs over blocks of lines.

A line is matched including its `\\n`, and in a block the next line follows it. So that no match runs on into
the next line, a program never consumes `\\n`. Each part of a pattern is translated into what it can match

- `inner`: without consuming a `\\n`;
- `newline`: consuming the line's final `\\n` as its last character, said as a look ahead, `(?m:$)`: after
  that character a match can only go on with what is empty at the end of the text;
- `empty`: at which places it can match nothing at all.

What the engine cannot say (lookaround, back-references, conditionals, tables of Unicode in text that is not
ASCII) is translated so that it selects at least the lines that Python selects, and the program is marked as
not exact. Which of several matches Python prefers does not matter here, only whether there is one: groups,
greed and all that may follow or precede a match freely are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from logdex.regex import charset
from logdex.regex.charset import CharSet
from logdex.regex.piece import (
    BEFORE_NL,
    END_BARE,
    END_NL,
    NEVER,
    NOTHING,
    START,
    WILD,
    Piece,
    TooLarge,
    alternate,
    as_class,
    concatenate,
    either,
    repeated,
)
from logdex.regex.sre import MAXREPEAT, TYPE_FLAGS, op

_NEWLINE: Final = 10
_MAX_ITEMS: Final = 200_000

Item: TypeAlias = "tuple[object, Any]"


class Program(NamedTuple):
    """A pattern as the engine takes it; the syntax is that of Rust's `regex`."""

    ended: str | None
    """Matches inside a line that ends in `\\n`; None: never."""
    bare: str | None
    """Matches in a line without `\\n`; None: never."""
    every: bool
    """Selects every line that ends in `\\n`."""
    always: bool
    """Selects every line."""
    exact: bool
    """Selects no line that Python does not select."""


def translate(tree: Any, flags: int, *, text: bool) -> Program:
    """Translates a parsed pattern for lines of ASCII, or with `text` for lines of any characters."""
    translator = _Translator(text)
    piece = translator.sequence(tree, flags, head=True, tail=True)
    start, end = piece.empty & START, END_NL | END_BARE
    return Program(
        ended=either([piece.inner, piece.newline]),
        bare=piece.inner,
        every=piece.only_newline or bool(piece.empty & (START | END_NL)),
        always=translator.exact and bool(start or piece.empty & end == end),
        exact=translator.exact,
    )


_SETS = frozenset({op("LITERAL"), op("NOT_LITERAL"), op("IN"), op("ANY")})
_LITERAL = op("LITERAL")
_REPEATS = frozenset({op("MAX_REPEAT"), op("MIN_REPEAT")})
_POSSESSIVE, _ATOMIC = op("POSSESSIVE_REPEAT"), op("ATOMIC_GROUP")
_SUBPATTERN, _BRANCH, _AT = op("SUBPATTERN"), op("BRANCH"), op("AT")
_ASSERT, _ASSERT_NOT, _FAILURE = op("ASSERT"), op("ASSERT_NOT"), op("FAILURE")
_GROUPREF, _GROUPREF_EXISTS = op("GROUPREF"), op("GROUPREF_EXISTS")
_BOUNDARIES = {op("AT_BOUNDARY"): r"(?-u:\b)", op("AT_NON_BOUNDARY"): r"(?-u:\B)"}
_BEGIN, _BEGIN_STRING = op("AT_BEGINNING"), op("AT_BEGINNING_STRING")
_END, _END_STRING = op("AT_END"), op("AT_END_STRING")


@lru_cache(maxsize=4096)
def _one_of(chars: CharSet, text: bool) -> Piece:
    """One of some characters; a long pattern has many items and few that differ."""
    ranges = chars.ascii + chars.foreign if text else chars.ascii
    newline = charset.contains(chars.ascii, _NEWLINE)
    inner = as_class(charset.without(ranges, _NEWLINE))
    return Piece(inner, "(?m:$)" if newline else None, 0, newline)


@lru_cache(maxsize=4096)
def _literal(code: int, flags: int, text: bool) -> str | None:
    """One character, if it can be said exactly and takes no `\\n`."""
    chars = charset.literal(code, flags)
    piece = _one_of(chars, text)
    return piece.inner if piece.newline is None and (chars.exact or not text) else None


class _Translator:
    def __init__(self, text: bool) -> None:
        self.text = text
        self.exact = True
        self.left = _MAX_ITEMS
        self.groups: dict[int, tuple[Any, int]] = {}

    def sequence(self, items: Iterable[Item], flags: int, *, head: bool, tail: bool) -> Piece:
        """Items one after the other; `head`, `tail`: nothing of the pattern comes before, or after, them."""
        trimmed = _trim(list(items), head=head, tail=tail)
        last = len(trimmed) - 1
        pieces, at = list[Piece](), 0
        while at <= last:
            kind, value = trimmed[at]
            if kind is _LITERAL and (text := self.literals(trimmed, at, flags)):
                pieces.append(Piece("".join(text), None, 0))
                at += len(text)
                continue
            pieces.append(self.item(kind, value, flags, head=head and at == 0, tail=tail and at == last))
            at += 1
        return concatenate(pieces)

    def literals(self, items: Sequence[Item], start: int, flags: int) -> list[str]:
        """The characters from `start` on that take no `\\n`: one piece is as good as one for each, and costs less."""
        said = list[str]()
        for kind, value in items[start:]:
            if kind is not _LITERAL or (piece := _literal(value, flags, self.text)) is None:
                break
            said.append(piece)
        self.left -= len(said)
        if self.left < 0:
            raise TooLarge
        return said

    def item(self, kind: object, value: Any, flags: int, *, head: bool, tail: bool) -> Piece:
        self.left -= 1
        if self.left < 0:
            raise TooLarge
        if kind in _SETS:
            return self.characters(charset.of_item(kind, value, flags))
        if kind is _SUBPATTERN:
            return self.group(value, flags, head=head, tail=tail)
        if kind is _BRANCH:
            return alternate([self.sequence(each, flags, head=head, tail=tail) for each in value[1]])
        if kind in _REPEATS or kind is _POSSESSIVE:
            return self.repeat(kind, value, flags, head=head, tail=tail)
        if kind is _AT:
            return self.assertion(value, flags)
        if kind is _FAILURE:
            return NEVER
        return self.beyond(kind, value, flags, head=head, tail=tail)

    def beyond(self, kind: object, value: Any, flags: int, *, head: bool, tail: bool) -> Piece:
        """What is regular at the edge of a pattern only, or not at all."""
        if kind is _ATOMIC:
            self.exact &= tail
            return self.sequence(value, flags, head=head, tail=tail)
        if kind is _ASSERT:
            ahead = value[0] > 0
            if (tail and ahead) or (head and not ahead):
                return self.sequence(value[1], flags, head=head, tail=tail)
            self.exact = False
            return NOTHING
        self.exact = False
        if kind is _ASSERT_NOT:
            return NOTHING
        if kind is _GROUPREF:
            return self.reference(value, flags)
        if kind is _GROUPREF_EXISTS:
            _, yes, no = value
            return alternate([self.sequence(each or (), flags, head=head, tail=tail) for each in (yes, no)])
        return WILD

    def characters(self, chars: CharSet) -> Piece:
        if self.text:
            self.exact &= chars.exact
        return _one_of(chars, self.text)

    def group(self, value: Any, flags: int, *, head: bool, tail: bool) -> Piece:
        number, added, removed, body = value
        outer = flags
        if added & TYPE_FLAGS:
            flags &= ~TYPE_FLAGS
        flags = (flags | added) & ~removed
        # Where a match may begin, CPython looks for the first character by the flags of the whole pattern
        # (`_compile_info`), so that `(?a)(?u:\s)` finds no "\x1c".
        self.exact &= not (head and (flags ^ outer) & TYPE_FLAGS)
        piece = self.sequence(body, flags, head=head, tail=tail)
        if number is not None:
            self.groups[number] = (body, flags)
        return piece

    def repeat(self, kind: object, value: Any, flags: int, *, head: bool, tail: bool) -> Piece:
        low, high, body = value
        if kind is _POSSESSIVE:
            # Each time is taken or refused by itself: two of `(?:a|^)` fail on "a", whose first could have been `^`.
            self.exact &= tail and (low <= 1 or (len(body) == 1 and body[0][0] in _SETS))
        # At an edge only the least number of times matters; nothing comes before or after a single time.
        if tail or (head and kind is not _POSSESSIVE):
            high = low
        once = high == 1 and low == 1
        piece = self.sequence(body, flags, head=head and once, tail=tail and once)
        return piece if once else repeated(piece, low, high)

    def assertion(self, where: object, flags: int) -> Piece:
        if where in _BOUNDARIES:
            return self.boundary(where, flags)
        if where is _BEGIN or where is _BEGIN_STRING:
            lines = where is _BEGIN and flags & re.MULTILINE
            return Piece("(?m:^)", None, START | END_NL if lines else START)
        if where is _END:
            return Piece("(?m:$)", None, END_NL | END_BARE | BEFORE_NL)
        if where is _END_STRING:
            return Piece(r"\z", None, END_NL | END_BARE)
        self.exact = False
        return NOTHING

    def boundary(self, where: object, flags: int) -> Piece:
        inside = where is op("AT_NON_BOUNDARY")
        empty = END_NL if inside else 0
        if self.text and (inside or not flags & re.ASCII):
            self.exact = False
            return Piece("", None, empty)
        return Piece(_BOUNDARIES[where], None, empty)

    def reference(self, number: int, flags: int) -> Piece:
        """The text of a group once more: at least what the group's own part can match."""
        body, inner_flags = self.groups.get(number, (None, 0))
        if body is None or flags & re.IGNORECASE or not _consumes_only(body):
            return WILD
        return self.sequence(body, inner_flags, head=False, tail=False)


def _trim(items: list[Item], *, head: bool, tail: bool) -> list[Item]:
    """Drops what a match may begin or end with, but need not."""
    first = 0
    while head and first < len(items) and items[first][0] in _REPEATS and items[first][1][0] == 0:
        first += 1
    return at_tail(items[first:]) if tail else items[first:]


def at_tail(items: list[Item]) -> list[Item]:
    """The items, which end a pattern, less those with which its matches may end, but need not."""
    end = len(items)
    while end > 0:
        kind, value = items[end - 1]
        if (kind in _REPEATS or kind is _POSSESSIVE) and value[0] == 0:
            end -= 1
        elif (kind, value) == (_AT, _END) and end > 1 and _is_rest_of_line(items[end - 2]):
            end -= 2
        else:
            break
    return items[:end]


def _is_rest_of_line(item: Item) -> bool:
    """Whether it is `.*`, which can always go on to the end of the line."""
    kind, value = item
    return kind in _REPEATS and value[:2] == (0, MAXREPEAT) and list(value[2]) == [(op("ANY"), None)]


def _consumes_only(items: Iterable[Item]) -> bool:
    """Whether what the items match depends on nothing but the text they consume."""
    for kind, value in items:
        if kind in _SETS:
            continue
        if kind is _BRANCH and all(_consumes_only(each) for each in value[1]):
            continue
        if kind is _SUBPATTERN and _consumes_only(value[3]):
            continue
        if kind in _REPEATS and _consumes_only(value[2]):
            continue
        return False
    return True
