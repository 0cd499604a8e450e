"""The steps that ask whether the same befell all, or one whole host."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from logdex.diagnosis.endings.whose_exit import rank_of, seen_first
from logdex.diagnosis.no_cause.pace import WORKING, usual_lines
from logdex.diagnosis.records.events import Event, number_in
from logdex.diagnosis.records.roles import Story
from logdex.diagnosis.records.similar import masked
from logdex.diagnosis.scene import TOGETHER, Candidate, Scene, time_of, whole_host
from logdex.diagnosis.steps import spared, templates
from logdex.diagnosis.steps.candidates import ended_at_once
from logdex.diagnosis.verdict import Certainty, Finding

UNIFORM = 0.9
"""From this share of the ranks on, the same failure is no rank's own."""
SEVERAL = 4
"""From so many ranks on the first of those whom the same befell at once is not worth a name of its own."""
_ALONE = 30.0
"""Who met it by so many seconds before all others met it alone."""
_NO_WAY = re.compile(
    r"(?i)\b(?:try(?:ing)?|fail(?:ed|ure)?|unable|could ?n(?:o|')t|can(?:no|')t) (?:to )?(?:re)?connect\b"
)
"""How it says that it found no way to where all meet."""
_A_MINUTE = 60.0
"""Within so many seconds a program that failed comes to its end, most times."""


def uniform(scene: Scene, found: list[Candidate]) -> Finding | None:
    """The same failure on all ranks, or on one whole host and nowhere else."""
    base = max(len([one for one in scene.ranks if one.lines]), 1)
    base = max(base, scene.world or 0) if (scene.world or 0) <= 2 * base else base
    if (gathered := _gathered_from_all(scene, found, max(base, scene.world or 0))) is not None:
        return gathered
    for group in _groups(scene, found):
        names = tuple(one.rank for one in group)
        is_part = len(group) < 0.5 * base
        if len(group) < 2 or (
            is_part
            and not (len(group) == len(found) >= _least(scene, group) and _spared_the_rest(scene, group))
        ):
            continue
        if not _are_together(scene, group):
            continue
        whole = whole_host(scene, set(names))
        first = min(group, key=lambda one: (scene.clocks.of(one.event)[0], one.event.number))
        events = [("the same on all", first.event)]
        when = time_of(scene, first.event)
        if _came_of_another(scene, found, group, first.event) or _saw_another_end(scene, names):
            continue
        if whole and len(group) < UNIFORM * base and len(set(scene.host_of.values())) > 1:
            return Finding("host", "likely", names, (whole,), first.class_, when, events)
        if (unclear := _but_for_few(scene, group, base)) is not None:
            return unclear
        if len(group) < UNIFORM * base and _spared_the_rest(scene, group):
            # What befell some of them was what the others waited for, or had behind them: no failure of all.
            return Finding("rank", "likely", names, (), first.class_, when, events)
        if len(group) >= UNIFORM * base or (len(group) >= 4 and _spread(scene, group) <= TOGETHER):
            usual = usual_lines(scene, group)
            if 2 * sum(lines >= WORKING for lines in usual) > len(group):
                # All wrote it, and then of their work, which counts no steps: who knows whether it was a failure.
                missing = "steps, or stamps: whether what came after it was the work"
                return Finding(
                    "unknown", "cannot tell", names, (), first.class_, when, events, missing=missing
                )
            is_all = len(group) >= base and len(group) > 2
            certainty: Certainty = "certain" if is_all and not _is_doubted(scene, group, usual) else "likely"
            return Finding("uniform", certainty, names, (), first.class_, when, events)
    return None


def _gathered_from_all(scene: Scene, found: list[Candidate], base: int) -> Finding | None:
    """An error that all raise, and that names nearly all ranks as those who met it."""
    told = [one for one in scene.accusations if one.event.class_ == "gathered"]
    if not told or base < 2 or min(len(set(one.ranks)) for one in told) < UNIFORM * base:
        return None
    first = min((one.event for one in told), key=lambda event: (scene.clocks.of(event)[0], event.number))
    if any(scene.clocks.is_before(one.event, first, sure=True) for one in found):
        return None
    names = tuple(scene.name_of(number) for number in told[0].ranks)
    events = [("the same on all", first)]
    return Finding("uniform", "likely", names, (), "ckpt", time_of(scene, first), events)


