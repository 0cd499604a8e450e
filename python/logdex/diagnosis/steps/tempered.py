"""Where a finding is certain of nothing: what speaks against it, whichever step came to it."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from logdex.diagnosis.ended_well.good_ends import good_ends
from logdex.diagnosis.endings.whose_exit import seen_first
from logdex.diagnosis.no_cause.survived import outlived
from logdex.diagnosis.records.roles import ended_well
from logdex.diagnosis.scene import Scene, missing_of
from logdex.diagnosis.steps.console import RAISED
from logdex.diagnosis.verdict import Finding


def tempered(scene: Scene, finding: Finding) -> Finding:
    """The finding, but no more than likely where anything speaks for another.

    The job may have got over it, a rank that has no log may have failed before or be the one that is named, a name may
    have two, and what nobody knows the writer of, or a launcher, may tell of another.
    """
    if finding.certainty != "certain":
        return finding
    is_doubted = (
        missing_of(scene)
        or scene.shared.intersection(finding.ranks)
        or _is_unheard(scene, finding)
        or _is_beside_untold(scene, finding)
        or _ended_behind_others(scene, finding)
        or _got_over(scene, finding)
        or _ended_well_behind(scene, finding)
    )
    return replace(finding, certainty="likely") if is_doubted else finding


def _is_unheard(scene: Scene, finding: Finding) -> bool:
    """Whether a rank that is named has no log, though others have: its number may be one of something else."""
    is_named = finding.kind == "rank" and bool(scene.stories)
    return is_named and not scene.stories.keys() >= set(finding.ranks)


def _is_beside_untold(scene: Scene, finding: Finding) -> bool:
    """Whether a rank is named by a line above which, in the same log, something was raised, nobody knows by whom."""
    if finding.kind != "rank":
        return False
    first = {event.path: event.number for _, event in reversed(finding.events) if event.speaker}
    return any(
        event.role in RAISED and event.number < first.get(event.path, 0)
        for witness in scene.witnesses
        for event in witness.events
    )


def _ended_behind_others(scene: Scene, finding: Finding) -> bool:
    """Whether launchers say of other ranks that they ended first, and of none that is named."""
    seen = seen_first(scene) if finding.kind == "rank" else set()
    return bool(seen) and not seen & set(finding.ranks)


def _ended_well_behind(scene: Scene, finding: Finding) -> bool:
    """Whether who tells of an order to end says below it that all ended well: then the job was begun again."""
    if finding.kind != "outside":
        return False
    orders = {event.path: event.number for _, event in finding.events}
    told = (end for witness in scene.witnesses for end in good_ends(witness))
    return any(end.number > orders.get(end.path, end.number) for end in told)


def _got_over(scene: Scene, finding: Finding) -> bool:
    """Whether another says that all came to its end, or made steps long after, as in an elastic job."""
    if any(ended_well(one) for one in scene.speakers if one.name not in finding.ranks):
        return True
    if finding.time is None or not isfinite(finding.time):
        return False
    return any(outlived(one, finding.time) for one in scene.ranks if one.name not in finding.ranks)
