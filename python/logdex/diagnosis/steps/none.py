"""The step for logs in which no line tells of a failure: nothing went on, or nothing failed."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.course import progress
from logdex.diagnosis.no_cause import waited
from logdex.diagnosis.records.events import Event, Speaker, Tail, of_tail
from logdex.diagnosis.records.roles import FAILED, Story, ended_well
from logdex.diagnosis.records.similar import LEAST, masked
from logdex.diagnosis.scene import FEW, Candidate, Scene, logs_of, missing_of, time_of, whole_host
from logdex.diagnosis.steps import behind, ends, lastwords
from logdex.diagnosis.steps.mentioned import mentions
from logdex.diagnosis.verdict import Finding

_STANDSTILL = "stamps: a standstill cannot be seen without"
_JUST_NOW, _STEPS = 60.0, 3.0
"""Who wrote within so many seconds, or steps, still lives."""
_GRAVE = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|ABORT(?:ED|ING)?)\b")
"""A launcher's words of a failure, where no table has more of it."""
_ORDERS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR", "ignal 15", "KeyboardInterrupt", "Terminated")
"""How a rank that was told to end says so."""


def nothing(scene: Scene, found: list[Candidate]) -> Finding | None:
    """No line tells of a failure: nothing went on, or nothing failed."""
    if _tells_of_failure(scene):
        return None
    for step in (
        _no_line,
        _standstill,
        _left,
        _beats,
        _told_to_stop,
        _last_words,
        _silent,
        _troubled,
        _interrupted,
        _absent,
    ):
        if (finding := step(scene)) is not None:
            return finding
    return _went_well(scene)


def _no_line(scene: Scene) -> Finding | None:
    if scene.ranged and not any(one.lines for one in scene.speakers):
        return Finding("unknown", "cannot tell", missing="lines: none lies in the range of time")
    return None


def _standstill(scene: Scene) -> Finding | None:
    still = progress.standstill(scene.ranks, scene.witnesses)
    if still is None:
        return None
    if missing := missing_of(scene):
        # What holds up those that are here may be one of these.
        return Finding("unknown", "cannot tell", tuple(missing), missing=logs_of(missing))
    if away := behind.on_the_way([(one, math.inf) for one in scene.ranks]):
        return _away(scene, away, still)
    return Finding("stalled", "likely", still.ranks, (), "no progress", still.since)


def _away(scene: Scene, away: Sequence[Speaker], still: progress.Standstill) -> Finding:
    """Those that never came to where the others have stood since then."""
    names = tuple(one.name for one in away)
    whole = whole_host(scene, set(names)) if len(names) > 1 else None
    there = next(one for one in scene.ranks if one.name not in names)
    events = [("the others", of_tail(there, there.tail[-1], "victim", "another"))]
    hosts = (whole,) if whole else scene.hosts_of(names[0]) if len(names) == 1 else ()
    return Finding("rank", "likely", names, hosts, "absent", still.since, events)


def _left(scene: Scene) -> Finding | None:
    """Some fell silent while others went on, and these came to no end without them."""
    left = () if scene.chosen else progress.left_by_others(scene.ranks, scene.witnesses)
    if not left or _was_done_without(scene, left):
        return None
    why = "why these fell silent while others went on"
    return _waited_for(scene, left) or Finding("unknown", "cannot tell", left, missing=why)


def _beats(scene: Scene) -> Finding | None:
    if progress.only_beats(scene.ranks) and not _has_times(scene):
        missing = "stamps: whether it still goes on cannot be seen without"
        return Finding("unknown", "cannot tell", missing=missing)
    return None


def _told_to_stop(scene: Scene) -> Finding | None:
    """Ranks say that a signal ended them, and nobody says who sent it."""
    ended = [one for one in scene.stories.values() if one.teardown and not _was_done(one)]
    if not any(order in event.text for one in ended for event in one.teardown for order in _ORDERS):
        return None
    event = ended[0].teardown[0]
    events = [("told to stop", event)]
    if missing := missing_of(scene):
        # A launcher orders it too, when one of those has failed of whom there is no log.
        return Finding("unknown", "cannot tell", tuple(missing), events=events, missing=_untold(scene))
    return Finding("outside", "likely", cause="signalled", time=time_of(scene, event), events=events)


def _last_words(scene: Scene) -> Finding | None:
    last = lastwords.of_one(scene)
    return ends.odd_one(scene) if last is None and not scene.chosen else last


def _silent(scene: Scene) -> Finding | None:
    silent = _left_by_what_all_say(scene)
    missing = "what those lines mean that all others ended with"
    return Finding("unknown", "cannot tell", silent, missing=missing) if silent else None


def _troubled(scene: Scene) -> Finding | None:
    """Witnesses name ranks or hosts beside words of trouble that no table has."""
    if scene.chosen or not (troubled := mentions(scene)):
        return None
    events = [("a witness", one.event) for one in troubled[:2]]
    return Finding("unknown", "cannot tell", events=events, missing="what that means")


def _interrupted(scene: Scene) -> Finding | None:
    """Who drives the job was interrupted, as by a key in a notebook, and did not tell of anything else."""
    told = [event for one in scene.witnesses for event in one.events if "KeyboardInterrupt" in event.text]
    if not told or scene.chosen or any(ended_well(one) for one in scene.ranks):
        return None
    when = time_of(scene, told[0])
    return Finding("outside", "likely", cause="signalled", time=when, events=[("told to stop", told[0])])


def _absent(scene: Scene) -> Finding | None:
    if not any(one.lines for one in scene.ranks) and any(one.lines for one in scene.witnesses):
        return Finding("unknown", "cannot tell", missing="the logs of the ranks")
    return None


