"""`Said`: what a scheduler's record says of the job that wrote a log."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """One fact: in words, when it was in seconds since 1970 UTC if that is known, and whose record it is."""

    text: str
    at: float | None
    where: str
