"""What parts of a pattern can match, and how they are put together: text of programs, in the syntax of Rust's `regex`.

`translate.py` says what a `Piece` tells of a part, and why in three ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from logdex.regex.charset import Ranges
from logdex.regex.sre import MAXREPEAT

END_NL: Final = 1
"""At the end of a line that has its `\\n`, after it."""
END_BARE: Final = 2
"""At the end of a line without `\\n`."""
START: Final = 4
"""At the start of any line."""
BEFORE_NL: Final = 8
"""Inside a line, before its `\\n`."""
ANYWHERE: Final = END_NL | END_BARE | START | BEFORE_NL

_REST: Final = r"(?-u:[^\n])*"
_MAX_LENGTH: Final = 4_000_000


class TooLarge(Exception):
    """The pattern is larger than a program for it is worth."""


class Piece(NamedTuple):
    """What a part of a pattern can match; None where it cannot match so."""

    inner: str | None
    newline: str | None
    empty: int
    only_newline: bool = False
    """Can match the final `\\n` and nothing else, wherever it stands."""


NOTHING: Final = Piece("", None, ANYWHERE)
NEVER: Final = Piece(None, None, 0)
WILD: Final = Piece(_REST, _REST + "(?m:$)", ANYWHERE, True)


def concatenate(pieces: Sequence[Piece]) -> Piece:
    """Pieces one after the other: the one that takes the final `\\n` is followed by empty ones only."""
    newline, rest_empty, only_newline = None, ANYWHERE, False
    for piece in reversed(pieces):
        only_newline = bool(piece.empty & BEFORE_NL) and only_newline
        only_newline |= piece.only_newline and bool(rest_empty & END_NL)
        before = None if newline is None or piece.inner is None else piece.inner + newline
        newline = either([before, piece.newline if rest_empty & END_NL else None])
        rest_empty &= piece.empty
        if newline is not None and len(newline) > _MAX_LENGTH:
            raise TooLarge
    inner: str | None = None
    if all(piece.inner is not None for piece in pieces):
        inner = "".join(piece.inner or "" for piece in pieces)
    return Piece(inner, newline, rest_empty, only_newline)


def alternate(pieces: Sequence[Piece]) -> Piece:
    """Any one of the pieces."""
    empty = 0
    for piece in pieces:
        empty |= piece.empty
    newline = either([p.newline for p in pieces])
    return Piece(either([p.inner for p in pieces]), newline, empty, any(p.only_newline for p in pieces))


def repeated(piece: Piece, low: int, high: int) -> Piece:
    """A piece `low` to `high` times over; the last time may be the one that takes the `\\n`."""
    inner = _times(piece.inner, low, high)
    newline = None
    if piece.newline is not None and high > 0:
        least = 0 if piece.empty & END_NL else max(low - 1, 0)
        before = _times(piece.inner, least, high if high == MAXREPEAT else high - 1)
        newline = None if before is None else before + piece.newline
    # One time, if that is enough; or else the other times have to match nothing, before or after it.
    enough = low <= 1 or bool(piece.empty & (END_NL | BEFORE_NL))
    only_newline = piece.only_newline and high > 0 and enough
    return Piece(inner, newline, piece.empty if low > 0 else ANYWHERE, only_newline)


def _times(part: str | None, low: int, high: int) -> str | None:
    if part is None:
        return "" if low == 0 else None
    if high == 0 or part == "":
        return ""
    if high == MAXREPEAT:
        return f"(?:{part})" + {0: "*", 1: "+"}.get(low, f"{{{low},}}")
    return f"(?:{part}){{{low},{high}}}"


def either(parts: Iterable[str | None]) -> str | None:
    """Any of the parts that can match; always safe to stand in a sequence."""
    some = list(dict.fromkeys(part for part in parts if part is not None))
    if len(some) < 2:
        return some[0] if some else None
    return "(?:" + "|".join(some) + ")"


def as_class(ranges: Ranges) -> str | None:
    """What takes one of the characters in `ranges`; None where there is none."""
    if not ranges:
        return None
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _escape(ranges[0][0])
    return "[" + "".join(_escape(a) if a == b else f"{_escape(a)}-{_escape(b)}" for a, b in ranges) + "]"


def _escape(code: int) -> str:
    char = chr(code)
    return char if code < 128 and (char.isalnum() or char == "_") else f"\\x{{{code:X}}}"
