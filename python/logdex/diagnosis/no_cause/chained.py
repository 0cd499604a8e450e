"""What a rank lost in the same moment as a worker of its data loader, and through that: no word of another rank.

torch's loader raises from a handler of SIGCHLD when a worker dies. A pipe to that worker breaks just then, so that the
traceback begins with the pipe: `ConnectionResetError`, `During handling of the above exception, another exception
occurred`, `RuntimeError: DataLoader worker (pid 11115) is killed by signal: Killed`. The first of these alone would say
that the rank lost another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdex.diagnosis.records.events import Event, Speaker

_PIPE = re.compile(r"(?:^|\s)(?:ConnectionResetError|BrokenPipeError|EOFError|ConnectionRefusedError)\b")
"""What Python itself raises where a pipe or a socket of this host breaks."""
_LINES = 200
"""A traceback has fewer lines, those of other ranks between them."""


def drop(ranks: Iterable[Speaker]) -> None:
    """Takes away the broken pipes above a loader's dead worker."""
    for one in ranks:
        lost = [event for event in one.events if event.class_ == "loader" and event.role == "cause"]
        if lost:
            one.events = [event for event in one.events if not any(_is_above(event, last) for last in lost)]


def _is_above(event: Event, last: Event) -> bool:
    is_near = event.path == last.path and 0 < last.number - event.number <= _LINES
    return is_near and event.role == "victim" and _PIPE.search(event.text) is not None
