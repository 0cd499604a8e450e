"""What each rank of a job did, and who failed first and why."""

from __future__ import annotations

import gc
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from logdex import _core, _evidence
from logdex._core import Question
from logdex.diagnosis import Diagnosis
from logdex.diagnosis.rank import Quote, Rank
from logdex.diagnosis.who.identity import File
from logdex.inputs.tree import identity
from logdex.regex.pattern import compile_pattern

if TYPE_CHECKING:
    from logdex.inputs.said import Said
    from logdex.inputs.source import Source
    from logdex.regex.pattern import Regex

__all__ = ["CLOCKS", "Named", "Quote", "Rank", "Ranks", "summarize"]

CLOCKS = 1.0
"""By how many seconds the clocks of two sources may differ that nothing measures."""
_PARTS = 8
"""A log of which a core has so many to read, by their size, is read by one thread: the others have other logs."""


@dataclass(frozen=True, repr=False)
class Ranks:
    """What all ranks of a job did, by name, and who failed first.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("[rank0]: 2026-11-22 02:10:00 step 1\\n")
        ...     _ = log.write("[rank1]: 2026-11-22 02:10:03 CUDA error: an illegal memory access was encountered\\n")
        ...     log.flush()
        ...     ranks = logdex.open(log.name).ranks()
        >>> ranks.diagnosis.kind, ranks.diagnosis.ranks, ranks.diagnosis.cause
        ('rank', ('1',), 'gpu_fault')
    """

    ranks: tuple[Rank, ...]
    """A row for each rank, by name, and for each witness, such as a launcher, behind them."""
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    """Who failed first and why, or why nobody can be named."""
    clocks: float = CLOCKS
    """By how many seconds the clocks of two files were allowed to differ."""

    @property
    def failed(self) -> tuple[Rank, ...]:
        """Those with an error, the earliest first; those whose error has no time come last."""
        return tuple(sorted((one for one in self.ranks if one.first_error), key=_failed_at))

    @property
    def first_failure(self) -> Rank | None:
        """The rank that the diagnosis names as the first to fail; None where it names none."""
        if self.diagnosis.kind != "rank" or not self.diagnosis.ranks:
            return None
        return next((one for one in self.ranks if one.name == self.diagnosis.ranks[0]), None)

    @property
    def silent(self) -> tuple[Rank, ...]:
        """Those that stopped without an error while others went on, the longest silent first."""
        return tuple(sorted((one for one in self.ranks if one.is_silent), key=lambda one: -one.silent))

    @property
    def first(self) -> datetime | None:
        """The earliest time of any line."""
        return min((one.first for one in self.ranks if one.first), default=None)

    @property
    def last(self) -> datetime | None:
        """The latest time of any line."""
        return max((one.last for one in self.ranks if one.last), default=None)

    def __repr__(self) -> str:
        """How many there are, and what the diagnosis comes to."""
        answer = self.diagnosis
        counts = f"{len(self.ranks)} ranks, {len(self.failed)} failed, {len(self.silent)} silent"
        return f"<Ranks: {counts}, diagnosis={answer.kind!r} {list(answer.ranks)!r} ({answer.certainty})>"

    def to_html(self) -> str:
        """One self-contained page to hand on: the answer, its evidence, and the matrix of ranks by time."""
        from logdex.diagnosis.page.html import page

        return page(self.diagnosis.to_dict(), self.ranks)

    def _repr_html_(self) -> str:
        """The same in a notebook, in a frame of its own so that its style stays there."""
        from html import escape

        return (
            '<iframe title="logdex ranks" style="width:100%;height:640px;border:0" sandbox="allow-scripts" '
            f'srcdoc="{escape(self.to_html(), quote=True)}"></iframe>'
        )


def _failed_at(rank: Rank) -> tuple[bool, float]:
    time = rank.first_error.time if rank.first_error else None
    return time is None, time.timestamp() if time else 0.0


