"""Of files that hold the same lines, and of a writer's streams, those that are read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache

from logdex.inputs.candidates import SourceFiles

_LOOKED_AT = 256 << 10
"""So many bytes at the beginning of a log, and as many before its end, tell whose lines were copied into it."""


def without_copies(found: list[SourceFiles], follow: bool) -> list[SourceFiles]:
    """Drops what holds lines that stand elsewhere among `found`."""
    tags = cache(_tags)
    kept = [one for one in found if not _is_copied_to_a_replica(one, found, tags)]
    for all_ in [one for one in kept if one.layout.name == "nemo-cloud"]:
        hosts = [one for one in kept if one.layout.name == "nemo-host" and one.above == all_.above]
        taken = _combined_or_rest(all_, hosts, follow)
        kept = [one for one in kept if one in taken or not (one is all_ or one in hosts)]
    # What wandb keeps is a copy of the console, and its own affairs; beside logs, other text is no log.
    kept = [one for one in kept if one.layout.name != "wandb"] or kept
    return [one for one in kept if one.layout.name != "text"] or kept


def _is_copied_to_a_replica(
    one: SourceFiles, found: list[SourceFiles], tags: Callable[[str], frozenset[str]]
) -> bool:
    """Whether torchrun copied the lines of this rank to its replicas' logs (`--tee`, of some ranks or one stream)."""
    if one.layout.name != "torchelastic":
        return False
    app = [
        other
        for other in found
        if other.layout.name in ("torchx-local", "torchx-slurm")
        and os.path.commonpath([one.above, other.above]) == other.above
    ]
    same_role = [other for other in app if other.groups["role"] == one.groups["role"]]
    of_stream = [other for other in same_role or app if other.stream in (one.stream, "combined")]
    told = {tag for other in of_stream for _, path, *_ in other.files for tag in tags(path)}
    # What has nothing yet is looked for again when it has.
    own = re.compile(rf"(?:{re.escape(one.groups['role'])}|\w*[^\W\d])?{one.groups['local']}")
    return any(map(own.fullmatch, told)) or (bool(told) and _size(one) == 0)


def _tags(path: str) -> frozenset[str]:
    """The ranks of which torchrun copied lines into a log, behind `[role3]:`, or `[3]:` of a role without a name.

    Where there are none in what is looked at, its beginning and its end, lines may come twice, but none is lost.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(_LOOKED_AT)
            file.seek(max(os.fstat(file.fileno()).st_size - _LOOKED_AT, len(text)))
            text += b"\n" + file.read(_LOOKED_AT).partition(b"\n")[2]
    except OSError:
        return frozenset()
    return frozenset(tag.decode() for tag in re.findall(rb"(?m)^\[(\w*\d)\]:", text))


def choose_streams(found: list[SourceFiles], streams: str | None, follow: bool) -> list[SourceFiles]:
    """Of stdout, stderr and combined of one writer, those that are to be read."""
    writers: dict[tuple[object, ...], list[SourceFiles]] = {}
    for one in found:
        rest = sorted((name, value) for name, value in one.groups.items() if name != "stream")
        writers.setdefault((one.layout.name, one.above, *rest), []).append(one)
    return [one for there in writers.values() for one in _choice(there, streams, follow)]


def _choice(there: list[SourceFiles], streams: str | None, follow: bool) -> list[SourceFiles]:
    combined = next((one for one in there if one.stream == "combined"), None)
    rest = [one for one in there if one is not combined]
    if streams in ("stdout", "stderr"):
        return [one for one in rest if one.stream in (None, streams)]
    if {"stdout", "stderr"} <= {one.stream for one in rest}:
        # Of lines that came at one moment, those of stdout come first.
        return sorted(rest, key=lambda one: one.stream != "stdout")
    if streams == "combined":
        return [combined] if combined else rest
    return _combined_or_rest(combined, rest, follow)


def _combined_or_rest(
    combined: SourceFiles | None, rest: list[SourceFiles], follow: bool
) -> list[SourceFiles]:
    """One file that holds the lines of others, if it is complete, or those others."""
    if combined is None or not rest:
        return [combined] if combined else rest
    complete = _size(combined) >= sum(_size(one) for one in rest)
    return [combined] if complete and not follow else rest


def _size(found: SourceFiles) -> int:
    return sum(os.path.getsize(path) for _, path, *_ in found.files if os.path.exists(path))
