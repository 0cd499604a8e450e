"""Whether ranks went on with what all do after what is taken for their failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.events import Speaker
from logdex.diagnosis.scene import Candidate, Scene
from logdex.diagnosis.similar import LEAST, is_indented, masked

WORKING = 4
"""Who writes so many usual lines after it is still at work."""


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
    return [text for line in plain if not is_indented(line) and len(text := masked(line)) >= LEAST]
