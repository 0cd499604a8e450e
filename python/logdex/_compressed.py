"""A compressed log: its text is put into a temporary file when something is asked, and asked there."""

from __future__ import annotations

import os

from logdex import _spool as spool
from logdex._input import compression
from logdex.log import Log, Question


class CompressedLog(Log):
    """A log in gzip or zstd, to be asked as any other; made by `logdex.open`.

    The text is decompressed by the first question, on disk and not in memory, and again when the file has changed. It
    goes with the log and the last of its answers.
    """

    _text: tuple[list[int], spool.Spool] | None = None

    @property
    def _question(self) -> Question:
        """See `Log`; of the text, if the file is compressed indeed.

        Raises:
            OSError: The file is damaged or cut off, or its text is more than `$LOGDEX_SPOOL` MiB.
        """
        path = self._plain.path
        kind = compression(path)
        if kind is None:
            return self._plain
        text = self._decompressed(path, kind)
        return self._plain.but(
            path=text.path,
            name=path,
            index=False,
            origin=(path, None, ""),
            # Nobody writes to it: a follow ends with it.
            ended=text.has_ended,
            keep=text,
        )

    def __getstate__(self) -> dict[str, object]:
        # Another process makes a text of its own.
        return {name: value for name, value in self.__dict__.items() if name != "_text"}

    def _decompressed(self, path: str, kind: str) -> spool.Spool:
        there = os.stat(path)
        state = [there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns]
        if self._text is None or self._text[0] != state:
            text = spool.of_compressed(path, kind)
            text.wait()
            self._text = state, text
        return self._text[1]
