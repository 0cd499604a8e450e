"""What sources are called: as their layout says, and whatever else it takes to tell them apart."""

from __future__ import annotations

import os
from collections.abc import Callable

from logdex.inputs.candidates import SourceFiles, file_name
from logdex.inputs.source import Part, Source


def labelled(found: list[SourceFiles]) -> list[Source]:
    """The sources, with labels that tell them apart: by job, directory and stream, at last by the file's name."""
    labels = [one.layout.label.format_map(one.groups) for one in found]
    layouts = [one.layout.name for one in found]
    jobs = [one.groups.get("job", "") for one in found]
    labels = _apart(labels, jobs, lambda label, job: f"{job}/{label}", layouts)
    labels = _apart(labels, _directories(found), lambda label, above: f"{above}/{label}", layouts)
    streams = [one.stream or "" for one in found]
    labels = _apart(labels, streams, lambda label, stream: f"{label} {stream}", labels)
    names = [file_name(one.files[0][1]) for one in found]
    labels = _apart(labels, names, lambda label, name: os.path.join(os.path.dirname(label), name), labels)
    return [_source(one, label) for one, label in zip(found, labels, strict=True)]


def _apart(
    labels: list[str], said: list[str], joined: Callable[[str, str], str], groups: list[str]
) -> list[str]:
    """The labels with what is `said` of each, in all of a group in which that tells labels apart that are alike."""
    alike: dict[str, set[str]] = {}
    for label, one in zip(labels, said, strict=True):
        alike.setdefault(label, set()).add(one)
    unclear = {group for label, group in zip(labels, groups, strict=True) if len(alike[label]) > 1}
    rows = zip(labels, said, groups, strict=True)
    return [joined(label, one) if one and group in unclear else label for label, one, group in rows]


def _directories(found: list[SourceFiles]) -> list[str]:
    """For each, where it lies below what is common to all of its layout."""
    above: dict[str, list[str]] = {}
    for one in found:
        above.setdefault(one.layout.name, []).append(one.above)
    common = {name: os.path.commonpath(directories) for name, directories in above.items()}
    below = [os.path.relpath(one.above, common[one.layout.name]) for one in found]
    return ["" if one == os.curdir else one for one in below]


def _source(found: SourceFiles, label: str) -> Source:
    files = sorted(found.files)
    several = len({name for _, _, name, _ in files}) > 1
    return Source(
        label,
        tuple(Part(path, name if several else "", rotated) for _, path, name, rotated in files),
        role=found.groups.get("role"),
        replica=_number(found.groups.get("replica")),
        rank=_number(found.groups.get("rank")),
        local_rank=_number(found.groups.get("local")),
        stream=found.stream,
        job=_number(found.groups.get("job")),
        task=_number(found.groups.get("task")),
        app=found.groups.get("app"),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None
