"""`Scene`: all that is known of a job, and `Candidate`: a rank that may have failed first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from logdex.diagnosis import (
    accusations,
    attempts,
    clocks,
    exits,
    hosts,
    pids,
    preface,
    stall,
    survived,
    waited,
)
from logdex.diagnosis.accusations import Accusation
from logdex.diagnosis.events import Event, Speaker, number_in, self_of
from logdex.diagnosis.exits import Exit
from logdex.diagnosis.roles import Story, ended_well, story, went_on
from logdex.diagnosis.taxonomy import numbers

_MOST_RANKS = 1 << 17
"""No job has more; a number above is none of a rank."""
_PARTING = 5.0
"""For so many seconds what a process wrote may still come when it has ended."""
_FAR = 64
"""A number so many times as high as that of the last rank is none of a rank."""
_OF_A_HOST = 8
"""As many ranks may be those of one host, where nobody says how many hosts there are."""


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
    chosen: bool = False
    """Whether only what the caller takes for an error counts."""
    shared: set[str] = field(default_factory=set)
    """The ranks under whose names files of several processes may stand."""
    ranged: bool = False
    """Whether only a range of time was looked at."""
    other_runs: list[tuple[str, float]] = field(default_factory=list)
    """Runs that ended before the one that is looked at began: the name of each, and when it ended."""
    restarted: attempts.Restart | None = None
    """How the job was started again, as far as the ranks' own lines tell."""
    gone: set[str] = field(default_factory=set)
    """Ranks that were not started again when others were, and without which the job went on."""
    _endings: dict[str, list[str]] | None = None
    _highest: int | None = None
    """The highest number with which a rank's name ends, if several do; as `_endings` was made."""
    _role: str = ""
    """The role of all ranks, where they have one, as `trainer` of `trainer/3`."""

    @property
    def ranks(self) -> list[Speaker]:
        """Those that are ranks."""
        return [one for one in self.speakers if one.is_rank]

    @property
    def witnesses(self) -> list[Speaker]:
        """Those that are not."""
        return [one for one in self.speakers if not one.is_rank]

    def add(self, speaker: Speaker) -> None:
        """Adds one of whom something is told elsewhere than in a log of their own."""
        self.speakers.append(speaker)
        self._endings = None

    def name_of(self, number: int) -> str:
        """The name of a global rank."""
        if self._endings is None:
            self._endings = self._by_ending()
        plain = str(number)
        names = self._endings.get(plain, [])
        if plain in names or len(names) == 1:
            return plain if plain in names else names[0]
        return f"{self._role}/{plain}" if self._role else plain

    def may_have(self, number: int) -> bool:
        """Whether a job may have a rank of this number: who counts processes by those of the system names none."""
        if self._endings is None:
            self._endings = self._by_ending()
        return self._highest is None or number < max(self.world or 0, _FAR * (self._highest + 1))

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """The host of a rank, if it is known."""
        host = self.host_of.get(name)
        return (host,) if host else ()

    def _by_ending(self) -> dict[str, list[str]]:
        """The names of ranks by what they end with; those of a launcher's own numbers are not among them."""
        names = {one.name for one in self.ranks}
        roles = {name.rpartition("/")[0] for name in names}
        is_one = len(roles) == 1 and not any(":" in name for name in names)
        self._role = roles.pop() if is_one else ""
        numbered = [found for one in self.ranks if (found := number_in(one.name)) is not None]
        self._highest = max(numbered) if len(numbered) > 1 else None
        endings: dict[str, list[str]] = {}
        for name in names:
            if ":" not in name:
                endings.setdefault(name.rpartition("/")[2], []).append(name)
        return endings


