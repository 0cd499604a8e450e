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

_Sizes = dict[str, tuple[int, int]]
"""The size of each file, and when it was written last."""

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
        self._is_last = False

    def run(self) -> Ranks:
        """Until all logs have ended, or a Ctrl-C; returns the last answer, which nobody has shown yet."""
        # As they were before they were read: what is written meanwhile is for the next look.
        before = _sizes(self._find())
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
                if not self._wait_for_more(found, before):
                    return told
                before = _sizes(found)
                told, found = self._look(self._states)
                if self._is_last:
                    return told
        except KeyboardInterrupt:
            return told

    def _wait_for_more(self, found: Sequence[Input], before: _Sizes) -> bool:
        """Until a log has grown, another has come, or all have ended; False where a Ctrl-C came before that."""
        known = _sizes(found) | before
        try:
            for turn in count(1):
                self._wait(_EVERY)
                if _have_grown(found, known) or _have_ended(found):
                    return True
                if (turn % _LISTED == 0 or not found) and self._are_others(found):
                    return True
        except KeyboardInterrupt:
            # What has come since the last look is a part of the answer.
            self._is_last = True
        return _have_grown(found, known) or self._are_others(found)

    def _are_others(self, found: Sequence[Input]) -> bool:
        return {one.path for one in self._find()} != {one.path for one in found}


def _claim(told: Ranks) -> tuple[object, ...]:
    answer = told.diagnosis
    return answer.kind, answer.ranks, answer.hosts, answer.cause, answer.certainty


def _have_ended(found: Sequence[Input]) -> bool:
    """Whether nobody writes any more; of a plain file nobody can know."""
    return bool(found) and all(one.ended is not None and one.ended() for one in found)


def _have_grown(found: Sequence[Input], known: _Sizes) -> bool:
    return any(size != known[path] for path, size in _sizes(found).items())


def _sizes(found: Sequence[Input]) -> _Sizes:
    sizes = {}
    for one in found:
        try:
            there = os.stat(one.path)
            sizes[one.path] = there.st_size, there.st_mtime_ns
        except OSError:
            sizes[one.path] = -1, 0
    return sizes
