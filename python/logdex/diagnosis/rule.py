"""The rule: who failed first, step by step. Each step looks at a `Scene` and comes to a `Finding`, or leaves it to the next.

A wrong name with certainty is worse than none, so what one finding says is likely, what two say is certain, and where
findings of one weight differ the logs do not tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from logdex.diagnosis import accusations, attempts, clocks, exits, hosts, progress, stall
from logdex.diagnosis.accusations import Accusation
from logdex.diagnosis.events import Event, Speaker
from logdex.diagnosis.exits import Exit
from logdex.diagnosis.roles import Story, story, strength
from logdex.diagnosis.similar import masked
from logdex.diagnosis.verdict import Certainty, Finding

UNIFORM = 0.9
"""From this share of the ranks on, the same failure is no rank's own."""
TOGETHER = 5.0
"""Within so many seconds it is the same failure."""
_CONSEQUENCES = {
    "disk": {"ckpt", "file", "nan", "exception", "error"},
    "gpu_hw": {"gpu_fault", "gpu_oom", "exception", "error"},
    "host_oom": {"killed", "loader", "crash", "exception", "error"},
    "gpu_oom": {"gpu_fault"},
    "network": {"file", "ckpt"},
}
"""Which classes may be what another comes to elsewhere."""


@dataclass
class Candidate:
    """A rank that may have failed first."""

    rank: str
    class_: str
    event: Event
    strength: int
    exit: Exit | None = None

    @property
    def is_own(self) -> bool:
        """Whether the rank's own words say it."""
        return self.exit is None or self.event is not self.exit.event


@dataclass
class Scene:
    """All that is known of a job."""

    speakers: list[Speaker]
    world: int | None = None
    """How many ranks the job has, if a line says so."""
    doubt: float = 1.0
    exits: list[Exit] = field(default_factory=list)
    """What the job's record says of exits, beside those of which the logs tell."""
    labels: dict[str, str] = field(default_factory=dict)
    """The files in which several ranks stand, by rank."""
    stories: dict[str, Story] = field(default_factory=dict)
    clocks: clocks.Clocks = field(default_factory=clocks.Clocks)
    stall: stall.Stall | None = None
    host_of: dict[str, str] = field(default_factory=dict)
    accusations: list[Accusation] = field(default_factory=list)
    earlier: list[Event] = field(default_factory=list)
    """Records of earlier attempts."""

    @property
    def ranks(self) -> list[Speaker]:
        """Those that are ranks."""
        return [one for one in self.speakers if one.is_rank]

    @property
    def witnesses(self) -> list[Speaker]:
        """Those that are not."""
        return [one for one in self.speakers if not one.is_rank]

    def name_of(self, number: int) -> str:
        """The name of a global rank."""
        plain = str(number)
        names = {one.name for one in self.ranks}
        if plain in names:
            return plain
        endings = [name for name in names if name.rpartition("/")[2] == plain and ":" not in name]
        if len(endings) == 1:
            return endings[0]
        roles = {name.rpartition("/")[0] for name in names}
        if len(roles) == 1 and "" not in roles and not any(":" in name for name in names):
            return f"{roles.pop()}/{plain}"
        return plain


def prepare(scene: Scene) -> None:
    """Reads what the records come to."""
    last = attempts.last_of(scene.speakers)
    for one in scene.speakers:
        if one.is_rank and one.attempt < last and any(other.attempt == last for other in scene.speakers):
            scene.earlier += one.events
    scene.speakers = [one for one in scene.speakers if not one.is_rank or one.attempt == last]
    scene.earlier += attempts.after_the_last_exit(scene.speakers)
    for one in scene.speakers:
        scene.earlier += attempts.only_last(one)
    _attribute(scene)
    _drop_survived(scene)
    scene.clocks = clocks.measure(scene.ranks, scene.doubt)
    scene.stories = {one.name: story(one) for one in scene.ranks}
    scene.stall = stall.of_speakers(scene.speakers, scene.clocks)
    scene.exits += [told for one in scene.speakers for told in exits.of_witness(one)]
    begun = attempts.begun_at(scene.ranks) if last else -math.inf
    scene.exits = [one for one in scene.exits if _ended_at(one) >= begun - 1]
    scene.host_of = hosts.of_ranks(scene.speakers, scene.exits, scene.labels)
    known = [int(one.name.rpartition("/")[2]) for one in scene.ranks if one.name.rpartition("/")[2].isdigit()]
    world = sorted({*known, *range(scene.world or 0)})
    scene.accusations = accusations.of_speakers(scene.speakers, world)


