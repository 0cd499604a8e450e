"""What is the same text but for its numbers, paths and quoted words."""

from __future__ import annotations

import re
from functools import lru_cache

_STACK = re.compile(
    r"\[0x[0-9a-fA-F]{6,}\]|^(?:\[[^\]]*\]:? *)* ?(?:#\d+|\[ ?\d+\]|\d+)[: ]+ *(?:0x[0-9a-fA-F]+|/\S+\()"
    r"|\*\*\* .* \*\*\*|\bSignal(?: code)?: |={4} backtrace\b|^(?:\[[^\]]*\]:? *)*={8,}$"
)
"""What programs that are not written in Python write when a signal ends them, frame by frame."""
LEAST = 8
"""Texts of fewer letters are too short to be told apart."""
_PREFIX = re.compile(r"^(?:\[default\d+\]:|\[[^\]]{0,40}\]:? ?|\S+/\d+ |\d+: )+")
"""What stands before the text of a record; torchrun's own prefix has no blank behind it."""
_STAMP = re.compile(
    r"\d{2,4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?|\[?[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+"
)
_FOLDED = re.compile(r"0x[0-9a-fA-F]+|'[^']{0,200}'|\"[^\"]{0,200}\"|/[\w./-]+|\d+(?:\.\d+)?")


def is_indented(text: str) -> bool:
    """Whether a record begins with blanks behind its prefix, as the frames of a traceback do."""
    return _PREFIX.sub("", text).startswith("  ")


def is_of_stack(text: str) -> bool:
    """Whether a record is of a stack, or of what is written around one."""
    return is_indented(text) or _STACK.search(text) is not None


def unstamped(text: str) -> str:
    """A record without prefix and stamp."""
    return _STAMP.sub("", _PREFIX.sub("", text)).strip()


def behind_stamp(text: str) -> str:
    """A record without its first stamp: a line that was wrapped has another one of its own."""
    return _STAMP.sub("", text, count=1)


@lru_cache(maxsize=1 << 14)
def masked(text: str) -> str:
    """A record without prefix and stamp, its numbers, paths and quoted words folded."""
    return _FOLDED.sub("#", _STAMP.sub("", _PREFIX.sub("", text))).strip()[:160]
