"""The step that finds who said nothing while all others told of another rank's failure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from logdex.diagnosis.course import progress, stall
from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.no_cause import waited
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.roles import came_to_its_end, ended_well, is_mild
from logdex.diagnosis.scene import Candidate, Scene, missing_of, whole_host
from logdex.diagnosis.steps import behind
from logdex.diagnosis.steps.ends import speaks_for_all
from logdex.diagnosis.steps.stacks import away
from logdex.diagnosis.steps.uniform import is_refused
from logdex.diagnosis.verdict import Finding

_BETWEEN_TWO = {"SEND", "RECV", "COALESCED"}
"""What two ranks do with each other: there it is right that one of them does another thing."""


def left_out(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one rank that said nothing while all others told of another rank's failure."""
    fell = [name for name, one in scene.stories.items() if one.victims]
    if not fell or away(scene):
        return None
    ended = {name for one in scene.exits if _was_ended(one) and (name := rank_of(scene, one))}
    done = set(_came_to_the_end_of_all(scene, fell))
    left = [name for name, one in scene.stories.items() if one.is_silent and name not in done]
    silent = [name for name in left if name not in ended]
    missing = missing_of(scene)
    if _only_warned(scene, fell, silent):
        return None
    if not missing and (gone := _was_done_first(scene, fell, silent)) is not None:
        lost = [("victim", scene.stories[name].victims[0]) for name in fell[:2]]
        return Finding("rank", "likely", (gone,), scene.hosts_of(gone), "left", events=lost)
    suspects = [*silent, *missing] or _alone_did_not_wait(
        scene, fell, [name for name in left if name in ended]
    )
    events = [("victim", scene.stories[name].victims[0]) for name in fell[:2]]
    if len(suspects) == 1 and len(fell) >= 2 and _is_peer(scene, fell):
        cause = "absent" if suspects[0] in missing or _waited(scene, fell) else "left"
        cause = "busy" if _is_busy(scene, suspects[0]) else cause
        return Finding("rank", "likely", tuple(suspects), (), cause, _begun(scene), events)
    whole = whole_host(scene, set(suspects)) if len(suspects) > 1 else None
    if whole and len(set(scene.host_of.values())) > 2:
        return Finding("host", "likely", tuple(suspects), (whole,), "absent", _begun(scene), events)
    if len(suspects) > 1 and not missing and _came_further(scene, fell, silent) and _waited(scene, fell):
        return Finding("rank", "likely", tuple(silent), (), "absent", _begun(scene), events)
    odd = _odd_one(scene) or _alone_on_the_way(scene, fell, left) or _alone_at_work(scene, fell, left)
    if odd is not None and not missing:
        cause = "busy" if _is_busy(scene, odd) else "absent"
        return Finding("rank", "likely", (odd,), (), cause, _begun(scene), events)
    return None


def _alone_on_the_way(scene: Scene, fell: Sequence[str], left: Sequence[str]) -> str | None:
    """The one that had not come to where all others waited, of which only some said so before all were ended."""
    if not _waited(scene, fell) or set(fell) | set(left) < set(scene.stories):
        return None
    until = {name: scene.stories[name].victims[0].number for name in fell}
    ranks = [(one.speaker, until.get(name, math.inf)) for name, one in scene.stories.items()]
    there = behind.on_the_way(ranks)
    return there[0].name if len(there) == 1 and there[0].name in left else None


def _alone_at_work(scene: Scene, fell: Sequence[str], left: Sequence[str]) -> str | None:
    """The one rank that wrote of its work while some waited for it, where all others wrote nothing since that began.

    Only some of those who wait may come to say so before all are ended.
    """
    if scene.stall is None or len(fell) < 2 or set(fell) | set(left) < set(scene.stories):
        return None
    since = scene.stall.begun + stall.NEAR
    there = [scene.stories[name].speaker for name in left]
    awake = [one for one in there if one.last is None or one.last > since]
    is_alone = len(awake) == 1 and _is_busy(scene, awake[0].name)
    return awake[0].name if is_alone and not progress.BEAT.search(awake[0].tail[-1].text) else None