def _drop_survived(scene: Scene) -> None:
    """Drops what witnesses wrote of trouble after which the ranks went on for long."""
    for witness in scene.witnesses:
        witness.events = [
            event
            for event in witness.events
            if event.role not in ("cause", "exception", "error", "victim", "named", "link")
            or not any(_went_on_after(one, event) for one in scene.speakers)
        ]


def _went_on_after(one: Speaker, event: Event) -> bool:
    course = one.course
    if course is None or not course.changes:
        return False
    if course.path == event.path:
        return course.last_number > event.number
    return event.own and course.last_at is not None and course.last_at > event.high + 60.0


def _ended_at(one: Exit) -> float:
    """When a process ended, or infinity."""
    if one.time is not None:
        return one.time
    return one.event.low if one.event.own else math.inf


def _attribute(scene: Scene) -> None:
    """Gives the records of witnesses that say for which rank they speak to that rank."""
    from logdex.diagnosis.events import self_of

    for witness in scene.witnesses:
        for event in list(witness.events):
            number = self_of(event.text)
            if number is None or event.role in ("exit", "outside", "context"):
                continue
            name = scene.name_of(number)
            rank = next((one for one in scene.ranks if one.name == name), None)
            if rank is None:
                rank = Speaker(name, witness.path, mtime=witness.mtime, host=witness.host)
                scene.speakers.append(rank)
            event.speaker = name
            witness.events.remove(event)
            rank.events.append(event)
            rank.lines = max(rank.lines, event.place)


def decide(scene: Scene) -> Finding:
    """Goes through the steps; the first that comes to something is the answer."""
    prepare(scene)
    everyone = candidates(scene)
    # A level says that something is wrong, and not what: it counts where nothing else does.
    firm = [one for one in everyone if one.strength > 1]
    for found in (firm, everyone):
        for step in STEPS if found is firm else LAST_STEPS:
            if (finding := step(scene, found)) is not None:
                return finding
    return _unknown(scene, everyone)


# ---- candidates


def candidates(scene: Scene) -> list[Candidate]:
    """Each rank's own first cause, and the exits of those that said nothing."""
    told: dict[str, Candidate] = {}
    for name, one in scene.stories.items():
        event = one.cause
        if event is not None and not (scene.stall and scene.stall.is_later(event, scene.clocks)):
            told[name] = Candidate(name, event.class_, event, strength(event))
            if event.role in ("victim", "named"):
                told[name].class_ = "network"
            if event.role == "exit":
                told[name].class_ = "killed" if "illed" in event.text else "crash"
    agents = any(one.event.class_ in ("root", "field", "agent") for one in scene.exits)
    for one in scene.exits:
        if one.is_teardown or not one.is_root or (one.is_task and agents):
            continue
        name = _rank_of(scene, one)
        if name is None:
            continue
        known = told.get(name)
        if known is not None:
            known.exit = known.exit or one
        elif one.is_strong and not _fell_first(scene, name, one):
            told[name] = Candidate(name, one.class_, one.event, 3, one)
    _confirm_memory(scene, told)
    return list(told.values())


def _fell_first(scene: Scene, name: str, one: Exit) -> bool:
    """Whether a rank had told of others' failure before it ended."""
    there = scene.stories.get(name)
    return bool(there and there.victims and not one.oom)


