"""Who is who: the name of each speaker, by prefixes, layouts, and what the lines say of themselves.

A launcher numbers the processes of its host, the job numbers all of them, and a log may have either, or both. Where a
local and a global number stand on one line, the difference holds for that whole launcher. Where the replicas of a role
have one process each, as the ranks on some of their lines tell, a replica is the rank of its number: PyTorch puts a
prefix before a traceback and a watchdog's words, but not before what the program itself writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logdex.diagnosis.records.events import self_of
from logdex.diagnosis.records.several import are_several
from logdex.diagnosis.records.taxonomy import class_of, said

if TYPE_CHECKING:
    from logdex import _core
    from logdex.inputs.source import Source

_LAUNCHERS = re.compile(
    r"(?i)(?:^|[^a-z])(?:agent|launch\w*|sched\w*|slurm\w*|srun|sbatch|mpirun|torchrun|driver|console|controller|head|master"
    r"|submit\w*|dmesg|kern\w*|syslog|journal\w*|kubelet|events?)(?:[^a-z]|$)"
)


_DAEMON = re.compile(r"(?<![\w/.-])(?:orted|prted|hydra_\w+|pmi_proxy|slurmstepd|slurmd|docker): ")
"""What launchers run on each host, and how that begins its lines."""
_AGENT = re.compile(
    r"torch\.distributed\.elastic\.(?:agent\.[\w.]+:|rendezvous\.[\w.]*Error\b)"
    r"|torch/distributed/elastic/agent/[\w/]+\.py:\d+\]"
)
"""How torchrun's agent, which no rank is, begins its lines, and what it alone can raise."""
_DEVICES = re.compile(r"LOCAL_RANK: \d+ - (?:CUDA|HIP|ROCR|ASCEND)_VISIBLE_DEVICES\b")
"""How Lightning says which devices a process has."""
_OF_LAUNCHERS = (
    "node",
    "mpirun",
    "mpirun code",
    "srun",
    "agent",
    "root",
    "field",
    "trainer",
    "worker",
    "job",
)
"""Classes of what launchers tell, and programs do not."""


@dataclass
class File:
    """One file, what its name tells, and what its speakers wrote."""

    path: str
    source: Source
    voices: Sequence[_core._Voice]
    attempt: int = 0
    mtime: float = 0.0
    exit: int | None = None
    """The exit status of the process that wrote it, if that was recorded."""
    names: list[str | None] = field(default_factory=list)
    """The name of each voice; None for a witness."""

    @property
    def label(self) -> str:
        """What its source is called, without the stream."""
        label, stream = self.source.label, self.source.stream
        return label.removesuffix(f" {stream}") if stream else label

    @property
    def run(self) -> str | None:
        """The launcher to which a local rank belongs."""
        return self.label.rpartition("/")[0] if self.source.local_rank is not None else None

    def ranked(self) -> list[_core._Voice]:
        """Those whose lines name a rank."""
        return [voice for voice in self.voices if is_ranked(voice)]


def name_all(files: Sequence[File]) -> None:
    """Gives each voice of each file its name."""
    _forget_numbers_of_lists(files)
    _forget_labels_of_nodes(files)
    _forget_what_is_said_of_devices(files)
    offsets = _offsets(files)
    runs = {file.run for file in files if file.run is not None}
    singles = _roles_of_single_ranks(files)
    for file in files:
        file.names = [_ranked_name(file, voice, offsets, singles) for voice in file.voices]
    several = any(name for file in files for name in file.names)
    knows = several or any(_is_numbered(file.source) for file in files)
    beside = _beside_numbered(files)
    for file in files:
        for at, voice in enumerate(file.voices):
            if not is_ranked(voice):
                file.names[at] = _own_name(file, offsets, runs, singles, knows=knows or file.label in beside)
        if not file.voices:
            file.names = []


def _forget_numbers_of_lists(files: Sequence[File]) -> None:
    """Takes the numbers before what is listed of each rank, as those that stall, for none of who wrote the list."""
    for voice in (voice for file in files for voice in file.voices):
        if voice["notes"] and len(voice["notes"]) == voice["lines"]:
            known = map(class_of, voice["notes"])
            if all(row is not None and row[0].class_ == "missing" for row in known):
                voice["rank"] = None


def _forget_what_is_said_of_devices(files: Sequence[File]) -> None:
    """Takes the local rank that Lightning says once, beside its devices, for no prefix of lines."""
    for voice in (voice for file in files for voice in file.voices):
        texts = [text for text, *_ in voice["tail"]]
        if voice["rank"] is None and len(texts) == voice["lines"] and all(map(_DEVICES.match, texts)):
            voice["local"] = None


