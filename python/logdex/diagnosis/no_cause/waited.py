"""Errors that most ranks raise alike because another one did not come, in words that no table has.

The taxonomy knows how NCCL and Gloo say that a collective timed out, and not how every library does. Say seven of eight
ranks end with `xfer: no answer from peer in 600 s`, and the eighth writes nothing: taken by themselves, seven ranks
failed. So what most raise alike, in words of waiting or after they stood still for far longer than a step takes, while
others neither raised it nor ended by themselves, is taken for a victim's (`Story.victims`): it tells of those others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from logdex.diagnosis.course.clocks import Clocks
from logdex.diagnosis.course.progress import pace_of
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.roles import Story
from logdex.diagnosis.records.similar import is_indented, masked

_WAIT = r"(?i)\btim(?:ed?|ing)[ -]?out\b|timeout\b|\bwait(?:ed|ing|s)?\b"
_WORDS = re.compile(
    rf"{_WAIT}|\bbarrier\b|\brendezvous\b|\bheart ?beat"
    r"|(?:\b(?:not|never|nothing)|n't) (?:been )?(?:yet )?"
    r"(?:receiv|respon|arriv|join|reach|finish|report|hear|repl|answer)"
    r"|\b(?:other|another|some|remaining|remote) (?:\w+ )?"
    r"(?:ranks?|workers?|nodes?|process(?:es)?|tasks?|replicas?|peers?|hosts?|members?|stages?)\b"
    r"|\b(?:peers?|unreachable|disconnect\w*|slow node)\b"
    r"|\b(?:lost|lose|gone|dead|missing) (?:\w+ ){0,2}(?:connection|contact|ranks?|workers?|peers?|members?|tasks?)\b"
)
"""Words that an error has which tells of others."""
_OF_A_WAIT = re.compile(rf"{_WAIT}|(?:\b(?:not|never)|n't) (?:yet )?(?:arriv|join|reach|finish|come|report)")
"""Words that an error has which tells that others did not come."""
STUCK = "stuck"
"""The class of what a rank says whose own watchdog hung: it may have waited, or be the one that was waited for."""
WAITS = ("watchdog", "work", "timeout", STUCK)
"""The classes of what a rank says that waited in vain."""
_MANY = 10.0
_LONG = 60.0
"""Who stood still for so many times a step, and so many seconds, was waiting."""


def tells_of_others(text: str) -> bool:
    """Whether a line has words of waiting, or of others."""
    return _WORDS.search(text) is not None


def tells_of_a_wait(text: str) -> bool:
    """Whether a line says that others did not come, or were waited for."""
    return _OF_A_WAIT.search(text) is not None


def turn(stories: dict[str, Story], clocks: Clocks, ended: set[str], told: set[str]) -> None:
    """Takes such errors for what they are, those of victims.

    Args:
        stories: What each rank told, by its name.
        clocks: How far the ranks' clocks differ.
        ended: The ranks that launchers saw end first.
        told: Those that launchers told to end.
    """
    spoke = [one for one in stories.values() if one.speaker.lines]
    groups: dict[tuple[str, str], list[tuple[Story, Event]]] = {}
    for one in spoke:
        if one.cause is not None and one.cause.role in ("exception", "error"):
            key = one.cause.class_, masked(one.cause.text)
            groups.setdefault(key, []).append((one, one.cause))
    for group in groups.values():
        if len(group) < 2 or 2 * len(group) < len(spoke) or len(group) == len(spoke):
            continue
        names = {one.speaker.name for one, _ in group}
        rest = [one for one in spoke if one.speaker.name not in names]
        silent = {one.speaker.name for one in rest if one.says_little}
        if (ended and ended <= silent) or _is_of_others(group, rest, clocks, told):
            for one, event in group:
                one.victims.insert(0, event)
                one.cause = None


def _is_of_others(
    group: Sequence[tuple[Story, Event]], rest: Sequence[Story], clocks: Clocks, told: set[str]
) -> bool:
    """Whether what a group raised tells of the rest."""
    if any(one.teardown and one.says_little for one in rest):
        # Who was told to end may have been about to raise the same.
        return False
    waited = sum(stood_still(one, event.low) for one, event in group)
    if 10 * waited >= 9 * len(group) or all(_WORDS.search(event.text) for _, event in group):
        return True
    if len(rest) > 1 or not rest[0].says_little or rest[0].speaker.name in told:
        return False
    return _has_last_words(rest[0], group, clocks)


def _has_last_words(one: Story, group: Sequence[tuple[Story, Event]], clocks: Clocks) -> bool:
    """Whether a rank that told of nothing that is known ended before the others with what none of them wrote."""
    tail = one.speaker.tail[-1] if one.speaker.tail else None
    if tail is None or is_indented(tail.text):
        return False
    lows = [clocks.of(event)[0] for _, event in group]
    at = tail.time - clocks.ahead.get(one.speaker.name, 0.0) if tail.time is not None else None
    if at is not None and at > min(lows) + clocks.doubt:
        return False
    said = masked(tail.text)
    return all(said != masked(line.text) for other, _ in group for line in other.speaker.tail)


def stood_still(one: Story, until: float) -> bool:
    """Whether a rank had made no step for far longer than one takes, until a moment by its own clock."""
    course = one.speaker.course
    pace = pace_of(course) if course is not None else None
    if course is None or course.last_at is None or pace is None:
        return False
    return until - course.last_at > max(_LONG, _MANY * pace)
