"""Processes by their numbers: kernels and monitors name a process, and a rank may have said that this is its number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from logdex.diagnosis.places import gpus
from logdex.diagnosis.records.events import Event, Speaker, number_in
from logdex.diagnosis.records.roles import FAILED
from logdex.diagnosis.records.taxonomy import rows

_OWN = re.compile(r"\bpid[=: ]+(?P<pid>\d{2,9})\b|^(?:\S+ )*?[A-Za-z][\w.-]*:(?P<nccl>\d{2,9}):\d+ \[\d+\]")
"""How a rank says its number, or NCCL before its lines."""
_RAY = re.compile(r"^[^(]{0,80}\(\w[\w.<>-]*(?:,? rank=\d+,?)? pid=(\d{2,9})(?:, ip=([\w.:]+)\)|[,)])")
"""What Ray, vLLM and SkyPilot put before each line of a process; the address of its machine, where that is not the
driver's."""
_SELF = re.compile(
    r"\b[Rr]ank[ =:#]{0,2}(?P<rank>\d{1,7})\b(?:(?![Rr]ank\b|[Cc]hild\b)[^\n]){0,40}?"
    r"\b[Pp][Ii][Dd][ =:]{1,2}(?P<pid>\d{2,9})\b"
)
"""How a rank says both in one line, as benchmarks of NCCL do, and not of another one, or of a child."""
_LISTED = re.compile(r"\bpid=(?P<pid>\d{2,9})\) world_rank=(?P<rank>\d{1,7})\b")
"""How Ray Train's controller lists both of each rank; the line counts as that rank's own."""
_OTHERS = re.compile(r"\bpid[= ]+(\d{2,9})\b|\b[Pp]rocess (\d{2,9})\b")
"""How a witness names a process."""
_LEAST = 2
"""From so many ranks on that say their numbers, one of them is found by it: a single one may be met by chance."""


def of_ranks(ranks: Iterable[Speaker]) -> dict[str, str]:
    """The one rank of each number that ranks say is theirs; a number of two hosts is nobody's."""
    owners: dict[str, set[str]] = {}
    for one in ranks:
        for event in one.events:
            if event.class_ == "identity" or event.role in ("victim", "link"):
                for match in _OWN.finditer(event.text):
                    owners.setdefault(match["pid"] or match["nccl"], set()).add(one.name)
        for tail in one.tail:
            if listed := _LISTED.search(tail.text):
                owners.setdefault(listed["pid"], set()).add(one.name)
            elif before := _RAY.search(tail.text):
                owners.setdefault(before[1], set()).add(one.name)
            elif (self := _SELF.search(tail.text)) and int(self["rank"]) == number_in(one.name):
                owners.setdefault(self["pid"], set()).add(one.name)
    names = {name for many in owners.values() for name in many}
    if len(names) < _LEAST:
        return {}
    return {pid: many.copy().pop() for pid, many in owners.items() if len(many) == 1}


def by_address(ranks: Iterable[Speaker]) -> dict[str, tuple[str, ...]]:
    """The ranks of each machine whose address stands before their lines."""
    there: dict[str, list[str]] = {}
    for one in ranks:
        addresses = {found[2] for tail in one.tail if (found := _RAY.search(tail.text)) and found[2]}
        if len(addresses) == 1:
            there.setdefault(addresses.pop(), []).append(one.name)
    return {address: tuple(names) for address, names in there.items()}


def attribute(speakers: Sequence[Speaker], started: Mapping[str, str]) -> None:
    """Gives what witnesses tell of one process to the rank of that number; `started` are those that launchers name."""
    ranks = {one.name: one for one in speakers if one.is_rank}
    owners, held = {**started, **of_ranks(ranks.values())}, gpus.of_ranks(ranks.values())
    for witness in (one for one in speakers if not one.is_rank):
        for event in list(witness.events) if owners or held else ():
            number = _number(event) or _holder(event, witness) or ""
            name = _writer(event, owners) or owners.get(number) or gpus.holder(event, held)
            rank = ranks.get(name or "")
            if rank is not None:
                event.speaker = rank.name
                if event.class_ == "task" and not any(own.role in FAILED for own in rank.events):
                    # What a task raised is told where its result is asked for: nothing new where it told that itself.
                    event.row = next(row for row in rows() if row.role == "exception")
                witness.events.remove(event)
                rank.events.insert(_place_in(rank, event), event)


def _place_in(rank: Speaker, event: Event) -> int:
    """Where among a rank's own records one of a witness belongs: before what is known to be later."""
    later = (at for at, own in enumerate(rank.events) if event.own and own.own and own.low >= event.high)
    return next(later, len(rank.events))


def _holder(event: Event, witness: Speaker) -> str | None:
    """The process on the GPU of which a kernel tells, where other lines of it name one process on that GPU."""
    gpu = gpus.named(event)
    if gpu is None:
        return None
    there = {
        other.said("pid") for other in witness.events if other.class_ == "xid" and other.said("bus") == gpu
    }
    return there.pop() if len(there) == 1 else None


def _writer(event: Event, owners: Mapping[str, str]) -> str | None:
    """The rank before whose line a driver put the number of its process."""
    before = None if event.role in ("exit", "outside", "context") else _RAY.search(event.text)
    return owners.get(before[1]) if before else None


def _number(event: Event) -> str | None:
    """The process of which a witness tells that something befell it."""
    if event.role != "cause" and event.class_ != "task":
        return None
    if (said := event.said("pid")) is not None:
        return said
    found = {first or second for first, second in _OTHERS.findall(event.text)}
    return found.pop() if len(found) == 1 else None