def _was_done_first(scene: Scene, fell: Sequence[str], silent: Sequence[str]) -> str | None:
    """The one rank that came to its end, where others lost a connection after that and nobody else was done: it left
    those that still worked with it."""
    done = [name for name, one in scene.stories.items() if ended_well(one.speaker)]
    lost = [scene.stories[name].victims[0] for name in fell]
    if len(done) != 1 or done[0] not in silent or any(event.class_ != "peer" for event in lost):
        return None
    last = scene.stories[done[0]].speaker.last
    is_before = last is not None and all(
        event.own and last <= scene.clocks.of(event)[1] + scene.clocks.doubt for event in lost
    )
    return done[0] if is_before else None


def _only_warned(scene: Scene, fell: Sequence[str], silent: Sequence[str]) -> bool:
    """Whether all that did not come to their end only warned that a connection was gone, behind the end of the one that
    said for all that they were done: what it served the others with went with it, and they wrote of nothing else.
    """
    if len(silent) != 1 or not ended_well(scene.stories[silent[0]].speaker):
        return False
    ends = [event for event in scene.stories[silent[0]].speaker.events if event.class_ == "ended"]
    lost = [scene.stories[name].victims[0] for name in fell]
    return bool(ends) and all(
        event.class_ == "peer" and is_mild(event.text) and scene.clocks.of(event)[1] > ends[-1].low
        for event in lost
    )


def _came_to_the_end_of_all(scene: Scene, fell: Sequence[str]) -> Iterator[str]:
    """The ranks that said for all that these came to their end, where what the others did after that was to wait.

    Of a rank that ended before the others they would tell that it closed its connections.
    """
    if _waited(scene, fell) and not any(
        event.class_ == "peer" for name in fell for event in scene.stories[name].victims
    ):
        ranks = scene.ranks
        yield from (one.name for one in ranks if came_to_its_end(one) and speaks_for_all(one, ranks))


def _alone_did_not_wait(scene: Scene, fell: Sequence[str], silent: list[str]) -> list[str]:
    """The one rank that its launcher had to end, where all others gave up of themselves, after a wait in vain.

    It was not among those who waited, or it would have given up when they did.
    """
    is_all = len(silent) == 1 and len(fell) == len(scene.stories) - 1
    return silent if is_all and all(_waited(scene, [name]) for name in fell) else []


def _came_further(scene: Scene, fell: Sequence[str], silent: Sequence[str]) -> bool:
    """Whether all that fell wrote something behind the last line of each silent one, which they wrote too."""
    ahead = [(scene.stories[name].speaker, scene.stories[name].victims[0].number) for name in fell]
    return behind.stayed([scene.stories[name].speaker for name in silent], ahead)


def _was_ended(one: Exit) -> bool:
    """Whether a process was ended by its launcher, which had seen another end before."""
    return one.code == -15 or (not one.is_root and one.code is not None and one.code < 0)


def _is_peer(scene: Scene, fell: Sequence[str]) -> bool:
    """Whether what befell the others is that a peer went away or did not come, and not that all failed to begin."""
    return not any(is_refused(event) for name in fell for event in scene.stories[name].victims)


def _waited(scene: Scene, fell: Sequence[str]) -> bool:
    return any(
        event.class_ in waited.WAITS or (event.role == "exception" and waited.tells_of_a_wait(event.text))
        for name in fell
        for event in scene.stories[name].victims
    )


def _is_busy(scene: Scene, name: str) -> bool:
    """Whether a rank went on with something else while the others waited for it."""
    there = scene.stories.get(name)
    last = there.speaker.last if there else None
    if scene.stall is None or there is None or last is None or last <= scene.stall.begun + stall.NEAR:
        return False
    return progress.is_busy(there.speaker, scene.clocks.of(scene.stall.event)[0])


def _odd_one(scene: Scene) -> str | None:
    """The one rank that is in another collective than all others: an earlier one, or one of another kind."""
    if (late := stall.behind(scene.ranks)) is not None:
        return late
    groups = stall.in_collective(scene.ranks)
    there = sum(len(names) for names in groups.values())
    if len(groups) != 2 or there < 4 or there < max(len(scene.ranks), scene.world or 0):
        return None
    (few_key, few), (many_key, many) = sorted(groups.items(), key=lambda item: len(item[1]))
    if len(few) != 1 or len(many) <= 2 or {few_key[1], many_key[1]} & _BETWEEN_TWO:
        return None
    return few[0] if int(few_key[0]) <= int(many_key[0]) else None


def _begun(scene: Scene) -> float | None:
    return scene.stall.begun if scene.stall else None
