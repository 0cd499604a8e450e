"""Where logs lie: the directory layouts of launchers, as data, and the sources that a path stands for.

Adding a layout is an entry in `LAYOUTS` and its row in `tests/test_layouts.py`.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

from logdex.inputs.tree import Tree, tree, where_it_may_match

_ROTATION = r"(?:\.(?P<rotation>\d{1,4})|[-.](?P<dated>\d{4}-?\d\d-?\d\d(?:[-_.T:]?\d+)*))?"
"""What a rotation appends to a name: a number, the highest the oldest, or a date."""
_DATED_INSIDE = re.compile(r"(?<=[^/])[-._](\d{4}-\d\d-\d\d|\d{8})(\.(?:log|out|err))$")
"""The date of a day before what a name ends with: `app-2026-11-22.log`. A time of day would be that of a run."""


@dataclass(frozen=True)
class Layout:
    """How one launcher names its logs.

    `pattern` is matched against the end of a path without its compression suffix (`.gz`, `.xz`) and what a rotation
    appended. What its groups mean: `role`, `replica`, `rank` (global), `local` (rank within a replica), `stream`, `job`
    (which stands in the label only where there are several), `task` (of an array of jobs); `attempt` and `restart`
    number the parts of one stream; anything else tells sources apart.
    """

    name: str
    pattern: str
    label: str

    def match(self, path: str) -> re.Match[str] | None:
        """Whether `path`, absolute and with the date of a rotation behind the name, is a log of this layout."""
        return _compiled(self.pattern).search(path)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|/)(?:{pattern}){_ROTATION}$")


LAYOUTS = (
    Layout(
        "torchelastic",
        # torchrun calls a run by its rendezvous, which may be long, and eight characters that no other run has.
        r"(?P<role>[^/]+)/(?:(?P<rendezvous>[^/]+)_(?=\w{8}/attempt_))?(?P<run>[^/]+)"
        r"/attempt_(?P<attempt>\d+)/(?P<local>\d+)/(?P<stream>stdout|stderr)\.log",
        "{role}/{run}/{local}",
    ),
    Layout(
        "torchx-local",
        r"(?P<role>[^/]+)/(?P<replica>\d+)/(?P<stream>stdout|stderr|combined)\.log",
        "{role}/{replica}",
    ),
    Layout(
        "kubernetes",
        r"(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_(?P<uid>[0-9a-f-]{32,36})/(?P<container>[^/]+)/(?P<attempt>\d+)\.log",
        "{namespace}/{pod}/{container}",
    ),
    Layout(
        "kubernetes-links",
        r"(?P<pod>[^/_]+)_(?P<namespace>[^/_]+)_(?P<container>[^/]+)-(?P<id>[0-9a-f]{64})\.log",
        "{namespace}/{pod}/{container}",
    ),
    Layout("docker", r"(?P<id>[0-9a-f]{12})(?P<rest>[0-9a-f]{52})/(?P=id)(?P=rest)-json\.log", "{id}"),
    Layout(
        "torchx-slurm",
        r"slurm-(?P<job>\d+)-(?P<role>[^/]+)-(?P<replica>\d+)\.(?P<stream>out|err)",
        "{role}/{replica}",
    ),
    Layout(
        "slurm-array",
        r"slurm-(?P<job>\d+)_(?P<task>\d+)\.(?P<stream>out|err)",
        "task {task}",
    ),
    # srun's %t, the rank, and %N, the host, behind %j or %A_%a; %J, which is the job and the step.
    Layout(
        "slurm-array-rank",
        r"slurm-(?P<job>\d+)_(?P<task>\d+)[-_](?:t|task|rank)?(?P<rank>\d{1,9})\.(?P<stream>out|err)",
        "task {task} rank {rank}",
    ),
    Layout(
        "slurm-rank",
        r"slurm-(?P<job>\d+)-(?:t|task|rank)?(?P<rank>\d{1,9})\.(?P<stream>out|err)",
        "rank {rank}",
    ),
    Layout("slurm-step", r"slurm-(?P<job>\d+)\.(?P<step>\d+)\.(?P<stream>out|err)", "step {step}"),
    Layout(
        "slurm-host",
        r"slurm-(?P<job>\d+)[-_.](?P<host>[A-Za-z][^/]*)\.(?P<stream>out|err)",
        "{host}",
    ),
    Layout("nemo-cloud", r"log-allranks_(?P<restart>\d+)\.out", "allranks"),
    Layout("nemo-host", r"log_(?P<host>[^/]+)\.out", "log_{host}.out"),
    # The number of an array has four digits or more, lest a number that ends the app's name be taken for one.
    Layout(
        "nemo-slurm-array",
        r"log-(?P<app>[^/]+)_(?P<job>\d{4,})_(?P<task>\d{1,4})_(?P<restart>\d+)\.(?P<stream>out|err)",
        "{app} task {task}",
    ),
    Layout(
        "nemo-slurm",
        r"log-(?P<app>[^/]+)_(?P<job>\d+)_(?P<restart>\d+)\.(?P<stream>out|err)",
        "{app}",
    ),
    Layout(
        "nemo-slurm-batch-array",
        r"sbatch_(?P<app>[^/]+)_(?P<job>\d{4,})_(?P<task>\d{1,4})\.(?P<stream>out|err)",
        "{app} task {task} sbatch",
    ),
    Layout("nemo-slurm-batch", r"sbatch_(?P<app>[^/]+)_(?P<job>\d+)\.(?P<stream>out|err)", "{app} sbatch"),
    Layout(
        "submitit-array",
        r"(?P<job>\d+)_(?P<task>\d+)_(?P<rank>\d{1,9})_log\.(?P<stream>out|err)",
        "task {task} rank {rank}",
    ),
    Layout("submitit", r"(?P<job>\d+)_(?P<rank>\d{1,9})_log\.(?P<stream>out|err)", "rank {rank}"),
    # LSF's %J and %I, where the manual puts them; `LSFJOB_17` is what it leaves in the directory of a job.
    Layout(
        "lsf-array",
        r"(?P<stem>output|out|error|err|lsf|job)?[-._]?(?P<job>\d{2,})[-_.](?P<task>\d+)\.(?P<stream>out|err)",
        "task {task}",
    ),
    Layout("lsf", r"(?P<job>\d{2,})\.(?P<stream>out|err)", "{job}"),
    Layout("lsf-output", r"(?P<stream>output|out|error|err)\.(?P<job>\d{2,})", "{job}"),
    Layout(
        "wandb",
        r"wandb/(?:(?P<run>[^/]*run-[^/]+)/(?:files|logs)/)?(?P<name>output|debug[^/]*)\.log",
        "wandb {name}",
    ),
    Layout(
        "rank-files",
        r"(?P<stem>[^/]*?)rank[-_.]?(?P<rank>\d{1,9})(?P<rest>[-_.][^/]*)?\.(?P<stream>log|out|err|txt)",
        "{stem}rank{rank}{rest}",
    ),
    Layout("paddle", r"workerlog\.(?P<local>\d+)", "workerlog.{local}"),
    Layout("detectron2", r"log\.txt\.rank(?P<rank>\d+)", "log.txt.rank{rank}"),
    Layout("plain", r"(?P<name>[^/]+\.(?:log|out|err)|log\.txt)", "{name}"),
    Layout("text", r"(?P<name>[^/]+\.txt)", "{name}"),
)
"""The layouts that are known; the first that fits a path counts."""

_OTHER = Layout("other", "", "{name}")
"""What is taken at its word, whatever it is called."""
_NOT_LOGS = re.compile(r"(?:^|/)status_[^/]+\.out$")
"""Files that are called like logs: the exit code that NeMo-Run's Docker executor leaves."""
_COMPRESSED = re.compile(r"\.(?:gz|zstd?|xz|bz2|lz4)$")
_STREAMS = {
    "out": "stdout",
    "err": "stderr",
    "output": "stdout",
    "error": "stderr",
    "log": None,
    "txt": None,
}
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


