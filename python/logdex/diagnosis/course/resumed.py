"""Ranks that say that they resume.

Whoever begins again from a step, or from a checkpoint, is a new process, or got over what stands before that.
"""

from __future__ import annotations

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import LOUD

_CLASS = "resumed"


def before_it(speaker: Speaker) -> list[Event]:
    """Drops what a rank told of failures before it last said so, in the same log; returns that."""
    last = next((event for event in reversed(speaker.events) if event.class_ == _CLASS), None)
    if last is None or not speaker.is_rank:
        return []

    def is_before(event: Event) -> bool:
        return event.role in LOUD and event.path == last.path and event.number < last.number

    earlier = [event for event in speaker.events if is_before(event)]
    speaker.events = [event for event in speaker.events if not is_before(event)]
    return earlier
