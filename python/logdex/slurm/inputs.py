"""What a handle of Slurm stands for: the logs of a job, now, and in a follow those that come."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from logdex.inputs.handle import Handle
from logdex.inputs.input import Input, Wish
from logdex.inputs.paths import of_source
from logdex.inputs.source import Found, Source
from logdex.inputs.sources import arrange
from logdex.slurm import find
from logdex.slurm.ask import Poll, poll_of
from logdex.slurm.ending import JobEnding
from logdex.slurm.ids import parse
from logdex.slurm.record import said_of
from logdex.slurm.rows import Row


class Job:
    """A job of Slurm as something to read: which logs are its own, and whether it is over.

    What is looked up is looked up anew each time, for a job comes to have logs: when it starts, at each attempt, and
    as the tasks of an array begin.
    """

    directory: str | None = None
    """Its logs may lie anywhere."""

    def __init__(
        self,
        handle: Handle,
        wish: Wish,
        poll: Poll | None = None,
        *,
        only_in: Sequence[str] = (),
        fetched: Callable[[], bool] | None = None,
        batch: bool = True,
    ) -> None:
        """The job that `handle` means.

        Args:
            handle: Which job, role and replicas.
            wish: What of it is to be read.
            poll: Who asks; default that of this host's Slurm.
            only_in: Where its logs are, if that is known; they are looked for nowhere else.
            fetched: Where they are copies: whether all that it wrote is there.
            batch: Whether what the batch script of NeMo-Run itself says is among them, beside logs of roles.

        Raises:
            LookupError: The app of the handle is no job.
        """
        try:
            self.id = parse(handle.app)
        except ValueError as error:
            raise LookupError(f"{handle.text}: {error}") from error
        self.poll = poll or poll_of(self.id)
        self._handle = handle
        self._wish = wish
        self._seen: set[str] = set()
        self._only_in = list(only_in)
        self._fetched = fetched
        self._batch = batch

    def find(self) -> Found:
        """The logs there are, and the directories in which more may come."""
        sources = self._sources()
        self._seen.update(part.path for one in sources for part in one.parts)
        return Found(sources, [one for one in self._directories() if os.path.isdir(one)])

    @property
    def ended(self) -> JobEnding:
        """Whether the job is over, and no log of it is there that `find` has not told of."""
        return JobEnding(self.poll, self._nothing_new)

    def _nothing_new(self) -> bool:
        if self._fetched is not None and not self._fetched():
            return False
        return all(part.path in self._seen for one in self._sources() for part in one.parts)

    def _rows(self) -> list[Row]:
        return [one for one in self.poll.latest().rows if find.is_part(self.id, one)]

    def _directories(self) -> list[str]:
        if self._only_in:
            return self._only_in
        noted = find.job_dir(self.id, os.getcwd())
        there = [*find.nemo_dirs(self.id), *([noted] if noted else []), *find.directories(self._rows())]
        # TorchX looks where it is called; so does whoever has only copies of the logs.
        return list(dict.fromkeys(there or [os.getcwd()]))

    def _sources(self) -> list[Source]:
        rows = self._rows()
        told = [] if self._only_in else find.told(self.id, rows)
        where = dict.fromkeys([*map(os.path.dirname, told), *self._directories()])
        found = arrange(
            dict.fromkeys([*told, *find.named_after(find.whole(self.id, rows), rows, where)]),
            streams=self._wish.streams,
            follow=self._wish.follow,
            at_their_word=told,
        )
        role = self._handle.role
        # A name may end with that of another role, as `pre-train` does.
        is_exact = role is not None and any(is_called(one.app or "", role, exactly=True) for one in found)
        meant = [one for one in found if self._is_meant(one, exactly=is_exact)]
        # Where a job failed before it began, its script is all there is.
        return meant if self._batch else [one for one in meant if not _is_of_batch(one)] or meant

    def _is_meant(self, source: Source, *, exactly: bool) -> bool:
        role, replicas = self._handle.role, self._handle.replicas
        if role is not None and not self._is_of_role(source, role, exactly=exactly):
            return False
        number = source.replica if source.replica is not None else source.rank
        return replicas is None or number is None or any(number in wanted for wanted in replicas)

    def _is_of_role(self, source: Source, role: str, *, exactly: bool) -> bool:
        if source.role is not None or source.app is None:
            return source.role == role
        if is_called(source.app, role, exactly=exactly):
            return True
        # Of the groups that NeMo-Run runs in one job Slurm knows only the first: the others are its replicas.
        others = [row.name.rpartition(".")[2] for row in self._rows()]
        return role in others and not any(is_called(source.app, one) for one in others)

    def inputs(self) -> list[Input]:
        """The files to read now.

        Raises:
            LookupError: There is no such job, nor a log that bears its number.
            OSError: It has written no log yet; in a follow, that is waited for.
        """
        told = self.poll.fresh()
        found = self._sources()
        if not found and (told.over or not self._wish.follow):
            raise self._without_logs()
        ended = JobEnding(self.poll, self._fetched)
        said = said_of(self._rows())
        return [one for source in found for one in of_source(source, self._wish, ended=ended, said=said)]

    def _without_logs(self) -> Exception:
        told, text = self.poll.told(), self._handle.text
        where = ", ".join(self._directories())
        rows = self._rows()
        if not rows:
            why = told.trouble or f"Slurm knows no {'such part of the' if told.rows else 'such'} job"
            return LookupError(f"{text}: {why}, and no log that bears its number is in {where}")
        last = rows[-1]
        state = last.state + (f", {last.reason}" if last.reason else "")
        role = f" of role {self._handle.role!r}" if self._handle.role else ""
        return FileNotFoundError(2, f"job {self.id} ({state}) has no log{role} in {where}", text)


def _is_of_batch(source: Source) -> bool:
    return all(os.path.basename(part.path).startswith("sbatch_") for part in source.parts)


def is_called(name: str, role: str, *, exactly: bool = False) -> bool:
    """Whether a log's name is of a role: NeMo-Run puts a prefix before it, as in `acct-acct.llama`.

    A prefix of another's ends with whatever it likes, unless `exactly` its own form is asked for.
    """
    if name == role or not name.endswith(role):
        return name == role
    before = name[-len(role) - 1]
    return before == "." if exactly else not before.isalnum()


def of_handle(handle: Handle, wish: Wish) -> list[Input]:
    """The logs of the job that `handle` means; see `Job.inputs` for what it raises."""
    return Job(handle, wish).inputs()
