"""`logdex ranks -f`: the answer as soon as it can be known, whenever it becomes another, and again at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from itertools import count

from logdex.inputs.input import Input
from logdex.ranks import Ranks

_EVERY = 0.5
"""So often it is looked whether a log has grown, in seconds."""

_LISTED = 10
"""Every so many times it is looked whether there are more logs: a directory is quickly listed, a cluster is not."""

_Look = Callable[[dict[str, bytes]], tuple[Ranks, list[Input]]]


class Live:
    """Looks again and again, going on from what was known of each log."""

    def __init__(
        self,
        look: _Look,
        find: Callable[[], list[Input]],
        tell: Callable[[Ranks], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`look` asks the logs, `find` says which there are, `tell` shows an answer, `wait` lets time pass."""
        self._look = look
        self._find = find
        self._tell = tell
        self._wait = wait
        self._states: dict[str, bytes] = {}

    def run(self) -> Ranks:
        """Until all logs have ended, or a Ctrl-C; returns the last answer, which nobody has shown yet."""
        told, found = self._look(self._states)
        shown = None
        try:
            while True:
                answer = told.diagnosis
                at_end = _have_ended(found)
                if at_end:
                    return self._look(self._states)[0]
                if answer.kind not in ("none", "unknown") and _claim(told) != shown:
                    shown = _claim(told)
                    self._tell(told)
                self._wait_for_more(found)
                told, found = self._look(self._states)
        except KeyboardInterrupt:
            return told

    def _wait_for_more(self, found: Sequence[Input]) -> None:
        """Until a log has grown, another has come, or all have ended."""
        before = _sizes(found)
        for turn in count(1):
            self._wait(_EVERY)
            if _sizes(found) != before or _have_ended(found):
                return
            if turn % _LISTED == 0 or not found:
                now = self._find()
                if {one.path for one in now} != {one.path for one in found}:
                    return


def _claim(told: Ranks) -> tuple[object, ...]:
    answer = told.diagnosis
    return answer.kind, answer.ranks, answer.hosts, answer.cause, answer.certainty


def _have_ended(found: Sequence[Input]) -> bool:
    """Whether nobody writes any more; of a plain file nobody can know."""
    return bool(found) and all(one.ended is not None and one.ended() for one in found)


def _sizes(found: Sequence[Input]) -> list[tuple[int, int]]:
    sizes = []
    for one in found:
        try:
            there = os.stat(one.path)
            sizes.append((there.st_size, there.st_mtime_ns))
        except OSError:
            sizes.append((-1, 0))
    return sizes
