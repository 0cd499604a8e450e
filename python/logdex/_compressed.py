"""A compressed log: its text is put into a temporary file when something is asked, and asked there."""

from __future__ import annotations

import os

from logdex import _spool as spool
from logdex.log import Log, Question


def text_of(log: Log, kind: str) -> Question:
    """What every question to `log` has in common, put to its text; `kind` is how it is compressed.

    The text is decompressed by the first question, on disk and not in memory, and again when the file has changed. It
    goes with the log and the last of its answers.

    Raises:
        OSError: The file is damaged or cut off, or its text is more than `$LOGDEX_SPOOL` MiB.
    """
    path = log.path
    there = os.stat(path)
    state = [there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns]
    if log._text is None or log._text[0] != state:
        text = spool.of_compressed(path, kind)
        text.wait()
        log._text = state, text
    text = log._text[1]
    return log._plain.but(
        path=text.path,
        name=path,
        index=False,
        origin=(path, None, ""),
        # Nobody writes to it: a follow ends with it.
        ended=text.has_ended,
        keep=text,
    )
