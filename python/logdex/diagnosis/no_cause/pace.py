"""Whether ranks went on with what all do after what is taken for their failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from logdex.diagnosis.course.progress import is_beat
from logdex.diagnosis.no_cause.waited import tells_of_others
from logdex.diagnosis.records.events import Speaker
from logdex.diagnosis.records.roles import LOUD, Story
from logdex.diagnosis.records.similar import LEAST, is_of_stack, masked
from logdex.diagnosis.records.trouble import TROUBLE
from logdex.diagnosis.scene import Candidate, Scene

WORKING = 4
"""Who writes so many usual lines after it is still at work."""


def leave_work(stories: Iterable[Story]) -> None:
    """Drops of each rank what it told of others, or of links, where it then wrote one line of its work over and over.

    A program that counts no steps works on too; lines of trouble, of waiting and of life are none of work.
    """
    for one in stories:
        told = [*one.victims, *one.links]
        if told and _worked_after(one.speaker, max(event.number for event in told)):
            one.dropped += told
            one.victims, one.links = [], []


def _worked_after(speaker: Speaker, number: int) -> bool:
    telling = {event.number for event in speaker.events if event.role in LOUD}
    work = Counter(
        masked(tail.text)
        for tail in speaker.tail
        if tail.number > number and tail.number not in telling and is_of_work(tail.text)
    )
    return max(work.values(), default=0) >= WORKING


def is_of_work(text: str) -> bool:
    """Whether a line may be of what a program does, and not of trouble, of waiting, of life, or of a stack."""
    is_of_trouble = TROUBLE.search(text) or tells_of_others(text) or is_beat(text)
    return not is_of_trouble and not is_of_stack(text) and len(masked(text)) >= LEAST


def kept_pace(scene: Scene, one: Candidate) -> bool:
    """Whether it wrote, after what is taken for its failure, what most of the others wrote too, as who goes on does."""
    return usual_lines(scene, [one]) != [0]


def usual_lines(scene: Scene, group: Sequence[Candidate]) -> list[int]:
    """How many such lines each of a group wrote."""
    ends = {name: _ordinary(one.speaker) for name, one in scene.stories.items()}
    having = Counter(text for texts in ends.values() for text in set(texts))
    others = len(ends) - 1

    def usual(one: Candidate) -> int:
        there = scene.stories.get(one.rank)
        if not one.is_own or there is None or there.speaker.path != one.event.path:
            return 0
        own = set(ends[one.rank])
        later = _ordinary(there.speaker, one.event.number)
        return sum(2 * (having[text] - (text in own)) > others > 1 for text in later)

    return [usual(one) for one in group]


def _ordinary(speaker: Speaker, after: int = 0) -> list[str]:
    """What stands at the end of a log, behind a line, and tells of nothing."""
    telling = {event.number for event in speaker.events}
    plain = [tail.text for tail in speaker.tail if tail.number > after and tail.number not in telling]
    return [text for line in plain if not is_of_stack(line) and len(text := masked(line)) >= LEAST]
