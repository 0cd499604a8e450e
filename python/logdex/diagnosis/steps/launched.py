"""The step that asks which host's launcher saw a process end long before any other's did.

A launcher may not say which of its processes it was, as DeepSpeed's does, and what these wrote may be lost with them.
That its host was the first to fall is known all the same.
"""

from __future__ import annotations

import math

from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.places import hosts
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.scene import Candidate, Scene, silent_of
from logdex.diagnosis.steps.named import exit_time
from logdex.diagnosis.verdict import Finding

_LONG = 60.0
"""So long after a peer was lost a job may still wait for it; launchers that are told to stop end sooner."""


def long_before(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The host whose launcher saw one of its processes end long before all others, while its ranks said nothing."""
    ended = [one for one in scene.exits if one.event.class_ == "launcher" and not one.is_teardown]
    if found or len({one.event.path for one in ended} | {_host(scene, one) for one in ended}) < 2:
        return None
    order = sorted(ended, key=lambda one: exit_time(scene, one))
    first, host = order[0], _host(scene, order[0])
    others = [one for one in order if _host(scene, one) != host]
    if host is None or rank_of(scene, first) is not None or not others:
        return None
    gap = exit_time(scene, others[0]) - exit_time(scene, first)
    if not math.isfinite(gap) or gap < _LONG + 2 * scene.clocks.doubt or not silent_of(scene, host):
        return None
    ranks = tuple(name for name, its in scene.host_of.items() if its == host)
    when = exit_time(scene, first)
    return Finding("host", "likely", ranks, (host,), first.class_, when, [("ended first", first.event)])


def _host(scene: Scene, one: Exit) -> str | None:
    """The host of a launcher: that of which it writes, or whose ranks are in its file."""
    if one.host is not None:
        return one.host
    return hosts.of_file(scene.speakers, one.event.path, scene.host_of)
