"""That a job ended well, as those say who saw all of it end.

A launcher that saw each process end with 0, or a scheduler whose job is done, knows more than a line of trouble that a
rank may have got over. It is believed where it is the last that was said, and where nothing that is known of how
processes ended speaks against it: a script may end well whose ranks did not.
"""

from __future__ import annotations

import math
import re

from logdex.diagnosis.course.progress import pace_of, says_at_its_end
from logdex.diagnosis.ended_well.done_first import each_did_all, end_before_all_closed
from logdex.diagnosis.ended_well.good_ends import OF_LAUNCHERS, good_ends, without_counts_of_none
from logdex.diagnosis.ended_well.worked_on import all_worked_on, finished_long_after, outlasted
from logdex.diagnosis.endings.accounts import each_step_ended_well, is_of_a_step_beside
from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.no_cause.afterwards import end_before_all_waited
from logdex.diagnosis.no_cause.survived import outlived, stepped_behind
from logdex.diagnosis.records.events import Event, Speaker, of_tail
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.roles import FAILED, Story, ended_well, says_that_it_ended_well
from logdex.diagnosis.scene import Scene, last_lines, missing_of
from logdex.diagnosis.verdict import Finding

_FELL = re.compile(
    r"\b(?:FAILED|Failed|NODE_FAIL|OUT_OF_ME\w*|TIMEOUT|CANCELLED|PREEMPTED|BOOT_FAIL|DEADLINE|Evicted|OOMKilled)\b"
)
"""The states in which schedulers have what did not end well: a table of a job's steps has a line for each."""
_TELLING = (*FAILED, "exit", "outside")
"""The roles of what tells of more than that something was an error."""
_OWN_TIME = re.compile(r"\bexiting program after [\d.]+ minutes")
"""How Megatron's programs say that they ran for as long as they were told to."""
_AGAIN = re.compile(
    r"(?i)\bis restarting\b|\b(?<!not )(?<!never )(?:restarted|re-?queued|re-?launched|recreated)\b"
)
"""How a scheduler or an operator says that it begins again what has ended."""
_OF_A_PART = ("preempted", "requeued", "evicted")
"""The classes of orders that one of a job's machines may get alone."""
_LONG = 60.0
"""A job that goes on for so many seconds has not ended by what was before."""
_SOON = 5.0
"""Within so many seconds writers of one moment may write in any order."""


def overruled(scene: Scene, finding: Finding) -> Finding:
    """The finding, or that nothing failed where it is no more than likely and all that saw the end say so."""
    if finding.kind == "none" or finding.certainty == "certain" or scene.chosen:
        return finding
    told = _said(scene)
    if finding.kind == "outside":
        return _carried_on(scene, finding, told)
    if told is None:
        return _doubted(scene, finding)
    if any(_speaks_against(scene, one, told) or _gave_up(scene, one) for one in scene.exits):
        return finding
    is_of_launchers = (
        told.class_ == OF_LAUNCHERS
        or any(one.event.path == told.path for one in scene.exits)
        or each_step_ended_well(scene, told.path)
    )
    if any(_is_last_of_all(scene, one, told, is_of_launchers) for one in scene.stories.values()):
        return finding
    return Finding("none", "likely", events=[("ended well", told)])


def _carried_on(scene: Scene, finding: Finding, told: Event | None) -> Finding:
    """The order to stop, or that nothing failed where the job was begun again after it and came to its end, or where a
    step beside its own was ended.
    """
    order = finding.events[0][1] if finding.events else None
    if order is not None and is_of_a_step_beside(scene, order):
        return Finding("none", "likely", events=[("ended well", order)])
    if order is not None and told is None:
        told = _all_came_to_their_end(scene, order)
    if told is None or order is None:
        return finding
    if not (_is_outlived(scene, order) or _was_of_a_part(scene, order, told) or _was_planned(order, told)):
        return finding
    return Finding("none", "likely", events=[("ended well", told)])


