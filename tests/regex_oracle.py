"""What a pattern selects, as the engine says it and as Python's `re` says it line by line."""

from __future__ import annotations

import re

from logdex.regex.pattern import compile_pattern

# What every pattern is tried on besides its own subjects.
SUBJECTS = (
    b"\n\nabc\nABC\n a b \nabc abc\naaa\nab\r\na\tb\x00\n\x1c\x1d\x1e\x1f\n\x1cab\n__init__ 42\nerror: \nerror:\n"
    + "Straße été ÉTÉ Kelvin\u212a \u017f \u0131 İ\n\u0663\u0664 中文 \u00a0\u2028\u0085 \ufffd\n".encode()
    + b"\xff\xfe broken \xc3\n\xe2\x82 abc \xf0\x9f\x98\nno newline at the end"
)


def split(data: bytes) -> list[bytes]:
    """The lines of `data`, each with its newline; only `\\n` ends a line."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def by_engine(regex: str | re.Pattern[str], data: bytes) -> list[bytes]:
    pattern = compile_pattern(regex)
    lines = split(data)
    if pattern is None:
        return lines
    found = [lines[i] for i in pattern.select(data)]
    for line in found:
        assert pattern.may_be_in(line) or not line.endswith(b"\n"), "an index of text would leave it out"
    return found


def by_re(regex: str | re.Pattern[str], data: bytes) -> list[bytes]:
    search = re.compile(regex).search
    return [line for line in split(data) if search(line.decode("utf-8", "replace"))]


def undecided(regex: str | re.Pattern[str], data: bytes) -> int:
    """How many lines the engine leaves to `re`."""
    pattern = compile_pattern(regex)
    return 0 if pattern is None else pattern.undecided(data)
