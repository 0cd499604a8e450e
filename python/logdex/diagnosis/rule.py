"""The rule: who failed first, step by step.

Each step looks at a `Scene` and comes to a `Finding`, or leaves it to the next.

A wrong name with certainty is worse than none, so what one finding says is likely, what two say is certain, and where
findings of one weight differ the logs do not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from logdex.diagnosis.ended_well.success import overruled
from logdex.diagnosis.no_cause.pace import WORKING, usual_lines
from logdex.diagnosis.prepare import prepare
from logdex.diagnosis.records.events import CHOSEN, Event
from logdex.diagnosis.scene import Candidate, Scene, logs_of, missing_of
from logdex.diagnosis.steps.absent import left_out
from logdex.diagnosis.steps.candidates import candidates
from logdex.diagnosis.steps.console import told_by_console
from logdex.diagnosis.steps.down import node
from logdex.diagnosis.steps.early import lost_early, odd_first
from logdex.diagnosis.steps.first import first_own
from logdex.diagnosis.steps.launched import long_before
from logdex.diagnosis.steps.mentioned import mentioned
from logdex.diagnosis.steps.named import A_YEAR, accused, links_of, weak_exit
from logdex.diagnosis.steps.none import nothing
from logdex.diagnosis.steps.outside import outside
from logdex.diagnosis.steps.stacks import elsewhere
from logdex.diagnosis.steps.tempered import tempered
from logdex.diagnosis.steps.uniform import alike, uniform
from logdex.diagnosis.steps.unlaunched import never_begun
from logdex.diagnosis.verdict import Finding


def decide(scene: Scene) -> Finding:
    """Goes through the steps; the first that comes to something is the answer."""
    prepare(scene)
    finding = (
        _first_chosen(scene) if scene.chosen else overruled(scene, told_by_console(scene, _decided(scene)))
    )
    # A launcher may count from a beginning that nobody knows.
    is_known = finding.time is None or finding.time > A_YEAR
    return finding if is_known else replace(finding, time=None)


def _decided(scene: Scene) -> Finding:
    everyone = candidates(scene)
    _weigh_those_at_work(scene, everyone)
    # A level says that something is wrong, and not what: it counts where nothing else does.
    firm = [one for one in everyone if one.strength > 1]
    for found in (firm, everyone):
        for step in STEPS if found is firm else LAST_STEPS:
            if (finding := step(scene, found)) is not None:
                return tempered(scene, finding)
    return _unknown(scene, everyone)


def _first_chosen(scene: Scene) -> Finding:
    """Whose line the caller's regex found first; where times do not tell whose, whether it is that of all."""
    found = [one for one in candidates(scene) if one.event.class_ == CHOSEN]
    if not found:
        return nothing(scene, found) or _unknown(scene, found)
    finding = first_own(scene, found)
    if finding is None or finding.kind == "unknown":
        alike = uniform(scene, found)
        finding = alike if alike is not None and alike.kind != "unknown" else finding
    return finding or _unknown(scene, found)


def _weigh_those_at_work(scene: Scene, everyone: list[Candidate]) -> None:
    """Who wrote many lines like those of the others after what is taken for its failure may have got over it."""
    for one, lines in zip(everyone, usual_lines(scene, everyone), strict=True):
        if lines >= WORKING:
            one.strength = min(one.strength, 1)


def _unknown(scene: Scene, found: list[Candidate]) -> Finding:
    """What is known where nothing tells who it was."""
    events: list[tuple[str, Event]] = []
    for one in [*scene.stories.values()]:
        events += [("victim", event) for event in (one.victims or one.waits)[:1]]
    for witness in scene.witnesses:
        events += [
            ("witness", event) for event in witness.events if event.role not in ("context", "teardown")
        ][:1]
    silent = tuple(name for name, one in scene.stories.items() if one.is_silent)
    names = tuple(missing_of(scene)) or (silent if len(silent) <= 16 else ())
    return Finding("unknown", "cannot tell", names, events=events[:4], missing=_what_is_missing(scene))


def _what_is_missing(scene: Scene) -> str:
    missing = []
    if absent := missing_of(scene):
        missing.append(logs_of(absent))
    if not scene.witnesses:
        missing.append("the launcher's and the scheduler's log")
    if not any(one.last is not None for one in scene.speakers):
        missing.append("stamps")
    return ", ".join(missing) or "a record of how each process ended"


_Step = Callable[[Scene, list[Candidate]], Finding | None]
STEPS: tuple[_Step, ...] = (
    outside,
    uniform,
    first_own,
    accused,
    node,
    weak_exit,
    long_before,
    never_begun,
    links_of,
    left_out,
    elsewhere,
    alike,
    lost_early,
    odd_first,
    mentioned,
)
"""What is asked first: of those who have a cause."""
LAST_STEPS: tuple[_Step, ...] = (uniform, first_own, nothing)
"""What is asked of all, where that came to nothing."""
