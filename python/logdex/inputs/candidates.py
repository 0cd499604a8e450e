"""Which files make up one source, by their names: the parts of a run, a log and its rotations, a file by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from logdex.inputs.layouts import (
    LAYOUTS,
    NOT_LOGS,
    ORDER,
    OTHER,
    STREAMS,
    Layout,
    base_of,
    dated_behind,
    is_rotated,
    naturally,
    part_name,
    place_in_source,
    plain_name,
)
from logdex.inputs.source import Part


@dataclass
class SourceFiles:
    """The files that make up one source, while they are collected."""

    layout: Layout
    above: str
    """The directory above what the layout knows of the path."""
    groups: dict[str, str]
    files: list[tuple[tuple[int, ...], str, str, bool]] = field(default_factory=list)

    @property
    def stream(self) -> str | None:
        """Which stream of its writer it is, if the name tells."""
        named = self.groups.get("stream")
        return STREAMS.get(named, named) if named else None


def recognized(path: str) -> tuple[SourceFiles, dict[str, str]] | None:
    """The source that a path belongs to, still without files, and what its name says."""
    plain = plain_name(path)
    dated = dated_behind(plain)
    for layout in LAYOUTS:
        if match := layout.match(dated):
            groups = {name: value or "" for name, value in match.groupdict().items()}
            identity = {name: groups[name] for name in groups if name not in (*ORDER, "rotation", "dated")}
            return SourceFiles(layout, plain[: match.start()] or os.sep, identity), groups
    return None


def jobs_of(path: str) -> dict[str, int]:
    """By layout, of which job a path is a log if it is one of that layout: names may be read in several ways."""
    dated = dated_behind(plain_name(path))
    matches = ((layout.name, layout.match(dated)) for layout in LAYOUTS)
    return {name: int(job) for name, one in matches if one and (job := one.groupdict().get("job"))}


def by_itself(path: str, *, rotated: bool | None = None) -> SourceFiles:
    """One file as a source of its own, whatever it is called."""
    found, groups = recognized(path) or (_other(path), {})
    turned = is_rotated(groups) if rotated is None else rotated
    found.files.append(((), path, "", turned))
    return found


def _other(path: str) -> SourceFiles:
    return SourceFiles(OTHER, os.path.dirname(os.path.abspath(path)), {"name": file_name(path)})


def file_name(path: str) -> str:
    """What a path ends with."""
    return os.path.basename(path) or path


def grouped(paths: Iterable[str]) -> list[SourceFiles]:
    """The sources that paths make up, those of one source together; what is no log is left out."""
    by_key: dict[tuple[object, ...], SourceFiles] = {}
    there: set[str] = set()
    # A compressed copy comes after what is there as it is, by its name.
    for path in sorted(set(paths), key=naturally):
        plain = plain_name(path)
        known = None if plain in there or NOT_LOGS.search(plain) else recognized(path)
        there.add(plain)
        if known is not None:
            found, groups = known
            key = (found.layout.name, found.above, *sorted(found.groups.items()))
            part = (place_in_source(groups), path, part_name(groups), is_rotated(groups))
            by_key.setdefault(key, found).files.append(part)
    return list(by_key.values())


def in_sets(paths: list[str]) -> list[SourceFiles]:
    """Each file as a source of its own, but for those of which one is a rotation of the other."""
    sets: dict[str, list[str]] = {}
    for path in paths:
        known = recognized(path)
        turned = known is not None and is_rotated(known[1])
        base = base_of(Part(path, rotated=turned)) if turned else plain_name(path)
        sets.setdefault(os.path.abspath(base), []).append(path)
    found: list[SourceFiles] = []
    for of_set in sets.values():
        together = grouped(of_set) if len(of_set) > 1 else []
        found += together if len(together) == 1 else [by_itself(path) for path in of_set]
    return found
