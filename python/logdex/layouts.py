"""Where logs lie: the directory layouts of launchers, as data, and the sources that a path stands for.

Adding a layout is an entry in `LAYOUTS` and its row in `tests/test_layouts.py`.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from logdex._tree import tree, where_it_may_match


@dataclass(frozen=True)
class Layout:
    """How one launcher names its logs.

    `pattern` is matched against the end of a path without its compression suffix (`.gz`, `.zst`). What its
    groups mean: `role`, `replica`, `rank` (global), `local` (rank within a replica), `stream`; `attempt`
    and `restart` number the parts of one stream; anything else tells sources apart.
    """

    name: str
    pattern: str
    label: str

    def match(self, path: str) -> re.Match[str] | None:
        """Whether `path`, absolute, is a log of this layout."""
        return re.search(rf"(?:^|/)(?:{self.pattern})$", path)


LAYOUTS = (
    Layout(
        "torchelastic",
        r"(?P<role>[^/]+)/(?P<run>[^/]+)/attempt_(?P<attempt>\d+)/(?P<local>\d+)/(?P<stream>stdout|stderr)\.log",
        "{role}/{run}/{local}",
    ),
    Layout(
        "torchx-local",
        r"(?P<role>[^/]+)/(?P<replica>\d+)/(?P<stream>stdout|stderr|combined)\.log",
        "{role}/{replica}",
    ),
    Layout(
        "torchx-slurm",
        r"slurm-(?P<job>\d+)-(?P<role>[^/]+)-(?P<replica>\d+)\.(?P<stream>out|err)",
        "{role}/{replica}",
    ),
    Layout("nemo-cloud", r"log-allranks_(?P<restart>\d+)\.out", "allranks"),
    Layout("nemo-slurm", r"log-(?P<app>[^/]+)_(?P<job>\d+)_(?P<restart>\d+)\.out", "{app}"),
    Layout("nemo-slurm-batch", r"sbatch_(?P<app>[^/]+)_(?P<job>\d+)\.out", "{app} sbatch"),
    Layout(
        "rank-files",
        r"(?P<stem>[^/]*?)rank[-_.]?(?P<rank>\d+)(?P<rest>[-_.][^/]*)?\.(?P<stream>log|out|err|txt)",
        "{stem}rank{rank}{rest}",
    ),
    Layout("plain", r"(?P<name>[^/]+\.(?:log|out|err))(?:\.(?P<rotation>\d+))?", "{name}"),
)
"""The layouts that are known; the first that fits a path counts."""

_COMPRESSED = re.compile(r"\.(?:gz|zst)$")
_STREAMS = {"out": "stdout", "err": "stderr", "log": None, "txt": None}
_ORDER = ("attempt", "restart")


@dataclass(frozen=True)
class Part:
    """One file of a source."""

    path: str
    name: str = ""
    """Which attempt or restart it is, where there are several."""
    rotated: bool = False
    """Its name went to a newer file."""


@dataclass(frozen=True)
class Source:
    """One stream of lines: its files in order, and who wrote it as far as the names tell."""

    label: str
    parts: tuple[Part, ...]
    role: str | None = None
    replica: int | None = None
    rank: int | None = None
    local_rank: int | None = None
    stream: str | None = None


@dataclass
class _Found:
    """The files that make up one source, while they are collected."""

    layout: Layout
    groups: dict[str, str]
    files: list[tuple[tuple[int, ...], str, str, bool]] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """What a path stands for now, and where more may come that it stands for too."""

    sources: list[Source]
    directories: list[str]


def sources(path: str, *, streams: str | None = None, follow: bool = False) -> list[Source]:
    """The sources that `path` stands for.

    Args:
        path: A file, a directory or a glob.
        streams: "stdout", "stderr" or "combined", where there are several; default: combined where it is
            complete, else stdout and stderr, never both.
        follow: The logs will be followed, so a combined copy, which lags behind, is not taken.

    Raises:
        FileNotFoundError: Nothing matches a glob.
        IsADirectoryError: There is no log in a directory.
    """
    found = find(path, streams=streams, follow=follow).sources
    if found:
        return found
    if not os.path.isdir(path):
        raise FileNotFoundError(2, "no file matches this pattern", path)
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise IsADirectoryError(21, f"no logs in this directory; name a log file (layouts known: {known})", path)


def may_grow(path: str) -> bool:
    """Whether `path` may stand for more later: it is a directory, or a glob."""
    return os.path.isdir(path) or (glob.has_magic(path) and not os.path.lexists(path))


def find(path: str, *, streams: str | None = None, follow: bool = False) -> Found:
    """As `sources`, but finding nothing is no error.

    Raises:
        FileNotFoundError: There is no directory in which a glob could match.
    """
    if not may_grow(path):
        return Found([of_file(path)], [])
    if os.path.isdir(path):
        below = tree(path)
        return Found(arrange(below.files, streams=streams, follow=follow), below.directories)
    directories = list(where_it_may_match(path))
    if not directories:
        raise FileNotFoundError(2, "no file matches this pattern", path)
    names = sorted(glob.glob(path, recursive=True))
    # What a glob names is wanted, whatever it is called; only directories are searched for logs.
    trees = [tree(name) for name in names if os.path.isdir(name)]
    inside = arrange((one for found in trees for one in found.files), streams=streams, follow=follow)
    found = _with_labels([_of_match(name) for name in names if not os.path.isdir(name)] + inside)
    return Found(found, directories + [one for found in trees for one in found.directories])


def of_file(path: str) -> Source:
    """The source that one file is."""
    return _of_match(path, rotated=False)


def _of_match(path: str, *, rotated: bool | None = None) -> Source:
    for layout in LAYOUTS:
        if match := layout.match(_plain(path)):
            groups = _groups(match)
            turned = bool(groups.get("rotation")) if rotated is None else rotated
            return _source(_Found(layout, groups, [((), path, "", turned)]))
    return Source(os.path.basename(path) or path, (Part(path),))


def arrange(paths: Iterable[str], *, streams: str | None = None, follow: bool = False) -> list[Source]:
    """The sources among `paths`, as `sources` says; other files are left out."""
    by_key: dict[tuple[object, ...], _Found] = {}
    there = set(paths)
    for path in sorted(there, key=_naturally):
        plain = _plain(path)
        if _COMPRESSED.search(path) and _COMPRESSED.sub("", path) in there:
            continue  # a copy of what is read as it is
        for layout in LAYOUTS:
            if match := layout.match(plain):
                groups = _groups(match)
                key = (layout.name, plain[: match.start()], *sorted(_identity(groups).items()))
                found = by_key.setdefault(key, _Found(layout, groups))
                found.files.append((_order(groups), path, _part_name(groups), bool(groups.get("rotation"))))
                break
    found_all = _without_copies(list(by_key.values()))
    chosen = _choose_streams(found_all, streams, follow)
    return _with_labels([_source(found) for found in chosen])


def _plain(path: str) -> str:
    return _COMPRESSED.sub("", os.path.abspath(path))


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value or "" for name, value in match.groupdict().items()}


def _identity(groups: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in groups.items() if name not in (*_ORDER, "rotation")}


def _order(groups: dict[str, str]) -> tuple[int, ...]:
    # The highest rotation is the oldest; the file without a number is the youngest.
    numbers = tuple(int(groups[name]) for name in _ORDER if groups.get(name))
    return (*numbers, -int(groups.get("rotation") or 0))


def _part_name(groups: dict[str, str]) -> str:
    return ", ".join(f"{name} {groups[name]}" for name in _ORDER if groups.get(name))


def _naturally(path: str) -> list[tuple[int, int | str]]:
    return [(0, int(word)) if word.isdigit() else (1, word) for word in re.split(r"(\d+)", path)]


def _without_copies(found: list[_Found]) -> list[_Found]:
    """Drops torchrun's files for each rank where it copied their lines to the replicas' logs (`--tee`)."""
    elastic = [one for one in found if one.layout.name == "torchelastic"]
    replicas = [one for one in found if one.layout.name in ("torchx-local", "torchx-slurm")]
    if elastic and any(_is_tee(path) for one in replicas for _, path, *_ in one.files):
        return [one for one in found if one not in elastic]
    return found


def _is_tee(path: str) -> bool:
    """Whether torchrun copied the lines of ranks into `path`, behind `[role3]:`."""
    try:
        with open(path, "rb") as file:
            return re.search(rb"(?m)^\[\w+\d+\]:", file.read(256 << 10)) is not None
    except OSError:
        return False


def _choose_streams(found: list[_Found], streams: str | None, follow: bool) -> list[_Found]:
    """Of stdout, stderr and combined of one writer, those that are to be read."""
    writers: dict[tuple[object, ...], dict[str, _Found]] = {}
    for one in found:
        rest = sorted((k, v) for k, v in _identity(one.groups).items() if k != "stream")
        directory = os.path.dirname(one.files[0][1]) if one.layout.name != "torchelastic" else ""
        key = (one.layout.name, directory, *rest)
        writers.setdefault(key, {})[one.groups.get("stream", "")] = one
    return [one for there in writers.values() for one in _choice(there, streams, follow)]


def _choice(there: dict[str, _Found], streams: str | None, follow: bool) -> list[_Found]:
    if streams is not None:
        return [one for name, one in there.items() if (_STREAMS.get(name, name) or "") in ("", streams)]
    combined = there.get("combined")
    rest = [one for name, one in there.items() if name != "combined"]
    if combined is None or not rest:
        return list(there.values())
    complete = _size(combined) >= sum(_size(one) for one in rest)
    return [combined] if complete and not follow else rest


def _size(found: _Found) -> int:
    return sum(os.path.getsize(path) for _, path, *_ in found.files if os.path.exists(path))


def _source(found: _Found) -> Source:
    groups = found.groups
    files = sorted(found.files)
    several = len({name for _, _, name, _ in files}) > 1
    stream = groups.get("stream")
    return Source(
        label=found.layout.label.format_map(groups),
        parts=tuple(Part(path, name if several else "", rotated) for _, path, name, rotated in files),
        role=groups.get("role"),
        replica=_number(groups.get("replica")),
        rank=_number(groups.get("rank")),
        local_rank=_number(groups.get("local")),
        stream=_STREAMS.get(stream, stream) if stream else None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _with_labels(found: list[Source]) -> list[Source]:
    """The same sources with labels that tell them apart: by their directories and their stream."""
    by_label: dict[str, list[Source]] = {}
    for one in found:
        by_label.setdefault(one.label, []).append(one)
    labelled = []
    for one in found:
        alike = by_label[one.label]
        if len(alike) > 1:
            above = [_above(other) for other in alike]
            if len(set(above)) > 1:
                common = os.path.commonpath(above)
                where = os.path.relpath(_above(one), common)
                one = _renamed(one, one.label if where == "." else f"{where}/{one.label}")
            streams = {
                other.stream for other in alike if _above(other) == _above(found[0]) or len(set(above)) >= 1
            }
            if len(streams) > 1 and one.stream:
                one = _renamed(one, f"{one.label} {one.stream}")
        labelled.append(one)
    return labelled


def _above(source: Source) -> str:
    """The directory above what the label says."""
    path = os.path.abspath(source.parts[0].path)
    for layout in LAYOUTS:
        if match := layout.match(_plain(path)):
            return path[: match.start()] or "/"
    return os.path.dirname(path)


def _renamed(source: Source, label: str) -> Source:
    from dataclasses import replace

    return replace(source, label=label)