def _rank_of(scene: Scene, one: Exit) -> str | None:
    if one.name is not None:
        return one.name
    if one.rank is not None:
        return scene.name_of(one.rank)
    if one.local is None:
        return None
    pairs = {
        (other.rank or 0) - (other.local or 0)
        for other in scene.exits
        if other.event.path == one.event.path and other.rank is not None and other.local is not None
    }
    launchers = {other.event.path for other in scene.exits if other.local is not None}
    if len(pairs) == 1:
        return scene.name_of(one.local + pairs.pop())
    return scene.name_of(one.local) if len(launchers) == 1 and not pairs else None


def _confirm_memory(scene: Scene, told: dict[str, Candidate]) -> None:
    """A kill by signal 9 was for want of memory where somebody saw that."""
    saw = any(event.class_ == "host_oom" for one in scene.witnesses for event in one.events)
    for one in told.values():
        if saw and one.class_ == "killed":
            one.class_ = "host_oom"


# ---- steps


def _outside(scene: Scene, found: list[Candidate]) -> Finding | None:
    """Somebody ordered the end, not later than anything failed."""
    orders = [
        event
        for one in scene.speakers
        for event in one.events
        if event.role == "outside" and (one.is_rank is False or event.class_ != "signalled" or True)
    ]
    if not orders:
        return None
    strong = [event for event in orders if event.class_ not in ("cancelled", "signalled")]
    orders = strong or orders
    first = min(orders, key=lambda event: (scene.clocks.of(event)[0], event.number))
    before = [one for one in found if scene.clocks.is_before(one.event, first)]
    if before:
        return None
    unclear = [
        one
        for one in found
        if not scene.clocks.is_before(first, one.event) and not _same_time_or_later(scene, first, one.event)
    ]
    if unclear:
        firm = [one for one in unclear if one.strength == 3]
        if not strong:
            return None
        if firm:
            return Finding(
                "unknown",
                "cannot tell",
                tuple(one.rank for one in firm),
                cause=first.class_,
                events=[("told to stop", first)] + [("or failed", one.event) for one in firm],
                missing="stamps that say whether this came before the order to stop",
            )
    if not strong and (found or _victims_before(scene, first)):
        return None
    certainty: Certainty = "certain" if strong and first.own else "likely"
    return Finding(
        "outside", certainty, cause=first.class_, time=_when(scene, first), events=[("told to stop", first)]
    )


def _same_time_or_later(scene: Scene, first: Event, other: Event) -> bool:
    return other.own and first.own and scene.clocks.of(other)[0] >= scene.clocks.of(first)[0]


def _victims_before(scene: Scene, first: Event) -> bool:
    """Whether a rank told of another's failure before the order, or may have."""
    victims = [event for one in scene.stories.values() for event in one.victims]
    return any(not scene.clocks.is_before(first, event) for event in victims)


