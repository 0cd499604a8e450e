"""What is told of waiting behind the end of all, as of groups that are taken apart: it is no failure of the job."""

from __future__ import annotations

from logdex.diagnosis.no_cause.waited import WAITS
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.roles import came_to_its_end
from logdex.diagnosis.scene import Scene

_OF_RANKS = "ended"
"""The class of what the ranks' own programs say."""


def end_before_all_waited(scene: Scene) -> Event | None:
    """How a rank said that all came to its end, where nobody told of trouble before, and then of no more than waiting.

    What a job does after its end, as to take its groups apart, may hang, or be ended by who had waited for it.
    """
    done = [one for one in scene.ranks if came_to_its_end(one)]
    ends = [event for one in done for event in one.events if event.class_ == _OF_RANKS]
    fell = [event for one in scene.stories.values() for event in one.victims]
    if not ends or not fell or any(event.class_ not in WAITS for event in fell):
        return None
    if any(one.cause or one.links for one in scene.stories.values()):
        return None
    if any(one.is_strong for one in scene.exits if not one.is_teardown):
        return None
    end = min(ends, key=lambda event: (scene.clocks.of(event)[0], event.number))
    return end if all(scene.clocks.is_before(end, event, sure=True) for event in fell) else None
