"""What each rank of a job did, and who failed first and why."""

from __future__ import annotations

import gc
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from logdex import _core, _evidence
from logdex._core import Question
from logdex.diagnosis import Diagnosis, beside
from logdex.diagnosis.events import Speaker, heard
from logdex.diagnosis.identity import File, is_ranked, mute_names, name_all
from logdex.diagnosis.numbers import in_doubt, tell_apart
from logdex.diagnosis.page import page
from logdex.diagnosis.rank import Quote, Rank
from logdex.diagnosis.scene import Scene
from logdex.diagnosis.words import put
from logdex.inputs.layouts import naturally
from logdex.regex.pattern import compile_pattern

if TYPE_CHECKING:
    from logdex.inputs.said import Said
    from logdex.inputs.source import Source
    from logdex.regex.pattern import Regex

__all__ = ["CLOCKS", "Named", "Quote", "Rank", "Ranks", "summarize"]

CLOCKS = 1.0
"""By how many seconds the clocks of two sources may differ that nothing measures."""

_SECOND = 10**9


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
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    clocks: float = CLOCKS

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
        return page(self.diagnosis.to_dict(), self.ranks)

    def _repr_html_(self) -> str:
        """The same in a notebook, in a frame of its own so that its style stays there."""
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

    def of_log(one: Named) -> File | OSError | ValueError:
        try:
            return _file(one, chosen, states)
        except (OSError, ValueError) as error:
            return error

    files: list[File] = []
    for told_of in (spread or _on_threads)(of_log, named):
        if isinstance(told_of, File):
            files.append(told_of)
        elif tolerate is None:
            raise told_of
        else:
            tolerate(told_of)
    with _uncollected():
        return _answer(named, files, chosen, clocks)


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


def _answer(
    named: Sequence[Named], files: list[File], chosen: re.Pattern[str] | None, clocks: float
) -> Ranks:
    tell_apart(files)
    name_all(files)
    tz = named[0].question.zone.name if named else None
    scene = _scene(files, chosen, clocks)
    scene.chosen = chosen is not None
    if chosen is None:
        beside.add_said(scene, list(dict.fromkeys(said for one in named for said in one.said)))
    scene.ranged = any(one.question.since is not None or one.question.until is not None for one in named)
    rows = _rows(files, tz)
    told = put(scene, lambda seconds: _time(round(seconds * _SECOND), tz))
    hosts = scene.host_of
    return Ranks(tuple(replace(row, host=hosts.get(row.name)) for row in rows), told, clocks)


def _on_threads(work: Callable[[Named], Any], named: Sequence[Named]) -> list[Any]:
    with ThreadPoolExecutor(_core.cores()) as pool:
        return list(pool.map(work, named))


def _file(one: Named, chosen: re.Pattern[str] | None, states: dict[str, bytes] | None) -> File:
    question = one.question
    path = question.name or question.path
    voices = _evidence.gather(question, chosen, states)
    try:
        mtime = os.stat(question.path).st_mtime
    except OSError:
        mtime = math.inf
    attempt = re.search(r"attempt_?\s*(\d+)", one.part or "")
    return File(path, one.source, voices, int(attempt[1]) if attempt else 0, mtime, exit=one.exit)


def _scene(files: Sequence[File], chosen: re.Pattern[str] | None, clocks: float) -> Scene:
    """The speakers of all files, each rank once."""
    by_name: dict[str, Speaker] = {}
    witnesses: list[Speaker] = []
    labels: dict[str, str] = {}
    spoke = {file.label for file in files if file.voices}
    mute = mute_names(files)
    for file in files:
        ranked = file.ranked()
        for voice, name in zip(file.voices, file.names, strict=True):
            speaker = heard(voice, file.path, name or "", file.mtime, chosen)
            speaker.attempt = file.attempt
            if name is None:
                speaker.is_rank = False
                witnesses.append(speaker)
                continue
            if len(ranked) > 1 and is_ranked(voice):
                labels[name] = file.label
            _join(by_name, speaker)
        if not file.voices and file.label not in spoke and (name := mute.get(file.path)) is not None:
            _join(by_name, Speaker(name, file.path, mtime=file.mtime, attempt=file.attempt))
    world = _world(witnesses, by_name.values())
    scene = Scene([*by_name.values(), *witnesses], world, clocks, labels=labels, shared=in_doubt(files))
    if len({file.path for file in files if len(file.ranked()) > 1}) < 2:
        scene.labels = {}
    beside.add(scene, files)
    return scene


