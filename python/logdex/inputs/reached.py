"""How far the text of a container's log was made, and by what the log's files are known again once they have grown.

Such a log is read as a text of which the runtime's frames are taken off (`frames.py`). A later question goes on with
the text that is there, if the files have the same up to its end: they may have been rotated meanwhile, or one of them
written anew. So `Reached` keeps which files those were, and what stood at the head and before the end of each, and says
where to go on.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from logdex import _core
from logdex.inputs.rotation import Pinned

_ENDS = 4096
"""By so many bytes at its head and before its end a part of a file is known again."""


class Reached:
    """A place in the last of some files, up to which their text is there."""

    def __init__(
        self, files: list[Pinned], ends: list[int], stand: _core.Stand, *, is_whole: bool = False
    ) -> None:
        """Takes what will tell whether it is still so.

        Args:
            files: The files of which the text is.
            ends: Up to where, in bytes: of the last up to a line end.
            stand: How the frames stood there.
            is_whole: The last file is compressed: there is no going on in it.
        """
        self._known = [known(one, end) for one, end in zip(files, ends, strict=True)]
        self._is_whole = is_whole
        self.ends = ends
        self.stand = stand

    @property
    def place(self) -> tuple[int, int]:
        """In which of the files to go on, and behind which byte."""
        return (len(self.ends), 0) if self._is_whole else (len(self.ends) - 1, self.ends[-1])

    def is_in(self, files: list[Pinned]) -> bool:
        """Whether files say the same up to there: these, of which only the last has grown, and others behind them."""
        if len(files) < len(self._known):
            return False
        pairs = list(zip(files, self._known, strict=False))
        whole = pairs if self._is_whole else pairs[:-1]
        return all(known(one, part.end) == part for one, part in pairs) and all(
            one.size() == part.end for one, part in whole
        )


class Known(NamedTuple):
    """A part of a file, from its beginning on, by what can be looked at again."""

    file: tuple[int, int]
    end: int
    head: bytes
    tail: bytes


def known(one: Pinned, end: int) -> Known:
    """The part of a file up to the byte `end`."""
    begin = max(0, end - _ENDS)
    with open(one.path, "rb", buffering=0) as file:
        head = os.pread(file.fileno(), min(_ENDS, end), 0)
        return Known(one.file, end, head, os.pread(file.fileno(), end - begin, begin))
