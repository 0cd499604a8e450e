"""Lists of return codes: one line of a launcher tells with which status each of its processes ended, in their order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.exits import Exit, as_signal

if TYPE_CHECKING:
    from logdex.diagnosis.scene import Scene

_BY_ITSELF = (-11, -7, -4, -8)
"""The signals that nobody sends to end the rest."""
_LEAST = 3
"""Of so many, one is told from the rest."""


def of_scene(scene: Scene, many: int) -> list[Exit]:
    """All exits of such lists, of so many ranks where these are known by their numbers."""
    names = {one.name for one in scene.ranks}
    known = many if any(scene.name_of(number) in names for number in range(many)) else 0
    return [told for one in scene.speakers for told in _of_events(one.events, known)]


def _of_events(events: Sequence[Event], many: int) -> Iterator[Exit]:
    """The exits of such lists, by rank where one of as many as the ranks are ended as no other did; else nobody's."""
    for event in events:
        told = event.said("codes") if event.class_ == "codes" else None
        if told is None:
            continue
        codes = [as_signal(int(code)) for code in re.findall(r"-?\d+", told)]
        first = _first_of(codes)
        for number, code in enumerate(codes):
            is_known = first is not None and len(codes) == many
            yield Exit(
                event, number if is_known else None, code=code, is_root=not is_known or number == first
            )


def _first_of(codes: Sequence[int]) -> int | None:
    """The place of the one that ended as no other did: by itself, or where all others ended alike, for what it did."""
    crashed = [place for place, code in enumerate(codes) if code in _BY_ITSELF]
    failed = crashed or [place for place, code in enumerate(codes) if code]
    if len(failed) == 1:
        return failed[0]
    times = Counter(codes)
    odd = [place for place, code in enumerate(codes) if times[code] == 1]
    return odd[0] if len(times) == 2 and len(odd) == 1 and codes[odd[0]] and len(codes) >= _LEAST else None