@dataclass
class _Found:
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
        return _STREAMS.get(named, named) if named else None


@dataclass(frozen=True)
class Found:
    """What a path stands for now, and where more may come that it stands for too."""

    sources: list[Source]
    directories: list[str]


def sources(path: str, *, streams: str | None = None, follow: bool = False) -> list[Source]:
    """The sources that `path` stands for.

    Args:
        path: A file, a directory or a glob.
        streams: "stdout", "stderr" or "combined", where there are several. Combined, which is the default, is stdout
            and stderr where both are there: a copy of both in one file, as TorchX makes it, has torn lines. It is read
            where one of them is missing.
        follow: The logs will be followed, so a combined copy, which lags behind, is not taken.

    Raises:
        FileNotFoundError: Nothing matches a glob, or there is no such stream.
        IsADirectoryError: There is no log in a directory.
    """
    found = find(path, streams=streams, follow=follow).sources
    if found:
        return found
    if streams is not None and find(path, follow=follow).sources:
        raise FileNotFoundError(
            2, f"no log of {streams} here; leave --streams out to see what there is", path
        )
    if not os.path.isdir(path):
        raise FileNotFoundError(2, "no file matches this pattern", path)
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise IsADirectoryError(
        21,
        f"no logs in this directory; name a log file, or a glob such as {path.rstrip('/')}/* (layouts known: {known})",
        path,
    )


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
        inside = _inside([below], streams=streams, follow=follow)
        return Found(_labelled(inside), below.directories)
    directories = list(where_it_may_match(path))
    if not directories:
        raise FileNotFoundError(2, "no file matches this pattern", path)
    names = sorted(glob.glob(path, recursive=True))
    # What a glob names is wanted, whatever it is called; only directories are searched for logs.
    trees = [tree(name) for name in names if os.path.isdir(name)]
    inside = _inside(trees, streams=streams, follow=follow)
    found = _labelled(_in_sets([name for name in names if not os.path.isdir(name)]) + inside)
    return Found(found, directories + [one for found in trees for one in found.directories])


