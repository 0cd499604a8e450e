"""`Later`: logs that come while a directory, a glob or a job is viewed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from logdex._core import Question
from logdex._question import Newcomers

_DOUBT = 10.0
"""After so many seconds it is looked again, whatever the directories say."""


class Later:
    """Looks for logs that were not there before; cheaply where no directory has changed."""

    def __init__(self, newcomers: Newcomers) -> None:
        """`newcomers` finds them."""
        self._newcomers = newcomers
        self._directories: dict[str, int] | None = None
        self._looked = 0.0

    def look(self) -> list[Question]:
        """What to ask of those that have come since the last look.

        Raises:
            OSError: What the system says of one of them.
        """
        now = time.monotonic()
        if self._directories is not None and now < self._looked + _DOUBT:
            changed = _changes(self._directories)
            if changed == self._directories:
                return []
        # Before the look: what comes while it is under way is found by the next one.
        before = _changes(self._directories or ())
        come, directories = self._newcomers.look()
        # One that is new has to be looked at once more, for something may have come to it meanwhile.
        self._directories = {one: before.get(one, 0) for one in directories}
        self._looked = now
        return [viewed(question) for _, question in come]

    def nothing(self) -> Question:
        """What is asked as long as there is no log at all: a log without a name, which never has a line."""
        return viewed(self._newcomers.asked.but(path="", name=None))


def viewed(question: Question) -> Question:
    """The question as a pager puts it, which itself looks for what is new."""
    return question.but(follow=False, ended=None)


def _changes(directories: Iterable[str]) -> dict[str, int]:
    """When each was changed last; 0 where there is none."""
    return {one: _changed(one) for one in directories}


def _changed(directory: str) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return 0