@dataclass(frozen=True)
class Named:
    """A log that belongs to a job: the question that is put to it, and what its name tells."""

    question: Question
    source: Source
    part: str = ""
    """Which attempt or restart it is, where there are several."""
    exit: int | None = None
    """The exit status of the process that wrote it, if that was recorded."""
    said: tuple[Said, ...] = ()
    """What the scheduler's record says of the job."""


Spread: TypeAlias = "Callable[[Callable[[Named], Any], Sequence[Named]], Iterable[Any]]"


def summarize(
    named: Sequence[Named],
    errors: Regex | None = None,
    *,
    clocks: float = CLOCKS,
    tolerate: Callable[[Exception], None] | None = None,
    states: dict[str, bytes] | None = None,
    spread: Spread | None = None,
) -> Ranks:
    """What the ranks of some logs did; see `Log.ranks`.

    What cannot be read is left to `tolerate`, or raises. `states`: what was known of each log before, to go on from;
    it is brought up to date. `spread` has the work done for each log, elsewhere than on the threads of this process.
    """
    chosen = None if errors is None else re.compile(errors)
    # Once, and not on each thread at the same time.
    compile_pattern(chosen)

    named = _each_once(named)
    shares, parts = _shares(named), _PARTS * _core.cores()

    def of_log(one: Named) -> File | OSError | ValueError:
        try:
            return _file(one, chosen, states, alone=shares.get(one.question.path, 1.0) * parts <= 1)
        except (OSError, ValueError) as error:
            return error

    files: list[File] = []
    with _uncollected():
        for told_of in (spread or _on_threads)(of_log, named):
            if isinstance(told_of, File):
                files.append(told_of)
            elif tolerate is None:
                raise told_of
            else:
                tolerate(told_of)
        rows, diagnosis = _rule().answer(
            files,
            chosen,
            clocks,
            tz=named[0].question.zone.name if named else None,
            said=(said for one in named for said in one.said),
            ranged=any(one.question.since is not None or one.question.until is not None for one in named),
        )
        # Gone before garbage is looked for again, so that nobody goes through it.
        files.clear()
    return Ranks(rows, diagnosis, clocks)


def _rule() -> ModuleType:
    """The rule, which takes a while to import: that is done while the threads read."""
    from logdex.diagnosis import job

    return job


@contextmanager
def _uncollected() -> Iterator[None]:
    """Looks for no garbage meanwhile: what many ranks come to is no circle, and going through it takes a sixth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _each_once(named: Sequence[Named]) -> list[Named]:
    """The logs, each file once: who names a directory and a log in it means no rank that wrote all of it twice."""
    met: set[tuple[int, int]] = set()
    kept = []
    for one in named:
        there = identity(one.question.path)
        if there is None or there not in met:
            kept.append(one)
        if there is not None:
            met.add(there)
    return kept


def _shares(named: Sequence[Named]) -> dict[str, float]:
    """Which part of all that is read each log is, by its path."""
    sizes = {}
    for one in named:
        with suppress(OSError):
            sizes[one.question.path] = os.stat(one.question.path).st_size
    all_of_them = sum(sizes.values()) or 1
    return {path: size / all_of_them for path, size in sizes.items()}


def _on_threads(work: Callable[[Named], Any], named: Sequence[Named]) -> list[Any]:
    with ThreadPoolExecutor(_core.cores()) as pool:
        told = pool.map(work, named)
        _rule()
        return list(told)


def _file(
    one: Named, chosen: re.Pattern[str] | None, states: dict[str, bytes] | None, *, alone: bool
) -> File:
    question = one.question
    path = question.name or question.path
    voices = _evidence.gather(question, chosen, states, alone=alone)
    try:
        mtime = os.stat(question.path).st_mtime
    except OSError:
        mtime = math.inf
    attempt = re.search(r"attempt_?\s*(\d+)", one.part or "")
    return File(path, one.source, voices, int(attempt[1]) if attempt else 0, mtime, exit=one.exit)
