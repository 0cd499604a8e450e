"""Patterns that say what a line must not hold: `^(?!.*DEBUG)` and `^((?!DEBUG).)*$`.

They are how `grep -v` is said in a regex. The engine looks for what is excluded, and selects the other lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from logdex.regex.sre import MAXREPEAT, op
from logdex.regex.translate import Item, at_tail

_AT, _END = op("AT"), op("AT_END")
_BEGIN, _BEGIN_STRING = op("AT_BEGINNING"), op("AT_BEGINNING_STRING")
_ASSERT_NOT, _BRANCH = op("ASSERT_NOT"), op("BRANCH")
_SUBPATTERN, _ANY = op("SUBPATTERN"), op("ANY")
_REPEATS = (op("MAX_REPEAT"), op("MIN_REPEAT"))


def excluded(tree: Any, flags: int) -> Sequence[Item] | None:
    """The items of a pattern that selects just the lines that `tree` does not, or None for another kind."""
    items = list(tree)
    if not items or items[0][0] is not _AT:
        return None
    where = items[0][1]
    if where is not _BEGIN_STRING and (where is not _BEGIN or flags & re.MULTILINE):
        return None
    return _ahead(items) or _step_by_step(items)


def _ahead(items: list[Item]) -> Sequence[Item] | None:
    """`^(?!A)(?!B)`, and nothing after it that a line could fail: `^A` and `^B` are excluded."""
    refused = [value[1] for kind, value in items[1:] if kind is _ASSERT_NOT and value[0] > 0]
    if not refused or at_tail(items[1 + len(refused) :]):
        return None
    if any(kind is not _ASSERT_NOT for kind, _ in items[1 : 1 + len(refused)]):
        return None
    return [items[0], (_BRANCH, (None, refused))]


def _step_by_step(items: list[Item]) -> Sequence[Item] | None:
    """`^(?:(?!A).)*$`: `A` is excluded wherever it begins, if it begins with something of the line."""
    if len(items) != 3 or items[1][0] not in _REPEATS or items[2] != (_AT, _END):
        return None
    low, high, body = items[1][1]
    step = list(body)
    if len(step) == 1 and step[0][0] is _SUBPATTERN and not (step[0][1][1] or step[0][1][2]):
        step = list(step[0][1][3])
    if (low, high) != (0, MAXREPEAT) or [kind for kind, _ in step] != [_ASSERT_NOT, _ANY]:
        return None
    ahead, refused = step[0][1]
    return list(refused) if ahead > 0 and _begins_inside(refused) else None


def _begins_inside(refused: Any) -> bool:
    """Whether it begins with a character that is not the line's `\\n`, by what its first item is."""
    if not len(refused):
        return False
    kind, value = refused[0]
    if kind is _BRANCH:
        return all(_begins_inside(each) for each in value[1])
    return kind is op("LITERAL") and value != ord("\n")