def _least(scene: Scene, group: Sequence[Candidate]) -> int:
    """How many of them are worth no name of their own: at the start, where all do the same on their own, any two."""
    stories = [scene.stories[one.rank] for one in group if one.rank in scene.stories]
    return (
        2 if all(one.is_own for one in group) and not any(one.speaker.course for one in stories) else SEVERAL
    )


def _came_of_another(
    scene: Scene, found: Sequence[Candidate], group: Sequence[Candidate], first: Event
) -> bool:
    """Whether one who failed otherwise may have before: then what all others wrote may tell of that one."""
    names = {one.rank for one in group}
    rest = [one for one in found if one.rank not in names and one.is_own and one.strength > 1]
    if len(rest) == 1 and not scene.clocks.is_before(first, rest[0].event):
        return True
    told = [one.cause for name, one in scene.stories.items() if name not in names and not one.says_little]
    return any(event is not None and scene.clocks.is_before(event, first, sure=True) for event in told)


def _saw_another_end(scene: Scene, names: Sequence[str]) -> bool:
    """Whether launchers saw others end first, and none of these."""
    roots = seen_first(scene)
    if any(":" in name for name in names):
        # Ranks that are numbered by host may be among those that a launcher numbers through.
        roots &= set(scene.stories)
    return bool(roots) and not roots & set(names)


