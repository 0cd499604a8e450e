"""^C while the command is being imported: it ends as it does later, with a status and without a traceback."""

from __future__ import annotations

# `signal` itself takes longer to import than all that is to be watched over here.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

STATUS = 130
"""What a shell says of a command that ^C ended."""


def leave_quietly() -> None:
    """From now on ^C ends the process, where it would have raised `KeyboardInterrupt`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_again() -> None:
    """^C raises `KeyboardInterrupt` again, for those who put things right before they end."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(STATUS)


def is_command() -> bool:
    """Whether this process was started as the command, by its script or by `python -m logdex`."""
    if os.path.basename(sys.argv[0]) == "logdex":
        return True
    words = sys.orig_argv
    return sys.argv[0] == "-m" and "-m" in words and words[words.index("-m") + 1 :][:1] == ["logdex"]
