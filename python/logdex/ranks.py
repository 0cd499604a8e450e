"""What each rank of a job did: who failed first, who is silent, who wrote how much and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias, cast

from logdex import _core, _ranks_cache
from logdex._core import Question
from logdex.inputs.layouts import Source
from logdex.regex.pattern import compile_pattern

if TYPE_CHECKING:
    from logdex.regex.pattern import Regex

ERRORS = (
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE)\b|^(?:\[\w+\]:? ?|\d+: )?Traceback \(most recent call last\)"
    r"|\b[A-Z]\w*(?:Error|Exception)\b|^(?:\[[^]]*\]:? ?)*\[?[EF]\d{4} \d\d:\d\d"
    r"|(?i:cuda (?:error|out of memory)|out of memory|segmentation fault|core dumped|bus error|nccl error"
    r"|watchdog caught|killed by signal|\bSIG(?:SEGV|KILL|ABRT|BUS|TERM)\b|loss[ =:'\"]+nan\b)"
)
"""What is an error unless the caller says otherwise: a regex, as for `Log.lines`."""

CLOCKS = 1.0
"""By how many seconds the clocks of two sources may differ."""

_SECOND = 10**9
_LEAST_SILENCE = 5.0
_MANY_GAPS = 20.0


@dataclass(frozen=True)
class Quote:
    """A line of a log: its text without `\\n`, its time (None if unknown), its number in the file, the file."""

    text: str
    time: datetime | None
    resolution: int
    """How exact the time is, in nanoseconds, as in `Record`; 0 where there is none."""
    number: int
    path: str


@dataclass(frozen=True)
class Rank:
    """What one rank did.

    `name` says who it is: "3" for the global rank 3, "trainer/0:3" for the local rank 3 of a replica, else
    the label of its file. Times are aware datetimes in the zone of the question, None where no line has one.
    """

    name: str
    lines: int = 0
    errors: int = 0
    first: datetime | None = None
    last: datetime | None = None
    last_line: Quote | None = None
    first_error: Quote | None = None
    last_error: Quote | None = None
    """The last error, which of a traceback is what was raised."""
    silent: float = 0.0
    """For how many seconds the others went on after its last line."""
    history: Sequence[tuple[float, float, int, int]] = field(default=(), repr=False)
    """Columns of time in which it wrote: start and width in seconds, since 1970 UTC; lines, errors."""

    @property
    def is_silent(self) -> bool:
        """Whether it stopped without an error while others went on, much longer than it paused before."""
        if self.errors or self.first is None or self.last is None or self.lines < 2:
            return False
        pause = (self.last - self.first).total_seconds() / (self.lines - 1)
        return self.silent > max(_LEAST_SILENCE, _MANY_GAPS * pause)


@dataclass(frozen=True, repr=False)
class Ranks:
    """What all ranks of a job did, by name.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("[rank0]: 2026-11-22 02:10:00 step 1\\n")
        ...     _ = log.write("[rank1]: 2026-11-22 02:10:03 ERROR nan\\n")
        ...     log.flush()
        ...     ranks = logdex.open(log.name).ranks()
        >>> ranks.first_failure.name, ranks.first_failure.first_error.text
        ('1', '[rank1]: 2026-11-22 02:10:03 ERROR nan')
    """

    ranks: tuple[Rank, ...]
    clocks: float = CLOCKS

    @property
    def failed(self) -> tuple[Rank, ...]:
        """Those with an error, the first to fail first; those whose error has no time come last."""
        return tuple(sorted((one for one in self.ranks if one.first_error), key=_failed_at))

    @property
    def first_failure(self) -> Rank | None:
        """The first to fail; None if none did."""
        failed = self.failed
        return failed[0] if failed else None

    @property
    def with_the_first(self) -> tuple[Rank, ...]:
        """Those of whom clocks and stamps cannot tell whether they failed before the first."""
        first = self.first_failure
        if first is None or first.first_error is None or first.first_error.time is None:
            return ()
        begun, error = first.first_error.time, first.first_error
        return tuple(
            one
            for one in self.failed[1:]
            if one.first_error
            and one.first_error.time
            and (one.first_error.time - begun).total_seconds() <= _doubt(error, one.first_error, self.clocks)
        )

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
        """How many ranks there are, and which failed first, however many that is."""
        first = self.first_failure.name if self.first_failure else None
        counts = f"{len(self.ranks)} ranks, {len(self.failed)} failed, {len(self.silent)} silent"
        return f"<Ranks: {counts}, first_failure={first!r}>"


def _doubt(one: Quote, other: Quote, clocks: float) -> float:
    """Within how many seconds two lines may have been written in either order."""
    # One file has one order and, but for ranks of several hosts, one clock.
    return max(one.resolution, other.resolution) / _SECOND + (0.0 if one.path == other.path else clocks)


def _failed_at(rank: Rank) -> tuple[bool, float]:
    time = rank.first_error.time if rank.first_error else None
    return time is None, time.timestamp() if time else 0.0


Named: TypeAlias = tuple[Question, Source]


def summarize(
    named: Sequence[Named],
    errors: Regex | None = None,
    *,
    clocks: float = CLOCKS,
    tolerate: Callable[[Exception], None] | None = None,
) -> Ranks:
    """What the ranks of some logs did; see `Log.ranks`. What cannot be read is left to `tolerate`, or raises."""
    wanted = re.compile(ERRORS if errors is None else errors)
    compile_pattern(wanted)

    def of_log(one: Named) -> list[Rank] | None:
        try:
            return _of_log(*one, wanted)
        except (OSError, ValueError) as error:
            if tolerate is None:
                raise
            tolerate(error)
            return None

    with ThreadPoolExecutor(_core.cores()) as pool:
        told = list(zip(named, pool.map(of_log, named), strict=True))
    by_name: dict[str, list[Rank]] = {}
    for rank in [rank for _, ranks in told for rank in ranks or ()] + _mute(told):
        by_name.setdefault(rank.name, []).append(rank)
    merged = [_merge(same) for same in by_name.values()]
    end = max((one.last for one in merged if one.last), default=None)
    ended = [
        replace(one, silent=(end - one.last).total_seconds()) if end and one.last else one for one in merged
    ]
    return Ranks(tuple(sorted(ended, key=lambda one: _naturally(one.name))), clocks)


def _mute(told: Sequence[tuple[Named, list[Rank] | None]]) -> list[Rank]:
    """Those of whom there are logs and nothing in any of them: they may have hung before they began."""
    names = [(_name(None, source), ranks) for (_, source), ranks in told if ranks is not None]
    heard = {name for name, ranks in names if ranks}
    return [Rank(name) for name in dict.fromkeys(name for name, _ in names) if name not in heard]


def _of_log(log: Question, source: Source, errors: re.Pattern[str]) -> list[Rank]:
    path = log.name or log.path
    return [_rank(deeds, source, path, log.zone.name) for deeds in _deeds(log, errors)]


def _deeds(log: Question, errors: re.Pattern[str]) -> list[_core._Deeds]:
    """What the ranks of one log did, from the cache if the log is as it was."""
    question = log.but(pattern=compile_pattern(errors), records=True)
    name = (
        _ranks_cache.key(log.path, errors.pattern, errors.flags, log.zone.name, log.reference, log.stamp)
        if question.index
        else None
    )
    if name is None:
        return _core.summarize(question)
    now = _ranks_cache.state(log.path)
    kept = _ranks_cache.load(name, now)
    if kept is not None:
        return cast("list[_core._Deeds]", kept)
    told = _core.summarize(question)
    _ranks_cache.save(name, now, told)
    return told


def _rank(deeds: _core._Deeds, source: Source, path: str, tz: str | None) -> Rank:
    width, columns = deeds["history"]
    history = [(start / _SECOND, width / _SECOND, lines, errors) for start, lines, errors in columns]
    return Rank(
        name=_name(deeds["rank"], source),
        lines=deeds["lines"],
        errors=deeds["errors"],
        first=_maybe(deeds["first"], tz),
        last=_maybe(deeds["last"], tz),
        last_line=_quote(deeds["last_line"], path, tz),
        first_error=_quote(deeds["first_error"], path, tz),
        last_error=_quote(deeds["last_error"], path, tz),
        history=history,
    )


def _name(rank: tuple[bool, int] | None, source: Source) -> str:
    label = source.label
    if source.stream:
        label = label.removesuffix(f" {source.stream}")
    if rank is not None:
        local, number = rank
        return f"{label}:{number}" if local else str(number)
    return str(source.rank) if source.rank is not None else label


def _quote(parts: tuple[str, int | None, int | None, int] | None, path: str, tz: str | None) -> Quote | None:
    if parts is None:
        return None
    text, ns, resolution, number = parts
    return Quote(text, _maybe(ns, tz), resolution or 0, number, path)


def _maybe(ns: int | None, tz: str | None) -> datetime | None:
    return None if ns is None else _time(ns, tz)


def _time(ns: int, tz: str | None) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ns // 1000)
    if tz is None:
        return moment.astimezone()
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return moment.astimezone(ZoneInfo(tz))
    except ZoneInfoNotFoundError:
        # The engine brings its own zones; this Python has none, so UTC is what can be said.
        return moment


def _merge(same: list[Rank]) -> Rank:
    """One rank that wrote several files: stdout and stderr, say, or the parts of a log that was rotated."""
    if len(same) == 1:
        return same[0]
    return Rank(
        name=same[0].name,
        lines=sum(one.lines for one in same),
        errors=sum(one.errors for one in same),
        first=min((one.first for one in same if one.first), default=None),
        last=max((one.last for one in same if one.last), default=None),
        last_line=_latest(one.last_line for one in same),
        first_error=_earliest(one.first_error for one in same),
        last_error=_latest(one.last_error for one in same),
        history=sorted(column for one in same for column in one.history),
    )


def _earliest(quotes: Iterable[Quote | None]) -> Quote | None:
    # Of the lines of one file that have one time the first number says which was written first.
    return min((quote for quote in quotes if quote), key=_written_at(float("inf")), default=None)


def _latest(quotes: Iterable[Quote | None]) -> Quote | None:
    return max((quote for quote in quotes if quote), key=_written_at(0.0), default=None)


def _written_at(unknown: float) -> Callable[[Quote], tuple[float, str, int]]:
    return lambda quote: (quote.time.timestamp() if quote.time else unknown, quote.path, quote.number)


def _naturally(name: str) -> list[tuple[int, int, str]]:
    return [
        (0, int(word), "") if word.isdecimal() else (1, 0, word) for word in re.split(r"(\d+)", name) if word
    ]
