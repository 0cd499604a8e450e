"""Exits: what launchers and schedulers say of how processes ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.taxonomy import numbers

_SIGNALS = {
    "SIGKILL": 9,
    "SIGSEGV": 11,
    "SIGBUS": 7,
    "SIGABRT": 6,
    "SIGTERM": 15,
    "SIGILL": 4,
    "SIGFPE": 8,
    "SIGINT": 2,
}
_WORDS = {
    "Killed": -9,
    "Out Of Memory": -9,
    "Segmentation fault": -11,
    "Bus error": -7,
    "Aborted": -6,
    "Terminated": -15,
    "Floating point exception": -8,
    "Illegal instruction": -4,
}
_ONE_LINE = re.compile(
    r"(?:time\s*[=:]\s*(?P<time>[\w:.-]+)\s+)?rank\s*:\s*(?P<rank>\d+) \(local_rank: (?P<local>\d+)\)"
    r"\s+exitcode\s*:\s*(?P<code>-?\d+)(?:.*?host\s*:\s*(?P<host>[\w.-]+))?"
)
_ACTOR = re.compile(r"Actor|\bactor died\b")
_NODE_DIED = re.compile(r"\bnode\b[^\n]*\b(?:marked dead|has died)\b")
"""How Ray says that a whole node went, and the actors on it with it."""
_OF_AN_ACTOR = 8
"""So many lines Ray tells about an actor that died."""
_BY_ITSELF = ("MPI_ABORT", "exiting", "calling")
"""How an MPI launcher says that a process ended its job, and no signal that process."""
_CLASSES = {-9: "killed", -11: "crash", -7: "crash", -4: "crash", -8: "crash", -6: "abort"}


@dataclass
class Exit:
    """How a process ended: `code` is an exit status, or the negative number of a signal; None if that is not said."""

    event: Event
    rank: int | None
    local: int | None = None
    host: str | None = None
    code: int | None = None
    time: float | None = None
    is_root: bool = True
    """Its launcher saw it end first."""
    oom: bool = False
    is_task: bool = False
    """`rank` is a task of Slurm, which may be a launcher."""
    name: str | None = None
    """The name of the rank, where it is known as such."""
    is_guess: bool = False
    """`local` was taken for a rank of the job, since nothing tells of a second node."""
    raised: Event | None = None
    """What the process raised, where who started it says that too."""

    @property
    def class_(self) -> str:
        """The class of the cause that it means."""
        if self.raised is not None:
            return self.raised.class_
        if self.oom:
            return "host_oom"
        return _CLASSES.get(self.code or 0, "killed" if self.code is None else "exit")

    @property
    def is_strong(self) -> bool:
        """Whether it is a reason by itself: a signal that nobody sends to end a job in order."""
        return self.oom or self.code is None or self.code in (-9, -11, -7, -4, -8)

    @property
    def is_teardown(self) -> bool:
        """Whether it was told to end, or ended well."""
        return self.code in (0, -15, -2, -1)


def of_witness(witness: Speaker, owners: Mapping[str, str]) -> list[Exit]:
    """All exits of which a speaker's lines tell, in their order; `owners` are the ranks of processes."""
    told = [*_summaries(witness.events)]
    stepped_down = False
    for event in witness.events:
        if event.role == "teardown" and re.search(
            r"srun: (?:Terminating|Job step aborted|forcing)", event.text
        ):
            stepped_down = True
        if event.role != "exit" or event.class_ in ("root", "field", "shell", "mpirun code", "codes"):
            continue
        ended = _of_line(event, witness, owners)
        told += [one for one in ended if not (stepped_down and one.code in (-9, -15))]
    _ended_by_hydra(told)
    # A launcher sums up its last attempt: one that it does not name there as the first ended an earlier one.
    roots = {one.local for one in told if one.is_root and one.event.class_ in ("root", "field")}
    return [one for one in told if not roots or one.event.class_ != "agent" or one.local in roots]


def _ended_by_hydra(told: Sequence[Exit]) -> None:
    """Takes for no first end what Intel MPI's Hydra lists with others as killed: it kills all when one has ended.

    Where it told all others to end by signal 15, the one that was killed was not by it.
    """
    listed = [one for one in told if "RUNNING AT" in one.event.text]
    killed = [one for one in listed if one.code == -9]
    is_others = len(killed) == 1 and all(one.code == -15 for one in listed if one not in killed)
    for one in listed if len(listed) > 1 and not is_others else ():
        one.is_root = one.code != -9


