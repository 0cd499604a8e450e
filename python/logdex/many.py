"""`Logs`: many sources as one log, their lines in one order."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, TypeVar

from logdex import _core
from logdex._ended import AllEnded
from logdex._inputs import Input, Wish, inputs
from logdex._when import When
from logdex.layouts import Source
from logdex.log import Log, Regex

_T = TypeVar("_T")
_log = logging.getLogger("logdex")


class Merged(Generic[_T]):
    """The lines or records of many sources: an iterator and a context manager, made by `Logs`.

    Finished logs come in the order of time, exactly; ties, and lines without a stamp, keep their file's order. In a
    follow, what is written comes as it arrives.
    """

    def __init__(
        self,
        answer: _core.Merged[str],
        make: Callable[[_core.Record], _T],
        last: int | None = None,
    ) -> None:
        """`make` makes an item of a record; only the `last` so many are given."""
        self._answer = answer
        self._make = make
        self._last = last
        self._kept: Iterator[tuple[str, _core.Record]] | None = None

    def __iter__(self) -> Merged[_T]:
        return self

    def __next__(self) -> _T:
        if self._kept is None:
            self._kept = iter(self._answer if self._last is None else deque(self._answer, maxlen=self._last))
        return self._make(next(self._kept)[1])

    def __enter__(self) -> Merged[_T]:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration, from any thread, and lets go of the files."""
        self._answer.close()

    @property
    def stats(self) -> _core.Stats:
        """What is known about the answer so far, of all sources together."""
        return self._answer.stats


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
        logs = self._logs(follow=follow)
        if not follow:
            for one, _ in logs:
                one.settle()
            if asked.get("since") is not None or asked.get("until") is not None:
                logs = _with_times(logs, strict=asked.get("strict", True))
        ended = asked.pop("ended", None) or AllEnded(one.ended for one, _ in logs)
        # Of finished logs, the last are known when all are merged; in a follow, each gives as many.
        asked["last"] = last if follow else None
        question = {"since": None, "until": None, **asked, "ended": ended}
        questions = []
        for one, log in logs:
            origin = (one.label, one.source.rank if one.source else None)
            told = log._ask(regex, **{**question, "keep": (one, asked.get("keep"))})
            questions.append((one.label, replace(told, records=True, origin=origin)))
        if last is not None and last < 1:
            raise ValueError(f"last={last!r}: must be at least 1")
        return Merged(_core.Merged(questions), make, None if follow else last)


def _with_times(logs: list[tuple[Input, Log]], *, strict: bool) -> list[tuple[Input, Log]]:
    """Those of `logs` in which a line has a time; the others are left out with a warning, unless there is none."""
    there = [(one, log) for one, log in logs if log.span is not None]
    if not there or not strict:
        return logs
    for one, log in logs:
        if (one, log) not in there:
            _log.warning("%s: no line has a time that is understood; it is left out of the range", log.path)
    return there