def _is_outlived(scene: Scene, order: Event) -> bool:
    return any(_went_on(scene, one, order, order.high) for one in scene.ranks)


def _was_planned(order: Event, told: Event) -> bool:
    """Whether a program ended by itself after the time that it was given, and the scheduler calls the job completed."""
    return told.class_ == "completed" and _OWN_TIME.search(order.text) is not None


def _was_of_a_part(scene: Scene, order: Event, told: Event) -> bool:
    """Whether what was ended was a part of the job, which it did without or began again."""
    return order.class_ in _OF_A_PART and finished_long_after(scene, order, told)


def _all_came_to_their_end(scene: Scene, order: Event) -> Event | None:
    """How a rank says behind an order that all came to its end, where each of them does; None if one does not."""
    ends = [
        of_tail(one, tail, "context", "ended", otherwise=(-math.inf, math.inf))
        for one in scene.ranks
        if (tail := next((tail for tail in one.tail if says_that_it_ended_well(tail.text)), None)) is not None
    ]
    later = [end for end in ends if _is_behind(end, order)]
    return later[0] if later and len(later) == len(scene.ranks) and not missing_of(scene) else None


def _is_behind(one: Event, order: Event) -> bool:
    return one.number > order.number if one.path == order.path else one.low > order.high


def _doubted(scene: Scene, finding: Finding) -> Finding:
    """The finding, or none for sure where others made steps long after an error that nothing more is known of, and came
    to an end.
    """
    if finding.kind == "unknown" and (end := end_before_all_waited(scene)) is not None:
        missing = "whether what came after the end was to come to one of its own"
        return Finding("none", "cannot tell", events=[("ended well", end)], missing=missing)
    if (end := each_did_all(scene) or end_before_all_closed(scene)) is not None:
        return Finding("none", "cannot tell", events=[("ended well", end)], missing="how each process ended")
    told = [one for name in finding.ranks if (one := scene.stories.get(name)) and one.cause]
    if finding.kind != "rank" or scene.exits or len(told) < len(finding.ranks):
        return finding
    last = max(map(_when, told), default=math.inf)
    others = [one for one in scene.ranks if one.name not in finding.ranks]
    came_to_an_end = [one for one in others if ended_well(one) or says_at_its_end(one)]
    if not (
        any(outlived(one, last) for one in came_to_an_end)
        or (came_to_an_end and all(_wrote_on(one) for one in told))
        or outlasted(scene, told, last)
        or all_worked_on(scene, told)
    ):
        return finding
    events = [("may have failed", one.cause) for one in told[:2]]
    return Finding("none", "cannot tell", events=events, missing="how the ranks that told of an error ended")


def _wrote_on(one: Story) -> bool:
    """Whether a rank wrote long after what it told of, as one does that has got over it."""
    if one.cause is None or one.speaker.last is None or not math.isfinite(one.cause.high):
        return False
    return one.speaker.last > one.cause.high + _SOON


def _when(one: Story) -> float:
    """When a rank told of its cause: a traceback has the time of the line above it that it took the place of."""
    owned = [event.high for event in (one.cause, *one.replaced) if event is not None and event.own]
    return owned[0] if owned else math.inf


def _speaks_against(scene: Scene, one: Exit, told: Event) -> bool:
    """Whether a process ended otherwise, and not in a log that tells of the good end behind it: a launcher's, or that
    of who then began the job again."""
    if one.is_teardown:
        return False
    is_before = one.event.path == told.path and one.event.number < told.number
    if not is_before or one.is_task:
        return True
    return told.class_ == "completed" and not _began_again(scene, one.event, told)


def _began_again(scene: Scene, end: Event, told: Event) -> bool:
    """Whether a line between an end and the good one behind it says that what had ended was begun again."""
    lines = (line for line in last_lines(scene, told.path) if end.number <= line.number < told.number)
    return any(_AGAIN.search(line.text) for line in lines)


