"""Levels that say nothing: an outer one, where the line has a mild one of its own, and one that nearly all lines have.

Who collects all of stderr, or wraps each line in a stamp of its own, calls them all errors.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import Story, strength
from logdex.diagnosis.records.similar import behind_stamp, masked
from logdex.diagnosis.records.taxonomy import classify

_MILD_WORDS = ("INFO", "DEBUG", "TRACE", "NOTICE", "WARN", "[Info]", "[Debug]", "[Warning]")
_MILD = re.compile(r"\b(?:INFO|DEBUG|TRACE|NOTICE|WARN(?:ING)?)\b|\[(?:Info|Debug|Warning)\]")
_MILD_IN_GLOG = re.compile(r"[IW](?<![^\[\s].)\d{4} \d\d:\d\d")
_HEAD = 80
"""So many letters in, behind the outer stamp, a line still says its level."""
_SEVERAL = 3
_SOME = 2
"""What weighs more than that is a cause by name."""
_BEGINNING = 4
"""Within so many of its lines a rank begins: the first of them may be known, as harmless ones are."""
_LONG = 30.0
"""A job that begins with errors and lives for so many seconds did not end of them."""


def drop(speakers: Sequence[Speaker]) -> None:
    """Drops records of which no more than such a level tells."""
    say_nothing = _say_nothing(speakers)
    for one in speakers:
        # All of a speaker's records at once, of which a job has thousands: most have no such word anywhere.
        if say_nothing or _may_be_mild("\n".join(event.text for event in one.events)):
            one.events = [event for event in one.events if not _says_nothing(event, say_nothing)]
    _drop_what_most_outlived([one for one in speakers if one.is_rank and one.lines])


def _drop_what_most_outlived(ranks: Sequence[Speaker]) -> None:
    """Drops a level that most ranks gave to one line, each of them long before its last one."""
    groups: dict[str, dict[str, list[Event]]] = {}
    for one in ranks:
        for event in one.events:
            if (
                event.own
                and one.last is not None
                and one.last > event.high + _LONG
                and _is_level_alone(event)
            ):
                groups.setdefault(masked(event.text), {}).setdefault(one.name, []).append(event)
    most = max(_SEVERAL, len(ranks) // 2 + 1)
    over = {
        id(event) for told in groups.values() if len(told) >= most for many in told.values() for event in many
    }
    for one in ranks if over else ():
        one.events = [event for event in one.events if id(event) not in over]


def leave(stories: Collection[Story]) -> None:
    """Drops a level as a cause where several ranks gave it to one line, and another one has more than a level."""
    if not any(strength(one.cause) > _SOME for one in stories if one.cause is not None):
        return
    groups: dict[str, list[Story]] = {}
    for one in stories:
        if one.cause is not None and _is_level_alone(one.cause):
            groups.setdefault(masked(one.cause.text), []).append(one)
    for group in groups.values():
        for one in group if len(group) >= _SEVERAL else ():
            one.dropped += [event for event in (one.cause,) if event is not None]
            one.cause = None


def _say_nothing(speakers: Sequence[Speaker]) -> bool:
    """Whether most lines of a job have the level of errors, from the first ones of its ranks on, and it went on."""
    ranks = [one for one in speakers if one.is_rank and one.lines]
    begun = [
        event
        for one in ranks
        for event in one.events[:1]
        if event.place <= _BEGINNING and _is_level_alone(event)
    ]
    times = [event.low for event in begun if event.own]
    lasts = [one.last for one in ranks if one.last is not None]
    if 2 * len(begun) <= len(ranks) or not times or max(lasts, default=0.0) - min(times) < _LONG:
        return False
    return 2 * sum(sum(one.counts.values()) for one in ranks) >= sum(one.lines for one in ranks)


def _says_nothing(event: Event, all_do: bool) -> bool:
    """Whether only an outer level tells of a record that has a mild one too, or whose job has it on all lines."""
    # In this order: what a record says behind its stamp is asked of the engine.
    return (all_do or _is_mild(behind_stamp(event.text)[:_HEAD])) and _is_level_alone(event)


def _is_mild(head: str) -> bool:
    """Whether a line has the level of one that tells of no error."""
    return _MILD.search(head) is not None or _MILD_IN_GLOG.search(head) is not None


def _may_be_mild(text: str) -> bool:
    """Whether a line of `text` may be mild; to look for each word takes less than to search for either."""
    return any(word in text for word in _MILD_WORDS) or _MILD_IN_GLOG.search(text) is not None


def _is_level_alone(event: Event) -> bool:
    """Whether a record is an error by the level of its stamp, and not by what stands behind it."""
    if (event.role, event.class_) != ("error", "error"):
        return False
    known = classify(behind_stamp(event.text))
    return known is None or known[0].role != "error"
