"""`--cursor-file`: where the command goes on, kept in a file."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Collection
from contextlib import suppress

from logdex import _core
from logdex.command.legible import legible
from logdex.command.lines.rows import Shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex.inputs.resume_many import Resumed

_OFTEN = 0.5
"""How many seconds may pass before the place behind what was written is stored."""


class Place:
    """A file that holds a cursor, replaced as a whole: whoever is killed finds the old place or the new one."""

    def __init__(self, path: str) -> None:
        """`path` need not be there yet, if its directory is."""
        self._path = path
        self._stored: str | None = None
        self._over = threading.Event()
        self._begun: list[_core.Mark] = []
        self._done: list[_core.Mark] = []

    def load(self) -> str | None:
        """What was stored; None where there is no file, or an empty one.

        Raises:
            OSError: What the system says of the file.
            ValueError: It holds something else.
        """
        try:
            with open(self._path, encoding="utf-8") as file:
                self._stored = file.read().strip() or None
            if self._stored is not None:
                _core.Cursor(self._stored)
        except FileNotFoundError:
            if not os.path.isdir(os.path.dirname(os.path.abspath(self._path))):
                # What can never be stored is said before anything is shown.
                raise
            return None
        except ValueError:
            raise ValueError(
                f"{legible(self._path)}: not a cursor of this version of logdex, or not a whole one; name another "
                "file, or remove it to begin anew"
            ) from None
        return self._stored

    def store(self, cursor: str | None) -> None:
        """Stores `cursor`, or before there is one the place at which the call begins, if it is another than before.

        Raises:
            OSError: What the system says of the directory.
        """
        cursor = self._with_before(cursor)
        if cursor == self._stored:
            return
        directory = os.path.dirname(os.path.abspath(self._path))
        try:
            descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".cursor-")
            try:
                with open(descriptor, "w", encoding="utf-8") as file:
                    file.write(cursor + "\n")
                os.replace(temporary, self._path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        except OSError as error:
            # Of the file that was named, and not of one beside it that nobody knows.
            raise type(error)(error.errno, error.strerror, self._path) from None
        self._stored = cursor

    def begin(self, begun: list[_core.Mark], done: list[_core.Mark]) -> None:
        """Stores where the call begins, before its first line: who is killed before the next place is known goes on
        from there.

        `begun` are the places in the files that are read, and `done` what is known of others.

        Raises:
            OSError: What the system says of the directory.
        """
        self._begun, self._done = begun, done
        self.store(None)

    def _with_before(self, cursor: str | None) -> str:
        """The cursor, with the files of which it says nothing because nothing of them was shown yet."""
        if not self._begun and not self._done:
            return cursor if cursor is not None else self._stored or ""
        marks = [] if cursor is None else _core.Cursor(cursor).marks
        files = {(mark.name, mark.file) for mark in marks}
        begun = {mark.name for mark in marks if not mark.left}
        kept = [
            mark
            for mark in self._begun
            if (mark.name, mark.file) not in files and (mark.left or mark.name not in begun)
        ]
        # A file that is not read is not held: its number may be another's by now.
        return _core.Cursor.of([*self._done, *kept, *marks]).text

    def attend(self, show: _core.Show) -> None:
        """Stores the place of `show` now and then, until `finish`."""
        threading.Thread(target=self._attend, args=(show,), name="logdex-cursor", daemon=True).start()

    def _attend(self, show: _core.Show) -> None:
        while not self._over.wait(_OFTEN):
            # What goes wrong is said at the end, where it goes wrong again.
            with suppress(OSError):
                self.store(show.cursor)

    def finish(self, show: _core.Show) -> None:
        """Stores the place at which `show` has ended; raises as `store`."""
        self._over.set()
        self.store(show.cursor)


def behind(
    cursor: str | None, path: str, shown: list[Shown], alone: Collection[str]
) -> tuple[list[Shown], Resumed]:
    """What is shown, each file behind its place in a cursor that was kept at `path`, and what more is known of that.

    `alone` are the logs whose rotated files are not asked for by themselves; see `resume_many.go_on`.

    Raises:
        CursorError: A log of the cursor is not to be found again.
    """
    from logdex.inputs.resume import CursorError
    from logdex.inputs.resume_many import go_on

    rows = {os.path.abspath(one.question.path): one for one in shown}
    try:
        resumed = go_on([one.question for one in shown], cursor, "raise", alone)
    except CursorError as error:
        advice = f"remove {legible(path)} to begin anew with what is there now"
        raise CursorError(error.why, advice, error.filename) from None
    several = len(resumed.questions) > 1
    return [
        # What was rotated is shown as what has its name now.
        (rows.get(os.path.abspath(one.path)) or rows.get(os.path.abspath(one.name or ""), shown[0])).but(
            question=one.but(records=one.records or several)
        )
        for one in resumed.questions
    ], resumed
