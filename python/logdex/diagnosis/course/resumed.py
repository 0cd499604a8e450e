"""Ranks that say that they resume, or begin again as they did before.

Whoever begins again from a step, or from a checkpoint, is a new process, or got over what stands before that.
"""

from __future__ import annotations

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import LOUD
from logdex.diagnosis.records.similar import masked

_CLASS = "resumed"


def before_it(speaker: Speaker) -> list[Event]:
    """Drops what a rank told of failures before it last said so, in the same log; returns that."""
    if not speaker.is_rank:
        return []
    said = next((event for event in reversed(speaker.events) if event.class_ == _CLASS), None)
    told = [event for event in (said, _began_again(speaker)) if event is not None]
    if not told:
        return []
    last = max(told, key=lambda event: event.number)

    def is_before(event: Event) -> bool:
        return event.role in LOUD and event.path == last.path and event.number < last.number

    earlier = [event for event in speaker.events if is_before(event)]
    speaker.events = [event for event in speaker.events if not is_before(event)]
    return earlier


def _began_again(speaker: Speaker) -> Event | None:
    """Where a rank last said, in the words of its beginning, which rank it is, if it did so after trouble each time.

    What it says again and again without trouble is no beginning.
    """
    first, last, is_troubled = "", None, False
    for event in speaker.events:
        if event.class_ == "identity" and event.said("self") is not None:
            text = masked(event.text)
            if first == text and not is_troubled:
                return None
            last = event if first == text else last
            first, is_troubled = first or text, False
        is_troubled = is_troubled or event.role in LOUD
    return last