def _join(by_name: dict[str, Speaker], speaker: Speaker) -> None:
    """One speaker of what one rank wrote: to stdout and stderr, say, or with and without a prefix."""
    known = by_name.get(speaker.name)
    if known is None or speaker.attempt > known.attempt:
        by_name[speaker.name] = speaker
        return
    if speaker.attempt < known.attempt:
        return
    known.events = sorted([*known.events, *speaker.events], key=lambda event: (event.low, event.number))
    known.lines += speaker.lines
    known.first = min((at for at in (known.first, speaker.first) if at is not None), default=None)
    known.last = max((at for at in (known.last, speaker.last) if at is not None), default=None)
    known.tail = sorted([*known.tail, *speaker.tail], key=lambda tail: tail.time or 0.0)[-8:]
    known.courses = tuple(mine or other for mine, other in zip(known.courses, speaker.courses, strict=True))
    known.templates = {**speaker.templates, **known.templates}


_WORLD = re.compile(
    r"world[_ ]size\W{1,4}(\d{1,7})|\bnranks (\d{1,7})|\brank \d+ of (\d{1,7})\b|MEMBER: \d+/(\d{1,7})"
    r"|with (\d{1,7}) processes"
)


def _world(witnesses: Iterable[Speaker], ranks: Iterable[Speaker]) -> int | None:
    """How many ranks there are, if a line says so."""
    texts = {
        event.text
        for one in [*witnesses, *ranks]
        for event in one.events
        if event.class_ in ("identity", "timeout", "chapter")
    }
    told = [int(next(filter(None, found))) for text in texts for found in _WORLD.findall(text)]
    return max(told, default=None)


def _rows(files: Sequence[File], tz: str | None) -> list[Rank]:
    """A row for each rank and for each witness."""
    by_name: dict[str, list[Rank]] = {}
    heard_of = set()
    for file in files:
        for voice, name in zip(file.voices, file.names, strict=True):
            row = _rank(voice, name or file.label, file.path, tz, is_witness=name is None)
            by_name.setdefault(row.name, []).append(row)
            heard_of.add(row.name)
    mute = mute_names(files)
    for file in files:
        name = mute.get(file.path, file.label)
        if not file.voices and name not in heard_of:
            by_name.setdefault(name, []).append(Rank(name))
    merged = [_merge(same) for same in by_name.values()]
    end = max((one.last for one in merged if one.last), default=None)
    rows = [
        replace(one, silent=(end - one.last).total_seconds()) if end and one.last else one for one in merged
    ]
    return sorted(rows, key=lambda one: (one.is_witness, naturally(one.name)))


def _rank(voice: _core._Voice, name: str, path: str, tz: str | None, *, is_witness: bool) -> Rank:
    width, columns = voice["history"]
    tail = voice["tail"][-1] if voice["tail"] else None
    return Rank(
        name=name,
        lines=voice["lines"],
        errors=voice["errors"],
        first=_maybe(voice["first"], tz),
        last=_maybe(voice["last"], tz),
        last_line=_quote(*tail, path, tz) if tail else None,
        first_error=_noted(voice["first_error"], path, tz),
        last_error=_noted(voice["last_error"], path, tz),
        history=[(start / _SECOND, width / _SECOND, lines, errors) for start, lines, errors in columns],
        is_witness=is_witness,
    )


def _noted(note: _core._Note | None, path: str, tz: str | None) -> Quote | None:
    return None if note is None else _quote(note["text"], note["span"], note["number"], path, tz)


def _quote(text: str, span: tuple[int, int] | None, number: int, path: str, tz: str | None) -> Quote:
    time, resolution = (_time(span[0], tz), span[1] - span[0] + 1) if span else (None, 0)
    return Quote(text, time, resolution, number, path)


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
        is_witness=same[0].is_witness,
    )


def _earliest(quotes: Iterable[Quote | None]) -> Quote | None:
    # Of the lines of one file that have one time the first number says which was written first.
    return min((quote for quote in quotes if quote), key=_written_at(float("inf")), default=None)


def _latest(quotes: Iterable[Quote | None]) -> Quote | None:
    return max((quote for quote in quotes if quote), key=_written_at(0.0), default=None)


def _written_at(unknown: float) -> Callable[[Quote], tuple[float, str, int]]:
    return lambda quote: (quote.time.timestamp() if quote.time else unknown, quote.path, quote.number)
