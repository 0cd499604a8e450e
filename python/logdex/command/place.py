"""`--cursor-file`: where the command goes on, kept in a file."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress

from logdex import _core
from logdex.command.legible import legible
from logdex.command.rows import Shown

_OFTEN = 0.5
"""How many seconds may pass before the place behind what was written is stored."""


class Place:
    """A file that holds a cursor, replaced as a whole: whoever is killed finds the old place or the new one."""

    def __init__(self, path: str) -> None:
        """`path` need not be there yet, if its directory is."""
        self._path = path
        self._stored: str | None = None
        self._over = threading.Event()

    def load(self) -> str | None:
        """What was stored; None where there is no file, or an empty one.

        Raises:
            OSError: What the system says of the file.
            ValueError: It is no text.
        """
        try:
            with open(self._path, encoding="utf-8") as file:
                self._stored = file.read().strip() or None
        except FileNotFoundError:
            if not os.path.isdir(os.path.dirname(os.path.abspath(self._path))):
                # What can never be stored is said before anything is shown.
                raise
            return None
        return self._stored

    def store(self, cursor: str | None) -> None:
        """Stores `cursor`, if it is another one.

        Raises:
            OSError: What the system says of the directory.
        """
        if cursor is None or cursor == self._stored:
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


def behind(cursor: str, path: str, shown: list[Shown]) -> list[Shown]:
    """What is shown, each file behind its place in a cursor that was kept at `path`.

    Raises:
        CursorError: A log of the cursor is not to be found again.
    """
    from logdex.inputs.resume import CursorError
    from logdex.inputs.resume_many import resume_many

    rows = {os.path.abspath(one.question.path): one for one in shown}
    try:
        questions = resume_many([one.question for one in shown], cursor, "raise")
    except CursorError as error:
        advice = f"remove {legible(path)} to begin anew with what is there now"
        raise CursorError(error.why, advice, error.filename) from None
    several = len(questions) > 1
    return [
        # What was rotated is shown as what has its name now.
        (rows.get(os.path.abspath(one.path)) or rows.get(os.path.abspath(one.name or ""), shown[0])).but(
            question=one.but(records=one.records or several)
        )
        for one in questions
    ]
