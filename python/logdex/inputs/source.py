"""A source: one stream of lines, the files that it has, and who wrote it as far as their names tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One file of a source."""

    path: str
    """Where it is."""
    name: str = ""
    """Which attempt or restart it is, where there are several."""
    rotated: bool = False
    """Its name went to a newer file."""


@dataclass(frozen=True)
class Source:
    """One stream of lines: its files in order, and who wrote it as far as the names tell."""

    label: str
    """What it is called, and no other source of the same question."""
    parts: tuple[Part, ...]
    """Its files, the oldest first."""
    role: str | None = None
    """The role of the app, where the layout names one."""
    replica: int | None = None
    """Which replica of the role, from 0."""
    rank: int | None = None
    """The global rank that alone wrote it."""
    local_rank: int | None = None
    """The rank within its replica that alone wrote it."""
    stream: str | None = None
    """Of stdout, stderr and combined the one that the name tells."""
    job: int | None = None
    """The number of the job, where a cluster's scheduler has one in the name."""
    task: int | None = None
    """The task of an array of jobs."""
    app: str | None = None
    """What the app is called, where the name tells and it is no role."""


@dataclass(frozen=True)
class Found:
    """What a path stands for now, and where more may come that it stands for too."""

    sources: list[Source]
    directories: list[str]
