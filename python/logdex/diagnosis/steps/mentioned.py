"""Whom a witness speaks of in words that no table has.

Launchers, schedulers and servers say in words of their own which process or which host they lost. What they wrote last,
and what no rank outlived, is about the end of the job: where it speaks of trouble and of one alone, it is that one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from logdex.diagnosis.records.events import Event, Speaker, number_in, of_tail
from logdex.diagnosis.records.roles import ended_well
from logdex.diagnosis.records.taxonomy import classify
from logdex.diagnosis.records.trouble import TROUBLE
from logdex.diagnosis.scene import Candidate, Mention, Scene
from logdex.diagnosis.verdict import Finding

_GRAVE = re.compile(
    r"(?i)\b(?:exited|die[sd]?|dead|lost|fail(?:ed|ure)|kill(?:s|ed)|crash\w*|abort\w*|time[ds]?[ -]?out|unhealthy"
    r"|hung|stuck|revoked|unreachable|unresponsive|disconnect\w*|terminat\w+|exit|returned [1-9]"
    r"|no (?:more )?(?:\w+ )?(?:reply|response|answer)"
    r"|not (?:\w+ )?(?:alive|healthy|respond\w*|reachable))\b"
)
"""Words that say that somebody is lost."""
_FINE = re.compile(
    r"(?i)\b(?:success\w*|normally|in order|(?:code|status|exit)\W{1,3}0|(?:will|would|may|might|could) (?:\w+ )?"
    r"(?:fail|abort|exit|crash|stop|die|hang|time ?out|terminate))\b|\b(?:INFO|DEBUG|NOTICE)\b"
)
"""A line that tells of nothing bad, or of what has not happened."""
_WHO = re.compile(
    r"(?i)(?<![\w/])(?<!local )(?<!local_)(?<!local-)"
    r"(?:rank|worker|node|task|executor|process|trainer|replica|member|client|peer|proc|child|actor)s?"
    r"(?:[ _-]?(?:id|index|number|rank))?(?: is| are)?[ :=#('\"\[-]{1,4}(\d{1,6})\b(?![%\w])"
)
"""One who has a number."""
_SPARK = re.compile(r"\b(?:TaskSetManager|TaskSchedulerImpl|ExecutorLostFailure|in stage \d+\.\d+)\b")
_EXECUTOR = re.compile(r"\bexecutor \d+")
_HOST = re.compile(
    r"(?i)\b(?P<of>agent|node|host(?:name)?|machine|instance|on|from|to)[ :='\"]{1,3}(?P<host>[a-z][\w-]*\d[\w-]*)\b"
)
"""A host, surely so where the word before it says that it is one."""
_DEVICE = re.compile(
    r"(?i)(?:gpu|cuda|npu|tpu|xpu|hpu|dev\w*|eth|ib|mlx|port|bond|step|iter\w*|epoch|rank|worker|node|stage|task|cpu|numa|"
    r"slot|attempt|tcp|udp|ip|pid|v|fp|bf|int)[_-]?\d"
)
"""What has a number, and is no host."""
_SURE = ("agent", "node", "host", "hostname", "machine", "instance")
_QUIET = ("harmless", "advice", "context", "outside", "teardown", "victim", "link")
_AFTER = 10.0
"""Who writes so many seconds later than a witness saw trouble has outlived it."""


def mentioned(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The one rank, or the one host, of which witnesses alone speak as lost."""
    told = lost(scene)
    ranks = frozenset[str]().union(*(one.ranks for one in told))
    hosts = frozenset[str]().union(*(one.hosts for one in told if not one.ranks))
    events = [("of whom a witness speaks", one.event) for one in told if one.ranks or one.hosts][:2]
    if len(ranks) == 1 and (not hosts or {scene.host_of.get(name) for name in ranks} <= hosts):
        (name,) = ranks
        if not scene.stories[name].is_silent:
            return None
        return Finding("rank", "likely", (name,), scene.hosts_of(name), "left", None, events)
    if len(ranks) > 1 and len(hosts) == 1:
        # A host was lost, and each line that tells of one of several ranks has its name.
        (host,) = hosts
        if all(scene.stories[name].is_silent for name in ranks) and all(
            _has(one.event.text, host) for one in told if one.ranks
        ):
            return Finding("host", "likely", tuple(sorted(ranks)), (host,), "node", None, events)
    if not ranks and len(hosts) == 1:
        (host,) = hosts
        names = tuple(name for name, its in scene.host_of.items() if its == host)
        there = names or tuple(scene.stories)
        spoke = [name for name in there if name in scene.stories and not scene.stories[name].is_silent]
        if spoke and (names or len(spoke) == len(there)):
            return None
        return Finding("host", "likely", names, (host,), "node", None, events)
    return None


def _has(text: str, host: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", text) is not None


def lost(scene: Scene) -> list[Mention]:
    """Those of them that say that somebody is lost."""
    return [one for one in mentions(scene) if _GRAVE.search(one.event.text)]


def mentions(scene: Scene) -> list[Mention]:
    """What witnesses wrote last of trouble, that no rank outlived."""
    if scene.mentions is None:
        scene.mentions = _mentions(scene)
    return scene.mentions


def _mentions(scene: Scene) -> list[Mention]:
    if any(ended_well(one) for one in scene.ranks):
        return []
    out = []
    for witness in scene.witnesses:
        for event in _lines(witness):
            if TROUBLE.search(event.text) and not _FINE.search(event.text) and not _is_outlived(scene, event):
                out.append(Mention(event, _ranks(scene, event.text), _hosts(scene, event.text)))
    return out


def _lines(witness: Speaker) -> Iterator[Event]:
    """The last lines of a witness, and what it told of before, but for what is known to mean no failure of a rank."""
    seen = set()
    for event in witness.events:
        seen.add(event.number)
        if event.role not in _QUIET:
            yield event
    for tail in witness.tail:
        known = classify(tail.text)
        if tail.number not in seen and (known is None or known[0].role not in _QUIET):
            yield of_tail(witness, tail, "named", "worker", otherwise=(-math.inf, math.inf))


def _is_outlived(scene: Scene, event: Event) -> bool:
    """Whether ranks wrote long after a line of a witness, or may have."""
    ranks = [one for one in scene.ranks if one.lines]
    if not ranks:
        return False
    beside = [one for one in ranks if one.path == event.path]
    if beside:
        last = max((tail.number for one in beside for tail in one.tail), default=0)
        stepped = any(one.course is not None and one.course.last_number > event.number for one in beside)
        return stepped or last > event.number + len(beside)
    if not math.isfinite(event.low) or any(one.last is None for one in ranks):
        return True
    return any(one.last is not None and one.last > event.low + _AFTER for one in ranks)


def _ranks(scene: Scene, text: str) -> frozenset[str]:
    if _SPARK.search(text):
        # Executors have several tasks each, and numbers of their own.
        text = _EXECUTOR.sub("", text)
    known = {number_in(one.name): one.name for one in scene.ranks}
    numbers = (int(number) for number in _WHO.findall(text))
    return frozenset(known[number] for number in numbers if number in known)


def _hosts(scene: Scene, text: str) -> frozenset[str]:
    known = set(scene.host_of.values())
    return frozenset(match["host"] for match in _HOST.finditer(text) if _is_host(match, known))


def _is_host(match: re.Match[str], known: set[str]) -> bool:
    if match["host"] in known or match["of"].lower() in _SURE:
        return True
    return not known and match["of"].lower() == "on" and _DEVICE.match(match["host"]) is None