def prepare(scene: Scene) -> None:
    """Reads what the records come to."""
    last = attempts.last_of(scene.speakers)
    for one in scene.speakers:
        if one.is_rank and one.attempt < last and any(other.attempt == last for other in scene.speakers):
            scene.earlier += one.events
    scene.speakers = [one for one in scene.speakers if not one.is_rank or one.attempt == last]
    scene._endings = None
    scene.earlier += attempts.after_the_last_exit(scene.speakers)
    for one in scene.speakers:
        scene.earlier += attempts.only_last(one)
    _attribute(scene)
    pids.attribute(scene.speakers)
    scene.restarted = attempts.restart(scene.speakers, scene.earlier)
    _leave_behind(scene)
    survived.drop(scene.speakers)
    preface.leave_out(scene.ranks)
    scene.clocks = clocks.measure(scene.ranks, scene.doubt)
    scene.stories = {one.name: story(one) for one in scene.ranks}
    scene.stall = stall.of_speakers(scene.speakers, scene.clocks)
    owners = pids.of_ranks(scene.ranks)
    scene.exits += [told for one in scene.speakers for told in exits.of_witness(one, owners)]
    begun = attempts.begun_at(scene.ranks) if last else -math.inf
    scene.exits = [
        one for one in scene.exits if _ended_at(one) >= begun - 1 and not _is_of_before(scene, one)
    ]
    scene.host_of = hosts.of_ranks(scene.speakers, scene.exits, scene.labels)
    scene.exits = [one for one in scene.exits if not _outlived(scene, one)]
    for told in scene.exits:
        _forget_the_last_command(scene, told)
    known = [int(one.name.rpartition("/")[2]) for one in scene.ranks if one.name.rpartition("/")[2].isdigit()]
    world = sorted({*known, *range(scene.world or 0)})
    scene.accusations = accusations.of_speakers(scene.speakers, world, owners)
    waited.turn(scene.stories, scene.clocks, seen_first(scene))


def _leave_behind(scene: Scene) -> None:
    """Takes away the ranks that a job with fewer of them went on without: what ended it came later."""
    gone = [one for one in scene.ranks if scene.restarted and scene.restarted.is_gone(one)]
    scene.gone = {one.name for one in gone}
    scene.earlier += [event for one in gone for event in one.events]
    scene.speakers = [one for one in scene.speakers if one not in gone]
    scene._endings = None


def _is_of_before(scene: Scene, one: Exit) -> bool:
    """Whether a process ended before the job was started again."""
    at = _ended_at(one) if math.isfinite(_ended_at(one)) else None
    return scene.restarted is not None and scene.restarted.is_over(one.event.path, one.event.number, at)


def _ended_at(one: Exit) -> float:
    """When a process ended, or infinity."""
    if one.time is not None:
        return one.time
    return one.event.low if one.event.own else math.inf


def _attribute(scene: Scene) -> None:
    """Gives the records of witnesses that say for which rank they speak to that rank."""
    for witness in scene.witnesses:
        for event in list(witness.events):
            number = self_of(event.text)
            if number is None or event.role in ("exit", "outside", "context"):
                continue
            name = scene.name_of(number)
            rank = next((one for one in scene.ranks if one.name == name), None)
            if rank is None:
                rank = Speaker(name, witness.path, mtime=witness.mtime, host=witness.host)
                scene.add(rank)
            event.speaker = name
            witness.events.remove(event)
            rank.events.append(event)
            rank.lines = max(rank.lines, event.place)


def rank_of(scene: Scene, one: Exit) -> str | None:
    """The name of the rank that ended, as far as its launcher's numbers tell."""
    if one.name is not None:
        return one.name
    if one.rank is not None:
        return scene.name_of(one.rank) if scene.may_have(one.rank) else None
    if one.local is None:
        return None
    if (beside := _in_its_file(scene, one)) is not None:
        return beside
    offsets = _offsets(scene, one.event.path)
    if len(offsets) == 1:
        return scene.name_of(one.local + offsets.pop())
    launchers = {other.event.path for other in scene.exits if other.local is not None}
    if offsets or len(launchers) > 1:
        return None
    nodes = _nodes(scene)
    one.is_guess = nodes is None
    if nodes is None and max(scene.world or 0, len(scene.ranks)) > _OF_A_HOST:
        return None
    return scene.name_of(one.local) if nodes in (None, 1) else None


def _outlived(scene: Scene, one: Exit) -> bool:
    """Whether the rank of which another rank says that it ended wrote later, or came to its end.

    Then what ended was a process of whoever tells it: the third worker that reads data, say, and not the third rank.
    """
    teller = scene.stories.get(one.event.speaker)
    if teller is not None and went_on(teller.speaker, one.event):
        return True
    name = rank_of(scene, one) if one.event.speaker else None
    story_of = scene.stories.get(name) if name is not None else None
    if story_of is None or name == one.event.speaker:
        return False
    there = story_of.speaker
    if ended_well(there):
        return True
    ended = scene.clocks.of(one.event)[1]
    last = None if there.last is None else there.last - scene.clocks.ahead.get(there.name, 0.0)
    return last is not None and last > ended + scene.clocks.doubt + _PARTING


