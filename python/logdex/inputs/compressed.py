"""`Text`: what a compressed log says, put into a temporary file when something is asked, and asked there."""

from __future__ import annotations

import os

from logdex import _core
from logdex.inputs.frames import Unframed
from logdex.inputs.framing import frames_of
from logdex.inputs.kept import unframed
from logdex.inputs.rotation import Pinned


class Text:
    """The text of a compressed file or of a container's log, on disk and not in memory.

    It goes with the log that it belongs to and the last of that log's answers.
    """

    def __init__(self, path: str, kind: str | None) -> None:
        """Decompresses `path`, of `kind` (None for plain), takes frames off, and waits until all of it is there.

        Raises:
            OSError: The file is damaged or cut off, or its text is more than `$LOGDEX_SPOOL` MiB.
        """
        self._state = _state(path)
        file = Pinned(path)
        frames = frames_of(file.text())
        self._made: Unframed | Pinned = file
        self.format: _core.Format | None = None
        self.index: str | None = None
        """Where an index of it is kept."""
        if frames is not None:
            self._made = unframed([file], frames)
            self.format, self.index = self._made.format, self._made.index
        made = self._made.spool
        assert made is not None, f"{kind}: neither compressed nor framed"
        self.spool = made
        self.spool.wait()

    def is_of(self, path: str) -> bool:
        """Whether the file is still what it was when the text was made of it."""
        return self._state == _state(path)


def _state(path: str) -> list[int]:
    there = os.stat(path)
    return [there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns]
