"""Accusations: whom witnesses name as the one who did not come, and how far that is to be trusted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from logdex.diagnosis.records.events import Event, Speaker, number_in
from logdex.diagnosis.records.roles import went_on
from logdex.diagnosis.records.taxonomy import numbers

_LEFT_OUT = " ... "
"""What stands for the middle of a line that is longer than what is kept of one."""
WEIGHT = {"high": 3, "medium": 2, "low": 1}
_DEVICE = re.compile(r":\d+:\d+ \[(\d+)\]")
"""NCCL's own prefix, `host:pid:tid [device]`: the device is the local rank of whoever speaks."""


@dataclass
class Accusation:
    """One record that names ranks."""

    event: Event
    ranks: tuple[int, ...]
    weight: int


def of_speakers(
    speakers: Sequence[Speaker], world: Sequence[int], pids: Mapping[str, str]
) -> list[Accusation]:
    """All accusations; `world` are the ranks that are known, for those who say who has come, `pids` their processes."""
    told: list[Accusation] = []
    for speaker in speakers:
        for event in speaker.events:
            if event.role == "named" and not event.fetching and not went_on(speaker, event):
                ranks = _named(event, world) or _of_process(event, pids)
                is_self = speaker.name.isdigit() and ranks == (int(speaker.name),)
                # A list of who did not come may have the number of each where that of the speaker stands.
                if ranks and (not is_self or event.class_ == "missing"):
                    told.append(Accusation(event, ranks, WEIGHT.get(event.row.trust, 1)))
    return told


def _named(event: Event, world: Sequence[int]) -> tuple[int, ...]:
    rank, ranks, ready, local = (event.said(one) for one in ("rank", "ranks", "ready", "local"))
    if ready is not None:
        # Horovod says of each operation that waits who has come to it.
        lists = [numbers(found["ready"]) for found in event.row.shape.finditer(event.text) if found["ready"]]
        missing = _not_ready(lists or [numbers(ready)], world)
        # What was left out of a long line may be the list of those.
        return missing if len(missing) < 2 or _LEFT_OUT not in event.text else ()
    if ranks is not None:
        return tuple(numbers(ranks))
    if rank is not None:
        return (int(rank),)
    if local is not None:
        return _of_local(event, int(local))
    return ()


def _not_ready(lists: Sequence[Sequence[int]], world: Sequence[int]) -> tuple[int, ...]:
    """Who is in the fewest lists of those who have come, one for each operation that waits, if they are a minority.

    A rank that is in another operation than all others is in a list of its own, which lacks all of these.
    """
    everyone = set(world).union(*(range(max(there, default=-1) + 1) for there in lists))
    missing = Counter(tuple(sorted(everyone.difference(there))) for there in lists)
    few = {names: many for names, many in missing.items() if len(names) <= max(1, len(everyone) // 2)}
    most = [names for names, many in few.items() if many == max(few.values())]
    return most[0] if len(most) == 1 else ()


def _of_process(event: Event, pids: Mapping[str, str]) -> tuple[int, ...]:
    """The rank of a process that a record names."""
    number = number_in(pids.get(event.said("pid") or "", ""))
    return () if number is None else (number,)


def _of_local(event: Event, local: int) -> tuple[int, ...]:
    """The rank of a local one on the host of whoever speaks."""
    number = number_in(event.speaker)
    device = _DEVICE.search(event.text)
    if number is None:
        return (local,)
    if device is None:
        return (number // 8 * 8 + local,)
    return (number - int(device[1]) + local,) if number >= int(device[1]) else (local,)


def most_accused(
    told: Sequence[Accusation], is_victim: Callable[[int], bool]
) -> tuple[tuple[int, ...], list[Accusation]]:
    """Those whom most accuse, and by which records; nobody where there is a tie between witnesses."""
    # Who waits for one who waits himself is a link of a chain; whoever is at its end waits for nobody.
    told = [one for one in told if not all(map(is_victim, one.ranks))] or told
    votes: dict[tuple[int, ...], int] = {}
    voters: dict[tuple[int, ...], set[str]] = {}
    for one in told:
        accused = tuple(rank for rank in one.ranks if not is_victim(rank)) or one.ranks
        if one.event.said("ready") is not None:
            # Who tells for all who has come may be one of those who have not.
            accused = one.ranks
        speaker = one.event.speaker or one.event.path
        if speaker not in voters.setdefault(accused, set()):
            voters[accused].add(speaker)
            votes[accused] = votes.get(accused, 0) + one.weight
    if not votes:
        return (), []
    # Who is named alone by some and with others by others is named by both.
    support = {
        accused: sum(weight for other, weight in votes.items() if set(accused) <= set(other))
        for accused in votes
    }
    best = max(support.values())
    winners = [accused for accused, weight in support.items() if weight == best]
    smallest = min(winners, key=len)
    if any(not set(smallest) <= set(other) for other in winners):
        return (), []
    return smallest, [one for one in told if set(smallest) <= set(one.ranks)]