def seen_first(scene: Scene) -> set[str]:
    """The ranks of which launchers say that they ended first, and not because they were told to."""
    names = (rank_of(scene, one) for one in scene.exits if one.is_root and not one.is_teardown)
    return {name for name in names if name is not None}


def _forget_the_last_command(scene: Scene, one: Exit) -> None:
    """Takes the rank from an exit that tells nothing of it.

    DeepSpeed's launcher, and torch's of old, print the command that they began last, whichever process failed.
    """
    name = rank_of(scene, one) if one.event.class_ == "launcher" else None
    if name is None:
        return
    host = scene.host_of.get(name)
    there = (number_in(other.name) for other in scene.ranks if scene.host_of.get(other.name) == host)
    beside = {number for number in there if number is not None}
    if len(beside) > 1 and max(beside) == number_in(name):
        one.rank = one.local = None


def _in_its_file(scene: Scene, one: Exit) -> str | None:
    """The rank that ended, where those of one host wrote into the file of their launcher, and no others did."""
    there = [rank.name for rank in scene.ranks if rank.path == one.event.path]
    local = [name for name in there if name.rpartition(":")[2] == str(one.local) and ":" in name]
    if len(local) == 1:
        return local[0]
    if not scene.labels or not all(name.isdigit() for name in there):
        return None
    ranks = sorted(map(int, there))
    is_whole = bool(ranks) and ranks == list(range(ranks[0], ranks[0] + len(ranks)))
    return (
        str(ranks[0] + one.local) if is_whole and one.local is not None and one.local < len(ranks) else None
    )


def _offsets(scene: Scene, path: str) -> set[int]:
    """By how much the ranks of the launcher that wrote a file are above its local ones, as its lines tell."""
    told = {
        (other.rank or 0) - (other.local or 0)
        for other in scene.exits
        if other.event.path == path and other.rank is not None and other.local is not None
    }
    for said in _identities(scene, "globals", path):
        told.update(numbers(said)[:1])
    return told


def _nodes(scene: Scene) -> int | None:
    """How many launchers there are, if one of them says so."""
    return max((int(said) for said in _identities(scene, "nodes")), default=None)


def _identities(scene: Scene, name: str, path: str | None = None) -> list[str]:
    """What witnesses say under a name of who is who, in one file or in all."""
    events = [event for one in scene.witnesses for event in one.events if event.class_ == "identity"]
    told = [event.said(name) for event in events if path in (None, event.path)]
    return [one for one in told if one is not None]


def whole_host(scene: Scene, names: set[str]) -> str | None:
    """The host of which these are all ranks, of several; None if they are not."""
    there = {scene.host_of[name] for name in names if name in scene.host_of}
    if len(there) != 1 or any(name not in scene.host_of for name in names):
        return None
    host = there.pop()
    everyone = {name for name, its in scene.host_of.items() if its == host}
    return host if everyone == names and len(names) > 1 else None


def against(scene: Scene, rank: str) -> list[Accusation]:
    """The records in which others name a rank."""
    return [told for told in scene.accusations if any(scene.name_of(number) == rank for number in told.ranks)]


def time_of(scene: Scene, event: Event) -> float | None:
    """When a record was written, by the common clock; None if nobody knows."""
    low = scene.clocks.of(event)[0]
    return low if math.isfinite(low) else None


def missing_of(scene: Scene) -> list[str]:
    """Ranks of the job of which there is no log, where ranks are numbers: all below the last are of the job."""
    names = {one.name for one in scene.ranks}
    if any(":" in name or not name.rpartition("/")[2].isdigit() for name in names):
        return []
    world = max([scene.world or 0, *(int(name.rpartition("/")[2]) + 1 for name in names)])
    if world > _MOST_RANKS:
        return []
    known = names | scene.gone
    return [name for number in range(world) if (name := scene.name_of(number)) not in known]
