"""How ranks ended, in whatever words: what was new at the end of their logs, and which of them ended otherwise.

Where no line tells of a failure in words that are known, the shape of the end may: a rank that came to its end writes
what the others write, or is the first or the last one, which speak for all; one that fell writes what none of them did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from logdex.diagnosis.course.progress import says_at_its_end
from logdex.diagnosis.records.events import Event, Speaker, Tail, number_in, of_tail
from logdex.diagnosis.records.roles import ended_well
from logdex.diagnosis.records.similar import LEAST, is_indented, masked, unstamped
from logdex.diagnosis.records.taxonomy import classify
from logdex.diagnosis.scene import FEW, Scene
from logdex.diagnosis.verdict import Finding

_FRAME = re.compile(r"^\s+.*?[\w/)-]\.[A-Za-z]\w{0,5}\b[\"')]?[:,]? ?(?:[A-Za-z]+ )?\d+")
"""A place in a program, as the frames of a stack have it: a file, and the number of a line."""
_MILD = re.compile(r"\b(?:INFO|DEBUG|TRACE|NOTICE|WARN(?:ING)?)\b|(?:^|[\[\s:])[IW]\d{4} ")
"""The level of what informs or warns: whoever gave it went on."""
_INTERRUPTED = "KeyboardInterrupt"
_QUIET = ("harmless", "advice", "context", "outside", "teardown")
_ENOUGH = 3
"""Of so many ranks, or more, one is told from the rest."""


@dataclass
class _End:
    """What a rank wrote at its end that it had not written before."""

    speaker: Speaker
    new: dict[str, Tail]
    has_frames: bool

    @property
    def own(self) -> list[Tail]:
        """Those lines, in their order."""
        return list(self.new.values())


def odd_one(scene: Scene) -> Finding | None:
    """The one that ended in words of its own, or the ranks that may have failed so; None where all ended alike."""
    ranks = [one for one in scene.ranks if one.lines]
    if not ranks or any(ended_well(one) or says_at_its_end(one) for one in ranks):
        return None
    ends = [_end_of(one) for one in ranks]
    having = Counter(text for end in ends for text in end.new)
    few = max(1, len(ranks) // FEW)
    odd = [end for end in ends if any(having[text] <= few for text in end.new)]
    framed = [end for end in ends if end.has_frames and end.new and not _was_interrupted(scene, end.speaker)]
    told_to_stop = any(one.teardown or one.outside for one in scene.stories.values())
    if len(ranks) >= _ENOUGH and len(odd) == 1 and not told_to_stop and _is_sure(odd[0], ends, framed):
        return _named(scene, odd[0], having)
    told = framed or [end for end in odd if not speaks_for_all(end.speaker, ranks)]
    if not told or (len(told) > len(ranks) // 2 and not framed):
        return None
    events = [("may have failed first", _event(end, having)) for end in told[:2]]
    names = tuple(end.speaker.name for end in told)
    return Finding(
        "unknown", "cannot tell", names, events=events, missing="what the last lines of those mean"
    )


def _was_interrupted(scene: Scene, one: Speaker) -> bool:
    """Whether a rank's stack is of where it was when it was told to stop: Python raises that in anything."""
    there = scene.stories.get(one.name)
    return there is not None and any(_INTERRUPTED in event.text for event in there.teardown)


def _is_sure(odd: _End, ends: Sequence[_End], framed: Sequence[_End]) -> bool:
    """Whether it ended with a stack as no other did, or before all others ended with one thing that was new to them."""
    rest = [end for end in ends if end is not odd]
    if odd.has_frames and len(framed) == 1:
        return not any(_is_before(tail, odd.own[0]) for end in rest for tail in end.own)
    if speaks_for_all(odd.speaker, [end.speaker for end in ends]) or not all(end.new for end in rest):
        return False
    shared = set(rest[0].new).intersection(*(end.new for end in rest[1:]))
    return bool(shared) and all(_is_before(odd.own[0], end.new[text]) for end in rest for text in shared)


def _is_before(one: Tail, other: Tail) -> bool:
    """Whether one of two lines has the earlier time."""
    return one.time is not None and other.time is not None and one.time < other.time


def _end_of(one: Speaker) -> _End:
    """What stands behind a rank's last step, and behind what it wrote more than once, and not before."""
    times = Counter(masked(tail.text) for tail in one.tail if not is_indented(tail.text))
    usual = [tail.number for tail in one.tail if times[masked(tail.text)] > 1]
    last = max([one.course.last_number if one.course else 0, *usual])
    after = [tail for tail in one.tail if tail.number > last]
    before = {masked(tail.text) for tail in one.tail if tail.number <= last}
    new: dict[str, Tail] = {}
    for tail in after:
        text = masked(tail.text)
        if text not in before and len(text) >= LEAST and _tells(tail.text):
            new.setdefault(text, tail)
    frames = any(_FRAME.search(_bare(tail.text)) for tail in after if is_indented(tail.text))
    return _End(one, new, frames)


def _bare(text: str) -> str:
    """An indented line without a prefix, its blanks kept."""
    return "  " + unstamped(text)


def _tells(text: str) -> bool:
    if is_indented(text) or _MILD.search(text[:100]):
        return False
    known = classify(text)
    return known is None or known[0].role not in _QUIET


def speaks_for_all(one: Speaker, ranks: Sequence[Speaker]) -> bool:
    """Whether it is the first or the last rank, which print what belongs to all."""
    numbers = [found for other in ranks if (found := number_in(other.name)) is not None]
    return not numbers or number_in(one.name) in (None, min(numbers), max(numbers))


def _event(end: _End, having: Counter[str]) -> Event:
    rare = min(end.new, key=lambda text: having[text])
    tail = end.new[rare]
    return of_tail(end.speaker, tail, "error", "last words")


def _named(scene: Scene, end: _End, having: Counter[str]) -> Finding:
    name = end.speaker.name
    events = [("failed first", _event(end, having))]
    when = end.own[0].time
    return Finding("rank", "likely", (name,), scene.hosts_of(name), "last words", when, events)
