"""Where logs lie: the directory layouts of launchers, as data, and what a name says besides.

Adding a layout is an entry in `LAYOUTS` and its row in `tests/test_layouts.py`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache

from logdex.inputs.source import Part

_MONTH, _OF_MONTH = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_DAY = rf"(?:19|20)\d\d(?:{_MONTH}{_OF_MONTH}|-{_MONTH}-{_OF_MONTH})"
"""A day of the calendar: the number of a job has eight digits too."""
DATE = _DAY + r"(?:(?:[01]\d|2[0-3])(?:[0-5]\d){0,2})?(?:[-_.T:]\d+)*"
"""A day, and what may stand behind it: an hour or a time, or which one of the day it is."""
_ROTATION = rf"(?:\.(?P<rotation>\d{{1,4}})|[-.](?P<dated>{DATE}))?"
"""What a rotation appends to a name: a number, the highest the oldest, or a date."""
_DATED_INSIDE = re.compile(rf"(?<=[^/])[-._]({_DAY})(\.(?:log|out|err))$")
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
    # Open MPI's `--output-filename`, a directory for each rank of each job of one call, and that of 5.0, a file.
    Layout(
        "openmpi",
        r"(?P<run>\d+|prterun-[^/]+@\d+)/rank\.(?P<rank>\d{1,9})/(?P<stream>stdout|stderr)",
        "rank {rank}",
    ),
    Layout(
        "openmpi-files",
        r"(?P<stem>[^/]+)\.(?P<run>prterun-[^/]+@\d+)\.(?P<rank>\d{1,9})\.(?P<stream>out|err)",
        "{stem} rank {rank}",
    ),
    Layout(
        "rank-files",
        # The rank of a matrix is none: runs of a sweep are called `lora_rank8.log` and `low-rank16.log`.
        r"(?P<stem>(?:[^/]*?(?<!lora)(?<!lora[-_.])(?<!low)(?<!low[-_.]))?)rank[-_.]?(?P<rank>\d{1,9})(?P<rest>[-_.][^/]*)?\.(?P<stream>log|out|err|txt)",
        "{stem}rank{rank}{rest}",
    ),
    Layout("paddle", r"workerlog\.(?P<local>\d+)", "workerlog.{local}"),
    Layout("detectron2", r"log\.txt\.rank(?P<rank>\d+)", "log.txt.rank{rank}"),
    Layout("plain", r"(?P<name>[^/]+\.(?:log|out|err)|log\.txt)", "{name}"),
    # Behind the name the number of a job, which is longer than those of rotations and no date.
    Layout("numbered", r"(?P<name>[^/]+\.(?:log|out|err)\.\d{5,})", "{name}"),
    Layout("text", r"(?P<name>[^/]+\.txt)", "{name}"),
)
"""The layouts that are known; the first that fits a path counts."""
OTHER = Layout("other", "", "{name}")
"""What is taken at its word, whatever it is called."""
NOT_LOGS = re.compile(r"(?:^|/)status_[^/]+\.out$")
"""Files that are called like logs: the exit code that NeMo-Run's Docker executor leaves."""
COMPRESSED = re.compile(r"\.(?:gz|zstd?|xz|bz2|lz4)$")
"""How the names of compressed copies end."""
STREAMS = {
    "out": "stdout",
    "err": "stderr",
    "output": "stdout",
    "error": "stderr",
    "log": None,
    "txt": None,
}
ORDER = ("attempt", "restart")


def base_of(part: Part) -> str:
    """The path from the root of the log of which this is a rotation, or which this is."""
    path = plain_name(part.path)
    if not part.rotated:
        return os.path.abspath(part.path)
    return re.sub(rf"{_ROTATION}$", "", dated_behind(path))


def plain_name(path: str) -> str:
    """The path from the root, without what compression appends."""
    return COMPRESSED.sub("", os.path.abspath(path))


def dated_behind(path: str) -> str:
    """The path with the date of a rotation behind the name, where it stands before what the name ends with."""
    return _DATED_INSIDE.sub(r"\2-\1", path)


def place_in_source(groups: dict[str, str]) -> tuple[int, ...]:
    """What sorts the files of a source, the oldest first, by what their names say."""
    # Of dates the earliest is the oldest, of rotations the highest; the file without either is the youngest.
    numbers = tuple(int(groups[name]) for name in ORDER if groups.get(name))
    date = re.sub(r"\D", "", groups["dated"]).ljust(32, "0")[:32]
    return (*numbers, int(date) - 10**32 if groups["dated"] else 0, -int(groups["rotation"] or 0))


def is_rotated(groups: dict[str, str]) -> bool:
    """Whether the name went to a newer file."""
    return bool(groups.get("rotation") or groups.get("dated"))


def part_name(groups: dict[str, str]) -> str:
    """Which attempt and restart it is, where the name tells."""
    return ", ".join(f"{name} {groups[name]}" for name in ORDER if groups.get(name))


def naturally(name: str) -> list[tuple[int, int | str]]:
    """What sorts names as people do: `rank2` before `rank10`."""
    return [(0, int(word)) if word.isdecimal() else (1, word) for word in re.split(r"(\d+)", name) if word]
