"""Python's `re`, as the engine takes it: what it can decide by itself, and who decides the rest."""

from __future__ import annotations

import re
from functools import lru_cache

from logdex import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from logdex.regex.translate import Program

    Regex: TypeAlias = str | re.Pattern[str]
    Search: TypeAlias = Callable[[str], object]
    Parts: TypeAlias = tuple[str | None, str | None, bool, bool]
    Translation: TypeAlias = tuple[Parts | None, Parts | None, bool]

# A pattern longer than this is not worth the memory that keeping it takes.
_LONG = 1 << 16
_NOT_LITERAL = frozenset("\\.^$*+?{}[]|()\n")
"""What means more than itself, or lies at the end of a line."""


def compile_pattern(regex: str | re.Pattern[str] | None) -> _core.Pattern | None:
    """Compiles what a caller gave as `regex`.

    Args:
        regex: A pattern as `re.compile` takes it, or a compiled one; None for no pattern.

    Returns:
        The engine's pattern, cached unless it is very long, or None where every line matches.

    Raises:
        re.error: The pattern is not one; the message is Python's.
        TypeError: `regex` is not text, or is a pattern for bytes.
    """
    if regex is None:
        return None
    compiled = re.compile(regex)
    if isinstance(compiled.pattern, bytes):
        raise TypeError(f"regex is a pattern for bytes, {regex!r}; lines are text, so give a str pattern")
    return _build(compiled) if len(compiled.pattern) > _LONG else _build_once(compiled)


def _build(compiled: re.Pattern[str]) -> _core.Pattern | None:
    program = _literal(compiled)
    if program:
        return _core.Pattern(compiled.search, program, program)
    return _translated(compiled.pattern, compiled.flags & ~re.DEBUG, compiled.search)


def _literal(compiled: re.Pattern[str]) -> tuple[str, str, bool, bool] | None:
    """The program of a pattern that is but text, as `translate` makes it; None for any other.

    That module takes longer to import than a log of a hundred megabytes to search.
    """
    text = compiled.pattern
    if not text or not text.isascii() or compiled.flags != re.UNICODE or not _NOT_LITERAL.isdisjoint(text):
        return None
    said = "".join(char if char.isalnum() or char == "_" else f"\\x{{{ord(char):X}}}" for char in text)
    return said, said, False, True


def compile_said(said: Translation | None, search: Search) -> _core.Pattern | None:
    """As `compile_pattern`, where `re` itself is seldom asked: for that it costs as much again to compile.

    Args:
        said: What `said_of` says of the pattern.
        search: Who is asked where the engine cannot decide: `re.compile(regex).search`, compiled when it is called.

    Returns:
        The engine's pattern, or None where every line matches.
    """
    return None if said is None else _core.Pattern(search, said[0], said[1], inverted=said[2])


def _translated(regex: str, flags: int, search: Search) -> _core.Pattern | None:
    return compile_said(said_of(regex, flags), search)


def said_of(regex: str, flags: int) -> Translation | None:
    """A pattern, which has been tried with `re` before, as the engine takes it; None where every line matches.

    That is a program for lines of ASCII, one for any, and whether it is a line which matches that is not selected.
    """
    from logdex.regex.exclude import excluded
    from logdex.regex.piece import TooLarge
    from logdex.regex.sre import flags_of, parse
    from logdex.regex.translate import translate

    try:
        tree = parse(regex, flags)
        flags = flags_of(tree)
        unwanted = excluded(tree, flags)
        items = tree if unwanted is None else unwanted
        ascii_, text = translate(items, flags, text=False), translate(items, flags, text=True)
    except (TooLarge, RecursionError):
        return None, None, False
    if unwanted is None and ascii_.always and text.always:
        return None
    return _parts(ascii_), _parts(text), unwanted is not None


def _parts(program: Program) -> Parts:
    return program.ended, program.bare, program.every, program.exact


_build_once = lru_cache(maxsize=128)(_build)
