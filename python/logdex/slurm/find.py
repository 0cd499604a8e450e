"""Which files are the logs of a job: by what Slurm says of it, and by what launchers noted when they submitted it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from logdex.inputs.candidates import jobs_of
from logdex.jobs.home import home
from logdex.slurm.ids import JobId, parse
from logdex.slurm.patterns import Output, files, outputs
from logdex.slurm.rows import Row

TORCHX_DIRS = ".torchxslurmjobdirs"
"""Where TorchX notes, in the directory in which it submits, the `job_dir` of each job."""

_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)")
_LONG = 10_000
"""A number below that stands in the names of files that have nothing to do with the job, such as that of a step."""


def told(job: JobId, rows: Iterable[Row]) -> list[str]:
    """The files there are that Slurm was told to write, whatever they are called."""
    return list(dict.fromkeys(path for one in _outputs(job, rows) for path in one.there()))


def _outputs(job: JobId, rows: Iterable[Row]) -> list[Output]:
    return [one for row in rows if is_part(job, row) for one in outputs(row)]


def named_after(job: JobId, rows: Sequence[Row], where: Iterable[str]) -> list[str]:
    """The files in the directories `where` that bear the job's number, and that of the task if one is meant."""
    number = str(job.job) + ("" if job.task is None else f"_{job.task}")
    by_layout_alone = job.job < _LONG and _all_told_are_there(job, rows)
    # A short number stands in the names of other files too, as that of a rank or of a step.
    before = r"(?<!\d)" if job.job > 999 else r"(?:^|slurm-|_)"
    # TorchX calls the components of a job, and their logs, by role and replica.
    names = {row.name for row in rows if job.component is not None and row.id.component == job.component}
    behind = f"(?=.*-(?:{'|'.join(map(re.escape, sorted(names)))})\\.)" if names else ""
    bears = re.compile(rf"{before}{number}(?!\d){behind}")
    there = (path for one in where for path in files(one))
    return [path for path in there if _is_of(job, path, bears, by_layout_alone=by_layout_alone)]


def _all_told_are_there(job: JobId, rows: Sequence[Row]) -> bool:
    """Whether Slurm said exactly which files the job writes, and each of them is there."""
    exact = [one.path for one in _outputs(job, rows) if one.fits is None]
    return bool(exact) and all(map(os.path.isfile, exact))


def _is_of(job: JobId, path: str, bears: re.Pattern[str], *, by_layout_alone: bool) -> bool:
    """Whether the name of a file says that the job wrote it, and not that another did, or that it is of some day."""
    name = os.path.basename(path)
    days = [one.span() for one in _DAY.finditer(name)]
    if all(any(_is_within(one.span(), day) for day in days) for one in bears.finditer(name)):
        return False
    jobs = jobs_of(path)
    if job.job in jobs.values():
        return True
    # LSF's layouts are no more than numbers, which in those of Slurm may be a rank's.
    return not by_layout_alone and all(layout.startswith("lsf") for layout in jobs)


def _is_within(part: tuple[int, int], day: tuple[int, int]) -> bool:
    """Whether it is a part of a day; a number that is all of it may be a job's."""
    return part != day and day[0] <= part[0] and part[1] <= day[1]


def directories(rows: Iterable[Row]) -> list[str]:
    """Where the logs of a job lie, or will: where it was started, and where it was told to write."""
    there = [
        directory
        for row in rows
        for directory in (row.directory, *(os.path.dirname(one.path) for one in outputs(row)))
    ]
    return [one for one in dict.fromkeys(there) if os.path.isabs(one)]


def is_part(meant: JobId, row: Row) -> bool:
    """Whether a part of a job is among what is meant: by the id of the whole, or by the number it has besides."""
    part = row.id
    return meant == JobId(row.number or 0) or (
        meant.job == part.job
        and meant.task in (None, part.task)
        and meant.component in (None, part.component)
    )


def whole(meant: JobId, rows: Sequence[Row]) -> JobId:
    """What is meant, by the number of the whole, after which files are called, where it was that of a part."""
    return rows[0].id if rows and rows[0].id.job != meant.job else meant


def job_dir(job: JobId, start: str) -> str | None:
    """The directory that was noted for a job: by TorchX, in the directory `start` or one above, or by our scheduler."""
    above = os.path.abspath(start)
    while True:
        if noted := _noted_dir(os.path.join(above, TORCHX_DIRS), job):
            return os.path.join(above, noted)
        if above == os.path.dirname(above):
            return _noted_dir(_notes(), job)
        above = os.path.dirname(above)


def _noted_dir(path: str, job: JobId) -> str | None:
    with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:
        # The latest counts: numbers of jobs come round again.
        for line in reversed(file.readlines()):
            number, _, directory = line.partition("=")
            if number.strip() == str(job.job) and directory.strip():
                return directory.strip()
    return None


def note(job: str, directory: str) -> None:
    """Remembers where the logs of a job are that was submitted just now, for readers in all directories."""
    noted = _notes()
    with suppress(OSError):
        os.makedirs(os.path.dirname(noted), exist_ok=True)
        # One write of one line, so that several launchers do not mix.
        with open(noted, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{job} = {os.path.abspath(directory)}\n")


def _notes() -> str:
    return os.path.join(home(), TORCHX_DIRS.lstrip("."))


def nemo_dirs(job: JobId, nemo_home: str | None = None) -> list[str]:
    """The directories in which NeMo-Run has the logs of a job, here or mounted; empty where it does not know it."""
    noted = nemo_note(job, nemo_home)
    if noted is None:
        return []
    local, tunnel = noted
    # Behind a tunnel the experiment has a directory of its own, with one for each job as here.
    behind = os.path.join(str(tunnel.get("job_dir") or ""), os.path.basename(local))
    return [one for one in (behind, local) if os.path.isabs(one)]


def is_far(job: str) -> bool:
    """Whether NeMo-Run submitted a job through SSH, and its directory is not here either."""
    with suppress(ValueError):
        meant = parse(job)
        noted = nemo_note(meant)
        if noted is not None and noted[1]["kind"] == "SSHTunnel":
            return not named_after(meant, [], nemo_dirs(meant))
    return False


def nemo_note(job: JobId, nemo_home: str | None = None) -> tuple[str, dict[str, object]] | None:
    """What NeMo-Run noted of a job: its directory on this host, and the tunnel to where it runs."""
    where = nemo_home or os.environ.get("NEMORUN_HOME") or os.path.expanduser("~/.nemo_run")
    with suppress(OSError), open(os.path.join(where, ".slurm_jobs"), errors="surrogateescape") as file:
        for line in reversed(file.readlines()):
            number, _, rest = line.partition("=")
            if number.strip() == str(job.job) and (noted := _noted(rest.strip())):
                return noted
    return None


def _noted(text: str) -> tuple[str, dict[str, object]] | None:
    """`ls_term,local_dir,LocalTunnel,{...}`, of which the first is missing in old notes."""
    match = re.match(r"(?:.*?,)??(?P<local>/[^,]*),(?P<kind>\w+Tunnel),(?P<tunnel>\{.*)", text)
    if match is None:
        return None
    try:
        tunnel = json.loads(match["tunnel"])
    except (ValueError, RecursionError):
        return None
    return (match["local"], {**tunnel, "kind": match["kind"]}) if isinstance(tunnel, dict) else None
