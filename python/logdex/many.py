"""`Logs`: many sources as one log, their lines in one order."""

from __future__ import annotations

import heapq
import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, TypeVar

from logdex import _core
from logdex._inputs import Input, Wish, inputs
from logdex._when import When
from logdex.layouts import Source
from logdex.log import Log, Regex

_T = TypeVar("_T", str, _core.Record)
_log = logging.getLogger("logdex")


class Merged(Generic[_T]):
    """The lines or records of many sources: an iterator and a context manager, made by `Logs`.

    Finished logs come in order of time; lines without a time, and those with the same, keep their file's
    order. In a follow they come by arrival.
    """

    def __init__(
        self, answers: list[_core.Records], items: Iterator[_core.Record], make: Callable[[_core.Record], _T]
    ):
        """`items` iterates over what `answers` give."""
        self._answers = answers
        self._items = items
        self._make: Callable[[_core.Record], _T] = make

    def __iter__(self) -> Merged[_T]:
        return self

    def __next__(self) -> _T:
        return self._make(next(self._items))

    def __enter__(self) -> Merged[_T]:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration, from any thread, and lets go of the files."""
        for answer in self._answers:
            answer.close()

    @property
    def stats(self) -> list[_core.Stats]:
        """What is known about the answer so far, one for each source."""
        return [answer.stats for answer in self._answers]


class Logs(Log):
    """Many sources, to be asked as one `Log`: a directory, a glob, a handle, or a list of such.

    What they stand for is looked up at each question. Records say from which source and rank they come.
    """

    def __init__(
        self,
        paths: list[str],
        *,
        tz: str | None = None,
        reference: datetime | None = None,
        index: bool | str | os.PathLike[str] = True,
    ) -> None:
        """See `logdex.open`."""
        super().__init__(paths[0] if paths else "", tz=tz, reference=reference, index=index)
        self._paths = paths
        self._asked = {"tz": tz, "reference": reference, "index": index}

    @property
    def paths(self) -> list[str]:
        """What was given."""
        return list(self._paths)

    @property
    def sources(self) -> list[str]:
        """The labels of the sources that there are now."""
        return list(dict.fromkeys(one.label for one, _ in self._logs(follow=False)))

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last time in any of the logs; None where no line has a time."""
        spans = [span for _, log in self._logs(follow=False) if (span := log.span)]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def lines(self, regex: Regex | None = None, **asked: Any) -> Merged[str]:  # type: ignore[override]
        """The lines of all sources in one order; arguments as for `Log.lines`."""
        return self._merged(regex, lambda record: record.text, asked)

    def records(self, regex: Regex | None = None, **asked: Any) -> Merged[_core.Record]:  # type: ignore[override]
        """As `lines`, but what comes are `Record`s, whose `source` and `rank` say where they come from."""
        return self._merged(regex, lambda record: record, asked)

    def count(
        self,
        regex: Regex | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        strict: bool = True,
    ) -> int:
        """How many lines `lines` would give; errors as there."""
        logs = [log for _, log in self._logs(follow=False)]
        lenient = strict and len(logs) > 1
        total = 0
        for log in logs:
            try:
                total += log.count(regex, since=since, until=until, strict=strict)
            except ValueError as error:
                if not lenient:
                    raise
                _log.warning("%s", error)
        return total

    def __repr__(self) -> str:
        """What was given."""
        return f"logdex.open({self._paths!r})"

    def _named(self) -> list[tuple[Log, Source]]:
        return [(log, one.source or Source(one.label, ())) for one, log in self._logs(follow=False)]

    def _logs(self, *, follow: bool) -> list[tuple[Input, Log]]:
        found = [one for path in self._paths for one in inputs(path, Wish(follow=follow))]
        asked = self._asked
        return [
            (one, Log(one.path, **(asked if one.spool is None else {**asked, "index": False})))  # type: ignore[arg-type]
            for one in found
        ]

    def _merged(
        self, regex: Regex | None, make: Callable[[_core.Record], _T], asked: dict[str, Any]
    ) -> Merged[_T]:
        follow, last = bool(asked.get("follow")), asked.get("last")
        if asked.pop("partial", False):
            raise ValueError(
                "partial=True shows text before its line is whole: give it one file, not many sources"
            )
        answers = []
        for one, log in self._logs(follow=follow):
            if not follow:
                one.settle()
            question = log._ask(
                regex,
                **{
                    "since": None,
                    "until": None,
                    "ended": one.ended,
                    "keep": (one, asked.get("keep")),
                    **asked,
                },
            )
            origin = (one.label, one.source.rank if one.source else None)
            answers.append(_core.Records(replace(question, records=True, origin=origin)))
        items = _by_arrival(answers) if follow else _by_time(answers)
        if last is not None and not follow:
            items = _last_of(items, last)
        return Merged(answers, items, make)


def _by_time(answers: list[_core.Records]) -> Iterator[_core.Record]:
    """Their records in order of time; one without a time follows the record before it in its file."""
    heads: list[tuple[int, int, _core.Record]] = []
    refused: list[ValueError] = []
    for at, answer in enumerate(answers):
        try:
            first = next(answer, None)
        except ValueError as error:
            refused.append(error)
            continue
        if first is not None:
            heapq.heappush(heads, (first.time_ns or 0, at, first))
    if refused and len(refused) == len(answers):
        raise refused[0]
    for left_out in refused:
        _log.warning("%s", left_out)
    while heads:
        time, at, record = heads[0]
        yield record
        following = next(answers[at], None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following.time_ns or time, at, following))


def _last_of(items: Iterator[_core.Record], count: int) -> Iterator[_core.Record]:
    yield from deque(items, maxlen=count)


def _by_arrival(answers: list[_core.Records]) -> Iterator[_core.Record]:
    """Their records as they come: a thread each, which sleeps in the engine."""
    arrived: queue.Queue[_core.Record | Exception | None] = queue.Queue(maxsize=10_000)
    over = threading.Event()

    def put(item: _core.Record | Exception | None) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                arrived.put(item, timeout=0.05)
                return

    def follow(answer: _core.Records) -> None:
        try:
            for record in answer:
                put(record)
                if over.is_set():
                    return
            put(None)
        except Exception as error:  # raised again by the one who iterates
            put(error)

    threads = [threading.Thread(target=follow, args=(one,), daemon=True) for one in answers]
    for thread in threads:
        thread.start()
    try:
        left = len(threads)
        while left:
            with suppress(queue.Empty):
                item = arrived.get(timeout=0.05)
                if isinstance(item, Exception):
                    raise item
                if item is None:
                    left -= 1
                else:
                    yield item
    finally:
        over.set()
        for answer in answers:
            answer.close()