def _inside(trees: list[Tree], *, streams: str | None, follow: bool) -> list[_Found]:
    """The logs below directories; and those of these that cannot be read, so that whoever opens them hears of it."""
    files = (one for found in trees for one in found.files)
    unreadable = (one for found in trees for one in found.unreadable)
    return [*_chosen(files, streams=streams, follow=follow), *map(_of_match, unreadable)]


def of_file(path: str) -> Source:
    """The source that one file is."""
    (source,) = _labelled([_of_match(path, rotated=False)])
    return source


def arrange(
    paths: Iterable[str],
    *,
    streams: str | None = None,
    follow: bool = False,
    at_their_word: Iterable[str] = (),
) -> list[Source]:
    """The sources among `paths`, as `sources` says; other files are left out, but for those known to be logs."""
    there = set(paths)
    unknown = {one for one in at_their_word if one in there and _known(one) is None}
    chosen = _chosen(there - unknown, streams=streams, follow=follow)
    return _labelled([*chosen, *map(_of_match, sorted(unknown))])


def _of_match(path: str, *, rotated: bool | None = None) -> _Found:
    """One file as a source of its own, whatever it is called."""
    found, groups = _known(path) or (_other(path), {})
    turned = _is_rotated(groups) if rotated is None else rotated
    found.files.append(((), path, "", turned))
    return found


def _in_sets(paths: list[str]) -> list[_Found]:
    """Each file as a source of its own, but for those of which one is a rotation of the other."""
    sets: dict[str, list[str]] = {}
    for path in paths:
        known = _known(path)
        turned = known is not None and _is_rotated(known[1])
        base = base_of(Part(path, rotated=turned)) if turned else _plain(path)
        sets.setdefault(os.path.abspath(base), []).append(path)
    found: list[_Found] = []
    for of_set in sets.values():
        together = _by_key(of_set) if len(of_set) > 1 else []
        found += together if len(together) == 1 else [_of_match(path) for path in of_set]
    return found


def _other(path: str) -> _Found:
    return _Found(_OTHER, os.path.dirname(os.path.abspath(path)), {"name": _base(path)})


def _base(path: str) -> str:
    return os.path.basename(path) or path


def _chosen(paths: Iterable[str], *, streams: str | None, follow: bool) -> list[_Found]:
    return _choose_streams(_without_copies(_by_key(paths), follow), streams, follow)


def _by_key(paths: Iterable[str]) -> list[_Found]:
    """The sources that paths make up, those of one source together; what is no log is left out."""
    by_key: dict[tuple[object, ...], _Found] = {}
    there: set[str] = set()
    # A compressed copy comes after what is there as it is, by its name.
    for path in sorted(set(paths), key=naturally):
        plain = _plain(path)
        known = None if plain in there or _NOT_LOGS.search(plain) else _known(path)
        there.add(plain)
        if known is not None:
            found, groups = known
            key = (found.layout.name, found.above, *sorted(found.groups.items()))
            part = (_order(groups), path, _part_name(groups), _is_rotated(groups))
            by_key.setdefault(key, found).files.append(part)
    return list(by_key.values())


def _known(path: str) -> tuple[_Found, dict[str, str]] | None:
    """The source that a path belongs to, still without files, and what its name says."""
    plain = _plain(path)
    dated = _dated_behind(plain)
    for layout in LAYOUTS:
        if match := layout.match(dated):
            groups = {name: value or "" for name, value in match.groupdict().items()}
            identity = {name: groups[name] for name in groups if name not in (*_ORDER, "rotation", "dated")}
            return _Found(layout, plain[: match.start()] or os.sep, identity), groups
    return None


def _dated_behind(path: str) -> str:
    """The path with the date of a rotation behind the name, where it stands before what the name ends with."""
    return _DATED_INSIDE.sub(r"\2-\1", path)


def base_of(part: Part) -> str:
    """The path of the log of which this is a rotation, or which this is."""
    path = _plain(part.path)
    if not part.rotated:
        return part.path
    return re.sub(rf"{_ROTATION}$", "", _dated_behind(path))


def _plain(path: str) -> str:
    return _COMPRESSED.sub("", os.path.abspath(path))


