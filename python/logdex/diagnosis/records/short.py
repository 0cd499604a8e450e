"""Names and records in short, as they can be quoted within a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST = 150
"""So many characters of a record are quoted."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def showable(text: str) -> str:
    """Text for a page or a picture: what is not to be shown, or turns round what is, is replaced."""
    return _UNSHOWN.sub("\ufffd", text)


def plain(text: str, most: int = LONGEST) -> str:
    """A record as it can be quoted within a line: no colours, no control characters, not too long."""
    text = _CONTROL.sub("", text).strip()
    return text if len(text) <= most else text[: most - 3] + "..."


def ranges(names: Iterable[str], most: int = 12) -> str:
    """Names in short: numbers as ranges, and the rest as they are."""
    listed = list(dict.fromkeys(names))
    numbers = sorted(int(name) for name in listed if name.isdigit())
    parts: list[str] = []
    at = 0
    while at < len(numbers):
        end = at
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        parts.append(str(numbers[at]) if end == at else f"{numbers[at]}-{numbers[end]}")
        at = end + 1
    parts += [name for name in listed if not name.isdigit()]
    return ", ".join(parts[:most]) + (f" and {len(parts) - most} more" if len(parts) > most else "")


def who(names: Sequence[str], everyone: Sequence[str] = ()) -> str:
    """Ranks by name: the shorter side, `all but 815`, where that is much shorter."""
    if not names:
        return "nobody"
    if everyone and set(names) == set(everyone) and len(names) > 1:
        return f"all {len(names)} ranks"
    rest = [name for name in everyone if name not in set(names)]
    if everyone and len(names) > 8 and 0 < len(rest) <= len(names) // 4:
        return f"all but {ranges(rest)}"
    if len(names) == 1:
        return f"rank {names[0]}" if names[0].isdigit() else plain(names[0], 60)
    return f"ranks {ranges(names)}" if names[0].isdigit() else plain(ranges(names, 6), 100)