def _gave_up(scene: Scene, one: Exit) -> bool:
    """Whether torchrun summed up why it gave up, and the rank that it names wrote nothing behind that, as it would have
    in another attempt: what others of its kind then call a good end is that of their own processes."""
    there = scene.stories.get(rank_of(scene, one) or "")
    if one.event.class_ not in ("root", "field") or one.is_teardown or there is None:
        return False
    last = there.speaker.tail[-1] if there.speaker.tail else None
    if last is None or there.speaker.path == one.event.path:
        return last is not None and last.number < one.event.number
    return last.time is not None and one.event.own and last.time < one.event.low


def _said(scene: Scene) -> Event | None:
    """The last line of a witness that says so, if nothing came after it."""
    lines = [line for witness in scene.witnesses for line in good_ends(witness)]
    lines = [line for line in lines if _is_final(scene, line)]
    of_job = [line for line in lines if line.class_ != OF_LAUNCHERS]
    if of_job:
        return of_job[-1]
    # Of several launchers each knows of its own processes alone.
    paths = {line.path for line in lines}
    agents = len(paths) if len(paths) > 1 else len(lines)
    least = max(scene.launchers.nodes or 1, len(set(scene.host_of.values())))
    return lines[-1] if lines and agents >= least else None


def _is_final(scene: Scene, line: Event) -> bool:
    """Whether nothing that matters was written after a line, neither trouble nor progress."""
    behind = (tail.text for tail in last_lines(scene, line.path) if tail.number > line.number)
    if any(_FELL.search(without_counts_of_none(text)) for text in behind):
        return False
    return not any(_came_after(scene, one, line) for one in scene.speakers)


def _came_after(scene: Scene, one: Speaker, line: Event) -> bool:
    for event in one.events:
        if event.role not in _TELLING:
            continue
        if event.path == line.path:
            if event.number > line.number and not (
                event.role == "victim" and ended_well(one, before=event.number)
            ):
                return True
        elif line.own and event.own and scene.clocks.of(event)[0] > line.low + _SOON + scene.clocks.doubt:
            return True
    course = one.course
    if course is None or not course.changes:
        return False
    if course.path == line.path:
        return course.last_number > line.number
    ahead = scene.clocks.ahead.get(one.name, 0.0)
    slack = max(_SOON, pace_of(course) or 0.0) + scene.clocks.doubt
    return line.own and course.last_at is not None and course.last_at - ahead > line.low + slack


def _is_last_of_all(scene: Scene, one: Story, told: Event, is_of_launchers: bool) -> bool:
    """Whether a rank fell with what it told of, as far as anybody can see: nobody of the job went on after it."""
    if is_of_launchers:
        return False
    fell = [
        event
        for event in (one.cause, *one.victims, *one.links)
        if event is not None and event.role != "error"
    ]
    if not fell:
        return False
    last = max(fell, key=lambda event: event.number)
    moment = min(last.high, _when(one)) if last is one.cause else last.high
    return not _is_long_over(scene, told, moment) and not any(
        _went_on(scene, other, last, moment) for other in scene.speakers
    )


def _is_long_over(scene: Scene, told: Event, moment: float) -> bool:
    """Whether whoever tells of the good end counted a step since a moment, and told of the end long after it."""
    tellers = [
        one.course for one in scene.speakers if one.path == told.path and not one.is_rank and one.course
    ]
    return (
        told.own
        and told.low > moment + _LONG
        and any(course.last_at is not None and course.last_at > moment + _SOON for course in tellers)
    )


def _went_on(scene: Scene, one: Speaker, event: Event, moment: float) -> bool:
    """Whether someone came to its end, or made steps, behind what a rank told, at that moment at the latest."""
    if stepped_behind(one, event, moment):
        return True
    return one.is_rank and ended_well(one, after=event.number if one.name == event.speaker else 0)