def _order(groups: dict[str, str]) -> tuple[int, ...]:
    # Of dates the earliest is the oldest, of rotations the highest; the file without either is the youngest.
    numbers = tuple(int(groups[name]) for name in _ORDER if groups.get(name))
    date = re.sub(r"\D", "", groups["dated"]).ljust(32, "0")[:32]
    return (*numbers, int(date) - 10**32 if groups["dated"] else 0, -int(groups["rotation"] or 0))


def _is_rotated(groups: dict[str, str]) -> bool:
    return bool(groups.get("rotation") or groups.get("dated"))


def _part_name(groups: dict[str, str]) -> str:
    return ", ".join(f"{name} {groups[name]}" for name in _ORDER if groups.get(name))


def naturally(name: str) -> list[tuple[int, int | str]]:
    """What sorts names as people do: `rank2` before `rank10`."""
    return [(0, int(word)) if word.isdecimal() else (1, word) for word in re.split(r"(\d+)", name) if word]


def _without_copies(found: list[_Found], follow: bool) -> list[_Found]:
    """Drops what holds lines that stand elsewhere among `found`."""
    kept = [one for one in found if not _is_copied_to_a_replica(one, found)]
    for all_ in [one for one in kept if one.layout.name == "nemo-cloud"]:
        hosts = [one for one in kept if one.layout.name == "nemo-host" and one.above == all_.above]
        taken = _combined_or_rest(all_, hosts, follow)
        kept = [one for one in kept if one in taken or not (one is all_ or one in hosts)]
    # What wandb keeps is a copy of the console, and its own affairs; beside logs, other text is no log.
    kept = [one for one in kept if one.layout.name != "wandb"] or kept
    return [one for one in kept if one.layout.name != "text"] or kept


def _is_copied_to_a_replica(one: _Found, found: list[_Found]) -> bool:
    """Whether torchrun copied the lines of this rank to its replicas' logs (`--tee`)."""
    if one.layout.name != "torchelastic":
        return False
    app = [
        other
        for other in found
        if other.layout.name in ("torchx-local", "torchx-slurm")
        and os.path.commonpath([one.above, other.above]) == other.above
    ]
    same_role = [other for other in app if other.groups["role"] == one.groups["role"]]
    return any(_is_tee(path) for other in same_role or app for _, path, *_ in other.files)


def _is_tee(path: str) -> bool:
    """Whether torchrun copied the lines of ranks into `path`, behind `[role3]:`, or `[3]:` of a role without a name."""
    try:
        with open(path, "rb") as file:
            return re.search(rb"(?m)^\[\w*\d\]:", file.read(256 << 10)) is not None
    except OSError:
        return False


def _choose_streams(found: list[_Found], streams: str | None, follow: bool) -> list[_Found]:
    """Of stdout, stderr and combined of one writer, those that are to be read."""
    writers: dict[tuple[object, ...], list[_Found]] = {}
    for one in found:
        rest = sorted((name, value) for name, value in one.groups.items() if name != "stream")
        writers.setdefault((one.layout.name, one.above, *rest), []).append(one)
    return [one for there in writers.values() for one in _choice(there, streams, follow)]


def _choice(there: list[_Found], streams: str | None, follow: bool) -> list[_Found]:
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


def _combined_or_rest(combined: _Found | None, rest: list[_Found], follow: bool) -> list[_Found]:
    """One file that holds the lines of others, if it is complete, or those others."""
    if combined is None or not rest:
        return [combined] if combined else rest
    complete = _size(combined) >= sum(_size(one) for one in rest)
    return [combined] if complete and not follow else rest


def _size(found: _Found) -> int:
    return sum(os.path.getsize(path) for _, path, *_ in found.files if os.path.exists(path))


def _labelled(found: list[_Found]) -> list[Source]:
    """The sources, with labels that tell them apart: by job, directory and stream, at last by the file's name."""
    labels = [one.layout.label.format_map(one.groups) for one in found]
    layouts = [one.layout.name for one in found]
    jobs = [one.groups.get("job", "") for one in found]
    labels = _apart(labels, jobs, lambda label, job: f"{job}/{label}", layouts)
    labels = _apart(labels, _directories(found), lambda label, above: f"{above}/{label}", layouts)
    streams = [one.stream or "" for one in found]
    labels = _apart(labels, streams, lambda label, stream: f"{label} {stream}", labels)
    names = [_base(one.files[0][1]) for one in found]
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


def _directories(found: list[_Found]) -> list[str]:
    """For each, where it lies below what is common to all of its layout."""
    above: dict[str, list[str]] = {}
    for one in found:
        above.setdefault(one.layout.name, []).append(one.above)
    common = {name: os.path.commonpath(directories) for name, directories in above.items()}
    below = [os.path.relpath(one.above, common[one.layout.name]) for one in found]
    return ["" if one == os.curdir else one for one in below]


def _source(found: _Found, label: str) -> Source:
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
