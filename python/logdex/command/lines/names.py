"""Short names of many sources: ranks as numbers, the part gone that all have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdex.inputs.input import Input

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)


class ShortNames:
    """What sources are called before lines that are folded, where there is little room.

    The names are those of the sources that are there when a follow begins; one that comes later fits in if it is called
    as the others are, and has its whole label else, so that no two are called the same.
    """

    def __init__(self, found: Iterable[Input] = ()) -> None:
        """`found` are the sources that are there."""
        labels = list(dict.fromkeys(one.label for one in found))
        parts = [_NUMBERED.fullmatch(label) for label in labels]
        around = {(part[1], part[3]) for part in parts if part}
        self._around = around.pop() if len(around) == 1 and all(parts) else None
        self._common = ""
        if len(set(map(self._short, labels))) < len(labels):
            self._around = None  # Of 01 and 1 both would be called 1.
        if self._around is None and len(labels) > 1:
            self._common = _directories(labels)
        self._width = max((len(self._short(label)) for label in labels), default=0)

    def of(self, one: Input) -> str:
        """The name of a source."""
        return self._short(one.label)

    def padded(self, one: Input) -> str:
        """The same, as wide as those of the others: numbers stand to the right."""
        name = self._short(one.label)
        return name.rjust(self._width) if name.isdecimal() else name.ljust(self._width)

    def _short(self, label: str) -> str:
        part = _NUMBERED.fullmatch(label) if self._around else None
        if part and (part[1], part[3]) == self._around:
            return str(int(part[2]))
        return label.removeprefix(self._common)


def _directories(labels: Iterable[str]) -> str:
    """What stands before the last of the slashes that all have in common."""
    parted = [label.split("/")[:-1] for label in labels]
    common = []
    for parts in zip(*parted, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "".join(f"{part}/" for part in common)
