"""Who spoke: the voices of all files as one speaker a rank, and the witnesses beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from logdex.diagnosis.records.events import Speaker, heard
from logdex.diagnosis.scene import Scene
from logdex.diagnosis.who import beside
from logdex.diagnosis.who.identity import File, is_ranked, mute_names
from logdex.diagnosis.who.numbers import in_doubt


def scene_of(files: Sequence[File], chosen: re.Pattern[str] | None, clocks: float) -> Scene:
    """The speakers of all files, each rank once."""
    by_name: dict[str, Speaker] = {}
    witnesses: list[Speaker] = []
    labels: dict[str, str] = {}
    spoke = {file.label for file in files if file.voices}
    mute = mute_names(files)
    for file in files:
        ranked = file.ranked()
        for voice, name in zip(file.voices, file.names, strict=True):
            speaker = heard(voice, file.path, name or "", file.mtime, chosen)
            speaker.attempt = file.attempt
            if name is None:
                speaker.is_rank = False
                witnesses.append(speaker)
                continue
            if len(ranked) > 1 and is_ranked(voice):
                labels[name] = file.label
            _join(by_name, speaker)
        if not file.voices and file.label not in spoke and (name := mute.get(file.path)) is not None:
            _join(by_name, Speaker(name, file.path, mtime=file.mtime, attempt=file.attempt))
    world = _world(witnesses, by_name.values())
    scene = Scene([*by_name.values(), *witnesses], world, clocks, labels=labels, shared=in_doubt(files))
    if len({file.path for file in files if len(file.ranked()) > 1}) < 2:
        scene.labels = {}
    beside.add(scene, files)
    return scene


def _join(by_name: dict[str, Speaker], speaker: Speaker) -> None:
    """One speaker of what one rank wrote: to stdout and stderr, say, or with and without a prefix."""
    known = by_name.get(speaker.name)
    if known is None or speaker.attempt > known.attempt:
        by_name[speaker.name] = speaker
        return
    if speaker.attempt < known.attempt:
        return
    known.events = sorted([*known.events, *speaker.events], key=lambda event: (event.low, event.number))
    known.lines += speaker.lines
    known.first = min((at for at in (known.first, speaker.first) if at is not None), default=None)
    known.last = max((at for at in (known.last, speaker.last) if at is not None), default=None)
    known.tail = sorted([*known.tail, *speaker.tail], key=lambda tail: tail.time or 0.0)[-8:]
    known.courses = tuple(mine or other for mine, other in zip(known.courses, speaker.courses, strict=True))
    known.templates = {**speaker.templates, **known.templates}


_WORLD = re.compile(
    r"world[_ ]size\W{1,4}(\d{1,7})|\bnranks (\d{1,7})|\brank \d+ of (\d{1,7})\b|MEMBER: \d+/(\d{1,7})"
    r"|with (\d{1,7}) processes"
)


def _world(witnesses: Iterable[Speaker], ranks: Iterable[Speaker]) -> int | None:
    """How many ranks there are, if a line says so."""
    texts = {
        event.text
        for one in [*witnesses, *ranks]
        for event in one.events
        if event.class_ in ("identity", "timeout", "chapter")
    }
    told = [int(next(filter(None, found))) for text in texts for found in _WORLD.findall(text)]
    return max(told, default=None)
