"""Which files are the logs of a job: by what Slurm says of it, and by what launchers noted when they submitted it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from logdex.jobs.home import home
from logdex.slurm.ids import JobId, parse
from logdex.slurm.rows import Row

TORCHX_DIRS = ".torchxslurmjobdirs"
"""Where TorchX notes, in the directory in which it submits, the `job_dir` of each job."""

_OUTPUT = re.compile(r"(?:^|\s)(?:-[oe][ =]?|--(?:output|error)[ =])(\S+)")
_LIKE_A_LOG = re.compile(r"%[AaJj]|\.(?:out|err|log)$")
"""A script's own `-o results.csv` stands on the command line too, which the accounts give without quotes."""
_PATTERN = re.compile(r"%(\d*)([\\%AaJjNnstuxbr])")


def told(job: JobId, rows: Iterable[Row]) -> list[str]:
    """The files there are that Slurm was told to write, whatever they are called."""
    patterns = [one for row in rows if is_part(job, row.id) for one in _told(row)]
    return list(dict.fromkeys(path for pattern in patterns for path in _there(pattern)))


def named_after(job: JobId, rows: Sequence[Row], where: Iterable[str]) -> list[str]:
    """The files in the directories `where` that bear the job's number, and that of the task if one is meant."""
    number = str(job.job) + ("" if job.task is None else f"_{job.task}")
    # A short number stands in the names of other files too, as that of a rank or of a step.
    before = r"(?<!\d)" if job.job > 999 else r"(?:^|slurm-|_)"
    # TorchX calls the components of a job, and their logs, by role and replica.
    names = {row.name for row in rows if job.component is not None and row.id.component == job.component}
    behind = f"(?=.*-(?:{'|'.join(map(re.escape, sorted(names)))})\\.)" if names else ""
    bears = re.compile(rf"{before}{number}(?!\d){behind}")
    return [path for one in where for path in _files(one) if bears.search(os.path.basename(path))]


def directories(rows: Iterable[Row]) -> list[str]:
    """Where the logs of a job lie, or will: where it was started, and where it was told to write."""
    there = [directory for row in rows for directory in (row.directory, *map(os.path.dirname, _told(row)))]
    return [one for one in dict.fromkeys(there) if os.path.isabs(one)]


def is_part(meant: JobId, part: JobId) -> bool:
    """Whether a part of a job is among what is meant."""
    return (
        meant.job == part.job
        and meant.task in (None, part.task)
        and meant.component in (None, part.component)
    )


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


def _told(row: Row) -> list[str]:
    """The patterns of the files that a part was told to write, absolute."""
    named = [row.stdout, row.stderr]
    if row.submitted and not row.stdout:
        named = [name for match in _OUTPUT.finditer(row.submitted) if _LIKE_A_LOG.search(name := match[1])]
    expanded = [_expanded(name, row) for name in dict.fromkeys(named) if name and name != "/dev/null"]
    # Slurm tells a task that has not begun by the greatest number there is.
    return [os.path.join(row.directory, one) for one in expanded if "4294967294" not in one]


def _expanded(name: str, row: Row) -> str:
    """A name as Slurm makes it of a pattern; what hangs on the step, the task or the host may be anything."""
    job = str(row.id.job)
    known = {"j": job, "A": job, "a": row.id.task, "x": row.name, "%": "%", "\\": ""}

    def put(match: re.Match[str]) -> str:
        value = known.get(match[2])
        if value is None:
            return "*"
        return str(value).zfill(min(int(match[1] or 0), 10)) if match[2] in "jAa" else str(value)

    return _PATTERN.sub(put, name)


def _there(pattern: str) -> list[str]:
    """The files that a name stands for, of which what Slurm fills in at each step may be anything."""
    if os.path.isfile(pattern):
        return [pattern]
    if "*" not in pattern:
        return []
    directory, name = os.path.split(pattern)
    fits = re.compile("[^/]*".join(map(re.escape, name.split("*"))))
    return [path for path in _files(directory) if fits.fullmatch(os.path.basename(path))]


def _files(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.path for entry in entries if entry.is_file())
    except OSError:
        return []
