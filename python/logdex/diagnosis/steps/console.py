"""What a console tells: a log into which a launcher and all ranks write, and nothing says whose a line is.

Whoever keeps no log of each rank has only that, as most who ask for help in public. Its launcher says which rank ended
first, and the one traceback that stands there says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from logdex.diagnosis.endings.whose_exit import first_exits, rank_of
from logdex.diagnosis.records.events import Speaker, number_in
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import Scene, time_of
from logdex.diagnosis.steps.first import OF_A_MACHINE
from logdex.diagnosis.verdict import Finding

RAISED = ("cause", "exception")
"""The roles of what a process fails with itself, and not for another."""
_SEVERAL = 3
"""So many tracebacks that are alike are those of several ranks; one may be printed twice, by a handler too."""


def told_by_console(scene: Scene, finding: Finding) -> Finding:
    """The finding with what its launcher and the traceback on a console say of one another."""
    if finding.kind != "rank" or len(finding.ranks) != 1:
        return finding
    name = finding.ranks[0]
    if not scene.ranks and finding.cause == "exit":
        return _with_what_was_raised(scene, finding)
    if [one.name for one in scene.ranks] == [name] and number_in(name) is None:
        return _with_who_ended(scene, finding, scene.ranks[0])
    return finding


def _with_what_was_raised(scene: Scene, finding: Finding) -> Finding:
    """A rank that ended with an error status, and what alone was raised on the console of its launcher before that."""
    exits = {id(one.event): one for one in first_exits(scene)}
    ended = next((exits[id(event)] for _, event in finding.events if id(event) in exits), None)
    if ended is None or (ended.code or 0) <= 0:
        return finding
    there = [event for one in scene.witnesses for event in one.events if event.path == ended.event.path]
    raised = [event for event in there if event.role in RAISED and event.number < ended.event.number]
    if len(raised) >= _SEVERAL and len({masked(event.text) for event in raised}) == 1:
        cause, time = raised[0].class_, time_of(scene, raised[0])
        return Finding("uniform", "likely", cause=cause, time=time, events=[("raised", raised[0])])
    if len(raised) != 1 or raised[0].class_ in OF_A_MACHINE:
        return finding
    told = replace(raised[0], speaker=finding.ranks[0])
    return replace(finding, cause=told.class_, events=[("raised", told), *finding.events])


def _with_who_ended(scene: Scene, finding: Finding, console: Speaker) -> Finding:
    """What befell some rank on a console, and of whom alone its launcher says that it ended first.

    What befell several, or the machine, is not that one's own; nor is one of two things.
    """
    roots = [one for one in first_exits(scene) if one.event.path == console.path]
    name = _alone(scene, roots)
    raised = [event for event in console.events if event.role in RAISED]
    told = [masked(event.text) for event in raised if event.class_ == finding.cause]
    is_of_one = len(told) == len(raised) == len(set(told))
    if name is None or not is_of_one or finding.cause in OF_A_MACHINE:
        return finding
    hosts = finding.hosts or tuple({one.host for one in roots if one.host})[:1]
    events = [(claim, replace(event, speaker=name)) for claim, event in finding.events]
    if not any(event.number == roots[0].event.number for _, event in events):
        events.append(("ended first", roots[0].event))
    return replace(finding, certainty="likely", ranks=(name,), hosts=hosts, events=events)


def _alone(scene: Scene, roots: Iterable[Exit]) -> str | None:
    names = {None if one.is_guess else rank_of(scene, one) for one in roots}
    return names.pop() if len(names) == 1 else None