def _beside_numbered(files: Sequence[File]) -> set[str]:
    """The files without a number in their names, where those of others differ in their numbers alone.

    `worker-0.log` to `worker-3.log` are those of the processes, and `client.log` is of whoever uses them.
    """
    families: dict[str, set[str]] = {}
    for file in files:
        families.setdefault(re.sub(r"\d+", "#", file.label), set()).add(file.label)
    if not any(len(many) > 1 for many in families.values()):
        return set()
    return {label for form, many in families.items() if "#" not in form for label in many}


def _forget_labels_of_nodes(files: Sequence[File]) -> None:
    """Takes a number before lines in the files of several other processes for none of a rank.

    `srun -l` puts that of its task there, which may be a launcher of eight, and a program may number what it lists.
    """
    strange: dict[int, list[tuple[int, _core._Voice]]] = {}
    at_home = set[int]()
    for file in files:
        number = _number_of(file.source)
        for voice in file.voices if number is not None else ():
            rank = voice["rank"]
            if rank is not None and rank == number:
                at_home.add(rank)
            elif rank is not None and number is not None:
                strange.setdefault(rank, []).append((number, voice))
    for rank, many in strange.items():
        if rank in at_home or len({number for number, _ in many}) > 1:
            for _, voice in many:
                voice["rank"] = None


def _number_of(source: Source) -> int | None:
    return next(
        (one for one in (source.rank, source.local_rank, source.replica) if one is not None),
        None,
    )


def mute_names(files: Sequence[File]) -> dict[str, str]:
    """The names of ranks of which there is a file without a line, by its path."""
    mute = [file for file in files if not file.voices and _is_numbered(file.source)]
    if not mute:
        return {}
    offsets = _offsets(files)
    runs = {one.run for one in files if one.run is not None}
    singles = _roles_of_single_ranks(files)
    named = {file.path: _own_name(file, offsets, runs, singles, knows=True) for file in mute}
    return {path: name for path, name in named.items() if name is not None}


def _is_numbered(source: Source) -> bool:
    return source.rank is not None or source.local_rank is not None or source.replica is not None


def is_ranked(voice: _core._Voice) -> bool:
    """Whether its lines name a rank."""
    return voice["rank"] is not None or voice["local"] is not None


def _ranked_name(
    file: File, voice: _core._Voice, offsets: dict[tuple[str, str], int], singles: set[str]
) -> str | None:
    if _is_parent(voice):
        return None
    if voice["rank"] is not None:
        return str(voice["rank"])
    if voice["local"] is None:
        return None
    if _is_single(file, singles):
        return str(file.source.replica)
    offset = offsets.get(_launcher(file, voice))
    if offset is not None:
        return str(voice["local"] + offset)
    return f"{voice['replica'] or file.label}:{voice['local']}"


def _is_single(file: File, singles: set[str]) -> bool:
    """Whether a file is of a replica that is one rank, by its number."""
    return file.source.replica is not None and file.source.role in singles


def _is_parent(voice: _core._Voice) -> bool:
    """Whether a parent tells how its child ended, under the child's number: `[rank: 2] Child process with PID`."""
    if len(voice["notes"]) != voice["lines"]:
        return False
    known = (class_of(note) for note in voice["notes"])
    return all(row is not None and row[0].class_ == "spawn" for row in known)


def _launcher(file: File, voice: _core._Voice) -> tuple[str, str]:
    """What numbers a local rank: the file that a launcher wrote, or the replica within it."""
    return (file.run if file.run is not None else file.label), voice["replica"]


def _offsets(files: Sequence[File]) -> dict[tuple[str, str], int]:
    """By how much the global ranks of a launcher are above its local ones, where its lines agree on that."""
    seen: dict[tuple[str, str], set[int]] = {}
    for file in files:
        for voice in file.voices:
            told = seen.setdefault(_launcher(file, voice), set())
            told.update(differences(voice, file.source.local_rank))
    return {launcher: told.pop() for launcher, told in seen.items() if len(told) == 1}


def differences(voice: _core._Voice, of_file: int | None) -> Iterable[int]:
    """By how much the ranks of which a voice's lines tell are above its local one, which may be in its file's name."""
    local = voice["local"] if is_ranked(voice) else of_file
    if local is None:
        local = of_file
    if local is None or _is_parent(voice):
        return
    if voice["rank"] is not None:
        yield voice["rank"] - local
        return
    for note in voice["notes"]:
        number = _speaks_for(note)
        if number is not None:
            yield number - local


