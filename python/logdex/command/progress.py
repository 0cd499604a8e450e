"""How far a long question has come: one line on stderr, on a terminal, after a second."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator

_PATIENCE = 1.0
_EVERY = 0.2


@contextlib.contextmanager
def shown(args: Namespace) -> Iterator[None]:
    """Shows how much was read, until the block ends; not where lines go to the same terminal."""
    quiet = args.follow or not sys.stderr.isatty() or (sys.stdout.isatty() and not args.count)
    if quiet or _bytes_read() is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(over,), name="logdex-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(over: threading.Event) -> None:
    begun, before = time.monotonic(), _bytes_read() or 0
    if over.wait(_PATIENCE):
        return
    while not over.wait(_EVERY):
        done = ((_bytes_read() or before) - before) / 1e9
        seconds = time.monotonic() - begun
        sys.stderr.write(f"\r\x1b[Klogdex: {done:.1f} GB read in {seconds:.0f} s")
        sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


def _bytes_read() -> int | None:
    """How much this process has read from files, as the system counts; None where it does not."""
    try:
        with open("/proc/self/io", "rb") as file:
            return int(file.readline().split()[1])
    except (OSError, ValueError, IndexError):
        return None