def _went_well(scene: Scene) -> Finding:
    untold = _untold(scene)
    if untold is None and not _is_over(scene) and not _lives(scene):
        untold = "how it ended: no line says that the job came to its end, and the last is not of just now"
    return Finding("none", "cannot tell" if untold else "likely", missing=untold)


def _untold(scene: Scene) -> str | None:
    """What the logs leave open of whether anything failed."""
    if any(one.is_used_to for one in scene.stories.values()):
        return "what came after an error that had been got over before"
    if any(ended_well(one) for one in scene.speakers):
        # All train together: where one says that it came to the end, none was left on the way there.
        return None
    if missing := missing_of(scene):
        return logs_of(missing)
    return None if _has_times(scene) else _STANDSTILL


def _has_times(scene: Scene) -> bool:
    return any(one.last is not None for one in scene.ranks)


def _is_over(scene: Scene) -> bool:
    """Whether ranks, or a launcher, said that all came to its end."""
    return any(ended_well(one) or progress.says_at_its_end(one) for one in scene.speakers)


def _lives(scene: Scene) -> bool:
    """Whether the last lines are of just now, as those of a job that goes on."""
    times = [one.last for one in scene.ranks if one.last is not None]
    least = progress.at_least(scene.ranks, _JUST_NOW, _STEPS)
    return bool(times) and abs(time.time() - min(times)) <= least


def _was_done(one: Story) -> bool:
    """Whether a rank had come to its end before it was told to leave, as launchers tell those who are left."""
    return ended_well(one.speaker, before=one.teardown[0].number)


def _left_by_what_all_say(scene: Scene) -> tuple[str, ...]:
    """The few that said nothing after their last step, where all others ended with one thing that was new to them."""
    ranks = [one for one in scene.ranks if one.course is not None]
    if len(ranks) < FEW or len(ranks) < len(scene.ranks) or any(ended_well(one) for one in ranks):
        return ()
    new = {one.name: _new_at_the_end(one) for one in ranks}
    silent = tuple(one.name for one in ranks if one.tail and one.tail[-1].number <= _last_step(one))
    rest = [texts for name, texts in new.items() if name not in silent]
    return silent if FEW * len(silent) <= len(ranks) and rest and set.intersection(*rest) else ()


def _last_step(one: Speaker) -> int:
    return one.course.last_number if one.course else 0


def _new_at_the_end(one: Speaker) -> set[str]:
    """What a rank wrote after its last step, and not before it."""
    sides: tuple[set[str], set[str]] = set(), set()
    for line in one.tail:
        sides[line.number > _last_step(one)].add(masked(line.text))
    return {text for text in sides[True] - sides[False] if len(text) >= LEAST}


def _waited_for(scene: Scene, left: tuple[str, ...]) -> Finding | None:
    """The one that is behind all others, where these end with one thing, said again and again, or of waiting."""
    rest = [one for one in scene.ranks if one.name not in left and one.course is not None]
    at = {one.course.last for one in rest if one.course}
    if len(left) > 1 or len(rest) < 2 or len(at) != 1 or any(ended_well(one) for one in rest):
        return None
    ends = [[tail for tail in one.tail if tail.number > _last_step(one)] for one in rest]
    shared = set.intersection(*map(_again_or_of_others, ends))
    if not any(len(text) >= LEAST for text in shared):
        return None
    event = of_tail(rest[0], ends[0][-1], "victim", "another")
    last = next(one.last for one in scene.ranks if one.name == left[0])
    return Finding("rank", "likely", left, scene.hosts_of(left[0]), "absent", last, [("the others", event)])


def _again_or_of_others(end: Sequence[Tail]) -> set[str]:
    """What a rank said several times there, or of others."""
    again = Counter(masked(tail.text) for tail in end)
    return {masked(tail.text) for tail in end if waited.tells_of_others(tail.text)} | {
        text for text, times in again.items() if times > 1
    }


def _was_done_without(scene: Scene, left: tuple[str, ...]) -> bool:
    """Whether the others got over their loss and came to the end, as an elastic job does."""
    rest = [one for name, one in scene.stories.items() if name not in left]
    return all(ended_well(one.speaker) for one in rest) and any(
        event.role == "victim" for one in rest for event in one.dropped
    )


def _only_parted(scene: Scene) -> bool:
    """Whether all that ranks tell of is that each saw others close, as when all end together."""
    told = {name for name, one in scene.stories.items() if not one.is_silent}
    closed = {scene.name_of(number) for one in scene.accusations for number in one.ranks}
    return told <= closed and all(
        not (one.cause or one.links) and all(event.class_ == "closed" for event in one.victims)
        for one in scene.stories.values()
    )


def _tells_of_failure(scene: Scene) -> bool:
    if any(not one.is_silent for one in scene.stories.values()) and not _only_parted(scene):
        return True
    if any(one.waits for one in scene.stories.values()):
        return True
    if any(not one.is_teardown for one in scene.exits):
        return True
    return any(
        event.class_ == "job"
        or (
            (event.role in FAILED or (event.role == "error" and _GRAVE.search(event.text)))
            and not _is_after_the_end(scene, one, event)
        )
        for one in scene.witnesses
        for event in one.events
    )


def _is_after_the_end(scene: Scene, witness: Speaker, event: Event) -> bool:
    """Whether a launcher lost another when the work was done: the first to leave takes the store with it.

    Where all say that they came to their end, what a witness saw on the way was not in it.
    """
    if bool(scene.ranks) and all(ended_well(one) for one in scene.ranks):
        return True
    return event.role == "victim" and ended_well(witness, before=event.number)
