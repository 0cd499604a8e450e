"""The step for jobs that ended before any of their ranks wrote a line: the launchers alone tell of them.

Each host's launcher waits for those of the others, so one that fails by itself, as where it cannot find the host of the
rendezvous, leaves the others to give up when their patience ends. Where all try again, and then only wait for the
others, an earlier attempt tells, in which one of them failed by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from logdex.diagnosis.places import hosts
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.scene import Candidate, Scene, time_of
from logdex.diagnosis.verdict import Finding

_OWN = ("cause", "exception")
"""The roles of what a launcher tells of itself, where it has no rank."""
_OF_OTHERS = ("victim", "named", "link")
"""And of what it tells of the other launchers."""


def never_begun(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The host whose launcher alone failed by itself, or surely before all others told of anything."""
    if found or any(one.lines for one in scene.ranks):
        return None
    last = [event for one in scene.witnesses for event in one.events]
    failed, lost = _first_of_each(last, _OWN), _first_of_each(last, _OF_OTHERS)
    if not failed:
        # What is tried again after that fails of what the first of them left behind, such as a closed rendezvous.
        failed, lost = _first_of_each(scene.earlier, _OWN), _first_of_each(scene.earlier, _OF_OTHERS)
    for path, event in failed.items():
        others = [told for at, told in (*failed.items(), *lost.items()) if at != path]
        if others and all(_is_before(scene, event, other) for other in others):
            return _of_host(scene, event)
    return None


def _first_of_each(told: Iterable[Event], roles: tuple[str, ...]) -> dict[str, Event]:
    """The first record of each log that has one of these roles."""
    first: dict[str, Event] = {}
    for event in told:
        if event.role in roles:
            first.setdefault(event.path, event)
    return first


def _is_before(scene: Scene, event: Event, other: Event) -> bool:
    return scene.clocks.is_before(event, other, sure=True) or (
        other.role in _OF_OTHERS and not scene.clocks.is_before(other, event)
    )


def _of_host(scene: Scene, event: Event) -> Finding | None:
    host = hosts.of_file(scene.speakers, event.path, scene.host_of)
    if host is None:
        return None
    events = [("failed first", event)]
    return Finding("host", "likely", (), (host,), event.class_, time_of(scene, event), events)
