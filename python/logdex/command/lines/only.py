"""`-o`: of a line, only what the regex matched, or a named group of it."""

from __future__ import annotations

import re
from collections.abc import Callable


def picker(regexes: list[str], group: str | None, *, ignore_case: bool) -> Callable[[str], str]:
    """What is shown of a line: each match of any of `regexes`, or of its `group`, on a line of its own.

    Raises:
        ValueError: There is no regex, or none has that group.
    """
    if not regexes:
        raise ValueError("-o shows what -e RE matched: give one")
    compiled = [re.compile(one, re.IGNORECASE if ignore_case else 0) for one in regexes]
    if group is not None:
        compiled = [one for one in compiled if group in one.groupindex]
        if not compiled:
            raise ValueError(f"--group {group}: no regex has a group of this name; write (?P<{group}>...)")

    def pick(line: str) -> str:
        found = [match for one in compiled for match in one.finditer(line)]
        # Of several regexes, what stands first in the line comes first.
        found.sort(key=lambda match: match.start())
        texts = ((match[0] if group is None else match[group]) or "" for match in found)
        return "".join(f"{text}\n" for text in (one.strip("\n") for one in texts) if text)

    return pick
