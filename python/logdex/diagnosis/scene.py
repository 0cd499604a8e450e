"""`Scene`: all that is known of a job, and `Candidate`: a rank that may have failed first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from logdex.diagnosis.course import attempts, clocks, stall
from logdex.diagnosis.places.launchers import Launchers
from logdex.diagnosis.records.accusations import Accusation
from logdex.diagnosis.records.events import Event, Speaker, Tail, number_in
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.roles import Story

_MOST_RANKS = 1 << 17
"""No job has more; a number above is none of a rank."""
TOGETHER = 5.0
"""What befell several within so many seconds is the same failure."""
FEW = 4
"""One rank of so many, and no more of them, is few."""
_FAR = 64
"""A number so many times as high as that of the last rank is none of a rank."""


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
class Mention:
    """A line of a witness that speaks of trouble, and of whom."""

    event: Event
    ranks: frozenset[str]
    hosts: frozenset[str]


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
    mentions: list[Mention] | None = None
    """What witnesses wrote last of trouble (`steps/mentioned.py`), once that was asked."""
    _launchers: Launchers | None = None
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

    @property
    def launchers(self) -> Launchers:
        """What is known of the job's launchers: looked up once, and again when ranks or exits have changed."""
        if self._launchers is None:
            self._launchers = Launchers(self.ranks, self.witnesses, self.exits)
        return self._launchers

    def add(self, speaker: Speaker) -> None:
        """Adds one of whom something is told elsewhere than in a log of their own."""
        self.speakers.append(speaker)
        self.forget()

    def forget(self) -> None:
        """Forgets what was looked up, as ranks or exits have changed."""
        self._endings = self._launchers = None

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
        through = _are_numbered_through(names)
        for name in names:
            if ":" not in name or through:
                endings.setdefault(name.rpartition(":")[2].rpartition("/")[2], []).append(name)
        return endings


def _are_numbered_through(names: Collection[str]) -> bool:
    """Whether local ranks of several hosts are those of the job: each host counts its own from 0, and these do not."""
    numbers = sorted(number for name in names if ":" in name and (number := number_in(name)) is not None)
    is_row = len(numbers) > 1 and numbers == list(range(len(names)))
    return is_row and len({name.rpartition(":")[0] for name in names}) > 1


def whole_host(scene: Scene, names: set[str]) -> str | None:
    """The host of which these are all ranks that have logs, and several; None if they are not."""
    there = {scene.host_of[name] for name in names if name in scene.host_of}
    if len(there) != 1 or any(name not in scene.host_of for name in names):
        return None
    host = there.pop()
    everyone = {name for name, its in scene.host_of.items() if its == host}
    # Of one without a log nobody knows whether it was with them.
    return host if not (everyone - names) & set(scene.stories) and len(names) > 1 else None


def silent_of(scene: Scene, host: str) -> set[str]:
    """The ranks that told of no trouble and may be of a host; none where one that is known to be of it told of some."""
    spoke = {name for name, one in scene.stories.items() if not one.is_silent}
    if any(scene.host_of.get(name) == host for name in spoke):
        return set()
    silent = {name for name in scene.stories if name not in spoke and scene.host_of.get(name, host) == host}
    return silent | set(missing_of(scene))


def against(scene: Scene, rank: str) -> list[Accusation]:
    """The records in which others name a rank."""
    return [told for told in scene.accusations if any(scene.name_of(number) == rank for number in told.ranks)]


def time_of(scene: Scene, event: Event) -> float | None:
    """When a record was written, by the common clock; None if nobody knows."""
    low = scene.clocks.of(event)[0]
    return low if math.isfinite(low) else None


def last_lines(scene: Scene, path: str) -> Iterator[Tail]:
    """The last lines of the witnesses that wrote to a file."""
    return (tail for one in scene.witnesses if one.path == path for tail in one.tail)


def logs_of(missing: Collection[str]) -> str:
    """What is missing where these ranks have no log."""
    return f"the logs of {len(missing)} ranks"


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
