"""What the records of all speakers come to, made ready for the steps of the rule."""

from __future__ import annotations

import math

from logdex.diagnosis.course import attempts, clocks, resumed, stall
from logdex.diagnosis.endings import listed_codes, stepd
from logdex.diagnosis.endings.started import by_launchers
from logdex.diagnosis.endings.whose_exit import rank_of, seen_first, told_to_end
from logdex.diagnosis.no_cause import chained, levels, pace, preface, survived, waited
from logdex.diagnosis.places import hosts, other_pods, pids, pods
from logdex.diagnosis.records import accusations, exits
from logdex.diagnosis.records.events import Event, Speaker, number_in, self_of
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.roles import Story, ended_well, story, went_on
from logdex.diagnosis.scene import Scene
from logdex.diagnosis.who import tagged

_PARTING = 5.0
"""For so many seconds what a process wrote may still come when it has ended."""
_LONG_GONE = 30.0
"""Who still writes after so many seconds did not end when a witness saw somebody end."""


def prepare(scene: Scene) -> None:
    """Reads what the records come to."""
    last = attempts.last_of(scene.speakers)
    for one in scene.speakers:
        if one.is_rank and one.attempt < last and any(other.attempt == last for other in scene.speakers):
            scene.earlier += one.events
    scene.speakers = [one for one in scene.speakers if not one.is_rank or one.attempt == last]
    scene.forget()
    if scene.chosen:
        _take_what_was_chosen(scene)
        return
    levels.drop(scene.speakers)
    stepd.hear(scene)
    other_pods.leave_others(scene.witnesses)
    scene.earlier += attempts.after_the_last_exit(scene.speakers)
    for one in scene.speakers:
        scene.earlier += attempts.only_last(one)
        scene.earlier += resumed.before_it(one)
    tagged.attribute(scene)
    _attribute(scene)
    started = by_launchers(scene)
    pids.attribute(scene.speakers, started)
    scene.restarted = attempts.restart(scene.speakers, scene.earlier)
    _leave_behind(scene)
    for one in scene.speakers:
        exits.drop_numbers(one)
    survived.drop(scene.speakers)
    preface.leave_out(scene.ranks)
    chained.drop(scene.ranks)
    scene.clocks = clocks.measure(scene.ranks, scene.doubt)
    scene.stories = {one.name: story(one) for one in scene.ranks}
    levels.leave(scene.stories.values())
    pace.leave_work(scene.stories.values())
    survived.leave_what_others_outlived(scene.stories.values(), scene.clocks)
    scene.stall = stall.of_speakers(scene.speakers, scene.clocks)
    owners = {**started, **pids.of_ranks(scene.ranks)}
    scene.exits += [told for one in scene.speakers for told in exits.of_witness(one, owners)]
    many = max(scene.world or 0, len(scene.ranks))
    scene.exits += listed_codes.of_scene(scene, many)
    pods.count_the_master(scene.exits, scene.witnesses, many)
    begun = attempts.begun_at(scene.ranks) if last else -math.inf
    scene.exits = [
        one for one in scene.exits if _ended_at(one) >= begun - 1 and not _is_of_before(scene, one)
    ]
    scene.forget()
    scene.host_of = hosts.of_ranks(scene.speakers, scene.exits, scene.labels)
    scene.exits = [one for one in scene.exits if not _outlived(scene, one)]
    scene.forget()
    for told in scene.exits:
        _forget_the_last_command(scene, told)
    known = [int(one.name.rpartition("/")[2]) for one in scene.ranks if one.name.rpartition("/")[2].isdigit()]
    world = sorted({*known, *range(scene.world or 0)})
    scene.accusations = accusations.of_speakers(scene.speakers, world, owners)
    waited.turn(scene.stories, scene.clocks, seen_first(scene), told_to_end(scene))


def _take_what_was_chosen(scene: Scene) -> None:
    """Takes of each rank the first line that the caller looks for, whatever came of it: a loss that is no number any
    more ends nothing, and stands on each line from then on.
    """
    _attribute(scene)
    scene.clocks = clocks.measure(scene.ranks, scene.doubt)
    scene.stories = {one.name: Story(one, cause=next(iter(one.events), None)) for one in scene.ranks}
    scene.host_of = hosts.of_ranks(scene.speakers, scene.exits, scene.labels)


