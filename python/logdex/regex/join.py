"""Several regexes as one: a line is meant if any of them finds something."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Compiled where they are needed, which is not for one pattern. As in CPython's parser, a backslash and what stands
# behind it are one character, in a comment too.
_TOKENS = r"""
    \\(?P<octal>[0-7]{3})
  | \\(?P<reference>[1-9]\d?)
  | \\.
  | (?P<class>\[\^?\]?(?:\\.|[^]\\])*\])
  | (?P<to_line_end>\#(?:\\.|[^\n\\])*)
  | (?P<remark>\(\?\#(?:\\.|[^)\\])*\))
  | (?P<global_flags>\(\?[a-zA-Z]+\))
  | \(\?P=(?P<again>[^)]+)\)
  | \(\?\((?P<asks>[^)]+)\)
  | \(\?(?P<on>[a-zA-Z]*)(?:-(?P<off>[a-zA-Z]+))?:
  | (?P<captures>\(\?P<[^>]+>|\((?!\?))
  | (?P<opens>\()
  | (?P<closes>\))
  | .
"""
_FLAGS = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_MOST = 99
"""What is no reference any more, but an octal number, where it is greater: such a group is called by a name."""


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
        flags = one.flags | (re.IGNORECASE if ignore_case else 0)
        said = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
        # In verbose mode a comment may stand at the end.
        end = "\n)" if flags & re.VERBOSE else ")"
        parts.append(f"(?{said}:{''.join(_numbered(one, shift))}{end}")
        shift += one.groups
    return "|".join(parts)


def _numbered(one: re.Pattern[str], shift: int) -> Iterator[str]:
    r"""The pattern without its flags and names, its references (`\1`, `(?P=n)`, `(?(1)...)`) `shift` groups further."""
    pattern, names, group = one.pattern, one.groupindex, shift
    tokens, at = re.compile(_TOKENS, re.VERBOSE | re.DOTALL), 0
    # Whether `#` begins a comment: outside, and in each of the parentheses that are open.
    verbose = [bool(one.flags & re.VERBOSE)]
    while token := tokens.match(pattern, at):
        at = token.end()
        if token["to_line_end"] and not verbose[-1]:
            at = token.start() + 1
            yield "#"
        elif token["reference"] or token["again"]:
            yield _reference(shift + int(token["reference"] or names[token["again"]]))
        elif name := token["asks"]:
            verbose.append(verbose[-1])
            yield f"(?({shift + (names[name] if name in names else int(name))})"
        elif token["captures"]:
            group += 1
            verbose.append(verbose[-1])
            yield "(" if group <= _MOST else f"(?P<{_name(group)}>"
        elif token["on"] is not None:
            verbose.append((verbose[-1] or "x" in token["on"]) and "x" not in (token["off"] or ""))
            yield token[0]
        elif not token["global_flags"]:
            if token["opens"]:
                verbose.append(verbose[-1])
            elif token["closes"]:
                verbose.pop()
            yield token[0]


def _reference(group: int) -> str:
    # In parentheses, so that a digit behind it stands by itself.
    return f"(?:\\{group})" if group <= _MOST else f"(?P={_name(group)})"


def _name(group: int) -> str:
    return f"_{group}"
