"""Rich's console, which leaves the end of the process to the command."""

from __future__ import annotations

import rich.console


class Console(rich.console.Console):
    """A console that says when its reader has gone; rich would end the process, as one that failed."""

    def on_broken_pipe(self) -> None:
        """Called where writing failed, by whoever handles that."""
        raise BrokenPipeError