def _leave_behind(scene: Scene) -> None:
    """Takes away the ranks that a job with fewer of them went on without: what ended it came later."""
    gone = [one for one in scene.ranks if scene.restarted and scene.restarted.is_gone(one)]
    scene.gone = {one.name for one in gone}
    scene.earlier += [event for one in gone for event in one.events]
    scene.speakers = [one for one in scene.speakers if one not in gone]
    scene.forget()


def _is_of_before(scene: Scene, one: Exit) -> bool:
    """Whether a process ended before the job was started again."""
    at = _ended_at(one) if math.isfinite(_ended_at(one)) else None
    return scene.restarted is not None and scene.restarted.is_over(one.event.path, one.event.number, at)


def _ended_at(one: Exit) -> float:
    """When a process ended, or infinity."""
    if one.time is not None:
        return one.time
    return one.event.low if one.event.own else math.inf


def _attribute(scene: Scene) -> None:
    """Gives the records of witnesses that say for which rank they speak to that rank."""
    for witness in scene.witnesses:
        for event in list(witness.events):
            number = self_of(event.text)
            if number is None or event.role in ("exit", "outside", "context"):
                continue
            name = scene.name_of(number)
            rank = next((one for one in scene.ranks if one.name == name), None)
            if rank is None:
                rank = Speaker(name, witness.path, mtime=witness.mtime, host=witness.host)
                scene.add(rank)
            event.speaker = name
            witness.events.remove(event)
            rank.events.append(event)
            rank.lines = max(rank.lines, event.place)


def _outlived(scene: Scene, one: Exit) -> bool:
    """Whether the rank of which another rank says that it ended wrote later, or came to its end.

    Then what ended was a process of whoever tells it: the third worker that reads data, say, and not the third rank.
    """
    teller = scene.stories.get(one.event.speaker)
    if teller is not None and went_on(teller.speaker, one.event):
        return True
    if not one.event.speaker:
        return _wrote_long_after(scene, one)
    name = rank_of(scene, one)
    story_of = scene.stories.get(name) if name is not None else None
    if story_of is None or name == one.event.speaker:
        return False
    there = story_of.speaker
    if ended_well(there):
        return True
    return _wrote_after(scene, there, one, _PARTING)


def _wrote_long_after(scene: Scene, one: Exit) -> bool:
    """Whether the rank that a witness saw end still wrote when it should have been gone for long: another container of
    its pod ended, say. Where the rank is guessed, all have to have written; where it has no log, all have to have made
    steps: then what has its number is something else, as a worker that tries the programs which a model wrote.
    """
    name = rank_of(scene, one)
    if name is not None and name not in scene.stories:
        return _went_on_without(scene, one.event)
    if name is None or not one.event.own:
        return False
    those = scene.ranks if one.is_guess else [there for there in scene.ranks if there.name == name]
    return bool(those) and all(_wrote_after(scene, there, one, _LONG_GONE) for there in those)


def _went_on_without(scene: Scene, end: Event) -> bool:
    """Whether all ranks made steps after an end, or whoever told of it counts them behind it: they would wait for one
    of them."""
    moment = scene.clocks.of(end)[1] + scene.clocks.doubt
    tellers = [one for one in scene.witnesses if one.path == end.path]
    counted = any(survived.stepped_behind(one, end, math.inf) for one in tellers)
    return counted or survived.all_stepped_since(scene.ranks, moment)


def _wrote_after(scene: Scene, there: Speaker, one: Exit, seconds: float) -> bool:
    """Whether a rank still wrote so many seconds after an end, as far as clocks tell."""
    ended = scene.clocks.of(one.event)[1] + scene.clocks.doubt + seconds
    return there.last is not None and there.last - scene.clocks.ahead.get(there.name, 0.0) > ended


def _forget_the_last_command(scene: Scene, one: Exit) -> None:
    """Takes the rank from an exit that tells nothing of it.

    DeepSpeed's launcher, and torch's of old, print the command that they began last, whichever process failed.
    """
    name = rank_of(scene, one) if one.event.class_ == "launcher" else None
    if name is None:
        return
    host = scene.host_of.get(name)
    there = (number_in(other.name) for other in scene.ranks if scene.host_of.get(other.name) == host)
    beside = {number for number in there if number is not None}
    # Where no other is known on that host, a number above 0 tells that there were some.
    others = len(beside) > 1 or (not beside - {number_in(name)} and bool(one.local))
    if others and max(beside, default=0) <= (number_in(name) or 0):
        one.rank = one.local = None
        scene.forget()