def _speaks_for(note: _core._Note) -> int | None:
    if (number := self_of(note["text"])) is not None:
        return number
    known = class_of(note)
    if known and known[0].class_ == "identity":
        told = said(known[1], "self", "self2")
        return int(told) if told else None
    return None


def _roles_of_single_ranks(files: Iterable[File]) -> set[str]:
    """The roles of which replica N is rank N: wherever a replica names ranks, it names that one.

    Replica 0 alone tells nothing, if there are not as many as the job has ranks: of several processes in it only the
    first may have written.
    """
    agreeing, others = set[str](), set[str]()
    files = list(files)
    for file in files:
        role, replica, ranked = file.source.role, file.source.replica, file.ranked()
        if role is None or replica is None or not ranked:
            continue
        if any(voice["rank"] not in (replica, None) for voice in ranked) or _has_several(ranked):
            others.add(role)
        elif not any(voice["rank"] == replica for voice in ranked):
            continue
        elif replica > 0 or _are_as_many_as_ranks(role, files):
            agreeing.add(role)
    return agreeing - others


def _has_several(voices: Sequence[_core._Voice]) -> bool:
    """Whether a launcher's numbers tell several processes apart: `LOCAL_RANK: 3` alone is that of the only one."""
    return len({(voice["replica"], voice["local"]) for voice in voices if voice["rank"] is None}) > 1


def _are_as_many_as_ranks(role: str, files: Iterable[File]) -> bool:
    """Whether a role has a replica for each rank of the job, as its own lines tell how many there are."""
    of_role = [file for file in files if file.source.role == role]
    known = (class_of(note) for file in of_role for voice in file.voices for note in voice["notes"])
    told = {world for row in known if row and row[0].class_ == "identity" if (world := said(row[1], "world"))}
    return told == {str(len({file.source.replica for file in of_role}))}


def _own_name(
    file: File, offsets: dict[tuple[str, str], int], runs: set[str], singles: set[str], *, knows: bool
) -> str | None:
    """The name of what a file's own lines, without a rank's prefix, are by."""
    source, ranked = file.source, file.ranked()
    if source.rank is not None:
        return str(source.rank)
    if source.local_rank is not None:
        offset = offsets.get((file.run or "", ""), 0 if len(runs) == 1 else None)
        return str(source.local_rank + offset) if offset is not None else file.label
    is_single = _is_single(file, singles)
    if ranked and not is_single:
        return None
    if source.replica is not None:
        if knows and _is_launcher(file) and _has_workers(file):
            return None
        return str(source.replica) if is_single else file.label
    if knows or _LAUNCHERS.search(file.label) or _is_of_others(file):
        return None
    return file.label


def _is_of_others(file: File) -> bool:
    """Whether what stands in a file is by a launcher, or by several processes that no prefix tells apart."""
    texts = [text for voice in file.voices for text, *_ in voice["tail"]]
    texts += [note["text"] for voice in file.voices for note in voice["notes"]]
    notes = [note for voice in file.voices for note in voice["notes"]]
    rows = [row for note in notes if (row := class_of(note)) is not None]
    told = [row for row, _ in rows if row.role not in ("context", "harmless", "advice", "teardown")]
    launched = [row for row in told if row.class_ in _OF_LAUNCHERS or row.role == "outside"]
    themselves = {own for _, found in rows if found and (own := found.groupdict().get("self"))}
    beyond_first = any(row.role == "exit" and (said(found, "local") or "0") != "0" for row, found in rows)
    if are_several(texts) or len(themselves) > 1 or beyond_first:
        return True
    is_told = bool(launched) and len(launched) == len(told)
    is_other = is_told or any(by_daemon(note["text"]) for note in notes) or any(map(_AGENT.search, texts))
    return is_other and not _counts(file)


def by_daemon(text: str) -> bool:
    """Whether a line is of what a launcher runs on each host of a job."""
    return _DAEMON.search(text) is not None


def _counts(file: File) -> bool:
    """Whether steps are counted in a file, as programs do, and launchers do not."""
    return any(course is not None for voice in file.voices for course in voice["courses"])


def _has_workers(file: File) -> bool:
    """Whether the file is a launcher's, whose workers write elsewhere: it tells of local ranks."""
    texts = [note["text"] for voice in file.voices for note in voice["notes"]]
    return any("local_rank" in text for text in texts)


def _is_launcher(file: File) -> bool:
    rows = [class_of(note) for voice in file.voices for note in voice["notes"]]
    return any(row and row[0].role == "exit" and row[0].class_ in ("root", "field", "agent") for row in rows)
