"""`Growth`: what has become of the files of some logs since the last look."""

from __future__ import annotations

import os
from enum import Enum, auto

from logdex.view.pager import Pager, Place

_NOWHERE = (0, 0)


class Change(Enum):
    """What has become of them."""

    NONE = auto()
    GREW = auto()
    """Something was appended to one, or a file has come that was waited for."""
    ANEW = auto()
    """One was cut, or another file has its name."""


class Growth:
    """The files as they were at the last look."""

    def __init__(self, pager: Pager) -> None:
        """`pager` says which files, and what is taken for one that is not there."""
        self._pager = pager
        self._files = self._identities()
        self._seen: Place = ()

    def look(self, shown: Place) -> Change:
        """Looks again, where lines are `shown` up to a place."""
        now, files = self.sizes(), self._identities()
        cut = any(there < held for there, held in zip(now, shown, strict=True))
        others = any(before not in (file, _NOWHERE) for before, file in zip(self._files, files, strict=True))
        grew = now != self._seen
        self._files, self._seen = files, now
        if cut or others:
            return Change.ANEW
        return Change.GREW if grew else Change.NONE

    def sizes(self) -> Place:
        """How many bytes there are in each; what was there last, where that cannot be known."""
        try:
            return self._pager.end()
        except OSError:
            return self._seen or self._pager.start

    def _identities(self) -> list[tuple[int, int]]:
        return [_identity(one.path) for one in self._pager.questions]


def _identity(path: str) -> tuple[int, int]:
    try:
        there = os.stat(path)
    except OSError:
        return _NOWHERE
    return there.st_dev, there.st_ino
