"""Clocks: how far those of ranks differ, measured by steps that they have in common, and which event came first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from logdex.diagnosis.records.events import Event, Speaker

_FAR = 60.0
"""No clock is believed to be further off than this; further off is another time."""
_STILL = 0.5
"""Ranks reach a step within so many seconds of each other, or so, whatever their clocks say."""
SURE = 6.5
"""Clocks that nobody measured may differ by so many seconds, where it must be certain."""


@dataclass
class Clocks:
    """By how many seconds the clock of each speaker is ahead, for the speakers of which it was measured."""

    doubt: float = 1.0
    """By how much clocks of two files may differ that were not measured, in seconds."""
    ahead: dict[str, float] = field(default_factory=dict)
    spread: float = _STILL

    def of(self, event: Event) -> tuple[float, float]:
        """The earliest and the latest time of an event, by the common clock."""
        off = self.ahead.get(event.speaker, 0.0)
        return event.low - off, event.high - off

    def between(self, one: Event, other: Event, sure: bool = False) -> float:
        """Within how many seconds nobody can tell which of two events came first."""
        if one.path == other.path and one.own and other.own:
            return 0.0
        if one.speaker in self.ahead and other.speaker in self.ahead:
            return self.spread
        return max(self.doubt, SURE) if sure else self.doubt

    def is_before(self, one: Event, other: Event, sure: bool = False) -> bool:
        """Whether one event surely came before the other."""
        if one.path == other.path:
            return one.number < other.number
        return self.of(one)[1] + self.between(one, other, sure) < self.of(other)[0]


def measure(speakers: Sequence[Speaker], doubt: float) -> Clocks:
    """Measures the clocks by the first and the last step that speakers have in common."""
    seen: dict[tuple[int, int], dict[str, float]] = {}
    for speaker in speakers:
        for unit, course in enumerate(speaker.courses[:2]):
            if course is None:
                continue
            for number, at in ((course.first, course.first_at), (course.last, course.last_at)):
                if at is not None:
                    seen.setdefault((unit, number), {})[speaker.name] = at
    offsets: dict[str, list[float]] = {}
    for times in seen.values():
        if len(times) < 2:
            continue
        middle = median(times.values())
        for name, at in times.items():
            if abs(at - middle) < _FAR:
                offsets.setdefault(name, []).append(at - middle)
    clocks = Clocks(doubt)
    for name, found in offsets.items():
        # A rank that is late at one step and not at another is slow, which no clock explains.
        if max(found) - min(found) <= 2 * _STILL:
            middle = median(found)
            clocks.ahead[name] = middle if abs(middle) > _STILL else 0.0
            clocks.spread = max(clocks.spread, max(found) - min(found))
    return clocks
