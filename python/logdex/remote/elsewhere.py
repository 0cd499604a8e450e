"""`Elsewhere`: a file that is not here, of which one can ask how large it is and what stands from here to there."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class State(NamedTuple):
    """What a file elsewhere was when it was looked at."""

    size: int
    """In bytes."""
    tag: str
    """Changes when the file does: an ETag, or the time of the last change."""


class Elsewhere(Protocol):
    """A file on another machine or in an object store."""

    @property
    def address(self) -> str:
        """As it was given, for messages."""

    def look(self) -> State:
        """What it is now.

        Raises:
            OSError: It cannot be reached, or is not there, or is no file; the message says what to do.
        """

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`, fewer where it ends before.

        Raises:
            OSError: As `look`.
        """
