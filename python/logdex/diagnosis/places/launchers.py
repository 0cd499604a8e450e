"""Launchers: who wrote into the file of each, and how the numbers of its processes become ranks of the job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from logdex.diagnosis.records.events import Speaker, number_in
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.taxonomy import numbers


@dataclass
class _Launcher:
    """What is known of one launcher: who wrote into its file, and by how much ranks are above its local ones."""

    names: list[str] = field(default_factory=list)
    locals: dict[str, list[str]] = field(default_factory=dict)
    """The ranks that are named by that file, `h0.log:3`, by their local numbers."""
    offsets: set[int] = field(default_factory=set)
    tells_local: bool = False
    """Whether it tells of a local rank."""

    def add(self, name: str) -> None:
        """Adds a rank that wrote into the file."""
        self.names.append(name)
        if ":" in name:
            self.locals.setdefault(name.rpartition(":")[2], []).append(name)


class Launchers:
    """All launchers of a job by their files, looked up once for all exits.

    A thousand exits of a thousand ranks would each look at all of both otherwise.
    """

    def __init__(self, ranks: list[Speaker], witnesses: list[Speaker], exits: list[Exit]) -> None:
        self.there: dict[str, _Launcher] = {}
        for rank in ranks:
            self._at(rank.path).add(rank.name)
        for one in exits:
            if one.local is not None:
                there = self._at(one.event.path)
                there.tells_local = True
                if one.rank is not None:
                    there.offsets.add(one.rank - one.local)
        nodes = []
        for witness in witnesses:
            for event in witness.events:
                if event.class_ != "identity":
                    continue
                if (said := event.said("globals")) is not None:
                    self._at(event.path).offsets.update(numbers(said)[:1])
                if (said := event.said("nodes")) is not None:
                    nodes.append(int(said))
        self.nodes = max(nodes, default=None)
        """How many launchers there are, if one of them says so."""
        telling = {path: one for path, one in self.there.items() if one.tells_local}
        self.telling = len(telling)
        """How many of them tell of local ranks."""
        self._unplaced = [path for path, one in telling.items() if len(one.offsets) != 1]
        """Those of them of which it is not known where their ranks begin."""
        self._firsts = {first for one in telling.values() for first in one.offsets}
        """Where those of the others do."""
        self.span: dict[str, int | None] = {}
        self.rest: dict[str, list[int] | None] = {}
        numbered = (number_in(rank.name) for rank in ranks)
        self.lowest = min((number for number in numbered if number is not None), default=0)
        """The lowest rank of which there is a log: where it is high, those of other hosts have theirs elsewhere."""

    def _at(self, path: str) -> _Launcher:
        return self.there.setdefault(path, _Launcher())

    def of(self, path: str) -> _Launcher:
        """What is known of the launcher that wrote a file."""
        return self.there.get(path) or _Launcher()

    def left_for(self, path: str, world: int) -> int | None:
        """The first rank of a launcher, if those of all others are known, and as many as each has are left."""
        # Where no rank has a log, and no line says how many there are, the job has none that are known.
        if self._unplaced != [path] or not 2 <= self.telling <= world or world % self.telling:
            return None
        left = set(range(0, world, world // self.telling)).difference(self._firsts)
        return left.pop() if len(left) == 1 else None

    def first_of(self, path: str, local: int) -> int | None:
        """The first of the ranks that wrote into a file, if they are all from that one on, and reach to a local one."""
        names = self.of(path).names
        if path not in self.span:
            self.span[path] = _first_of(names)
        return self.span[path] if local < len(names) else None


def _first_of(names: Iterable[str]) -> int | None:
    """The lowest of the names, if they are numbers without a gap."""
    known = list(names)
    if not known or not all(name.isdigit() for name in known):
        return None
    ranks = sorted(map(int, known))
    return ranks[0] if ranks == list(range(ranks[0], ranks[0] + len(ranks))) else None
