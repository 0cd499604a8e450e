"""The lines by which those who saw all of a job end say that it ended well: launchers, schedulers, and scripts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from logdex.diagnosis.records.events import Event, Speaker, of_tail
from logdex.diagnosis.records.similar import unstamped
from logdex.diagnosis.records.taxonomy import TaxonomyRow, rows, said

OF_LAUNCHERS = "succeeded"
"""The class of what those say who saw each process end."""
_CLASSES = (OF_LAUNCHERS, "completed", "ended")
_OF_ONE = "done"
"""The class of what a launcher says of each of its processes by itself, as DeepSpeed's does."""
_NOT = re.compile(
    r"(?i)\b(?:not|never|unsuccess\w*|fail\w*|errors?|partial\w*|previous|earlier|attempt [2-9]|evaluat\w+|validat\w+"
    r"|checkpoint\w*|upload\w*|download\w*|build|install\w*|epoch|until|will|if|when)\b"
    r"|(?i:\b(?:rank|worker|process|task|pid|child|node|pod|actor|replica|stage)[ =#:-]{0,2}\d)"
)
"""Words by which such a line says something else, or of something else."""
_ASKED = re.compile(r"(?:[$#>%] *|^)echo [\"']?\$\?[\"']?\s*$")
"""How a shell is asked how its last command ended."""
_COMMAND = re.compile(r"(?:^|\s)[$#>%] +[a-zA-Z./]")
"""How a command stands on a terminal, behind what the shell prompts with."""
_LAUNCHED = re.compile(
    r"[$#>%] +[^|;&]*\b(?:mpirun|mpiexec|prun|srun|jsrun|aprun|torchrun|torch\.distributed\.run|deepspeed|horovodrun"
    r"|accelerate launch|colossalai run|flux run)\b[^|;&]*$"
)
"""Such a command that is a launcher's, and nothing more."""
_NO_FAILURE = re.compile(
    r"(?i)\b(?:0|no|without(?: any)?) (?:\w+ )?(?:failed|failures?|errors?)\b|\b(?:failed|failures?|errors?)\W{1,3}0\b"
)
"""What counts no failures, and has their word all the same."""


def without_counts_of_none(text: str) -> str:
    """A line without what counts no failures in it: `0 failed`."""
    return _NO_FAILURE.sub("", text)


def good_ends(witness: Speaker) -> Iterator[Event]:
    """The last lines of a witness that say that the job ended well, or all that it saw of it."""
    if (told := _each_was_done(witness)) is not None:
        yield told
    if (told := _asked_of_the_shell(witness)) is not None:
        yield told
    for tail in witness.tail:
        if _NOT.search(without_counts_of_none(tail.text)):
            continue
        # It may fall to another row too, as one that counts no failures does.
        found = ((row.class_, match) for row in _shapes() if (match := row.search(tail.text)) is not None)
        class_, match = next(found, ("", None))
        if match is not None and said(match, "done") == said(match, "of"):
            yield of_tail(witness, tail, "context", class_, otherwise=(-math.inf, math.inf))


def _each_was_done(witness: Speaker) -> Event | None:
    """The last line by which a launcher says of single processes that they ended with 0, and of none otherwise.

    It ends the rest, and says so, when one of them does not.
    """
    if any(event.role in ("exit", "teardown") for event in witness.events):
        return None
    told = [tail for tail in witness.tail if any(row.search(tail.text) for row in _shapes_of_one())]
    return (
        of_tail(witness, told[-1], "context", OF_LAUNCHERS, otherwise=(-math.inf, math.inf)) if told else None
    )


def _asked_of_the_shell(witness: Speaker) -> Event | None:
    """The line by which a shell answers 0 to who asked it last how a command ended, as on a terminal.

    It knows of all that a launcher ran where that was the command; a pipe ends as its last part does.
    """
    *before, asked, answer = (None, None, *witness.tail)
    if asked is None or answer is None or not _ASKED.search(asked.text) or unstamped(answer.text) != "0":
        return None
    commands = [tail.text for tail in before if tail is not None and _COMMAND.search(tail.text)]
    is_launcher = bool(commands) and _LAUNCHED.search(commands[-1]) is not None
    class_ = OF_LAUNCHERS if is_launcher else "completed"
    return of_tail(witness, answer, "context", class_, otherwise=(-math.inf, math.inf))


@lru_cache(maxsize=1)
def _shapes_of_one() -> tuple[TaxonomyRow, ...]:
    return tuple(row for row in rows() if row.class_ == _OF_ONE)


@lru_cache(maxsize=1)
def _shapes() -> tuple[TaxonomyRow, ...]:
    return tuple(row for row in rows() if row.class_ in _CLASSES)
