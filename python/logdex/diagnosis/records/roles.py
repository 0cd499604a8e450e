"""What each rank's records come to: its own first cause, what befell it through others, and what is dropped.

A rank's cause counts only where none of its own victims' lines stands before it, and where it made no progress after
it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache

from logdex.diagnosis.records.events import Course, Event, Speaker, number_in
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.records.taxonomy import numbers, rows

STRENGTH = {"cause": 3, "exception": 2, "error": 1}
"""How much a record weighs as the reason of a failure."""
LOUD = (*STRENGTH, "victim", "named", "link")
"""The roles of records that tell of a failure, its own or another's."""
FAILED = tuple(role for role in LOUD if role != "error")
"""Those of them that tell of more than that something was an error."""
_WENT_ON = 50
"""So many lines after it say that an error was none, in a log that counts no steps."""
_CLUSTER = 40
"""Within so many of its own lines a rank's records tell of one failure."""
_ANSWERED = 8
"""Within so many lines behind an error of a request a server writes with what it answered."""
_IGNORED = "Exception ignored in"
"""How Python begins with what it ignores."""
_OF_A_TRACEBACK = 16
"""So many lines has a short traceback."""
_USED_TO = 2
"""What a rank got over so many times, and made progress, is nothing new to it."""
_PARTING = ("peer", "timeout", "store")
"""How a rank tells that others are gone."""
_TIMED_OUT = re.compile(r"(?i)timed? ?out")
_LACKS = ("ckpt", "file")
"""The classes of what is not there, or cannot be read."""
_RAISED = re.compile(r"\b\w*(?:Error|Exception)\b|\b(?:ERROR|FATAL|CRITICAL)\b|Errno")
"""What was raised, or was told as an error."""
_WROTE_OUT = re.compile(
    r"(?i)^(?!.*\b(?:not|fail\w*|errors?|emergency|crash\w*|core|dumps?|stacks?|trace\w*|reports?|logs?)\b)"
    r".*\bsaved (?:to|in|into|at|as) \S"
)
"""How a rank says what it wrote out."""
_LAST_WORDS = 3
"""So far from its end a word that may mean a failure still counts."""
_MILD = re.compile(r"\b(?:INFO|DEBUG|TRACE|NOTICE|WARN(?:ING)?)\b|(?:^|[\[\s:])[IW](?:\d{4})? ")
"""The level of what informs or warns: whoever gave it went on."""
_COUNTS = re.compile(r"(?i)\b(?:step|iter(?:ation)?|epoch)s?\W{1,4}\d|heart ?beat")
"""What goes on, whatever level its logger gives it."""


@dataclass
class Story:
    """What a rank's records come to."""

    speaker: Speaker
    cause: Event | None = None
    victims: list[Event] = field(default_factory=list)
    links: list[Event] = field(default_factory=list)
    teardown: list[Event] = field(default_factory=list)
    waits: list[Event] = field(default_factory=list)
    """In which it says for all who waits for whom."""
    outside: list[Event] = field(default_factory=list)
    dropped: list[Event] = field(default_factory=list)
    replaced: list[Event] = field(default_factory=list)
    """Of the dropped ones those that the cause took the place of, as it says more."""
    survived: dict[tuple[str, str], set[tuple[int | None, ...]]] = field(default_factory=dict)
    """By class and text of what it got over, how far it was at each of those times."""
    is_used_to: bool = False
    """Whether the last that it told of is what it had got over again and again."""

    @property
    def is_silent(self) -> bool:
        """Whether no record of it tells of a failure."""
        return not (self.cause or self.victims or self.links)

    @property
    def says_little(self) -> bool:
        """Whether all that it tells of is a level, which many programs give to what is no failure."""
        return self.is_silent or (
            self.cause is not None and self.cause.role == "error" and not (self.victims or self.links)
        )

    @property
    def weight(self) -> int:
        """How much its cause weighs: what it had got over once before says little."""
        if self.cause is None:
            return 0
        return 1 if _kind(self.cause) in self.survived else strength(self.cause)


def story(speaker: Speaker) -> Story:
    """Reads a rank's records in their order."""
    told = Story(speaker)
    ignored = [event for event in speaker.events if _IGNORED in event.text]
    served = [event for event in speaker.events if event.class_ == "served"]
    for event in speaker.events:
        # Once, for there may be thousands of ranks.
        role, class_ = event.role, event.class_
        if class_ == "gathered" and is_own(event):
            continue
        if role in ("victim", "named") and is_own(event) and is_mild(event.text):
            # Who says that it waits for itself says it for all: it has the work to do.
            continue
        if role in ("error", "exception") and (_was_answered(event, served) or _is_ignored(event, ignored)):
            told.dropped.append(event)
            continue
        if role == "victim" and class_ in _PARTING and _had_ended(speaker, event):
            told.teardown.append(event)
            continue
        if role in ("victim", "named") and _is_of_all(event):
            if not went_on(speaker, event):
                told.waits.append(event)
            continue
        if went_on(speaker, event):
            told.dropped.append(event)
            told.survived.setdefault(_kind(event), set()).add(event.progress)
            continue
        if role in ("victim", "named") and event.fetching:
            _take_cause(told, event)
        elif role in ("victim", "named"):
            told.victims.append(event)
        elif role == "link":
            told.links.append(event)
        elif role == "outside":
            told.outside.append(event)
        elif role == "teardown":
            told.teardown.append(event)
        elif class_ == "node":
            # Whoever sees a host go down is not that host.
            continue
        elif role == "error" and (
            _COUNTS.search(event.text) or _is_in_passing(speaker, event) or _had_ended(speaker, event)
        ):
            told.dropped.append(event)
        elif role in STRENGTH or (role == "exit" and class_ == "shell"):
            _take_cause(told, event)
    if told.cause is not None and told.cause.role == "error" and told.victims:
        # A level alone does not say whose error it was.
        told.dropped.append(told.cause)
        told.cause = None
    return told


