"""Ranks in one log of several processes: under tags that a line, or the tags themselves, tell the ranks of.

A driver or a tool that follows many logs writes the lines of all into one, each behind a tag of its own. Where a
process says there which rank it is, its tag is that rank's; and so is the number of a tag where those of all tags begin
with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.several import are_several, tag_of
from logdex.diagnosis.scene import Scene

_RANK = re.compile(r"\brank[=: ]{1,2}(\d{1,7})\b")
_CONTAINER = re.compile(r"[A-Za-z][\w.-]*?[-_]?(\d{1,6}) +\|$")
"""Compose's tag, with the number of a container."""
_TASK = re.compile(r"(\d{1,6}):$|\[(?:\d+,)?(\d{1,6})\]$")
"""The labels of srun, and of Open MPI (`--tag-output`), which number tasks: behind a stamp here, where those at the
head of a line are known already. And that of Hydra (`mpiexec -l` of MPICH and Intel MPI), of which one line alone does
not tell that it is a label."""
_LEAST = 2


def attribute(scene: Scene) -> None:
    """Gives what witnesses wrote under such tags to the ranks of these; none of them is more than likely."""
    if scene.ranks:
        return
    for witness in scene.witnesses:
        ranks = _ranks_of(witness)
        if len(ranks) < _LEAST:
            continue
        there = {number: _speaker(str(number), witness) for number in ranks.values()}
        for event in list(witness.events):
            number = ranks.get(tag_of(event.text) or "")
            if number is not None:
                event.speaker = str(number)
                witness.events.remove(event)
                there[number].events.append(event)
                there[number].lines = max(there[number].lines, event.place)
        for tail in witness.tail:
            number = ranks.get(tag_of(tail.text) or "")
            if number is not None:
                there[number].tail.append(tail)
        for one in there.values():
            scene.shared.add(one.name)
            scene.add(one)


def _speaker(name: str, witness: Speaker) -> Speaker:
    """A rank of which no more is known than what it told; how far the job came is known of all."""
    return Speaker(
        name, witness.path, lines=1, mtime=witness.mtime, host=witness.host, courses=witness.courses
    )


def _ranks_of(witness: Speaker) -> dict[str, int]:
    """The rank of each tag, if each has one of its own."""
    texts = [*(event.text for event in witness.events), *(tail.text for tail in witness.tail)]
    if not are_several(texts):
        return {}
    tags = {tag for text in texts if (tag := tag_of(text)) is not None}
    told = _told(witness.events) or _numbered(tags)
    return told if len(set(told.values())) == len(told) else {}


def _told(events: Iterable[Event]) -> dict[str, int]:
    told: dict[str, int] = {}
    for event in events:
        tag = tag_of(event.text)
        if event.class_ == "identity" and tag is not None and (found := _RANK.search(event.text)):
            told.setdefault(tag, int(found[1]))
    return told


def _numbered(tags: set[str]) -> dict[str, int]:
    tasks = {tag: int(found[1] or found[2]) for tag in tags if (found := _TASK.match(tag))}
    containers = {tag: int(found[1]) for tag in tags if (found := _CONTAINER.match(tag))}
    if len(tasks) == len(tags):
        return tasks
    # Containers are mostly counted from 1, and then nobody says that the first of them is rank 0.
    is_whole = sorted(containers.values()) == list(range(len(tags)))
    return containers if is_whole else {}
