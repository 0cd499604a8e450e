"""Container logs: what Kubernetes' runtimes and docker put around each line is taken off on the way into a spool."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import NamedTuple

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.framing import frames_of, named_kind
from logdex.inputs.reached import Reached
from logdex.inputs.rotation import Pinned

_CHUNK = 1 << 20


class Unframed:
    """A hold on the text within the frames of a log, which goes with the question that it belongs to.

    Then a follow of the log ends.
    """

    def __init__(self, made: Made, live: LiveTail | None = None) -> None:
        """Holds `made`, which goes on with what `live` gives."""
        self._made = made
        self._live = live
        made.holds.add(self)

    @property
    def spool(self) -> spool.Spool:
        """The text."""
        return self._made.spool

    @property
    def format(self) -> _core.Format:
        """What tells the times of its lines."""
        return self._made.format

    @property
    def index(self) -> str | None:
        """Where an index of the text is kept, if nobody writes to it any more."""
        return self._made.index if self._live is None else None

    def __del__(self) -> None:
        if self._live is not None:
            self._live.close()


class Made:
    """The text within the frames of a log in a temporary file, and a table of the times and streams of its lines.

    The files of a rotated set are one text: a line whose parts stand in two files comes whole.
    """

    def __init__(
        self, files: list[Pinned], kind: str, live: LiveTail | None = None, begun: Begun | None = None
    ) -> None:
        """Takes `kind` of frames off the lines of `files`, the oldest first, and goes on with what `live` gives.

        What `begun` has of the same files is copied.
        """
        import tempfile

        self.holds: weakref.WeakSet[Unframed] = weakref.WeakSet()
        """Who reads it."""
        self.index: str | None = None
        """Where an index of the text is kept, if that may be asked again."""
        self.state: object = None
        """How its files were when it was made."""
        self.size = 0
        """How many bytes its files had."""
        self._reached: Reached | None = None
        self._kind = kind
        self._table = tempfile.TemporaryFile(prefix="logdex-", buffering=0)  # noqa: SIM115
        self.format = _core.Format.table(self.table)
        self._note(files)
        self.spool = spool.Spool(
            files[-1].name,
            lambda text: self._fill(text, files, live, begun),
            modified=None if live else _modified(files),
        )
        self.spool.past = live.past if live else None

    def __del__(self) -> None:
        # Not set if there was no room for it.
        if hasattr(self, "_table"):
            self._table.close()

    def begun(self, files: list[Pinned]) -> Begun | None:
        """It as a beginning of what the files say, if it is one as far as can be seen."""
        reached = self._reached
        return Begun(self, reached) if reached is not None and reached.is_in(files) else None

    def go_on(self, files: list[Pinned], reached: Reached) -> bool:
        """Goes on in place with what has come to the files, if nobody reads it and all of its text stays."""
        if self.holds or not self.spool.has_ended() or self.spool.size() != reached.stand.text:
            return False
        self._note(files)
        self.spool.past = None
        self.spool.go_on(lambda text: self._fill(text, files, None, Begun(self, reached)), _modified(files))
        return True

    @property
    def table(self) -> str:
        """Where the table is."""
        return f"/dev/fd/{self._table.fileno()}"

    def _note(self, files: list[Pinned]) -> None:
        self.size = sum(one.size() for one in files)

    def _fill(
        self, text: spool.Spool, files: list[Pinned], live: LiveTail | None, begun: Begun | None
    ) -> None:
        """Fills the text and, ahead of it, the table with what stands in the files, one behind the other."""
        places, reached = (text.path, self.table), begun.reached if begun else None
        first, after = reached.place if reached else (0, 0)
        ends = reached.ends[:first] if reached else []
        try:
            if begun is not None and begun.made is not self:
                begun.copy_to(*places)
            frames = _core.Frames(self._kind, *places, reached.stand if reached else None)
            while len(ends) < len(files):
                begins = files[: len(ends) + 1]
                ends.append(
                    self._take_off(frames, text, begins, ends, after, live if begins == files else None)
                )
                after = 0
            frames.finish()
            text.grown(frames.size)
        except OSError as error:
            raise text.no_room(error) if error.filename in places else error from error

    def _take_off(
        self,
        frames: _core.Frames,
        text: spool.Spool,
        files: list[Pinned],
        ends: list[int],
        after: int,
        live: LiveTail | None,
    ) -> int:
        """Takes the frames off what stands in the last of `files` behind the byte `after`, and off what comes then.

        Returns where it ended, as it did at `ends` in the files before.
        """
        one, end = files[-1], files[-1].size()
        kind = compression(one.path)
        if kind is not None and not live:
            _push(frames, text, spool.decompressed(one.path, kind, one.name))
            self._reached = Reached(files, [*ends, end], frames.stand(), is_whole=True)
            return end
        whole = frames.read(one.path, after, text.limit)
        text.grown(frames.size)
        self._reached = Reached(files, [*ends, whole], frames.stand())
        if live:
            live.past.set()
        # The line that is not finished comes with what is written later.
        return whole + _push(frames, text, live.lines(one, whole) if live else _behind(one.path, whole))


class Begun(NamedTuple):
    """A text that is a beginning of another one, up to where it had reached in the files."""

    made: Made
    reached: Reached

    def copy_to(self, text: str, table: str) -> None:
        """Makes it the beginning of another text, which has its own `table`."""
        _copy(self.made.table, table, self.reached.stand.table)
        _copy(self.made.spool.path, text, self.reached.stand.text)


class LiveTail:
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
        # Not as text: a part of a line may end within a character.
        while (line := self._lines._next_bytes()) is not None:
            yield line

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


def _push(frames: _core.Frames, text: spool.Spool, chunks: Iterator[bytes]) -> int:
    """Takes the frames off what comes; returns how many bytes that were."""
    count = 0
    for chunk in chunks:
        frames.push(chunk)
        text.grown(frames.size)
        count += len(chunk)
    return count


def _modified(files: list[Pinned]) -> int:
    return os.stat(files[-1].path).st_mtime_ns


def _copy(source: str, target: str, size: int) -> None:
    """Makes the first `size` bytes of one temporary file those of another."""
    with open(source, "rb", buffering=0) as there, open(target, "r+b") as here:
        while size and (chunk := there.read(min(size, _CHUNK))):
            size -= here.write(chunk)


def _behind(path: str, at: int) -> Iterator[bytes]:
    """What stands in a file behind the byte `at`."""
    with open(path, "rb", buffering=0) as file:
        file.seek(at)
        while chunk := file.read(_CHUNK):
            yield chunk
