"""Several regexes as one: a line is meant if any of them finds something."""

from __future__ import annotations

import re

_GLOBAL_FLAGS = re.compile(r"\(\?([aiLmsux]+)\)")
_GROUP_NUMBER = re.compile(r"\(\?\((\d+)\)")


def join(patterns: list[str], *, ignore_case: bool = False) -> str | None:
    """One pattern for all of `patterns`; None for none.

    Raises:
        re.error: One of them is not a pattern; the message is Python's.
    """
    groups = [re.compile(pattern).groups for pattern in patterns]
    if not patterns:
        return None
    if len(patterns) == 1 and not ignore_case:
        return patterns[0]
    shift, parts = 0, []
    for pattern, count in zip(patterns, groups, strict=True):
        parts.append(_scoped(_renumbered(pattern, shift), "i" if ignore_case else ""))
        shift += count
    return "|".join(parts)


def _scoped(pattern: str, flags: str) -> str:
    """The pattern as a group, with the flags at its head in force in it alone."""
    while match := _GLOBAL_FLAGS.match(pattern):
        flags += match[1]
        pattern = pattern[match.end() :]
    flags = "".join(sorted(set(flags)))
    # In verbose mode a comment may stand at the end.
    return f"(?{flags}:{pattern}\n)" if "x" in flags else f"(?{flags}:{pattern})"


def _renumbered(pattern: str, shift: int) -> str:
    r"""The pattern with its references to groups (`\1`, `(?(1)...)`) shifted by the groups before it."""
    if not shift:
        return pattern
    out, at, in_class = [], 0, False
    while at < len(pattern):
        char = pattern[at]
        reference = re.compile(r"\\([1-9]\d?)(?!\d)").match(pattern, at)
        number = _GROUP_NUMBER.match(pattern, at)
        if reference and not in_class:
            out.append(f"(?:\\{int(reference[1]) + shift})")
            at = reference.end()
        elif number and not in_class:
            out.append(f"(?({int(number[1]) + shift})")
            at = number.end()
        elif char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
        else:
            if char == "[" and not in_class:
                in_class = True
                # A `]` right after the opening is an ordinary character.
                head = re.compile(r"\[\^?\]?").match(pattern, at)
                char = head[0] if head else char
            elif char == "]":
                in_class = False
            out.append(char)
            at += len(char)
    return "".join(out)
