"""`Text`: what a compressed log says, put into a temporary file when something is asked, and asked there."""

from __future__ import annotations

import os

from logdex.inputs import spool


class Text:
    """The text of a compressed file, decompressed on disk and not in memory.

    It goes with the log that it belongs to and the last of that log's answers.
    """

    def __init__(self, path: str, kind: str) -> None:
        """Decompresses `path`, which is of `kind` ("gzip" or "zstd"), and waits until all of it is there.

        Raises:
            OSError: The file is damaged or cut off, or its text is more than `$LOGDEX_SPOOL` MiB.
        """
        self._state = _state(path)
        self.spool = spool.of_compressed(path, kind)
        self.spool.wait()

    def is_of(self, path: str) -> bool:
        """Whether the file is still what it was when the text was made of it."""
        return self._state == _state(path)


def _state(path: str) -> list[int]:
    there = os.stat(path)
    return [there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns]
