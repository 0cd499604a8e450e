"""The steps that go by what others say: accusers, kernels, launchers, and links in trouble."""

from __future__ import annotations

import math
import re

from logdex.diagnosis.course import progress
from logdex.diagnosis.endings.whose_exit import first_exits, rank_of
from logdex.diagnosis.no_cause import waited
from logdex.diagnosis.places import hosts
from logdex.diagnosis.records import accusations
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.roles import Story
from logdex.diagnosis.scene import Candidate, Scene, missing_of, time_of, whole_host
from logdex.diagnosis.verdict import Certainty, Finding

A_YEAR = 366 * 86_400.0
"""Seconds since 1970 that are fewer are since something else."""
_ABORTED = -6
"""How a process ends that calls `abort`."""
_OF_ALL = ("mpirun", "srun")
"""The launchers that see the processes of all hosts."""
_ANOTHER = re.compile(
    r"(?i)\b(?:remote|by peer|connection|timed? ?out|abort\w*|reset|closed|refused|network|system error)\b"
)
"""Words that a library has of others."""


def accused(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one whom most witnesses accuse: busy if it still writes, else absent."""

    def is_victim(number: int) -> bool:
        one = scene.stories.get(scene.name_of(number))
        return bool(one and one.victims)

    named, by = accusations.most_accused(scene.accusations, is_victim)
    everyone = max(scene.world or 0, len(scene.ranks), max(named, default=0) + 1)
    if not named or (len(named) > 1 and 2 * len(named) > max(everyone, len(named) + 1)):
        return None
    names = tuple(scene.name_of(number) for number in named)
    if all(is_victim(number) for number in named) and all(told.weight < 3 for told in by):
        return None
    accusers = {told.event.speaker or told.event.path for told in by}
    first = min((told.event for told in by), key=lambda event: (event.low, event.number))
    one = next((one for one in scene.ranks if one.name == names[0]), None)
    busy = one is not None and len(names) == 1 and progress.is_busy(one, first.low)
    agree = len(accusers) > 1 and all(told.weight == 3 for told in by)
    # Who waited for others himself may be one of several who are astray; and who closed its connections may have come
    # to its end, as those had who saw it.
    is_parting = all(told.event.class_ == "closed" for told in by) or any(map(is_victim, named))
    certainty: Certainty = "certain" if agree and not is_parting else "likely"
    whole = whole_host(scene, set(names))
    ended = _status_of(scene, names[0]) if len(names) == 1 else None
    return Finding(
        "host" if whole and len(names) > 1 else "rank",
        certainty,
        names,
        (whole,) if whole else (),
        ended.class_ if ended else "busy" if busy else "absent",
        scene.stall.begun if scene.stall else None,
        [("accused by others", told.event) for told in by[:3]] + ([("exit", ended.event)] if ended else []),
    )


def _status_of(scene: Scene, name: str) -> Exit | None:
    """How a rank ended by itself, without a word: then it was not busy, nor is it absent for a reason unknown."""
    return next((one for one in scene.exits if (one.code or 0) > 1 and rank_of(scene, one) == name), None)


def weak_exit(scene: Scene, found: list[Candidate]) -> Finding | None:
    """An exit status of a rank that did not speak, or spoke of no other: the earliest of any launcher."""
    told: dict[str, Exit] = {}
    for one in first_exits(scene):
        name = rank_of(scene, one)
        there = scene.stories.get(name or "")
        if name is None or (there and (there.victims or _gave_up(scene, there, one))):
            continue
        if not _may_be_of_another(scene, one):
            told.setdefault(name, one)
    if not told and (alone := _alone_in_trouble(scene)) is not None:
        return alone
    if not told or all(_fell_behind_others(scene, one) for one in told.values()):
        return None
    if (whole := _of_one_host(scene, told)) is not None:
        return whole
    order = sorted(told.items(), key=lambda item: exit_time(scene, item[1]))
    gap, least = math.inf, 0.0
    if len(order) > 1:
        gap = exit_time(scene, order[1][1]) - exit_time(scene, order[0][1])
        least = 0.0 if order[0][1].event.path == order[1][1].event.path else scene.clocks.doubt
    is_clear = gap > least and (len(order) == 1 or math.isfinite(exit_time(scene, order[0][1])))
    # Where another launcher's processes ended later, only how those of the first one ended matters.
    if (unclear := _alike_exits(scene, dict(order[:1]) if is_clear else told)) is not None:
        return unclear
    if not is_clear:
        names = tuple(name for name, _ in order)
        events = [("ended", one.event) for _, one in order[:3]]
        return Finding(
            "unknown", "cannot tell", names, cause="exit", events=events, missing="the ranks' own logs"
        )
    name, one = order[0]
    hosts_ = (one.host,) if one.host else ()
    events = [("ended first", one.event)]
    if one.raised is not None:
        events.insert(0, ("raised", one.raised))
    return Finding("rank", "likely", (name,), hosts_, one.class_, exit_time(scene, one), events)


def _gave_up(scene: Scene, there: Story, one: Exit) -> bool:
    """Whether a process aborted long after its last step, as one that waited for others does, in whatever words."""
    return one.code == _ABORTED and waited.stood_still(there, exit_time(scene, one))


def _may_be_of_another(scene: Scene, one: Exit) -> bool:
    """Whether a number on a host, which may be any, was taken for a rank that wrote no error, while others wrote one:
    who ends with status 1 has raised something, and so it may be one of those."""
    return one.is_guess and one.code == 1 and any(other.victims for other in scene.stories.values())


def _fell_behind_others(scene: Scene, one: Exit) -> bool:
    """Whether its launcher had seen others end by a signal before, though it had ended none by then."""
    there = [event for other in scene.speakers for event in other.events if event.path == one.event.path]
    return any(
        other.code == -15 and other.is_root and other.event.number < one.event.number
        for other in scene.exits
        if other.event.path == one.event.path
    ) and not any(event.role == "teardown" and event.number < one.event.number for event in there)


def _alone_in_trouble(scene: Scene) -> Finding | None:
    """The one that the launcher of all saw end first with an error, where it alone tells of trouble, and of no other.

    What a library calls a failure of its own may be one of another rank; then others would tell of it too.
    """
    spoke = [name for name, one in scene.stories.items() if not one.is_silent]
    roots = first_exits(scene)
    if len(spoke) != 1 or {rank_of(scene, one) for one in roots} != set(spoke) or missing_of(scene):
        return None
    told = scene.stories[spoke[0]]
    if any(one.event.class_ not in _OF_ALL for one in roots) or told.cause or told.links:
        return None
    if any(event.class_ not in ("nccl", "hccl") or _ANOTHER.search(event.text) for event in told.victims):
        return None
    hosts_ = scene.hosts_of(spoke[0])
    events = [("failed first", told.victims[0]), ("its exit", roots[0].event)]
    return Finding("rank", "likely", (spoke[0],), hosts_, "exit", time_of(scene, told.victims[0]), events)


def _of_one_host(scene: Scene, told: dict[str, Exit]) -> Finding | None:
    """All tasks of one host ended alike, as one line says, and all others lost them later."""
    events = {id(one.event): one for one in told.values()}
    first = next(iter(told.values()))
    if len(told) < 2 or len(events) > 1 or not first.is_task or not first.host:
        return None
    rest = [one for name, one in scene.stories.items() if name not in told]
    if not rest or not all(one.victims for one in rest):
        return None
    if any(scene.clocks.is_before(one.victims[0], first.event) for one in rest):
        return None
    when = exit_time(scene, first)
    return Finding(
        "host", "likely", tuple(told), (first.host,), first.class_, when, [("ended first", first.event)]
    )


def _alike_exits(scene: Scene, told: dict[str, Exit]) -> Finding | None:
    """A launcher that saw several end with an error status at once: which of them it calls the root is chance."""
    for name, root in told.items():
        if root.code is None or root.code <= 0:
            continue
        same = [
            other
            for other in scene.exits
            if other.event.path == root.event.path
            and rank_of(scene, other) != name
            and (other.code or 0) > 0
            and abs(exit_time(scene, other) - exit_time(scene, root)) <= 2.0
            and not _fell(scene, other)
        ]
        if same:
            names = [name, *(found for one in same if (found := rank_of(scene, one)))]
            events = [("ended", root.event), *(("ended", one.event) for one in same[:2])]
            return Finding(
                "unknown",
                "cannot tell",
                tuple(dict.fromkeys(names)),
                cause="exit",
                events=events,
                missing="the ranks' own logs",
            )
    return None


def _fell(scene: Scene, one: Exit) -> bool:
    """Whether the rank that ended told of another's failure: then its end is explained."""
    there = scene.stories.get(rank_of(scene, one) or "")
    return bool(there and there.victims)


def exit_time(scene: Scene, one: Exit) -> float:
    """When a process ended, by its launcher; minus infinity if nobody knows."""
    low = scene.clocks.of(one.event)[0]
    # Seconds since a beginning that nobody knows order the exits of one launcher, and say less than a stamp.
    is_told = one.time is not None and (one.time > A_YEAR or not math.isfinite(low))
    return one.time if is_told and one.time is not None else low


def links_in_trouble(scene: Scene) -> list[Event]:
    """The records of pairs of hosts in trouble."""
    links = [event for one in scene.stories.values() for event in one.links]
    return links + [event for one in scene.witnesses for event in one.events if event.role == "link"]


def _are_silent(scene: Scene) -> bool:
    """Whether no rank tells of trouble: then a link that a witness saw go down may have come up again."""
    return all(one.is_silent for one in scene.stories.values())


def links_of(scene: Scene, found: list[Candidate]) -> Finding | None:
    """Links in trouble: the host at the end of most of them, or both ends."""
    links = links_in_trouble(scene)
    if not links or (not any(event.own for event in links) and _are_silent(scene)):
        return None
    first = min(links, key=lambda event: (event.low, event.number))
    if (gone := _gone_before(scene, first)) is not None:
        return gone
    ends, _ = hosts.vote(links, scene.host_of)
    ranks = tuple(dict.fromkeys(event.speaker for event in links if event.speaker))
    return Finding("link", "likely", ranks, ends, "link", time_of(scene, first), [("link", first)])


def _came_first(scene: Scene, event: Event, link: Event, ended: set[str | None]) -> bool:
    """Whether a record is older than what a rank told of a link; without stamps, if that rank is none of those of which
    launchers saw that they `ended`."""
    if event.own and link.own:
        return scene.clocks.is_before(event, link, sure=True)
    return link.speaker not in ended


def _gone_before(scene: Scene, link: Event) -> Finding | None:
    """Those that had told of trouble, and not of a wait for others, and ended by it as launchers say, before a link was
    first in any: their peers lost them, and no way to them."""
    gone: dict[str, Exit] = {}
    exits = [(rank_of(scene, one), one) for one in scene.exits if not one.is_teardown]
    ended = {name for name, _ in exits}
    for name, one in exits:
        there = scene.stories.get(name or "")
        if name is None or not one.is_root or there is None or there.links:
            continue
        own = [
            event
            for event in there.victims
            if event.class_ == waited.STUCK or event.class_ not in waited.WAITS
        ]
        if any(_came_first(scene, event, link, ended) for event in own):
            gone.setdefault(name, one)
    if not gone:
        return None
    told = [event for name in gone for event in scene.stories[name].victims[:1]]
    first = min(told, key=lambda event: scene.clocks.of(event)[0])
    events = [("failed first", first), *(("ended", one.event) for one in list(gone.values())[:2])]
    class_ = next(iter(gone.values())).class_
    return Finding("rank", "likely", tuple(gone), (), class_, time_of(scene, first), events)
