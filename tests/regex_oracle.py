"""What a pattern selects, as the engine says it and as Python's `re` says it line by line."""

from __future__ import annotations

import re

from logdex._pattern import compile_pattern


def split(data: bytes) -> list[bytes]:
    """The lines of `data`, each with its newline; only `\\n` ends a line."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def by_engine(regex: str | re.Pattern[str], data: bytes) -> list[bytes]:
    pattern = compile_pattern(regex)
    lines = split(data)
    return lines if pattern is None else [lines[i] for i in pattern.select(data)]


def by_re(regex: str | re.Pattern[str], data: bytes) -> list[bytes]:
    search = re.compile(regex).search
    return [line for line in split(data) if search(line.decode("utf-8", "replace"))]


def undecided(regex: str | re.Pattern[str], data: bytes) -> int:
    """How many lines the engine leaves to `re`."""
    pattern = compile_pattern(regex)
    return 0 if pattern is None else pattern.undecided(data)