def _summaries(events: Sequence[Event]) -> Iterator[Exit]:
    """The entries of torchrun's summaries, on one line each or on several."""
    root, entry = False, dict[str, str]()
    for event in events:
        if event.class_ == "root":
            root, entry = True, {}
            if one := _ONE_LINE.search(event.text):
                yield _entry({k: v for k, v in one.groupdict().items() if v}, event, root=True)
                root = False
        elif event.class_ == "field":
            for name in ("time", "host", "rank", "local", "code"):
                if (value := event.said(name)) is not None:
                    entry[name] = value
            if "code" in entry:
                if "rank" in entry:
                    yield _entry(entry, event, root=root)
                root, entry = False, {}


def _entry(fields: dict[str, str], event: Event, *, root: bool) -> Exit:
    return Exit(
        event,
        int(fields["rank"]),
        int(fields["local"]),
        fields.get("host") if fields.get("host") != "localhost" else None,
        as_signal(int(fields["code"])),
        _time(fields.get("time")),
        is_root=root,
    )


def _time(text: str | None) -> float | None:
    """The time of a summary: `2026-11-28_18:16:09` in the machine's zone, or seconds."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d_%H:%M:%S").timestamp()
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _of_line(event: Event, witness: Speaker, owners: Mapping[str, str]) -> Iterator[Exit]:
    code, signal, named, how = (event.said(one) for one in ("code", "signal", "signame", "how"))
    status = int(code) if code is not None else None
    if signal is not None:
        status = -int(signal)
    elif named is not None:
        status = -_SIGNALS.get(named, 9)
    elif how is not None and status is None:
        status = _WORDS.get(how.split(" (")[0])
        if status is None:
            return
    status = as_signal(status) if status is not None else None
    rank, ranks, local = event.said("rank"), event.said("ranks"), event.said("local")
    host = event.said("host")
    oom = how == "Out Of Memory" or "OOMKilled" in event.text
    raised = None
    if event.class_ == "spawned":
        status, raised = 1, _raised_behind(event, witness)
    if event.class_ == "actor":
        # How it died is not said, and what Ray guesses about it is said with each death.
        status = 1
    if event.class_ in ("mpirun", "trainer") and status is None:
        status = _next_code(event, witness)
    if ranks is not None:
        for number in numbers(ranks):
            yield Exit(event, number, None, host, status, oom=oom, is_task=event.class_ == "srun")
    elif rank is not None:
        # The number of a pod counts those of its kind: where a master is rank 0, worker 0 is rank 1.
        is_guess = event.class_ == "pod"
        yield Exit(event, int(rank), None, host, status, oom=oom, is_guess=is_guess, raised=raised)
    elif local is not None:
        yield Exit(event, None, int(local), host, status, oom=oom)
    elif (pid := event.said("pid")) is not None:
        # Whose process it was may be known; that one ended is, in any case.
        yield Exit(event, None, None, host, status, oom=oom, name=owners.get(pid))


def _raised_behind(event: Event, witness: Speaker) -> Event | None:
    """The end of the traceback that `torch.multiprocessing` prints behind the number of a process that it spawned."""
    behind = (other for other in witness.events if other.number > event.number)
    told = next((other for other in behind if other.role in ("cause", "exception", "exit")), None)
    return told if told is not None and told.role != "exit" else None


def drop_numbers(witness: Speaker) -> None:
    """Drops the numbers of processes that do not stand in what Ray says of an actor that died by itself.

    And those of actors of which the next line says the rank: verl calls them `WorkerDict_0:5`, by group and rank in it.
    """
    actors = [event for event in witness.events if event.class_ == "actor"]
    if not actors:
        return
    told = [other.number for other in witness.events if _ACTOR.search(other.text)]
    if any(_NODE_DIED.search(other.text) for other in witness.events):
        told = []
    of_actors = {
        event.number for event in actors if any(0 < event.number - at <= _OF_AN_ACTOR for at in told)
    }
    of_actors -= {event.number - 1 for event in actors if event.said("rank")}
    witness.events = [
        event for event in witness.events if event.class_ != "actor" or event.number in of_actors
    ]


def _next_code(event: Event, witness: Speaker) -> int | None:
    """The code that an MPI launcher writes on a line of its own behind the rank."""
    for other in witness.events:
        if other.class_ == "mpirun code" and 0 < other.number - event.number <= 6:
            number = other.said("signal")
            if number is not None:
                return as_signal(-int(number) if "signal" in other.text.lower() else int(number))
    is_error = event.class_ == "trainer" or any(word in event.text for word in _BY_ITSELF)
    return 1 if is_error else None


def as_signal(code: int) -> int:
    """A shell says 128 and the signal."""
    return 128 - code if 128 < code < 128 + 65 else code
