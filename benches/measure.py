"""What the benches share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

Corpus = Callable[..., Path]


def drain(items: Iterable[object]) -> int:
    """How many items there are."""
    count = 0
    for _ in items:
        count += 1
    return count
