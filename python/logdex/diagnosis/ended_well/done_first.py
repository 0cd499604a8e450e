"""Whether the work was done before anything was lost: who has done all leaves, and takes its connections along.

A server of the job, as a driver, a scheduler of tasks, or the first rank with its store, ends when the work is done.
Who is connected to it then may tell of a closed connection, in any words; nobody failed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from logdex.diagnosis.records.events import Event, Speaker, Tail, of_tail
from logdex.diagnosis.records.roles import FAILED, Story, says_that_it_ended_well
from logdex.diagnosis.scene import Scene, missing_of

_DONE = re.compile(r"(?i)\b(?:done|finished|complete[d]?|succeeded|successfully)\b")
_OF_A_PART = re.compile(
    r"(?i)\b(?:epoch|step|stage|batch|checkpoint\w*|sav(?:ed?|ing)|load\w*|download\w*|upload\w*|install\w*|build"
    r"|compil\w*|init\w*|setup|start\w*|warm\w*|eval\w*|valid\w*|not|never|un\w+|fail\w*|errors?|aborted|attempt|prolog)\b"
)
"""Words by which something else is done than the work, or not done."""
_ALL_OF = re.compile(
    r"(?i)\b(?:done|finished|completed?|processed)\b[^\n]{0,40}(?<![\d.,/])(\d+) ?(?:/|of|out of) ?\1(?![\d.,/]*\d)"
)
"""How one says that it did all of so many."""
_NONE_WRONG = re.compile(
    r"(?i)\b(?:errors?|failures?|failed)\W{1,3}(?:0|none)\b|\b(?:0|no) (?:\w+ )?(?:errors?|failures?|failed)\b"
)
_CLOSED = ("peer", "another", "rendezvous", "store", "closed")
"""The classes of what is told of a connection, or of a server, that is gone."""
_REFUSED = re.compile(r"(?i)\b(?:refused|reset|time[ds]?[ -]?out|died|killed|crash\w*|dead)\b")
"""Words by which more is told than that a connection was closed."""
_AT_ONCE = 10.0
"""Within so many seconds those who are connected notice that one left when all was done."""
_LAST = 3
"""So many last lines are those of an end."""


def each_did_all(scene: Scene) -> Event | None:
    """How a rank said that it did all of so many, where each rank says so, and none of them told of any trouble."""
    if any(not one.is_silent or one.teardown for one in scene.stories.values()) or missing_of(scene):
        return None
    if any(not one.is_teardown for one in scene.exits):
        return None
    lasts = [(one, _did_all(one)) for one in scene.ranks]
    told = [of_tail(one, tail, "context", "ended") for one, tail in lasts if tail is not None]
    return told[0] if told and len(told) == len(lasts) else None


def _did_all(one: Speaker) -> Tail | None:
    lines = one.tail[-_LAST:]
    return next((tail for tail in lines if _ALL_OF.search(tail.text) and not _is_of_a_part(tail.text)), None)


def _is_of_a_part(text: str) -> bool:
    return _OF_A_PART.search(_NONE_WRONG.sub("", text)) is not None


def end_before_all_closed(scene: Scene) -> Event | None:
    """How the end was told, where all that came after the work was that connections closed; None if more did."""
    if any(not _only_lost(one) for one in scene.stories.values()) or _saw_a_failure(scene):
        return None
    lost = [event for one in scene.stories.values() for event in one.victims]
    return (_of_a_rank(scene) or _of_a_driver(scene, lost)) if lost else None


def _of_a_rank(scene: Scene) -> Event | None:
    """How a rank says that all came to its end, where each had made the last of all its steps."""
    if not all(_made_all_steps(one) for one in scene.ranks):
        return None
    ends = ((one, tail) for one in scene.ranks for tail in one.tail if says_that_it_ended_well(tail.text))
    return next((of_tail(one, tail, "context", "ended") for one, tail in ends), None)


def _made_all_steps(one: Speaker) -> bool:
    """Whether a rank's last step was the last of all: `step 5/5`."""
    course = one.course
    if course is None:
        return False
    whole = re.compile(rf"(?<![\d.,/]){course.last} ?(?:/|of) ?{course.last}(?![\d.,/]*\d)")
    return any(tail.number == course.last_number and whole.search(tail.text) for tail in one.tail)


def _of_a_driver(scene: Scene, lost: Sequence[Event]) -> Event | None:
    """How a driver says that it ended, which had said that the work was done shortly before connections were lost."""
    begun = min(scene.clocks.of(event)[0] for event in lost)
    for one in scene.witnesses:
        ends = [tail for tail in one.tail if _DONE.search(tail.text) and not _is_of_a_part(tail.text)]
        befores = (begun - tail.time for tail in ends[:-1] if tail.time is not None)
        if ends and ends[-1] in one.tail[-_LAST:] and any(0 <= before <= _AT_ONCE for before in befores):
            return of_tail(one, ends[-1], "context", "ended")
    return None


def _only_lost(one: Story) -> bool:
    """Whether all that a rank told of is that connections were closed to it."""
    return (
        one.cause is None
        and not one.links
        and all(event.class_ in _CLOSED and not _REFUSED.search(event.text) for event in one.victims)
    )


def _saw_a_failure(scene: Scene) -> bool:
    """Whether a witness told of a failure, or of how a process ended."""
    told = [event for one in scene.witnesses for event in one.events if event.role in FAILED]
    return bool(told) or any(not one.is_teardown for one in scene.exits)
