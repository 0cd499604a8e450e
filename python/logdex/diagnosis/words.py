"""The finding in words: at most twelve lines at any number of ranks, each short, most important first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from math import isfinite

from logdex.diagnosis import rule
from logdex.diagnosis.endings.whose_exit import rank_of
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.quote import quote
from logdex.diagnosis.records.short import plain, who
from logdex.diagnosis.records.taxonomy import classes
from logdex.diagnosis.scene import Scene, missing_of, time_of
from logdex.diagnosis.steps import templates
from logdex.diagnosis.verdict import Diagnosis, Evidence, Finding

MOST = 12
"""So many lines at most."""
_RUNS = 2
"""So many other runs are named."""

_Clock = Callable[[float], datetime]


def put(scene: Scene, clock: _Clock) -> Diagnosis:
    """Decides about a scene, and says what came of it; `clock` makes a datetime of seconds since 1970 UTC."""
    finding = rule.decide(scene)
    facts = _facts(scene, finding, clock)
    return Diagnosis(
        kind=finding.kind,
        certainty=finding.certainty,
        ranks=finding.ranks,
        hosts=finding.hosts,
        cause=finding.cause,
        time=_time(finding.time, clock),
        evidence=tuple(_evidence(claim, event, clock) for claim, event in finding.events),
        facts=tuple(facts[:MOST]),
        next=_next(scene, finding),
    )


def _facts(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    facts = [("ranks", _logs(scene)), *_other_runs(scene, clock), *_answer(scene, finding, clock)]
    facts += _victims(scene, finding, clock)
    facts += _told_to_stop(scene, finding, clock)
    facts += _exits(scene)
    facts += _earlier(scene)
    facts += _differs(scene, finding)
    facts += _quiet(scene, finding, clock)
    if finding.others:
        facts.append(("clocks", f"may not tell it from {who(finding.others)}"))
    off = [(abs(ahead), name) for name, ahead in scene.clocks.ahead.items() if abs(ahead) > 0.5]
    if off:
        facts.append(
            ("clocks", f"of {who([name for _, name in off])} are off by up to {max(off)[0]:.1f} s; corrected")
        )
    then = _next(scene, finding)
    if then:
        facts = [*facts[: MOST - 1], ("next", then)]
    return facts


def _other_runs(scene: Scene, clock: _Clock) -> list[tuple[str, str]]:
    """Which runs lie beside the one that is answered for."""
    told = [f"{name} (ended {clock(last):%Y-%m-%d %H:%M:%S})" for name, last in scene.other_runs[:_RUNS]]
    more = len(scene.other_runs) - len(told)
    text = ", ".join(told) + (f" and {more} more" if more else "")
    return [("other runs", f"{text}: this is the newest")] if told else []


def _logs(scene: Scene) -> str:
    there = [one for one in scene.ranks if one.lines]
    total = max(scene.world or 0, len(scene.ranks) + len(missing_of(scene)))
    lines = sum(one.lines for one in scene.speakers)
    of = f" of {total}" if total != len(there) else ""
    spans = [at for one in scene.ranks for at in (one.first, one.last) if at is not None]
    stamps = "" if spans else ", no stamps"
    others = len({one.path for one in scene.witnesses} - {one.path for one in scene.ranks})
    witnesses = f", {others} other log{'s' * (others > 1)}" if others else ""
    return f"logs of {len(there):,}{of}{witnesses}, {lines:,} lines{stamps}"


def _answer(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    at = _at(finding.time, clock)
    says = classes()[finding.cause].says if finding.cause in classes() else (finding.cause or "")
    everyone = [one.name for one in scene.ranks]
    names = who(finding.ranks, everyone)
    on = f" (host {', '.join(finding.hosts)})" if finding.hosts and finding.kind == "rank" else ""
    sure = f" [{finding.certainty}]"
    title = "first failure"
    if finding.kind == "none":
        return [(title, "none"), *([("missing", finding.missing)] if finding.missing else [])]
    if finding.kind == "rank":
        text = f"{names}{on}{at}: {says}{sure}"
    elif finding.kind == "host":
        named = f", {names}" if finding.ranks else ""
        text = f"host {', '.join(finding.hosts)}{named}{at}: {says}{sure}"
    elif finding.kind == "link":
        ends = ", ".join(finding.hosts) or (names if finding.ranks else "hosts that are not named")
        text = f"a link at {ends}{at}{sure}"
    elif finding.kind == "outside":
        text = f"none: {says}{at}{sure}"
    elif finding.kind == "uniform":
        several = names if finding.ranks else "several ranks"
        text = f"the same on {several}{at}, no rank's own: {says or 'all failed alike'}{sure}"
    elif finding.kind == "stalled":
        text = f"none: no step since {_at(finding.time, clock)[4:]} on {names}, which still write{sure}"
    else:
        text = "the logs do not tell" + (f"; it may have been {names}" if finding.ranks else "")
    out = [(title, text)]
    for _, event in finding.events[: 1 if finding.kind != "unknown" else 2]:
        out.append(("", quote(event.text)))
        out.append(("", f"{plain(event.path, 120)}:{event.number}"))
    if finding.missing:
        out.append(("missing", finding.missing))
    return out


def _victims(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    fell = {
        name: one.victims[0]
        for name, one in scene.stories.items()
        if one.victims and name not in finding.ranks
    }
    if not fell or finding.kind in ("uniform", "unknown"):
        return []
    first = min(fell.values(), key=lambda event: scene.clocks.of(event)[0])
    low = scene.clocks.of(first)[0]
    later = ""
    # A time of which nothing is known to the one side is endless there, and no span.
    if finding.time is not None and first.own and low >= finding.time and isfinite(low - finding.time):
        later = f", from {_span(low - finding.time)} later on"
    names = who(list(fell), [one.name for one in scene.ranks if one.name not in finding.ranks])
    return [("victims", f"{names}{later}: {quote(first.text, 90)}")]


def _told_to_stop(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    orders = [event for one in scene.speakers for event in one.events if event.role == "outside"]
    if not orders or finding.kind == "outside":
        return []
    first = min(orders, key=lambda event: (event.low, event.number))
    return [("told to stop", f"{_at(time_of(scene, first), clock)[4:]} {quote(first.text, 90)}".strip())]


def _exits(scene: Scene) -> list[tuple[str, str]]:
    told = Counter(
        f"{who([name])} {_code(one.code)}"
        for one in scene.exits
        if (name := rank_of(scene, one)) and one.is_root
    )
    return (
        [("exits", ", ".join(list(told)[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else ""))]
        if told
        else []
    )


def _code(code: int | None) -> str:
    if code is None:
        return "died"
    return f"ended by signal {-code}" if code < 0 else f"exited with {code}"


def _earlier(scene: Scene) -> list[tuple[str, str]]:
    causes = [event for event in scene.earlier if event.role in ("cause", "exception")]
    if not causes:
        return []
    first = min(causes, key=lambda event: (event.low, event.number))
    return [("before", f"an earlier attempt failed: {quote(first.text, 90)}")]


def _differs(scene: Scene, finding: Finding) -> list[tuple[str, str]]:
    if finding.kind != "rank" or len(finding.ranks) != 1:
        return []
    one = next((one for one in scene.ranks if one.name == finding.ranks[0]), None)
    quoted = {event.text for _, event in finding.events}
    lines = templates.own_words(one, scene.ranks) if one else []
    lines = [(text, at) for text, at in lines if not text[:1].isspace() and "Traceback (most" not in text]
    words = [text for text, _ in lines if not any(text[:60] in quote for quote in quoted)]
    return [("only there", quote(words[0], 100))] if words else []


def _quiet(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    out = []
    mute = [one.name for one in scene.ranks if not one.lines]
    if mute:
        out.append(("no line", f"of {who(mute)}"))
    if finding.kind == "rank" and finding.cause in ("absent", "busy", "left", "killed"):
        one = next((one for one in scene.ranks if one.name == finding.ranks[0]), None)
        if one is not None and one.tail:
            said = one.tail[-1]
            out.append(("its last line", f"{_at(said.time, clock)[4:] or ''} {quote(said.text, 90)}".strip()))
            return out
    return out + _silent(scene, finding, clock)


def _silent(scene: Scene, finding: Finding, clock: _Clock) -> list[tuple[str, str]]:
    """Who stopped without a word while others went on, much longer than it paused before."""
    end = max((one.last for one in scene.ranks if one.last is not None), default=None)
    if end is None or finding.kind in ("none", "stalled", "uniform"):
        return []
    found = []
    for one in scene.ranks:
        if one.name in finding.ranks or one.last is None or one.first is None or one.lines < 2:
            continue
        pause = (one.last - one.first) / (one.lines - 1)
        if scene.stories[one.name].is_silent and end - one.last > max(5.0, 20.0 * pause):
            found.append(one)
    if not found:
        return []
    first = min(found, key=lambda one: one.last or 0.0)
    said = f"; its last line: {quote(first.tail[-1].text, 80)}" if len(found) == 1 and first.tail else ""
    names = who([one.name for one in found], [one.name for one in scene.ranks])
    since = (
        f"since {_at(first.last, clock)[4:]}, {_span(end - (first.last or end))} before the last line of all"
    )
    return [("silent", f"{names} {since}, without an error{said}")]


def _next(scene: Scene, finding: Finding) -> str | None:
    known = classes().get(finding.cause or "")
    if finding.kind == "unknown":
        return _what_may_tell(scene)
    return known.next if known and finding.kind != "none" else None


def _what_may_tell(scene: Scene) -> str:
    """What to give or to look for, where nobody can be named by what was given."""
    if not scene.witnesses:
        return "give the launcher's and the scheduler's log too: logdex ranks DIRECTORY LAUNCHER.log"
    if missing_of(scene):
        return "give the logs of all ranks too, by the directory that they are in"
    return (
        "ask the scheduler how each process ended: sacct -j JOB -o JobID,State,ExitCode, kubectl describe pod"
    )


def _evidence(claim: str, event: Event, clock: _Clock) -> Evidence:
    time = clock(event.low) if event.own else None
    return Evidence(claim, event.speaker, event.text, event.path, event.number, time)


def _time(seconds: float | None, clock: _Clock) -> datetime | None:
    try:
        return None if seconds is None else clock(seconds)
    except (ValueError, OverflowError):
        return None


def _at(seconds: float | None, clock: _Clock) -> str:
    time = _time(seconds, clock)
    return f" at {time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03}" if time else ""


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
