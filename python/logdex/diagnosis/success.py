"""That a job ended well, as those say who saw all of it end.

A launcher that saw each process end with 0, or a scheduler whose job is done, knows more than a line of trouble that a
rank may have got over. It is believed where it is the last that was said, and where nothing that is known of how
processes ended speaks against it: a script may end well whose ranks did not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from logdex.diagnosis.afterwards import end_before_all_waited
from logdex.diagnosis.events import Event, Speaker, Tail, of_tail
from logdex.diagnosis.exits import Exit
from logdex.diagnosis.progress import pace_of, says_at_its_end
from logdex.diagnosis.roles import LOUD, Story, ended_well, says_that_it_ended_well
from logdex.diagnosis.scene import Scene, missing_of
from logdex.diagnosis.survived import outlived
from logdex.diagnosis.taxonomy import TaxonomyRow, rows, said
from logdex.diagnosis.verdict import Finding

_OF_LAUNCHERS = "succeeded"
"""The class of what those say who saw each process end."""
_CLASSES = (_OF_LAUNCHERS, "completed", "ended")
_OF_ONE = "done"
"""The class of what a launcher says of each of its processes by itself, as DeepSpeed's does."""
_NOT = re.compile(
    r"(?i)\b(?:not|never|unsuccess\w*|fail\w*|errors?|partial\w*|previous|earlier|attempt [2-9]|evaluat\w+|validat\w+"
    r"|checkpoint\w*|upload\w*|download\w*|build|install\w*|epoch|until|will|if|when)\b"
    r"|(?i:\b(?:rank|worker|process|task|pid|child|node|pod|actor|replica|stage)[ =#:-]{0,2}\d)"
)
"""Words by which such a line says something else, or of something else."""
_FELL = re.compile(
    r"\b(?:FAILED|Failed|NODE_FAIL|OUT_OF_ME\w*|TIMEOUT|CANCELLED|PREEMPTED|BOOT_FAIL|DEADLINE|Evicted|OOMKilled)\b"
)
"""The states in which schedulers have what did not end well: a table of a job's steps has a line for each."""
_STEP = re.compile(r"(?<![\w.:,-])\d+(?:_\d+)?\.\d+(?=[|\s]).*\b[A-Z]{4}[A-Z_]*\b.*\b\d+:\d+\b")
_STEP_TOLD = re.compile(r"\b(?:STEP|scancel) (\d+)\.(\d+)\b")
_WELL = r"\bCOMPLETED\b\W.*\b0:0\b"
_STEP_ENDED = re.compile(_WELL)
"""A row of `sacct` for a step that is no batch script: `90007.0|srun|COMPLETED|0:0`, with columns of any kind."""
_NONE = re.compile(
    r"(?i)\b(?:0|no|without(?: any)?) (?:\w+ )?(?:failed|failures?|errors?)\b|\b(?:failed|failures?|errors?)\W{1,3}0\b"
)
_TELLING = tuple(role for role in (*LOUD, "exit", "outside") if role != "error")
"""The roles of what tells of more than that something was an error."""
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
    if any(_speaks_against(one, told) for one in scene.exits):
        return finding
    is_of_launchers = (
        told.class_ == _OF_LAUNCHERS
        or any(one.event.path == told.path for one in scene.exits)
        or _each_step_ended_well(scene, told.path)
    )
    if any(_is_last_of_all(scene, one, told, is_of_launchers) for one in scene.stories.values()):
        return finding
    return Finding("none", "likely", events=[("ended well", told)])


def _carried_on(scene: Scene, finding: Finding, told: Event | None) -> Finding:
    """The order to stop, or that nothing failed where the job was begun again after it and came to its end, or where a
    step beside its own was ended.
    """
    order = finding.events[0][1] if finding.events else None
    if order is not None and _is_of_a_step_beside(scene, order):
        return Finding("none", "likely", events=[("ended well", order)])
    if order is not None and told is None:
        told = _all_came_to_their_end(scene, order)
    if (
        told is None
        or order is None
        or not any(_went_on(scene, one, order, order.high) for one in scene.ranks)
    ):
        return finding
    return Finding("none", "likely", events=[("ended well", told)])


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


def _is_of_a_step_beside(scene: Scene, order: Event) -> bool:
    """Whether a step of Slurm was ended and the accounts have the job and another step of it as ended with 0."""
    found = _STEP_TOLD.search(order.text)
    if found is None:
        return False
    there = [tail.text for tail in _last_lines(scene, order.path)]
    job, step = found.groups()
    own = re.compile(rf"(?<![\w.:,-]){job}[|\s].*{_WELL}")
    other = re.compile(rf"(?<![\w.:,-]){job}\.(?!{step}\b)\d+[|\s].*{_WELL}")
    return any(map(own.search, there)) and any(map(other.search, there))


