"""Records folded: which lines of a screen are one, as a traceback is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from logdex.view.pager import Line

_PREFIX = re.compile(r"\[(?:rank|default)\d+\]:\s?|\[\d+(?:,\d+)?\]<std(?:out|err)>:\s?")
_HEAD = "Traceback (most recent call last):"
_BETWEEN = ("During handling of the above exception", "The above exception was the direct cause", _HEAD)


def _body(line: Line) -> str:
    return _PREFIX.sub("", line.text, count=1)


def length(lines: Sequence[Line], first: int) -> int:
    """How many lines from `first` on are one record: those of a traceback with its exception, else 1.

    Lines of other logs or ranks in between end it.
    """
    if not _body(lines[first]).rstrip().endswith(_HEAD):
        return 1
    begun = lines[first]
    at = first + 1
    while at < len(lines) and (lines[at].log, lines[at].rank) == (begun.log, begun.rank):
        body = _body(lines[at])
        at += 1
        if not body.strip() or body[0].isspace() or body.startswith(_BETWEEN):
            continue
        # The exception. Another traceback may hang on it, behind an empty line.
        if not _goes_on(lines, at):
            break
    return at - first


def _goes_on(lines: Sequence[Line], at: int) -> bool:
    return (
        at + 1 < len(lines)
        and not _body(lines[at]).strip()
        and _body(lines[at + 1]).startswith(_BETWEEN)
        and lines[at + 1].log == lines[at].log
    )


def summary(lines: Sequence[Line]) -> str:
    """A folded record in one line."""
    if len(lines) == 1:
        return lines[0].text
    last = next((one for one in reversed(lines) if _body(one).strip()), lines[-1])
    return f"{lines[0].text} … {_body(last).strip()}  ({len(lines)} lines)"
