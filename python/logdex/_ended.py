"""When a follow is over: what it asks, and how the answers for many sources make one."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

SOON = 0.025
"""For how many seconds a no holds where nothing can ring."""


class Ended(Protocol):
    """Tells whether nobody will write to a log any more: what a follow takes as `ended`.

    Any function without arguments will do, such as `threading.Event().is_set`. It is called at the end of the file
    about every 25 ms, on the thread that reads; what it raises goes to the reader.

    Examples:
        >>> import logdex, tempfile, threading
        >>> over = threading.Event()
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("step 1\\n")
        ...     log.flush()
        ...     over.set()
        ...     list(logdex.open(log.name).lines(follow=True, ended=over.is_set))
        ['step 1\\n']
    """

    def __call__(self) -> bool:
        """True once nobody will write any more; it stays true."""


class RingingEnded(Ended, Protocol):
    """An `Ended` that rings when its answer may have changed, and so need not be asked so often."""

    @property
    def every(self) -> float:
        """How many seconds a no holds, unless it rings."""

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on any thread, when the answer may have changed."""


class AllEnded:
    """Tells whether nobody will write to any of several sources any more.

    Asks one source at a time, until that has ended, however many there are. One of which nothing is known (None)
    never ends.
    """

    def __init__(self, sources: Iterable[Ended | None]) -> None:
        self._left = list(sources)

    def __call__(self) -> bool:
        """True once all have ended."""
        for last in reversed(list(self._left)):
            if last is None or not last():
                return False
            with suppress(ValueError):  # another thread has asked too
                self._left.remove(last)
        return True

    @property
    def every(self) -> float:
        """How many seconds a no holds, unless it rings."""
        return min([float(getattr(last, "every", SOON)) for last in self._left[-1:]], default=SOON)

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on another thread, when one may have ended."""
        for one in self._left:
            ring_with = getattr(one, "ring_with", None)
            if ring_with is not None:
                ring_with(ring)