def _each_step_ended_well(scene: Scene, path: str) -> bool:
    """Whether Slurm's accounts have a step of the job, and each as ended with 0: srun saw all of its tasks end so.

    A task may be a script, which ends well whatever ran in it: against a rank's own cause that is no word.
    """
    if any(
        one.cause is not None and one.cause.role in ("cause", "exception") for one in scene.stories.values()
    ):
        return False
    steps = [tail.text for tail in _last_lines(scene, path) if _STEP.search(tail.text)]
    return bool(steps) and all(_STEP_ENDED.search(text) for text in steps)


def _doubted(scene: Scene, finding: Finding) -> Finding:
    """The finding, or none for sure where others made steps long after an error that nothing more is known of, and came
    to an end.
    """
    if finding.kind == "unknown" and (end := end_before_all_waited(scene)) is not None:
        missing = "whether what came after the end was to come to one of its own"
        return Finding("none", "cannot tell", events=[("ended well", end)], missing=missing)
    told = [one for name in finding.ranks if (one := scene.stories.get(name)) and one.cause]
    if finding.kind != "rank" or scene.exits or len(told) < len(finding.ranks):
        return finding
    last = max(map(_when, told), default=math.inf)
    others = [one for one in scene.ranks if one.name not in finding.ranks]
    came_to_an_end = [one for one in others if ended_well(one) or says_at_its_end(one)]
    if not any(outlived(one, last) for one in came_to_an_end) and not (
        came_to_an_end and all(_wrote_on(one) for one in told)
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


def _speaks_against(one: Exit, told: Event) -> bool:
    """Whether a process ended otherwise, and not in a launcher's log that tells of the good end behind it."""
    if one.is_teardown:
        return False
    is_before = one.event.path == told.path and one.event.number < told.number
    return not is_before or one.is_task or told.class_ == "completed"


def _said(scene: Scene) -> Event | None:
    """The last line of a witness that says so, if nothing came after it."""
    lines = [line for witness in scene.witnesses for line in _of(witness)]
    lines = [line for line in lines if _is_final(scene, line)]
    of_job = [line for line in lines if line.class_ != _OF_LAUNCHERS]
    if of_job:
        return of_job[-1]
    # Of several launchers each knows of its own processes alone.
    paths = {line.path for line in lines}
    agents = len(paths) if len(paths) > 1 else len(lines)
    least = max(scene.launchers.nodes or 1, len(set(scene.host_of.values())))
    return lines[-1] if lines and agents >= least else None


def _of(witness: Speaker) -> Iterator[Event]:
    """The last lines of a witness that say so."""
    if (told := _each_was_done(witness)) is not None:
        yield told
    for tail in witness.tail:
        if _NOT.search(_NONE.sub("", tail.text)):
            continue
        # It may fall to another row too, as one that counts no failures does.
        found = ((row.class_, match) for row in _shapes() if (match := row.search(tail.text)) is not None)
        class_, match = next(found, ("", None))
        if match is not None and said(match, "done") == said(match, "of"):
            yield of_tail(witness, tail, "context", class_, otherwise=(-math.inf, math.inf))


def _each_was_done(witness: Speaker) -> Event | None:
    """The last line by which a launcher says of single processes that they ended with 0, and of none otherwise.

    It ends the rest, and says so, when one of them does not.
    """
    if any(event.role in ("exit", "teardown") for event in witness.events):
        return None
    told = [tail for tail in witness.tail if any(row.search(tail.text) for row in _shapes_of_one())]
    return (
        of_tail(witness, told[-1], "context", _OF_LAUNCHERS, otherwise=(-math.inf, math.inf))
        if told
        else None
    )


@lru_cache(maxsize=1)
def _shapes_of_one() -> tuple[TaxonomyRow, ...]:
    return tuple(row for row in rows() if row.class_ == _OF_ONE)


@lru_cache(maxsize=1)
def _shapes() -> tuple[TaxonomyRow, ...]:
    return tuple(row for row in rows() if row.class_ in _CLASSES)


def _last_lines(scene: Scene, path: str) -> Iterator[Tail]:
    """The last lines of the witnesses that wrote to a file."""
    return (tail for one in scene.witnesses if one.path == path for tail in one.tail)


def _is_final(scene: Scene, line: Event) -> bool:
    """Whether nothing that matters was written after a line, neither trouble nor progress."""
    behind = (tail.text for tail in _last_lines(scene, line.path) if tail.number > line.number)
    if any(_FELL.search(_NONE.sub("", text)) for text in behind):
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
    course = one.course
    if one.path == event.path and course is not None and course.changes and course.last_number > event.number:
        return True
    if outlived(one, moment):
        return True
    return one.is_rank and ended_well(one, after=event.number if one.name == event.speaker else 0)
