"""Whether a rank went on with what all do after what is taken for its failure."""

from __future__ import annotations

from logdex.diagnosis.events import Speaker
from logdex.diagnosis.scene import Candidate, Scene
from logdex.diagnosis.similar import is_indented, masked

_LEAST = 8
"""Texts of fewer letters are too short to be told apart."""


def kept_pace(scene: Scene, one: Candidate) -> bool:
    """Whether it wrote, after what is taken for its failure, what most of the others wrote too, as who goes on does."""
    there = scene.stories.get(one.rank)
    if not one.is_own or there is None or there.speaker.path != one.event.path:
        return False
    mine = _ordinary(there.speaker, one.event.number)
    others = [_ordinary(other.speaker) for name, other in scene.stories.items() if name != one.rank]
    return any(2 * sum(text in other for other in others) > len(others) > 1 for text in mine)


def _ordinary(speaker: Speaker, after: int = 0) -> set[str]:
    """What stands at the end of a log, behind a line, and tells of nothing."""
    telling = {event.number for event in speaker.events}
    plain = [tail.text for tail in speaker.tail if tail.number > after and tail.number not in telling]
    return {text for line in plain if not is_indented(line) and len(text := masked(line)) >= _LEAST}
