"""What speaks against being certain of a rank: each of these may mean that another one was the first."""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis import hosts
from logdex.diagnosis.events import Speaker
from logdex.diagnosis.named import links_in_trouble
from logdex.diagnosis.scene import Candidate, Scene, rank_of
from logdex.diagnosis.similar import is_indented, masked
from logdex.diagnosis.uniform import TOGETHER

_LEAST = 8
"""Texts of fewer letters are too short to be told apart."""


def are_there(scene: Scene, one: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether anything speaks against it; `found` are all candidates."""
    doubts = (_was_before_a_restart, _ended_otherwise, _another_is_accused, _links_are_elsewhere, _kept_pace)
    return _is_one_of_several(scene, one, found) or any(doubt(scene, one) for doubt in doubts)


def _is_one_of_several(scene: Scene, one: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether others met the same at nearly the same time: it may be what befell a host, of which more is to come."""
    return any(
        other is not one
        and other.is_own
        and (other.class_, masked(other.event.text)) == (one.class_, masked(one.event.text))
        and not scene.clocks.of(other.event)[0] > scene.clocks.of(one.event)[0] + TOGETHER
        for other in found
    )


def _was_before_a_restart(scene: Scene, one: Candidate) -> bool:
    """Whether others were started again, and nothing tells that this one was."""
    return scene.restarted is not None and all(event.speaker != one.rank for event in scene.earlier)


def _ended_otherwise(scene: Scene, one: Candidate) -> bool:
    """Whether a launcher saw another end first, with an error that nothing explains, and maybe before."""
    for other in scene.exits:
        name = rank_of(scene, other)
        if (
            name in (None, one.rank)
            or other.is_teardown
            or not other.is_root
            or other.event.class_ == "launcher"
        ):
            continue
        there = scene.stories.get(name or "")
        if there is not None and not there.is_silent:
            continue
        if not scene.clocks.is_before(one.event, other.event, sure=True):
            return True
    return False


def _another_is_accused(scene: Scene, one: Candidate) -> bool:
    """Whether a witness names others alone, who told of nobody's failure."""
    for told in scene.accusations:
        names = {scene.name_of(number) for number in told.ranks}
        stories = [scene.stories[name] for name in names if name in scene.stories]
        is_other = one.rank not in names and not any(other.victims for other in stories)
        if is_other and told.event.class_ != "closed":
            return True
    return False


def _links_are_elsewhere(scene: Scene, one: Candidate) -> bool:
    """Whether most links in trouble end at another host than its own."""
    ends, is_one = hosts.vote(links_in_trouble(scene), scene.host_of)
    return is_one and one.rank in scene.host_of and scene.host_of[one.rank] not in ends


def _kept_pace(scene: Scene, one: Candidate) -> bool:
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
