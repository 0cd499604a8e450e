"""What `scontrol show job` and `sacct` print, as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logdex.slurm.ids import JobId, of_match

SACCT = (
    "JobID",
    "JobIDRaw",
    "JobName",
    "State",
    "Start",
    "End",
    "ExitCode",
    "NodeList",
    "WorkDir",
    "SubmitLine",
)
"""The fields that `sacct` is asked for; all known since 21.08."""


def _line(moment: str) -> re.Pattern[str]:
    return re.compile(
        r"(?P<id>[^|]*)\|(?:(?P<number>\d*)\|)?(?P<name>.*?)\|(?P<state>[^|]*)"
        rf"\|(?P<start>{moment})\|(?P<end>{moment})\|(?P<exit>[\d:]*)"
        r"\|(?P<nodes>[^|]*)\|(?P<directory>[^|]*)\|(?P<submitted>.*)"
    )


_OF_SACCT = _line(r"(?:\d{4}-[\d:T-]+|Unknown|None|N/A|)")
"""A line with them. A name and a command line may hold what separates them, so that the moments tell which is which."""
_OF_SACCT_ODDLY = _line(r"[^|]*")
"""The same where moments are written as the cluster likes."""

_PART = re.compile(r"(?P<job>\d+)(?:_(?P<task>\d+))?(?:_\[.*\])?(?:\+(?P<component>\d+))?$")
"""The id of a part; tasks of an array that wait are `17_[3-9%2]`."""
_WHOLE_LINE = re.compile(r"(Command|WorkDir|StdErr|StdIn|StdOut|Comment|AdminComment|SystemComment)=(.*)")
_TO_THE_END = re.compile(r"(?:^|\s)JobName=(.*)$")
_PAIR = re.compile(r"(\S+?)=(\S*)")
_NOTHING = ("", "(null)", "Unknown", "None", "N/A", "None assigned")


@dataclass(frozen=True)
class Row:
    """What Slurm says of a job, a task of an array or a component: as it is now, or of one attempt that is over."""

    id: JobId
    """Which part of which job it is; the tasks of an array that wait are one row without a task."""
    name: str
    state: str
    """In Slurm's words, such as RUNNING."""
    reason: str = ""
    """Why it waits, or ended so."""
    restarts: int = 0
    """How often it was started again; `sacct` does not say."""
    requeues: bool = False
    """Whether Slurm starts it again after a node failed or it was preempted; `sacct` does not say."""
    start: str = ""
    """When it started, in the cluster's local time, as `2026-11-22T02:10:00`; empty where it has not."""
    end: str = ""
    exit: int | None = None
    """The exit status, negative for a signal; None where it has not ended."""
    nodes: str = ""
    directory: str = ""
    """Where it was started."""
    stdout: str = ""
    stderr: str = ""
    submitted: str = ""
    """The command line of `sbatch`; `scontrol` does not say."""
    number: int | None = None
    """The number that a task or a component has besides, as in its `$SLURM_JOB_ID`; None where Slurm did not say."""
    is_of_array: bool = False
    """Whether the controller calls it a part of an array, as it does those that wait."""

    @property
    def own(self) -> int | None:
        """The number for which `%j` stands, which of a task or a component is not that of the whole."""
        is_whole = self.id.task is None and self.id.component is None
        return self.id.job if self.number is None and is_whole else self.number


def of_scontrol(text: str) -> list[Row]:
    """The rows of `scontrol show job`, in its order."""
    return [_of_fields(fields) for fields in _blocks(text)]


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The fields of each job. A name or a path may hold blanks and what looks like a field, so lines tell."""
    fields: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if re.match(r"JobId=\d", line):
            if fields:
                yield fields
            fields = {}
        if whole := _WHOLE_LINE.match(line):
            fields.setdefault(whole[1], whole[2])
            continue
        if rest := _TO_THE_END.search(line):
            fields.setdefault("JobName", rest[1])
            line = line[: rest.start()]
        for pair in _PAIR.finditer(line):
            fields.setdefault(pair[1], pair[2])
    if "JobId" in fields:
        yield fields


def _of_fields(fields: dict[str, str]) -> Row:
    def said(name: str) -> str:
        value = fields.get(name, "")
        return "" if value in _NOTHING else value

    state = said("JobState")
    return Row(
        _id_of(fields),
        fields.get("JobName", ""),
        state,
        said("Reason"),
        int(said("Restarts") or 0) if said("Restarts").isdecimal() else 0,
        said("Requeue") == "1",
        said("StartTime"),
        said("EndTime"),
        _exit(said("ExitCode")),
        said("NodeList"),
        said("WorkDir"),
        said("StdOut"),
        said("StdErr"),
        number=int(number[0]) if (number := re.match(r"\d+", fields["JobId"])) else None,
        is_of_array="ArrayJobId" in fields,
    )


def _id_of(fields: dict[str, str]) -> JobId:
    """Of a task or a component, the number of the whole."""
    task, component = fields.get("ArrayTaskId", ""), fields.get("HetJobOffset", "")
    whole = fields.get("ArrayJobId") or fields.get("HetJobId") or fields["JobId"]
    number = re.match(r"\d+", whole) or re.match(r"\d+", fields["JobId"])
    return JobId(
        int(number[0]) if number else 0,
        int(task) if task.isdecimal() else None,
        int(component) if component.isdecimal() else None,
    )


def of_sacct(text: str) -> list[Row]:
    """The rows of `sacct -n -P -D -X` with the fields `SACCT`, the earliest first; a part has one for each attempt."""
    rows = []
    for line in text.splitlines():
        fields = _OF_SACCT.fullmatch(line) or _OF_SACCT_ODDLY.fullmatch(line)
        part = _PART.match(fields["id"]) if fields else None
        if fields is None or part is None:
            continue
        said = {name: "" if value in _NOTHING else value for name, value in fields.groupdict("").items()}
        rows.append(
            Row(
                of_match(part),
                said["name"],
                said["state"],
                start=said["start"],
                end=said["end"],
                exit=_exit(said["exit"]) if said["end"] else None,
                nodes=said["nodes"],
                directory=said["directory"],
                submitted=said["submitted"],
                number=int(said["number"]) if said["number"] else None,
            )
        )
    return rows


def _exit(text: str) -> int | None:
    """`3:0` is an exit with 3, `0:15` an end by signal 15."""
    match = re.match(r"(\d+):(\d+)", text)
    if match is None:
        return None
    return -int(match[2]) if int(match[2]) else int(match[1])