def _but_for_few(scene: Scene, group: Sequence[Candidate], base: int) -> Finding | None:
    """All but very few, which are silent, raise alike what no table has: it may tell of those, or be theirs too.

    Nobody can say, unless they were ended before they could raise it.
    """
    if any(one.strength > 2 and one.class_ != "gpu_fault" for one in group):
        return None
    names = {one.rank for one in group}
    ended = {rank_of(scene, one) for one in scene.exits if one.code == -15 or not one.is_root}
    silent = [
        name
        for name, one in scene.stories.items()
        if name not in names and name not in ended and one.says_little and not one.teardown
    ]
    if not silent or len(silent) + len(group) < base:
        return None
    if len(silent) > max(1, base // 10) and whole_host(scene, set(silent)) is None:
        return None
    if (told := spared.of_silent(scene, group, silent)) is not None:
        return told
    events = [("the others", group[0].event)]
    missing = "how those that said nothing ended"
    return Finding("unknown", "cannot tell", tuple(silent), events=events, missing=missing)


def _is_doubted(scene: Scene, group: Sequence[Candidate], usual: Sequence[int]) -> bool:
    """Whether what all wrote is no more than a level, or most wrote `usual` lines later, or anything long after it: all
    may have got over it.

    What a launcher alone says of them is one finding, too.
    """
    went_on = sum(lines > 0 or _wrote_long_after(scene, one) for one, lines in zip(group, usual, strict=True))
    return any(one.strength < 2 or not one.is_own for one in group) or 2 * went_on > len(group)


def _wrote_long_after(scene: Scene, one: Candidate) -> bool:
    """Whether a rank wrote anything a minute and more after what is taken for its failure."""
    there = scene.stories.get(one.rank)
    last = there.speaker.last if there is not None else None
    return last is not None and one.event.own and last - one.event.high > _A_MINUTE


def _spared_the_rest(scene: Scene, group: Sequence[Candidate]) -> bool:
    """Whether all others lived to tell of somebody's failure, or had that behind them which befell a group."""
    names = {one.rank for one in group}
    rest = [one for name, one in scene.stories.items() if name not in names]
    return bool(rest) and (
        all(one.victims for one in rest)
        or _got_further(scene, group, rest)
        or _met_on_its_host(scene, group, rest)
        or _are_those_of_a_host(scene, names, rest)
    )


def _met_on_its_host(scene: Scene, group: Sequence[Candidate], rest: Sequence[Story]) -> bool:
    """Whether a whole host met what it names as its cause before any step, and the rest told of others alone.

    Those of the rest that say nothing were ended by their launchers, as one that is in trouble ends all of its own.
    """
    fell = [scene.stories[one.rank].speaker for one in group if one.rank in scene.stories]
    if len(fell) < len(group) or any(one.course for one in fell) or any(one.strength < 3 for one in group):
        return False
    is_whole = whole_host(scene, {one.rank for one in group}) is not None
    return is_whole and any(one.victims for one in rest) and all(one.cause is None for one in rest)


def _are_those_of_a_host(scene: Scene, names: set[str], rest: Sequence[Story]) -> bool:
    """Whether a group is as many ranks in a row as each host of the job may have, and the rest told of others alone."""
    numbers = sorted(number for name in names if (number := number_in(name)) is not None)
    world, size = max(scene.world or 0, len(scene.ranks)), len(names)
    if size < SEVERAL or len(numbers) < size or numbers[-1] - numbers[0] != size - 1:
        return False
    if numbers[0] % size or world % size:
        return False
    return any(one.victims for one in rest) and all(one.cause is None for one in rest)


def _got_further(scene: Scene, group: Sequence[Candidate], rest: Sequence[Story]) -> bool:
    """Whether a group met at its start what it names as its cause, and all of the rest, which tell of nothing, wrote
    what none of the group came to write.

    Whom a launcher ended on the way to the same failure wrote no more than they, but for what one alone writes.
    """
    fell = [scene.stories[one.rank].speaker for one in group if one.rank in scene.stories]
    if len(fell) < len(group) or any(one.course for one in fell) or any(one.strength < 3 for one in group):
        return False
    return all(one.is_silent and not one.teardown for one in rest) and templates.share_words(
        [one.speaker for one in rest], fell
    )


def _groups(scene: Scene, found: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates by class and text, the largest group first.

    Who wrote the same as others, and then what says more, as of its end, is one of them.
    """
    alike: dict[tuple[str, str], list[Candidate]] = {}
    own = [one for one in found if one.is_own]
    for one in found:
        if not one.is_own and any(ended_at_once(one, other) for other in found if other is not one):
            alike.setdefault((one.class_, ""), []).append(one)
    for one in own:
        alike.setdefault((one.class_, masked(one.event.text)), []).append(one)
    for one in own:
        for event in scene.stories[one.rank].replaced if one.rank in scene.stories else ():
            group = alike.get((event.class_, masked(event.text)))
            if group is not None and len(group) > 1:
                group.append(replace(one, class_=event.class_, event=event))
    return sorted(alike.values(), key=len, reverse=True)


def _spread(scene: Scene, group: Sequence[Candidate]) -> float:
    lows = [scene.clocks.of(one.event)[0] for one in group if math.isfinite(one.event.low)]
    return max(lows) - min(lows) if lows else 0.0


def _are_together(scene: Scene, group: Sequence[Candidate]) -> bool:
    if not any(one.event.own for one in group) and not _one_was_alone(scene, group):
        return True
    early = all(scene.stories[one.rank].speaker.course is None for one in group if one.rank in scene.stories)
    return (early and not _one_was_alone(scene, group)) or _spread(
        scene, group
    ) <= TOGETHER + scene.clocks.doubt


def _one_was_alone(scene: Scene, group: Sequence[Candidate]) -> bool:
    """Whether one of them met it long before all others, who then did together: those waited for it."""
    lows = sorted(scene.clocks.of(one.event)[0] for one in group if math.isfinite(one.event.low))
    if len(lows) < max(len(group), SEVERAL):
        return False
    return lows[1] - lows[0] > _ALONE + scene.clocks.doubt and lows[-1] - lows[1] <= TOGETHER


def alike(scene: Scene, found: list[Candidate]) -> Finding | None:
    """All fail alike before the first step, each of the others: nobody's code."""
    spoke = [one for one in scene.stories.values() if one.speaker.lines]
    groups: dict[str, list[Event]] = {}
    for one in spoke:
        if one.victims and one.speaker.course is None:
            refused = [event for event in one.victims if is_refused(event) or _NO_WAY.search(event.text)]
            groups.setdefault("refused" if refused else masked(one.victims[0].text), []).append(
                one.victims[0]
            )
    largest = groups.get("refused", [])
    if len(largest) < 2 or len(largest) < UNIFORM * len(spoke):
        return None
    names = tuple(event.speaker for event in largest)
    return Finding(
        "uniform", "likely", names, (), None, time_of(scene, largest[0]), [("the same on all", largest[0])]
    )


def is_refused(event: Event) -> bool:
    """Whether nobody was there to be connected to, as at the start of a job."""
    return "refused" in event.text or "connectFullMesh" in event.text