def is_mild(text: str) -> bool:
    """Whether a line has the level of what informs or warns."""
    return _MILD.search(text[:100]) is not None


def _is_in_passing(speaker: Speaker, event: Event) -> bool:
    """Whether words that may mean a failure were not the last of a rank."""
    is_late = speaker.lines - event.place < _LAST_WORDS
    return event.class_ == "last words" and not (is_late and not is_mild(event.text))


def _had_ended(speaker: Speaker, event: Event) -> bool:
    """Whether the rank had said that it came to its end: then who left before it took their connections along."""
    return _TIMED_OUT.search(event.text) is None and any(
        other.class_ == "ended" and other.path == event.path and other.number < event.number
        for other in speaker.events
    )


def came_to_its_end(speaker: Speaker) -> bool:
    """Whether a rank said that all came to its end, and then wrote of trouble alone: who has more to do goes on."""
    events = speaker.events
    return any(
        event.class_ == "ended" and speaker.lines - event.place <= len(events) - at - 1
        for at, event in enumerate(events)
    )


def _is_of_all(event: Event) -> bool:
    """Whether one rank says for all who waits for whom, as Horovod's first does: it may not wait itself."""
    return event.said("ready") is not None or event.class_ == "missing"


def is_own(event: Event) -> bool:
    """Whether a record that names ranks names the one that wrote it."""
    return number_in(event.speaker) in numbers(event.said("ranks", "rank") or "")


def _is_ignored(event: Event, ignored: list[Event]) -> bool:
    """Whether Python said just before that it would ignore what is raised here, as while it takes objects away."""
    return any(
        other.path == event.path and 0 < event.number - other.number <= _OF_A_TRACEBACK for other in ignored
    )


def _was_answered(event: Event, served: list[Event]) -> bool:
    """Whether a server then told a client that the request was at fault: who answers goes on."""
    return any(other.path == event.path and 0 < other.number - event.number <= _ANSWERED for other in served)


def strength(event: Event) -> int:
    """How much a record weighs as the reason of a failure."""
    return STRENGTH.get(event.role, 2)


def _kind(event: Event) -> tuple[str, str]:
    return event.class_, masked(event.text)


def _take_cause(told: Story, event: Event) -> None:
    if len(told.survived.get(_kind(event), ())) >= _USED_TO:
        told.dropped.append(event)
        told.is_used_to = True
    elif told.victims and told.victims[0].number < event.number:
        told.dropped.append(event)
    elif told.cause is None:
        told.cause = event
    elif strength(event) > strength(told.cause) and (
        _is_of_one_failure(told.cause, event) or told.cause.class_ == "error"
    ):
        # An `ERROR step failed` and the traceback behind it are one failure; what was raised says more, and at any time
        # more than a level, with which a rank may have gone on.
        told.dropped.append(told.cause)
        told.replaced.append(told.cause)
        told.cause = event


def _is_of_one_failure(one: Event, other: Event) -> bool:
    return other.place - one.place <= _CLUSTER and not _surely_later(one, other)


def _surely_later(one: Event, other: Event) -> bool:
    return other.low - one.low > 60.0


def went_on(speaker: Speaker, event: Event) -> bool:
    """Whether the rank went on after a record, so that it cannot have ended it."""
    if event.role in (*LOUD, "exit") and speaker.path == event.path and ended_well(speaker, event.number):
        return True
    if event.class_ in _LACKS and _wrote_out_behind(speaker, event):
        return True
    for at, course in enumerate(speaker.courses[:2]):
        if course is None:
            continue
        if course.last != event.progress[at] and _is_after(course, event):
            return True
        if course.changes:
            return False
    left = speaker.lines - event.place
    return event.role in ("error", "exception") and left >= _WENT_ON


def _wrote_out_behind(speaker: Speaker, event: Event) -> bool:
    """Whether a rank said of something that it was not there, in no more than a remark, and behind that what it wrote
    out: it did without.
    """
    return (
        speaker.path == event.path
        and _RAISED.search(event.text) is None
        and any(tail.number > event.number and _WROTE_OUT.search(tail.text) for tail in speaker.tail)
    )


def ended_well(speaker: Speaker, after: int = 0, before: float = math.inf) -> bool:
    """Whether among the last that a speaker said, between two of its lines, is that all came to its end."""
    return any(after < tail.number < before and says_that_it_ended_well(tail.text) for tail in speaker.tail)


@lru_cache(maxsize=1 << 14)
def says_that_it_ended_well(text: str) -> bool:
    """Whether a line does; it is asked of the few last lines of a speaker with each of its records."""
    return any(shape.search(text) for shape in _endings())


@lru_cache(maxsize=1)
def _endings() -> tuple[re.Pattern[str], ...]:
    """How programs say so."""
    return tuple(row.shape for row in rows() if row.class_ == "ended")


def _is_after(course: Course, event: Event) -> bool:
    """Whether the last number of a course was reached after a record."""
    if course.path == event.path:
        return course.last_number > event.number
    return event.own and course.last_at is not None and course.last_at > event.high
