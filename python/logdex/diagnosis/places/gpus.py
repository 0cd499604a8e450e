"""GPUs by their places on the bus: a kernel names one by that, and NCCL tells of each rank which is its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdex.diagnosis.places import hosts
from logdex.diagnosis.records.events import Event, Speaker

_XID = re.compile(r"\bXid \(([^)]+)\)")
"""How a kernel names a GPU."""
_PLACE = re.compile(r"PCI:([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})")
"""Its place: its domain, its bus and its number there."""
_NCCL = re.compile(r"\bbusId ([0-9a-f]{4,12})\b")
"""How NCCL does: the same digits without colons, and one more of the function."""
_HOST = re.compile(r"(?:^|\s)([A-Za-z][\w.-]*) kernel: ")
"""The host that a kernel's log puts before its lines."""

Held = dict[int, dict[str, str | None]]
"""By the place of a GPU, the ranks that have it, one of each host, and the host of each where NCCL tells it."""


def of_ranks(ranks: Iterable[Speaker]) -> Held:
    """The GPUs of the ranks of which NCCL tells them."""
    held: Held = {}
    for one in ranks:
        for event in one.events:
            if event.class_ == "identity" and (found := _NCCL.search(event.text)):
                held.setdefault(int(found[1], 16) >> 4, {})[one.name] = hosts.speaks(event)
    return held


def named(event: Event) -> str | None:
    """How a kernel names the GPU of which it tells that something befell it."""
    found = _XID.search(event.text) if event.role == "cause" else None
    return found[1] if found else None


def holder(event: Event, held: Held) -> str | None:
    """The one rank on the GPU of which a kernel tells that something befell it: on its host, if it tells that."""
    place = _PLACE.fullmatch(named(event) or "") if held else None
    if place is None:
        return None
    there = held.get(int(place[1].replace(":", ""), 16), {})
    said = _HOST.search(event.text)
    if said is not None:
        there = {name: host for name, host in there.items() if host in (None, said[1])}
    return next(iter(there)) if len(there) == 1 else None
