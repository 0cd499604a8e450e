"""Whose exit a launcher tells of: it numbers the processes of its host, and a job numbers all of them."""

from __future__ import annotations

import re

from logdex.diagnosis.records.events import number_in
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.scene import Scene

_HOST = re.compile(r"[A-Za-z]+\d+")
"""A word in the name of a file that may be that of a host."""
_OF_HOSTS = ("root", "field", "agent")
"""How the launchers of single hosts say which of their processes ended."""
_OF_A_HOST = 8
"""As many ranks may be those of one host, where nobody says how many hosts there are."""


def rank_of(scene: Scene, one: Exit) -> str | None:
    """The name of the rank that ended, as far as its launcher's numbers tell."""
    if one.name is not None:
        return one.name
    if one.rank is not None:
        return _of_global(scene, one, one.rank)
    if one.local is None:
        return None
    if (beside := _in_its_file(scene, one, one.local)) is not None:
        return beside
    launchers = scene.launchers
    offsets = launchers.of(one.event.path).offsets
    if len(offsets) == 1:
        return scene.name_of(one.local + min(offsets))
    if offsets:
        return None
    if (first := launchers.left_for(one.event.path, scene.world or len(scene.ranks))) is not None:
        return scene.name_of(first + one.local)
    if launchers.telling > 1:
        return None
    if one.event.path not in launchers.rest:
        launchers.rest[one.event.path] = _of_the_rest(scene, one.event.path)
    if (left := launchers.rest[one.event.path]) is not None:
        return scene.name_of(left[one.local]) if one.local < len(left) else None
    one.is_guess = launchers.nodes is None
    if launchers.nodes is None and max(scene.world or 0, len(scene.ranks), launchers.lowest) > _OF_A_HOST:
        return None
    return scene.name_of(one.local) if launchers.nodes in (None, 1) else None


def _of_the_rest(scene: Scene, path: str) -> list[int] | None:
    """The ranks of no known host, where those of all others are as many in a row, and the launcher is on none of these.

    Its file is called after a host that is not theirs.
    """
    known: dict[str, list[int]] = {}
    rest: list[int] = []
    for one in scene.ranks:
        number = number_in(one.name)
        if number is None or ":" in one.name:
            return None
        host = scene.host_of.get(one.name)
        (rest if host is None else known.setdefault(host, [])).append(number)
    words = set(re.split(r"[^A-Za-z0-9]+", path.rpartition("/")[2]))
    if not known or not rest or words & set(known) or not any(_HOST.fullmatch(word) for word in words):
        return None
    if any(len(many) != len(rest) or not _is_a_row(many) for many in [*known.values(), rest]):
        return None
    return sorted(rest)


def _is_a_row(many: list[int]) -> bool:
    return max(many) - min(many) == len(many) - 1


def _of_global(scene: Scene, one: Exit, number: int) -> str | None:
    """The rank of a number of the job; its name may have the local one that its launcher tells beside it."""
    if not scene.may_have(number):
        return None
    name = scene.name_of(number)
    if name in scene.stories or one.local is None:
        return name
    there = scene.launchers.of(one.event.path).locals.get(str(one.local), [])
    return there[0] if len(there) == 1 else name


def first_exits(scene: Scene) -> list[Exit]:
    """What launchers say of those that ended first, and not because they were told to.

    Where launchers of hosts tell of their processes, Slurm's tasks are these launchers, and no ranks.
    """
    agents = any(one.event.class_ in _OF_HOSTS for one in scene.exits)
    return [
        one for one in scene.exits if one.is_root and not one.is_teardown and not (one.is_task and agents)
    ]


def seen_first(scene: Scene) -> set[str]:
    """The ranks of which launchers say that they ended first, and not because they were told to."""
    names = (rank_of(scene, one) for one in first_exits(scene))
    return {name for name in names if name is not None}


def told_to_end(scene: Scene) -> set[str]:
    """The ranks of which launchers say that they ended by the signal that tells a process to."""
    names = (rank_of(scene, one) for one in scene.exits if one.code == -15)
    return {name for name in names if name is not None}


def _in_its_file(scene: Scene, one: Exit, local: int) -> str | None:
    """The rank that ended, where those of one host wrote into the file of their launcher, and no others did."""
    launchers = scene.launchers
    named = launchers.of(one.event.path).locals.get(str(local), [])
    if len(named) == 1:
        return named[0]
    first = launchers.first_of(one.event.path, local) if scene.labels else None
    return None if first is None else str(first + local)
