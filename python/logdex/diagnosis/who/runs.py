"""Directories that hold several runs, one after the other: the newest is answered for, and the others are named.

Runs are told apart only where nothing else can be meant: each has a directory of its own, the same ranks wrote in
each, and one had ended before the next began. Hosts that a job has a directory for do not end before others begin.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from logdex.diagnosis.who.identity import File
from logdex.diagnosis.who.numbers import are_hosts

_SECOND = 1e9
_PAUSE, _LINES = 60.0, 10.0
"""For so many seconds, or the time of so many lines, nothing is written between two runs; what gets a directory a day
goes on at once."""


@dataclass
class Run:
    """The files of one directory, and when the first and the last of their lines were written."""

    name: str
    first: float = math.inf
    last: float = -math.inf
    files: list[File] = field(default_factory=list)

    @property
    def pause(self) -> float:
        """How long nothing is to be written after it until another run begins."""
        lines = max((voice["lines"] for one in self.files for voice in one.voices), default=1)
        return max(_PAUSE, _LINES * (self.last - self.first) / max(lines, 1))

    @property
    def who(self) -> set[tuple[object, ...]]:
        """Who wrote in it: by the names of files, and by the ranks on lines."""
        by_name: set[tuple[object, ...]] = {
            (one.source.role, one.source.replica, one.source.rank, one.source.local_rank)
            for one in self.files
            if one.source.rank is not None
            or one.source.local_rank is not None
            or one.source.replica is not None
        }
        on_lines: set[tuple[object, ...]] = {
            ("line", voice["rank"], voice["local"])
            for one in self.files
            for voice in one.voices
            if voice["rank"] is not None or voice["local"] is not None
        }
        return by_name or on_lines


def newest(files: Sequence[File]) -> tuple[list[File], list[Run]]:
    """The files of the newest run, and the other runs, the newest of them first.

    All files, and no others, where runs are not told apart.
    """
    runs = _by_directory(files)
    if len(runs) < 2 or any(not math.isfinite(one.first + one.last) for one in runs):
        return list(files), []
    order = sorted(runs, key=lambda one: one.first)
    if any(one.last + one.pause > after.first for one, after in pairwise(order)):
        return list(files), []
    last = order[-1]
    if are_hosts(one.name for one in runs) or any(not _is_again(one, last) for one in order[:-1]):
        return list(files), []
    return last.files, order[-2::-1]


def _is_again(one: Run, last: Run) -> bool:
    """Whether the same ranks wrote in both, or most of them did."""
    both = one.who & last.who
    return bool(both) and 2 * len(both) >= min(len(one.who), len(last.who))


def _by_directory(files: Sequence[File]) -> list[Run]:
    """The files by the directory in which those of others do not lie; none where some lie above such directories."""
    folders = [os.path.dirname(os.path.abspath(one.path)) for one in files]
    if len(set(folders)) < 2 or len({one.attempt for one in files}) > 1:
        return []
    root = os.path.commonpath(folders)
    runs: dict[str, Run] = {}
    for one, folder in zip(files, folders, strict=True):
        if folder == root:
            return []
        name = os.path.relpath(folder, root).split(os.sep)[0]
        run = runs.setdefault(name, Run(name))
        run.files.append(one)
        for voice in one.voices:
            if voice["first"] is not None:
                run.first = min(run.first, voice["first"] / _SECOND)
            if voice["last"] is not None:
                run.last = max(run.last, voice["last"] / _SECOND)
    return list(runs.values())
