"""The combined stream of an app whose launcher is gone, and with it the thread of TorchX that combined it."""

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import logdex

_WAIT = 0.1
_AHEAD = 4096


class Both:
    """The lines of stdout and of stderr, each in its order: by time, or of a live app as they come.

    Of two lines of one time that of stdout comes first. An iterator of str, to be read by one thread.
    """

    def __init__(
        self, logs: list[logdex.Log], asked: dict[str, Any], endings: list[Callable[[], bool]]
    ) -> None:
        self._closed = threading.Event()
        self._read: list[logdex.Lines] | list[logdex.Records]
        if asked["follow"]:
            lines = [log.lines(**asked, ended=ended) for log, ended in zip(logs, endings, strict=True)]
            self._read, self._lines = lines, self._as_they_come(lines)
        else:
            records = [log.records(**asked) for log in logs]
            self._read, self._lines = records, _by_time(records)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._lines)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Ends the reading."""
        self._closed.set()
        for one in self._read:
            one.close()

    def _as_they_come(self, read: list[logdex.Lines]) -> Iterator[str]:
        come: queue.Queue[str | BaseException | None] = queue.Queue(_AHEAD)
        for lines in read:
            threading.Thread(target=_pass_on, args=(lines, come, self._closed), daemon=True).start()
        left = len(read)
        while left and not self._closed.is_set():
            with suppress(queue.Empty):
                item = come.get(timeout=_WAIT)
                if isinstance(item, str):
                    yield item
                elif item is not None:
                    raise item
                else:
                    left -= 1


def _by_time(read: list[logdex.Records]) -> Iterator[str]:
    for _, text in heapq.merge(*map(_timed, read), key=lambda one: one[0]):
        yield text


def _timed(records: Iterable[logdex.Record]) -> Iterator[tuple[datetime, str]]:
    """Lines with the latest time up to there: a stamp that goes back must not tear its file's order."""
    latest = datetime.min.replace(tzinfo=timezone.utc)
    for record in records:
        latest = max(latest, record.time or latest)
        yield latest, record.text


def _pass_on(lines: Iterable[str], come: "queue.Queue[Any]", closed: threading.Event) -> None:
    def put(item: object) -> None:
        while not closed.is_set():
            with suppress(queue.Full):
                come.put(item, timeout=_WAIT)
                return

    try:
        for line in lines:
            put(line)
        put(None)
    except BaseException as error:
        put(error)
