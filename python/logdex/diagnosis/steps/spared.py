"""Whether the ranks that said nothing failed first, where all others raised the same error, one that no table has.

Seven of eight ranks end alike, and the eighth is silent. Either it was lost and the seven waited for it, or it never
came to what they met. A witness that calls just the silent ones lost decides for the first, and so does a silent rank
that went on working when all others had failed; else nothing is said here.
"""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis.course.progress import is_beat
from logdex.diagnosis.records.events import of_tail
from logdex.diagnosis.scene import TOGETHER, Candidate, Scene, time_of
from logdex.diagnosis.steps.mentioned import lost
from logdex.diagnosis.verdict import Finding

_STILL_AT_WORK = 2
"""Who wrote so many lines after the others had failed did not meet what they did."""


def of_silent(scene: Scene, group: Sequence[Candidate], silent: Sequence[str]) -> Finding | None:
    """The silent ones, where a witness speaks of them alone as lost, or one, where it still worked when all had failed.

    What the others raised tells then that they waited for it.
    """
    told = lost(scene)
    named = frozenset[str]().union(*(one.ranks for one in told))
    if told and named == set(silent):
        events = [("of whom a witness speaks", told[0].event), ("the others", group[0].event)]
        hosts = scene.hosts_of(silent[0]) if len(silent) == 1 else ()
        return Finding("rank", "likely", tuple(silent), hosts, "left", time_of(scene, told[0].event), events)
    return _busy(scene, group, silent[0]) if len(silent) == 1 else None


def _busy(scene: Scene, group: Sequence[Candidate], name: str) -> Finding | None:
    """One that wrote of more than that it lives, when all others had raised their error."""
    there = scene.stories.get(name)
    if there is None or not all(one.is_own for one in group):
        return None
    off = scene.clocks.ahead.get(name, 0.0)
    fell = max(scene.clocks.of(one.event)[0] for one in group) + scene.clocks.doubt + TOGETHER
    later = [
        tail
        for tail in there.speaker.tail
        if tail.time is not None and tail.time - off > fell and not is_beat(tail.text)
    ]
    if len(later) < _STILL_AT_WORK:
        return None
    line = of_tail(there.speaker, later[0], "context", "busy")
    events = [("still at work", line), ("the others", group[0].event)]
    return Finding("rank", "likely", (name,), scene.hosts_of(name), "busy", None, events)