def _uniform(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The same failure on all ranks, or on one whole host and nowhere else."""
    base = max(len([one for one in scene.ranks if one.lines]), 1)
    base = max(base, scene.world or 0) if (scene.world or 0) <= 2 * base else base
    for group in _groups(found):
        if len(group) < 2 or len(group) < 0.5 * base:
            continue
        if not _are_together(scene, group):
            continue
        names = tuple(one.rank for one in group)
        whole = _whole_host(scene, set(names))
        first = min(group, key=lambda one: (scene.clocks.of(one.event)[0], one.event.number))
        events = [("the same on all", first.event)]
        when = _when(scene, first.event)
        if whole and len(group) < UNIFORM * base and len(set(scene.host_of.values())) > 1:
            return Finding("host", "likely", names, (whole,), first.class_, when, events)
        if len(group) >= UNIFORM * base or (len(group) >= 4 and _spread(scene, group) <= TOGETHER):
            certainty: Certainty = "certain" if len(group) >= UNIFORM * base and len(group) > 2 else "likely"
            return Finding("uniform", certainty, names, (), first.class_, when, events)
    return None


def _groups(found: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates by class and text, the largest group first."""
    alike: dict[tuple[str, str], list[Candidate]] = {}
    for one in found:
        if one.is_own:
            alike.setdefault((one.class_, masked(one.event.text)), []).append(one)
    return sorted(alike.values(), key=len, reverse=True)


def _spread(scene: Scene, group: Sequence[Candidate]) -> float:
    lows = [scene.clocks.of(one.event)[0] for one in group if math.isfinite(one.event.low)]
    return max(lows) - min(lows) if lows else 0.0


def _are_together(scene: Scene, group: Sequence[Candidate]) -> bool:
    if not any(one.event.own for one in group):
        return True
    early = all(scene.stories[one.rank].speaker.course is None for one in group if one.rank in scene.stories)
    return early or _spread(scene, group) <= TOGETHER + scene.clocks.doubt


def _whole_host(scene: Scene, names: set[str]) -> str | None:
    there = {scene.host_of[name] for name in names if name in scene.host_of}
    if len(there) != 1 or any(name not in scene.host_of for name in names):
        return None
    host = there.pop()
    everyone = {name for name, its in scene.host_of.items() if its == host}
    return host if everyone == names and len(names) > 1 else None


def _first(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one whose own cause, or exit, surely came before those of the others."""
    if not found:
        return None
    firm = found
    left = [one for one in firm if not any(_precedes(scene, other, one) for other in firm if other is not one)]
    left = _narrowed(scene, left or firm)
    if len(left) == 1:
        return _named(scene, left[0], firm)
    whole = _whole_host(scene, {one.rank for one in left})
    if whole and len({one.class_ for one in left}) == 1 and len(set(scene.host_of.values())) > 1:
        names = tuple(one.rank for one in left)
        when = _when(scene, left[0].event)
        return Finding("host", "likely", names, (whole,), left[0].class_, when, [("first", left[0].event)])
    return None if not left else _tie(scene, left)


def _precedes(scene: Scene, one: Candidate, other: Candidate) -> bool:
    return scene.clocks.is_before(one.event, other.event)


def _narrowed(scene: Scene, left: list[Candidate]) -> list[Candidate]:
    """Of candidates that may all have been the first, those that more speaks for."""
    if len(left) < 2:
        return left
    for keep in (
        lambda one: one.strength == max(other.strength for other in left),
        lambda one: not any(one.class_ in _CONSEQUENCES.get(other.class_, ()) for other in left),
        lambda one: scene.stall is not None and one.event.own and scene.stall.fits(one.event, scene.clocks),
        lambda one: one.exit is not None and one.exit.is_root,
        lambda one: any(one.rank == scene.name_of(rank) for told in scene.accusations for rank in told.ranks),
    ):
        kept = [one for one in left if keep(one)]
        if kept:
            left = kept
    if len(left) > 1 and all(one.event.own for one in left) and not _on_several_hosts(scene, left):
        order = sorted(left, key=lambda one: scene.clocks.of(one.event)[0])
        gap = scene.clocks.of(order[1].event)[0] - scene.clocks.of(order[0].event)[0]
        if gap > order[0].event.high - order[0].event.low:
            return order[:1]
    return left


def _on_several_hosts(scene: Scene, left: Sequence[Candidate]) -> bool:
    known = {scene.host_of.get(one.rank) for one in left}
    return len(known - {None}) > 1


def _tie(scene: Scene, left: list[Candidate]) -> Finding:
    return Finding(
        "unknown",
        "cannot tell",
        tuple(one.rank for one in left),
        cause=left[0].class_ if len({one.class_ for one in left}) == 1 else None,
        events=[("may have failed first", one.event) for one in left[:4]],
        missing="stamps on the lines of errors, or clocks that agree",
    )


def _named(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> Finding:
    """Names a rank, as surely as findings agree."""
    findings = _findings(scene, one, firm)
    certainty: Certainty = "certain" if len(findings) >= 2 and one.strength >= 2 else "likely"
    if one.strength == 3 and one.exit is not None and one.exit.is_strong and one.exit.code is not None:
        certainty = "certain"
    if not _is_clear(scene, one, firm):
        certainty = "likely"
    events = [("failed first", one.event)]
    if one.exit is not None and one.exit.event is not one.event:
        events.append(("its exit", one.exit.event))
    events += [("accused by others", told.event) for told in _against(scene, one.rank)[:2]]
    hosts_ = (scene.host_of[one.rank],) if one.rank in scene.host_of else ()
    others = tuple(
        other.rank for other in firm if other is not one and not scene.clocks.is_before(one.event, other.event, sure=True)
    )
    return Finding("rank", certainty, (one.rank,), hosts_, one.class_, _when(scene, one.event), events, others)


def _findings(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> list[str]:
    """What speaks for a candidate, one word a finding."""
    told = []
    if one.is_own:
        told.append("own cause")
    if one.exit is not None and (one.exit.is_strong or one.exit.event.class_ in ("root", "field", "srun", "spawn")):
        told.append("exit")
    if scene.stall is not None and one.event.own and scene.stall.fits(one.event, scene.clocks):
        told.append("fits the stall")
    told += ["accuser"] * min(len({against.event.speaker or against.event.path for against in _against(scene, one.rank)}), 2)
    fell = [other for name, other in scene.stories.items() if name != one.rank and other.victims]
    if one.is_own and one.strength == 3 and len(firm) == 1 and fell:
        told.append("all others are victims")
    return told


def _is_clear(scene: Scene, one: Candidate, firm: Sequence[Candidate]) -> bool:
    """Whether no other candidate may have been before, however clocks differ."""
    return all(
        scene.clocks.is_before(one.event, other.event, sure=True)
        for other in firm
        if other is not one and other.strength >= one.strength
    )


def _against(scene: Scene, rank: str) -> list[Accusation]:
    return [told for told in scene.accusations if any(scene.name_of(number) == rank for number in told.ranks)]


def _accused(scene: Scene, found: list[Candidate]) -> Finding | None:
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
    certainty: Certainty = "certain" if len(accusers) > 1 and all(t.weight == 3 for t in by) else "likely"
    whole = _whole_host(scene, set(names))
    return Finding(
        "host" if whole and len(names) > 1 else "rank",
        certainty,
        names,
        (whole,) if whole else (),
        "busy" if busy else "absent",
        scene.stall.begun if scene.stall else None,
        [("accused by others", told.event) for told in by[:3]],
    )


def _node(scene: Scene, found: list[Candidate]) -> Finding | None:
    """A host that went down, or whose kernel tells of its GPU or its memory."""
    events = [event for one in scene.witnesses for event in one.events if event.role == "cause"]
    for event in events:
        host = event.said("host")
        if event.class_ == "node" and host:
            return Finding("host", "likely", (), (host,), "node", _when(scene, event), [("failed first", event)])
    return None


def _weak_exit(scene: Scene, found: list[Candidate]) -> Finding | None:
    """An exit status of a rank that did not speak, or spoke of no other: the earliest of any launcher."""
    agents = any(one.event.class_ in ("root", "field", "agent") for one in scene.exits)
    told: dict[str, Exit] = {}
    for one in scene.exits:
        if one.is_teardown or not one.is_root or (one.is_task and agents):
            continue
        name = _rank_of(scene, one)
        there = scene.stories.get(name or "")
        if name is not None and not (there and there.victims):
            told.setdefault(name, one)
    if not told:
        return None
    if (unclear := _alike_exits(scene, told)) is not None:
        return unclear
    order = sorted(told.items(), key=lambda item: _exit_time(scene, item[1]))
    if len(order) > 1:
        gap = _exit_time(scene, order[1][1]) - _exit_time(scene, order[0][1])
        one_file = order[0][1].event.path == order[1][1].event.path
        if not gap > (0.0 if one_file else scene.clocks.doubt):
            names = tuple(name for name, _ in order)
            events = [("ended", one.event) for _, one in order[:3]]
            return Finding("unknown", "cannot tell", names, cause="exit", events=events, missing="the ranks' own logs")
    name, one = order[0]
    hosts_ = (one.host,) if one.host else ()
    return Finding("rank", "likely", (name,), hosts_, one.class_, _exit_time(scene, one), [("ended first", one.event)])


def _alike_exits(scene: Scene, told: dict[str, Exit]) -> Finding | None:
    """A launcher that saw several end with an error status at once: which of them it calls the root is chance."""
    for name, root in told.items():
        if root.code is None or root.code <= 0 or scene.stories.get(name, Story(Speaker(name, ""))).speaker.lines:
            continue
        same = [
            other
            for other in scene.exits
            if other.event.path == root.event.path and other.rank != root.rank and (other.code or 0) > 0
            and abs(_exit_time(scene, other) - _exit_time(scene, root)) <= 2.0
        ]
        if same:
            names = [name, *(found for one in same if (found := _rank_of(scene, one)))]
            events = [("ended", root.event), *(("ended", one.event) for one in same[:2])]
            return Finding(
                "unknown", "cannot tell", tuple(dict.fromkeys(names)), cause="exit", events=events,
                missing="the ranks' own logs",
            )
    return None


def _exit_time(scene: Scene, one: Exit) -> float:
    return one.time if one.time is not None else scene.clocks.of(one.event)[0]


def _links(scene: Scene, found: list[Candidate]) -> Finding | None:
    """Links in trouble: the host at the end of most of them, or both ends."""
    links = [event for one in scene.stories.values() for event in one.links]
    links += [event for one in scene.witnesses for event in one.events if event.role == "link"]
    if not links:
        return None
    ends, is_one = hosts.vote(links, scene.host_of)
    first = min(links, key=lambda event: (event.low, event.number))
    when = _when(scene, first)
    ranks = tuple(dict.fromkeys(event.speaker for event in links if event.speaker))
    if is_one and len({event.speaker for event in links}) > 1:
        return Finding("link", "likely", ranks, ends, "link", when, [("link", first)])
    return Finding("link", "likely", ranks, ends, "link", when, [("link", first)])


def _left_out(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one rank that said nothing while all others told of somebody's failure."""
    fell = [name for name, one in scene.stories.items() if one.victims]
    if not fell:
        return None
    ended = {name for one in scene.exits if one.code == -15 and (name := _rank_of(scene, one))}
    silent = [name for name, one in scene.stories.items() if one.is_silent and name not in ended]
    missing = _missing(scene)
    suspects = [*silent, *missing]
    events = [("victim", scene.stories[name].victims[0]) for name in fell[:2]]
    if len(suspects) == 1 and len(fell) >= 2 and _is_peer(scene, fell):
        cause = "absent" if suspects[0] in missing or _waited(scene, fell) else "left"
        return Finding("rank", "likely", tuple(suspects), (), cause, _begun(scene), events)
    whole = _whole_host(scene, set(suspects)) if len(suspects) > 1 else None
    if whole and len(set(scene.host_of.values())) > 2:
        return Finding("host", "likely", tuple(suspects), (whole,), "absent", _begun(scene), events)
    odd = _odd_one(scene)
    if odd is not None and not missing:
        return Finding("rank", "likely", (odd,), (), "absent", _begun(scene), events)
    return None


def _missing(scene: Scene) -> list[str]:
    """Ranks of the job of which there is no log, where the ranks of the others are numbers."""
    names = {one.name for one in scene.ranks}
    if not scene.world or any(":" in name or not name.rpartition("/")[2].isdigit() for name in names):
        return []
    return [name for number in range(scene.world) if (name := scene.name_of(number)) not in names]


def _is_peer(scene: Scene, fell: Sequence[str]) -> bool:
    """Whether what befell the others is that a peer went away or did not come, and not that all failed to begin."""
    return not any(_is_refused(event) for name in fell for event in scene.stories[name].victims)


def _is_refused(event: Event) -> bool:
    """Whether nobody was there to be connected to, as at the start of a job."""
    return "refused" in event.text or "connectFullMesh" in event.text


def _waited(scene: Scene, fell: Sequence[str]) -> bool:
    return any(event.class_ in ("watchdog", "timeout") for name in fell for event in scene.stories[name].victims)


def _odd_one(scene: Scene) -> str | None:
    """The one rank that is in another collective, an earlier one, than all others."""
    groups = stall.in_collective(scene.ranks)
    there = sum(len(names) for names in groups.values())
    if len(groups) != 2 or there < 4 or there < max(len(scene.ranks), scene.world or 0):
        return None
    (few_key, few), (many_key, many) = sorted(groups.items(), key=lambda item: len(item[1]))
    return few[0] if len(few) == 1 and len(many) > 2 and int(few_key[0]) < int(many_key[0]) else None


def _begun(scene: Scene) -> float | None:
    return scene.stall.begun if scene.stall else None


def _alike(scene: Scene, found: list[Candidate]) -> Finding | None:
    """All fail alike before the first step, each of the others: nobody's code."""
    spoke = [one for one in scene.stories.values() if one.speaker.lines]
    groups: dict[str, list[Event]] = {}
    for one in spoke:
        if one.victims and one.speaker.course is None:
            refused = [event for event in one.victims if _is_refused(event)]
            groups.setdefault("refused" if refused else masked(one.victims[0].text), []).append(one.victims[0])
    largest = groups.get("refused", [])
    if len(largest) < 2 or len(largest) < UNIFORM * len(spoke):
        return None
    names = tuple(event.speaker for event in largest)
    return Finding("uniform", "likely", names, (), None, _when(scene, largest[0]), [("the same on all", largest[0])])


def _nothing(scene: Scene, found: list[Candidate]) -> Finding | None:
    """No line tells of a failure: nothing went on, or nothing failed."""
    if _tells_of_failure(scene):
        return None
    still = progress.standstill(scene.ranks, scene.witnesses)
    if still is not None:
        return Finding("stalled", "likely", still.ranks, (), "no progress", still.since)
    timed = any(one.last is not None for one in scene.ranks)
    if progress.only_beats(scene.ranks) and not timed:
        return Finding("unknown", "cannot tell", missing="stamps: whether it still goes on cannot be seen without")
    ended = [one for one in scene.stories.values() if one.teardown]
    if ended and any("SIGTERM" in event.text or "ignal 15" in event.text for one in ended for event in one.teardown):
        event = ended[0].teardown[0]
        return Finding("outside", "likely", cause="signalled", time=_when(scene, event), events=[("told to stop", event)])
    return Finding("none", "likely" if timed else "cannot tell")


def _tells_of_failure(scene: Scene) -> bool:
    if any(not one.is_silent for one in scene.stories.values()):
        return True
    if any(not one.is_teardown for one in scene.exits):
        return True
    loud = ("cause", "exception", "victim", "named", "link")
    return any(event.role in loud for one in scene.witnesses for event in one.events)


def _unknown(scene: Scene, found: list[Candidate]) -> Finding:
    """What is known where nothing tells who it was."""
    events: list[tuple[str, Event]] = []
    for one in [*scene.stories.values()]:
        events += [("victim", event) for event in one.victims[:1]]
    for witness in scene.witnesses:
        events += [("witness", event) for event in witness.events if event.role not in ("context", "teardown")][:1]
    silent = tuple(name for name, one in scene.stories.items() if one.is_silent)
    names = tuple(_missing(scene)) or (silent if len(silent) <= 16 else ())
    return Finding("unknown", "cannot tell", names, events=events[:4], missing=_what_is_missing(scene))


def _what_is_missing(scene: Scene) -> str:
    missing = []
    if _missing(scene):
        missing.append(f"the logs of {len(_missing(scene))} ranks")
    if not scene.witnesses:
        missing.append("the launcher's and the scheduler's log")
    if not any(one.last is not None for one in scene.speakers):
        missing.append("stamps")
    return ", ".join(missing) or "a record of how each process ended"


def _when(scene: Scene, event: Event) -> float | None:
    low = scene.clocks.of(event)[0]
    return low if math.isfinite(low) else None


_Step = Callable[[Scene, list[Candidate]], Finding | None]
STEPS: tuple[_Step, ...] = (
    _outside,
    _uniform,
    _first,
    _accused,
    _node,
    _weak_exit,
    _links,
    _left_out,
    _alike,
)
"""What is asked first: of those who have a cause."""
LAST_STEPS: tuple[_Step, ...] = (_uniform, _first, _nothing)
"""What is asked of all, where that came to nothing."""
