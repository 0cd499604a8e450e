"""How far a long question has come: one line on stderr, on a terminal, after a second."""

from __future__ import annotations

import os
import stat
import sys
import time
from argparse import Namespace

from logdex.command.complain import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading

_PATIENCE = 1.0
_EVERY = 0.2


class Progress:
    """Shows how much was read, until the block ends; not where lines go to the same terminal, or to a pager."""

    def __init__(self, args: Namespace) -> None:
        """`args` are what the command was given."""
        shares = not args.count and (sys.stdout.isatty() or _is_pipe(1))
        quiet = args.follow or not sys.stderr.isatty() or shares
        self._is_shown = not quiet and _bytes_read() is not None

    def __enter__(self) -> None:
        if self._is_shown:
            import threading

            self._over = threading.Event()
            self._thread = threading.Thread(
                target=_tell, args=(self._over,), name="logdex-progress", daemon=True
            )
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            self._over.set()
            self._thread.join()


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _tell(over: threading.Event) -> None:
    begun, before = time.monotonic(), _bytes_read() or 0
    if over.wait(_PATIENCE):
        return
    while not over.wait(_EVERY):
        done = ((_bytes_read() or before) - before) / 1e9
        seconds = time.monotonic() - begun
        tell(f"\r\x1b[Klogdex: {done:.1f} GB read in {seconds:.0f} s")
    tell("\r\x1b[K")


def _bytes_read() -> int | None:
    """How much this process has read from files, as the system counts; None where it does not."""
    try:
        with open("/proc/self/io", "rb") as file:
            return int(file.readline().split()[1])
    except (OSError, ValueError, IndexError):
        return None
