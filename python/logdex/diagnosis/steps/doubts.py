"""What speaks against being certain of a rank: each of these may mean that another one was the first."""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.no_cause.pace import kept_pace
from logdex.diagnosis.places import hosts
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import TOGETHER, Candidate, Scene
from logdex.diagnosis.steps.named import links_in_trouble


def are_there(scene: Scene, one: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether anything speaks against it; `found` are all candidates."""
    doubts = (
        _was_before_a_restart,
        _ended_otherwise,
        _another_is_accused,
        _links_are_elsewhere,
        _lacks_a_device,
        kept_pace,
    )
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


def _lacks_a_device(scene: Scene, one: Candidate) -> bool:
    """Whether it was given the number of a device that is not there: so may others of its host be that have no log."""
    return "invalid device ordinal" in one.event.text


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
