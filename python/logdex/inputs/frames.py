"""Container logs: what Kubernetes' runtimes and docker put around each line is taken off on the way into a spool."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import IO

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.framing import frames_of, named_kind
from logdex.inputs.rotation import Pinned

_CHUNK = 1 << 20


class Unframed:
    """The text within the frames of a log, put into a temporary file, and a table of the times of its lines.

    The files of a rotated set are one text: a line whose parts stand in two files comes whole. It goes with the
    question that it belongs to; then a follow of the log ends.
    """

    def __init__(self, files: list[Pinned], kind: str, live: Live | None = None) -> None:
        """Takes `kind` of frames off the lines of `files`, the oldest first, and goes on with what `live` gives."""
        import tempfile

        self.size = sum(one.size() for one in files)
        """How many bytes its files had."""
        self.index: str | None = None
        """Where an index of the text is kept, if that may be asked again."""
        self._live = live
        table = tempfile.TemporaryFile(prefix="logdex-", buffering=0)  # noqa: SIM115
        self.format = _core.Format.table(f"/dev/fd/{table.fileno()}")
        modified = os.stat(files[-1].path).st_mtime_ns
        self.spool = spool.Spool(
            files[-1].name,
            lambda text: _fill(text, table, files, kind, live),
            modified=None if live else modified,
        )
        self.spool.past = live.past if live else None

    def __del__(self) -> None:
        # Not set if there was no room for it.
        live = getattr(self, "_live", None)
        if live is not None:
            live.close()


class Live:
    """What is written to a log behind its last whole line, and to the files that get its name after that."""

    def __init__(self, path: str, zone: _core.Zone, ended: Callable[[], bool] | None) -> None:
        """Follows `path` until it has `ended`."""
        self._question = _core.Question(path, zone=zone, follow=True, index=False, ended=ended)
        self._lines: _core.Lines | None = None
        self._closed = False
        self.past = threading.Event()

    def lines(self, begun: Pinned, after: int) -> Iterator[bytes]:
        """The lines as they come, those of the file `begun` behind `after` first."""
        self._lines = _core.Lines(self._question.but(begun=begun.path, after=after, name=begun.name))
        if self._closed:
            self._lines.close()
        for line in self._lines:
            yield line.encode("utf-8", "replace")

    def close(self) -> None:
        """Ends it, from any thread."""
        self._closed = True
        if self._lines is not None:
            self._lines.close()


def kind_of(files: list[Pinned]) -> str | None:
    """How the lines of a set are framed, as the youngest file that is not empty says."""
    for one in reversed(files):
        kind = frames_of(one.text()) or (None if one.size() else named_kind(one.name))
        if kind is not None:
            return kind
    return None


def _fill(text: spool.Spool, table: IO[bytes], files: list[Pinned], kind: str, live: Live | None) -> None:
    """Fills `text` and, ahead of it, the `table` of times with what stands in the files, one behind the other."""
    places = text.path, f"/dev/fd/{table.fileno()}"
    try:
        with table:
            frames = _core.Frames(kind, *places)
            for one in files:
                _take_off(frames, text, one, live if one is files[-1] else None)
            frames.finish()
            text.grown(frames.size)
    except OSError as error:
        raise text.no_room(error) if error.filename in places else error from error


def _take_off(frames: _core.Frames, text: spool.Spool, one: Pinned, live: Live | None) -> None:
    """Takes the frames off what stands in the file, and off what comes then."""
    kind = compression(one.path)
    if kind is not None and not live:
        rest = spool.decompressed(one.path, kind, one.name)
    else:
        whole = frames.read(one.path, text.limit)
        text.grown(frames.size)
        if live:
            live.past.set()
        # The line that is not finished comes with what is written later.
        rest = live.lines(one, whole) if live else _behind(one.path, whole)
    for chunk in rest:
        frames.push(chunk)
        text.grown(frames.size)


def _behind(path: str, at: int) -> Iterator[bytes]:
    """What stands in a file behind the byte `at`."""
    with open(path, "rb", buffering=0) as file:
        file.seek(at)
        while chunk := file.read(_CHUNK):
            yield chunk
