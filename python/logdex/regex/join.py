"""Several regexes as one: a line is meant if any of them finds something."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Compiled where they are needed, which is not for one pattern.
_GLOBAL_FLAGS = r"\(\?([aiLmsux]+)\)"
_GROUP_NAME = r"\(\?(?:P<(?P<opens>\w+)>|P=(?P<again>\w+)\)|\((?P<asks>\w+)\))"
_REFERENCE = r"\\([1-9]\d?)(?!\d)"
# In verbose mode there are others, too.
_COMMENT, _TO_LINE_END = r"\(\?#[^)]*\)", r"|#[^\n]*"
# A `]` right after the opening is an ordinary character.
_CLASS = r"\[\^?\]?"


def join(patterns: list[str], *, ignore_case: bool = False) -> str | None:
    """One pattern for all of `patterns`; None for none.

    Raises:
        re.error: One of them is not a pattern; the message is Python's.
    """
    compiled = [re.compile(pattern) for pattern in patterns]
    if not patterns:
        return None
    if len(patterns) == 1 and not ignore_case:
        return patterns[0]
    shift, parts = 0, []
    for one in compiled:
        numbered = _numbered(one, shift)
        parts.append(_scoped(numbered, "i" if ignore_case else ""))
        shift += one.groups
    return "|".join(parts)


def _scoped(pattern: str, flags: str) -> str:
    """The pattern as a group, with the flags at its head in force in it alone."""
    while match := re.match(_GLOBAL_FLAGS, pattern):
        flags += match[1]
        pattern = pattern[match.end() :]
    flags = "".join(sorted(set(flags)))
    # In verbose mode a comment may stand at the end.
    return f"(?{flags}:{pattern}\n)" if "x" in flags else f"(?{flags}:{pattern})"


def _numbered(one: re.Pattern[str], shift: int) -> str:
    r"""The pattern without names, its references (`\1`, `(?P=n)`, `(?(1)...)`) shifted by the groups before it."""
    pattern, names = one.pattern, one.groupindex
    remark = _COMMENT + (_TO_LINE_END if one.flags & re.VERBOSE else "")
    reference_to, group_name, class_, comment = map(re.compile, (_REFERENCE, _GROUP_NAME, _CLASS, remark))
    out, at, in_class = [], 0, False
    while at < len(pattern):
        char = pattern[at]
        reference = None if in_class else reference_to.match(pattern, at)
        named = None if in_class else group_name.match(pattern, at)
        said = None if in_class else comment.match(pattern, at)
        if reference:
            out.append(f"(?:\\{int(reference[1]) + shift})")
            at = reference.end()
        elif named:
            out.append(_by_number(named, shift, names))
            at = named.end()
        elif said:
            out.append(said[0])
            at = said.end()
        elif char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
        else:
            opening = None if in_class else class_.match(pattern, at)
            in_class = opening is not None or (in_class and char != "]")
            out.append(opening[0] if opening else char)
            at += len(out[-1])
    return "".join(out)


def _by_number(named: re.Match[str], shift: int, names: Mapping[str, int]) -> str:
    if named["opens"]:
        return "("
    name = named["again"] or named["asks"]
    number = shift + (int(name) if name.isdecimal() else names[name])
    return f"(?:\\{number})" if named["again"] else f"(?({number})"
