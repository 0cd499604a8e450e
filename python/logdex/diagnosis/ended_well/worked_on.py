"""Whether a job worked on after what some of it told, as its lines of work tell where no steps are counted.

Programs count their steps in many ways, and few of these are known. That one wrote lines of one shape again and again,
long after a moment, tells all the same that the job lived then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.course.progress import says_at_its_end
from logdex.diagnosis.no_cause.pace import is_of_work
from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import Story, ended_well
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import TOGETHER, Scene

_LONG = 60.0
"""Who works for so many seconds after some trouble has got over it."""
_AGAIN = 2
"""Who wrote one shape of line so many times was at work."""


def outlasted(scene: Scene, told: Sequence[Story], moment: float) -> bool:
    """Whether another rank that came to an end still wrote of its work long after a moment, and those that told of
    something had not done the same work before: ranks that need not wait for each other finish without one that fell.
    """
    names = {one.speaker.name for one in told}
    for other in scene.ranks:
        if other.name in names or not (ended_well(other) or says_at_its_end(other)):
            continue
        later = {shape for shape, many in _work(other, since=moment + _LONG).items() if many >= _AGAIN}
        if later and not any(later & set(_work(one.speaker)) for one in told):
            return True
    return False


def all_worked_on(scene: Scene, told: Sequence[Story]) -> bool:
    """Whether nobody fell: those that told of an error then did the same work as most others, and the logs of all ranks
    end with it, at one time. Who is lost stops before the others, or takes them along.
    """
    lasts = [one.last for one in scene.ranks if one.last is not None]
    if len(lasts) < max(2, len(scene.ranks)) or max(lasts) - min(lasts) > TOGETHER + scene.clocks.doubt:
        return False
    if any(one.victims or one.links or one.teardown for one in scene.stories.values()):
        return False
    shapes = [set(_work(one)) for one in scene.ranks]
    usual = Counter(shape for there in shapes for shape in there)
    common = {shape for shape, many in usual.items() if 2 * many > len(shapes)}
    return bool(told) and all(_worked_since(one, common) for one in told)


def _worked_since(one: Story, common: set[str]) -> bool:
    if one.cause is None:
        return False
    later = _work(one.speaker, since=one.cause.high + TOGETHER)
    return sum(later[shape] for shape in common) >= _AGAIN


def _work(one: Speaker, since: float | None = None) -> Counter[str]:
    """The shapes of the last lines of work, and how often each stands there; `since` leaves out those before a time."""
    return Counter(
        masked(tail.text)
        for tail in one.tail
        if (since is None or (tail.time is not None and tail.time > since)) and is_of_work(tail.text)
    )


def finished_long_after(scene: Scene, order: Event, told: Event) -> bool:
    """Whether who told of an order to stop, as to one of several workers, finished the work long after it, and no rank
    told of anything.
    """
    return (
        order.path == told.path
        and order.own
        and told.own
        and told.low > order.high + _LONG
        and all(one.is_silent and not one.teardown for one in scene.stories.values())
    )
