"""Records with which nearly all ranks begin, and after which they go on: no failure, whatever their words.

Every rank of a job may write `Connection reset by peer, retrying` at its start, which the taxonomy takes for a victim's
words. Where nearly all wrote it within some seconds, among their first lines and before any step, and most told of
something else later, it is left out, so that it is not the earliest failure of them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import LOUD
from logdex.diagnosis.records.similar import masked

_FELL = ("victim", "link")
_BEGINNING = 32
"""Within so many of its lines a rank still begins."""
_NEARLY_ALL = 0.9
_AT_ONCE = 6.0
_LATER = 5.0
"""What comes so many seconds later is another matter."""


def leave_out(ranks: Sequence[Speaker]) -> None:
    """Takes away the first record of each rank, where nearly all began with it at once and most told of more later.

    `Connecting to the coordinator` is said by who will be a victim and by who will not.
    """
    spoke = [one for one in ranks if one.lines]
    firsts: dict[str, list[tuple[Speaker, Event]]] = {}
    for one in spoke:
        first = next((event for event in one.events if event.role in LOUD), None)
        if first is not None and _is_at_the_start(first):
            firsts.setdefault(masked(first.text), []).append((one, first))
    for group in firsts.values():
        lows = [event.low for _, event in group]
        told_more = sum(_told_more(one, event) for one, event in group)
        if (
            len(group) >= max(2.0, _NEARLY_ALL * len(spoke))
            and max(lows) - min(lows) <= _AT_ONCE
            and 2 * told_more >= len(group)
        ):
            for one, event in group:
                one.events.remove(event)


def _is_at_the_start(event: Event) -> bool:
    """Whether a record that a victim may have written stands where ranks begin, and before any step."""
    return (
        event.role in _FELL
        and event.own
        and event.place <= _BEGINNING
        and all(number is None for number in event.progress)
        and event.class_ not in ("watchdog", "work")
        and "refused" not in event.text
    )


def _told_more(one: Speaker, first: Event) -> bool:
    """Whether a rank told of something else later."""
    return any(
        event.role in LOUD and event.low > first.low + _LATER and masked(event.text) != masked(first.text)
        for event in one.events
    )
