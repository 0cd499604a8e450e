"""`Input`: one file to read. Imports nothing heavy: one plain file is what most questions are about."""

from __future__ import annotations

import os
import stat

from logdex._fields import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from logdex._core import Format
    from logdex.inputs.said import Said
    from logdex.inputs.source import Source
    from logdex.inputs.spool import Spool


class Input:
    """One file to read, and what is known of it besides its path.

    Whatever was given, a path, a glob, a pipe or a handle, comes to a list of these; who puts a question to files knows
    nothing else of them. What is not a file of its own, a pipe or a compressed log, is one here too: its spool.
    """

    def __init__(
        self,
        path: str,
        label: str,
        source: Source | None = None,
        name: str = "",
        finished: bool = False,
        ended: Callable[[], bool] | None = None,
        spool: Spool | None = None,
        keep: object = None,
        exit: int | None = None,
        alias: str | None = None,
        begun: str | None = None,
        stamp: Format | None = None,
        index: str | None = None,
        said: Sequence[Said] = (),
    ) -> None:
        """Takes what is known of it.

        Args:
            path: Where it is.
            label: What its source is called.
            source: What the names tell.
            name: Which attempt or restart it is, where there are several.
            finished: A follow reads it and does not wait for more: a later attempt, or a rotation, took its place.
            ended: Says whether nobody will write to it any more.
            spool: What fills it, where it is not a file of its own.
            keep: Something that shall live as long.
            exit: The exit status of the process that wrote it, if that was recorded.
            alias: What messages call it, where its path says nothing.
            begun: Where the file is held open whose name `path` is, if that may go to another one.
            stamp: What tells the times of its lines, in place of what the user teaches.
            index: The directory in which an index of it may be kept, where it is no file of its own.
            said: What the scheduler's record says of the job that wrote it.
        """
        self.path = path
        self.stamp = stamp
        self.index = index
        self._label = label
        self._source = source
        self.name = name
        self.finished = finished
        self.ended = ended
        self.spool = spool
        self._keep = keep
        self.exit = exit
        self.said = tuple(said)
        self.begun = begun
        self._alias = alias
        self.member: str | None = None
        """What it is called in the tar in which it was."""
        self.reference: int | None = None
        """A moment near its end, in nanoseconds since 1970 UTC, where the logs beside it tell one; see `years`."""
        self.is_dated = False
        """Whether `reference` was looked for."""
        self.skew = 0
        """By how many nanoseconds the clock was behind that wrote its stamps."""

    @property
    def label(self) -> str:
        """What its source is called."""
        return self._label

    @property
    def source(self) -> Source | None:
        """What the names tell, if anything."""
        return self._source

    def call(self, label: str) -> None:
        """Gives its source another label, where one of another argument is called the same."""
        from dataclasses import replace

        self._source = None if self.source is None else replace(self.source, label=label)
        self._label = label

    @property
    def alias(self) -> str | None:
        """What to call it in messages, where its path would mean nothing to anybody."""
        return self.member or (self.spool.name if self.spool is not None else self._alias)

    @property
    def stays(self) -> bool:
        """Whether it is a file of its own, of which an index is worth keeping."""
        return self.spool is None and self.member is None

    @property
    def origin(self) -> tuple[str, int | None, str]:
        """What a record says of it: the source's label, its rank, and which attempt or restart it is."""
        return text_of(self.label), self.source.rank if self.source else None, self.name

    def join(self) -> None:
        """Waits until nothing more comes to a spooled text, for a question that needs its end."""
        if self.spool is not None:
            self.spool.join()

    def await_head(self) -> None:
        """Waits until it is known of a spooled text whether it is that of a container."""
        if self.spool is not None:
            self.spool.await_head()

    def catch_up(self) -> None:
        """Waits until all that was there at first is in a spooled text that goes on with its log, or no more comes."""
        if self.spool is not None:
            self.spool.await_past()

    def check(self) -> None:
        """Raises what went wrong with a spooled text so far.

        Raises:
            OSError: What is compressed is damaged or cut off, or there was no room for its text.
        """
        if self.spool is not None:
            self.spool.check()

    def settle(self) -> None:
        """Waits until a spooled text is whole; raises as `check` does."""
        self.join()
        self.check()


class PlainFile(Input):
    """A file that was named. What its name tells is found out when it is asked for, as `layouts` is slow to import."""

    def __init__(self, path: str) -> None:
        """`path` is where it is."""
        super().__init__(path, "")

    @property
    def label(self) -> str:
        """See `Input`."""
        return self.source.label

    @property
    def source(self) -> Source:
        """See `Input`."""
        if self._source is None:
            from logdex.inputs.sources import of_file

            self._source = of_file(self.path)
        return self._source


class Wish(Fields):
    """What of the arguments decides which files are read."""

    streams: str | None = None
    follow: bool = False
    last: bool = False
    """Only the last lines, for which nobody decompresses what is old."""
    tail: int | None = None
    """So many last lines of the file are all that is asked, whatever they say."""
    rotated: bool = False
    """Each file that is named stands for its rotations too."""


def text_of(name: str) -> str:
    """The name of a file as text: bytes that are none, as in Python's `str`s of names, become U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


def is_stream(path: str) -> bool:
    """Whether what stands there can only be read as it comes: a pipe (`<(command)`), a terminal, a device."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
