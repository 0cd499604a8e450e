"""The evidence in one log, from what is kept of it as far as that goes.

The engine keeps it where it keeps the log's index (`src/evidence/state.rs`), and knows whether it still speaks of the
log. What it must be told is on what else the evidence depends.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import cache, lru_cache

from logdex import _core
from logdex._core import Question
from logdex.diagnosis.records import taxonomy
from logdex.regex.pattern import compile_pattern


def gather(
    question: Question,
    errors: re.Pattern[str] | None,
    states: dict[str, bytes] | None,
    *,
    alone: bool = False,
) -> list[_core._Voice]:
    """What each speaker of a log wrote that tells of a failure.

    Args:
        question: Which log, and how its stamps are to be read.
        errors: What is an error, if the taxonomy is not to say it.
        states: What the caller knows of each log by its path, which is brought up to date.
        alone: This thread is to do all of it, for the others are busy with other logs.
    """
    put = question.but(pattern=None, records=True, strict=False)
    known = states.get(question.path) if states is not None else None
    chosen, asked = compile_pattern(errors), _asked(question, errors)
    told, state = _core.gather(put, taxonomy.shapes, chosen, known, asked, alone=alone)
    if state is not None and states is not None:
        states[question.path] = state
    for voice in told:
        _uncolor(voice)
    return told


_COLORS = re.compile(r"\x1b\[[\d;]*m")


def _uncolor(voice: _core._Voice) -> None:
    """Takes the colors out of what is kept of a speaker's lines: Ray colors the tag before each that a driver shows."""
    for note in voice["notes"]:
        if "\x1b" in note["text"]:
            note["text"] = _COLORS.sub("", note["text"])
    if any("\x1b" in text for text, _, _ in voice["tail"]):
        voice["tail"] = [(_COLORS.sub("", text), span, number) for text, span, number in voice["tail"]]


def _asked(question: Question, errors: re.Pattern[str] | None) -> int:
    """A number for all that the evidence depends on beside the log."""
    depends = (
        errors and (errors.pattern, errors.flags),
        question.zone.name,
        question.reference,
        question.skew,
        question.stamp and question.stamp.__reduce__()[1],
        os.environ.get("TZ", ""),
        _local_zone(),
    )
    return _number(tuple(map(repr, depends)))


@lru_cache(maxsize=64)
def _number(depends: tuple[str, ...]) -> int:
    """A number for that: of many logs it is the same, and takes longer than the most of what else is asked of one."""
    told = json.dumps([_of_taxonomy(), *depends]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big")


def _local_zone() -> str:
    """Where the zone of this machine is looked up."""
    try:
        return os.readlink("/etc/localtime")
    except OSError:
        return ""


@cache
def _of_taxonomy() -> str:
    """All shapes and what they are for, in short."""
    told = repr([(row.role, row.regex) for row in taxonomy.rows()])
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass")).hexdigest()
