"""When the follow of many sources is over."""

from collections.abc import Callable, Iterable
from contextlib import suppress

_SOON = 0.025


class AllEnded:
    """Tells whether nobody will write to any of several sources any more.

    Asks one source at a time, until that has ended, however many there are. One of which nothing is known (None)
    never ends.
    """

    def __init__(self, sources: Iterable[Callable[[], bool] | None]) -> None:
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
        return min([float(getattr(last, "every", _SOON)) for last in self._left[-1:]], default=_SOON)

    def ring_with(self, ring: Callable[[], None]) -> None:
        """Has `ring` called, on another thread, when one may have ended."""
        for one in self._left:
            ring_with = getattr(one, "ring_with", None)
            if ring_with is not None:
                ring_with(ring)
