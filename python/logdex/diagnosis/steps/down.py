"""The step that finds a host that went down, or whose kernel tells of its memory, by what others say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from logdex.diagnosis.places import hosts, pids
from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.roles import went_on
from logdex.diagnosis.scene import TOGETHER, Candidate, Scene, silent_of, time_of
from logdex.diagnosis.verdict import Finding, Kind
from logdex.diagnosis.who.identity import by_daemon

_OF_ONE = re.compile(r"\b[Pp]rocess \d+|\bpid[= ]\d+")
"""What befell one process, and no host."""
_OF_A_PARAGRAPH = 4
"""Within so many lines a launcher tells one thing."""
_SEVERAL = 2
"""From so many silent ranks on it may be their host that fell silent."""
_OUT_OF_MEMORY = "Out Of Memory"
"""How srun says so of a task."""
_ADDRESS = re.compile(r"\bnode \(ID: \w+, IP: ([\w.:]+)\)")
"""How Ray says of which machine it tells."""


def lost_before(scene: Scene, one: Candidate) -> bool:
    """Whether a launcher had given up another host before a rank raised something: it may have come of that loss."""
    if one.event.role != "exception" or not one.event.own:
        return False
    return any(
        scene.clocks.of(event)[1] - _since(event) + scene.clocks.doubt < scene.clocks.of(one.event)[0]
        and _fell_before_it(scene, event, one)
        for witness in scene.witnesses
        for event in witness.events
        if event.role == "cause" and event.class_ == "node" and event.own
    )


def _since(event: Event) -> float:
    """For how long nothing had been heard of a host, in seconds, as it says who gives it up."""
    return float(event.said("ms") or 0) / 1000 + float(event.said("s") or 0)


def _fell_before_it(scene: Scene, event: Event, one: Candidate) -> bool:
    """Whether that host, as it is named, is another one than a rank's own, and none of its ranks told of anything."""
    host = event.said("host")
    if not host or scene.host_of.get(one.rank) in (host, _short(scene, host)):
        return False
    there = [name for name, its in scene.host_of.items() if its in (host, _short(scene, host))]
    return all(scene.stories[name].is_silent for name in there if name in scene.stories)


def node(scene: Scene, found: list[Candidate]) -> Finding | None:
    """A host that went down, or whose kernel tells of its GPU or its memory."""
    for one in scene.speakers:
        for event in one.events:
            if event.role != "cause" or not (
                event.class_ == "node" or (_is_of_host(event) and not one.is_rank)
            ):
                continue
            if one.is_rank and went_on(one, event):
                # Whatever that host was to it, the rank did without.
                continue
            host = event.said("host") or hosts.of_kernel(event) or _on_the_next_lines(one, event)
            if not host and (elsewhere := _ADDRESS.search(event.text)):
                # Ray's driver tells of the memory of any of its machines.
                host = _host_at(scene, elsewhere[1])
                if host is None:
                    continue
            if not host:
                host = _of_tasks_out_of_memory(scene, event) or hosts.of_witness(
                    scene.speakers, one, scene.host_of
                )
                if not host or not _may_have_fallen(scene, host, event):
                    continue
            hosts_ = tuple(dict.fromkeys([host, *_named_beside(one, event)]))
            return _lost(scene, event, hosts_)
    return None


def _may_have_fallen(scene: Scene, host: str, event: Event) -> bool:
    """Whether several ranks may be of a host that told of nothing; who lost a GPU may still tell of others."""
    if event.class_ in ("gpu_hw", "env"):
        there = [one for name, one in scene.stories.items() if scene.host_of.get(name) == host]
        return all(one.cause is None for one in there)
    return len(silent_of(scene, host)) >= _SEVERAL


def _on_the_next_lines(one: Speaker, event: Event) -> str | None:
    """The host that a launcher names by a line of its own behind the one that tells of it."""
    beside = (
        other
        for other in one.events
        if other.class_ == "hostname" and 0 < other.number - event.number <= _OF_A_PARAGRAPH
    )
    return next((other.said("host") for other in beside), None)


def _of_tasks_out_of_memory(scene: Scene, event: Event) -> str | None:
    """The host whose tasks, and no others, a scheduler says were ended for memory, where a host tells of that."""
    told = (other for one in scene.witnesses for other in one.events if other.class_ == "srun")
    known = {
        other.said("host") for other in told if _is_of_host(event) and other.said("how") == _OUT_OF_MEMORY
    }
    return known.pop() if len(known) == 1 else None


def _host_at(scene: Scene, address: str) -> str | None:
    """The host of an address, if ranks before whose lines it stands are known to be of one."""
    known = {scene.host_of.get(name) for name in pids.by_address(scene.ranks).get(address, ())}
    return known.pop() if len(known) == 1 else None


def _lost(scene: Scene, event: Event, named: tuple[str, ...]) -> Finding:
    """Hosts that went down, by their names where addresses stand for them and ranks tell whose those are."""
    there = pids.by_address(scene.ranks)
    ranks = tuple(name for host in named for name in there.get(host, ()))
    named = tuple(_short(scene, host) for host in named)
    known = [{scene.host_of.get(name) for name in there.get(host, ())} for host in named]
    hosts_ = tuple(
        (its.pop() if len(its) == 1 else None) or host for host, its in zip(named, known, strict=True)
    )
    # Of a host with one rank nobody can say whether it was the host or the rank.
    kind: Kind = "rank" if len(ranks) == len(named) == 1 else "host"
    return Finding(
        kind, "likely", ranks, hosts_, event.class_, time_of(scene, event), [("failed first", event)]
    )


def _short(scene: Scene, host: str) -> str:
    """A host by its name alone, as ranks and files are called after, where its domain is told with it."""
    first = host.partition(".")[0]
    is_address = host.replace(".", "").isdigit() or ":" in host
    return host if is_address or host in scene.host_of.values() else first


def _named_beside(one: Speaker, first: Event) -> Iterator[str]:
    """The hosts that a witness names with one in the same moment: what befell them may be no host's own."""
    for event in one.events:
        is_later = event.number > first.number and not event.low > first.low + TOGETHER
        if is_later and event.role == "cause" and event.class_ == "node" and (host := event.said("host")):
            yield host


def _is_of_host(event: Event) -> bool:
    """Whether it befell all that a host ran, or nobody says which of its processes."""
    if event.class_ == "env":
        return by_daemon(event.text)
    return event.class_ in ("host_oom", "gpu_hw") and not _OF_ONE.search(event.text)
