"""The stall: when the collective began that never ended, and who is out of step in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from logdex.diagnosis.course.clocks import Clocks
from logdex.diagnosis.records.events import Event, Speaker

NEAR = 30.0
"""A cause within so many seconds after the stall began is its cause.

A step may take a while to come to the collective.
"""

_GROUP = re.compile(r"\[PG (?:ID )?(\d+)")


@dataclass
class Stall:
    """A collective that timed out."""

    begun: float
    """The earliest time at which any rank began to wait, in seconds since 1970 UTC, by the common clock."""
    timeout: float
    event: Event

    def fits(self, event: Event, clocks: Clocks) -> bool:
        """Whether an event may have been its cause: not long after it began."""
        return clocks.of(event)[0] <= self.begun + NEAR

    def is_later(self, event: Event, clocks: Clocks) -> bool:
        """Whether an event came when the waiting was over."""
        return event.own and clocks.of(event)[0] > self.begun + max(NEAR, 0.9 * self.timeout)


def of_speakers(speakers: Sequence[Speaker], clocks: Clocks) -> Stall | None:
    """The stall of which watchdogs tell; None where none has a time."""
    best: Stall | None = None
    for speaker in speakers:
        for event in speaker.events:
            ms = event.said("ms") if event.class_ == "watchdog" and event.own else None
            if ms is None:
                continue
            begun = clocks.of(event)[0] - int(ms) / 1000
            if best is None or begun < best.begun:
                best = Stall(begun, int(ms) / 1000, event)
    return best


def in_collective(speakers: Sequence[Speaker]) -> dict[tuple[str, str], list[str]]:
    """By number and kind of the collective in which they wait, the ranks."""
    groups: dict[tuple[str, str], list[str]] = {}
    for speaker in speakers:
        for event in speaker.events:
            if event.class_ == "watchdog" and (seq := event.said("seq")) is not None:
                groups.setdefault((seq, event.said("op") or "?"), []).append(speaker.name)
                break
    return groups


def _is_of_all(text: str) -> bool:
    """Whether a line is of the default group, or names none."""
    return (found := _GROUP.search(text)) is None or found[1] == "0"


def behind(speakers: Sequence[Speaker]) -> str | None:
    """The one rank that had enqueued less work of the default group than all others, which agree."""
    enqueued, waits = dict[str, int](), dict[str, int]()
    for speaker in speakers:
        for event in speaker.events:
            if event.class_ == "work" and event.said("pg") in (None, "0") and (said := event.said("enq")):
                enqueued.setdefault(speaker.name, int(said))
            elif event.class_ == "watchdog" and _is_of_all(event.text) and (said := event.said("seq")):
                # Whoever waits in a collective has enqueued it.
                waits.setdefault(speaker.name, int(said))
    for name, number in waits.items():
        enqueued.setdefault(name, number)
    if len(enqueued) < max(len(speakers), 4):
        return None
    least = min(enqueued.values())
    names = [name for name, number in enqueued.items() if number == least]
    ahead = {number for number in enqueued.values() if number != least}
    return names[0] if len(names) == 1 and len(ahead) == 1 else None
