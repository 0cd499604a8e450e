"""Hosts as units: which rank ran where, and votes of hosts over pairs in trouble."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.exits import Exit

_NODE = re.compile(r"\bnode(?:name)?[:=] ?([A-Za-z][\w.-]*)")
_CONTAINER = r"(?=\d*[a-f])[0-9a-f]{12}(?!\w)"
"""The name of a container, where nobody gives it one: how its id begins."""
_FILE = re.compile(rf"^(?P<host>[A-Za-z][\w-]*?\d[\w.-]*?|{_CONTAINER})(?:\.(?:log|out|err|txt))+$")
_NCCL = re.compile(rf"^(?:\S+ )*?(?P<host>[A-Za-z][\w.-]*|{_CONTAINER}):\d+:\d+ \[\d+\]")
_DEVICE = re.compile(r":\d+:\d+ \[\d")
"""What stands in every such prefix, and is looked for in no time."""
_NAMED = re.compile(r"[A-Za-z]+\d+$")
"""A word in the name of a file that is the name of a host, where no other tells which there are."""
_KERNEL = re.compile(r"(?:^|[\s\]])(?P<host>[A-Za-z0-9][\w.-]*) kernel(?:\[\d*\])?: ")
"""How syslog begins what a kernel says, behind its stamp: in a file of several hosts that tells them apart."""
_PEER = re.compile(
    r"\bPeer host id: (?P<id>[\w.-]+)"
    r"|(?:peer|remote\w*|to|from)[ :=]+(?:\[?::ffff:)?(?P<peer>[A-Za-z0-9][\w.-]*)[<:]"
)


def of_ranks(speakers: Sequence[Speaker], exits: Iterable[Exit], labels: Mapping[str, str]) -> dict[str, str]:
    """The host of each rank of which that is known; `labels` are those of the files of several ranks."""
    found: dict[str, str] = {}
    for speaker in speakers:
        if not speaker.is_rank:
            continue
        label = labels.get(speaker.name)
        match = _FILE.match(label.rpartition("/")[2]) if label else None
        if match:
            found[speaker.name] = match["host"]
            continue
        for event in speaker.events:
            if told := _NODE.search(event.text) or (_DEVICE.search(event.text) and _NCCL.search(event.text)):
                found[speaker.name] = told[1]
                break
    # Where names are of hosts and local ranks, a number of the job is none of them.
    is_local = any(":" in one.name for one in speakers if one.is_rank)
    for one in () if is_local else exits:
        if one.host and one.rank is not None and not one.is_task:
            found.setdefault(str(one.rank), one.host)
    return found


def of_witness(speakers: Sequence[Speaker], witness: Speaker, host_of: Mapping[str, str]) -> str | None:
    """The host of which a witness tells: that of the ranks in its file, or one that its file is called after."""
    there = {host_of.get(one.name) for one in speakers if one.is_rank and one.path == witness.path}
    if there:
        return there.pop() if len(there) == 1 else None
    file = witness.path.rpartition("/")[2]
    words = set(re.split(r"[^A-Za-z0-9]+", file))
    known = (
        {*host_of.values(), *_peers(speakers)} & words
        or _called_alike(file, host_of.values())
        or {word for word in words if _NAMED.match(word)}
    )
    return known.pop() if len(known) == 1 else None


def of_file(speakers: Sequence[Speaker], path: str, host_of: Mapping[str, str]) -> str | None:
    """The host of the first witness that wrote to a file."""
    teller = next((one for one in speakers if not one.is_rank and one.path == path), None)
    return of_witness(speakers, teller, host_of) if teller else None


def of_kernel(event: Event) -> str | None:
    """The host whose kernel wrote a line, where syslog says that before it."""
    match = _KERNEL.search(event.text)
    return match["host"] if match else None


def _called_alike(file: str, known: Iterable[str]) -> set[str]:
    """What in the name of a file differs from the names of known hosts in digits alone."""
    forms = {form for host in set(known) if (form := _form(host)) is not None}
    return {found[0] for form in forms for found in form.finditer(file)}


@lru_cache(maxsize=1 << 14)
def _form(host: str) -> re.Pattern[str] | None:
    """What differs from the name of a host in digits alone, where it has any; asked of each host with each witness."""
    form, numbers = re.subn(r"\d+", r"\\d+", re.escape(host))
    return re.compile(rf"(?<![A-Za-z0-9]){form}(?![A-Za-z0-9])") if numbers else None


def _peers(speakers: Sequence[Speaker]) -> set[str]:
    """The hosts that lines name as the other end of a connection."""
    found = (_peer(event) for one in speakers for event in one.events)
    return {peer for peer in found if peer}


def _peer(event: Event) -> str | None:
    """The host that a line names as the other end of a connection."""
    match = _PEER.search(event.text)
    return (match["id"] or match["peer"]) if match else None


def speaks(event: Event) -> str | None:
    """The host that NCCL puts before its lines."""
    match = _NCCL.search(event.text)
    return match["host"] if match else None


def vote(links: Sequence[Event], host_of: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    """The hosts at the ends of links in trouble, and whether one of them is at the end of most."""
    ends: Counter[str] = Counter()
    pairs = 0
    for event in {(event.speaker, event.text): event for event in links}.values():
        here = host_of.get(event.speaker) or speaks(event)
        named = {end for end in (here, _peer(event)) if end}
        if named:
            pairs += 1
            ends.update(named)
    if not ends:
        return (), False
    ranked = ends.most_common()
    if len(ranked) == 1 or (ranked[0][1] > ranked[1][1] and 2 * ranked[0][1] > pairs):
        return (ranked[0][0],), True
    return tuple(sorted(host for host, count in ranked if count == ranked[0][1])), False
