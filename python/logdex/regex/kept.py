"""Translations of many patterns: it takes a process longer to make them than to read those of an earlier one."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from logdex import _core
from logdex.regex.pattern import said_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from logdex.regex.pattern import Parts, Translation


def said_of_all(regexes: Sequence[str], table: str | os.PathLike[str]) -> list[Translation | None]:
    """What `said_of` says of each of `regexes`, which stand in the file `table`.

    It is kept in the user's cache, and made anew with another Python, another version of this package or another table.
    """
    part = f"regex.{_depends_on(regexes)}"
    known = _core.kept(table, part)
    said = None if known is None else _read(known)
    if said is None or len(said) != len(regexes):
        said = [said_of(regex, 0) for regex in regexes]
        _core.keep(table, part, json.dumps(said).encode())
    return said


def _depends_on(regexes: Sequence[str]) -> str:
    """A word for all that the translations depend on."""
    told = hashlib.blake2b(repr((sys.version, regexes)).encode("utf-8", "surrogatepass"), digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        told.update(source.read_bytes())
    return told.hexdigest()


def _read(known: bytes) -> list[Translation | None] | None:
    """What `said_of_all` kept; None where it is anything else."""
    try:
        return [one and (_program(one[0]), _program(one[1]), bool(one[2])) for one in json.loads(known)]
    except (ValueError, TypeError, LookupError):
        return None


def _program(said: tuple[object, object, object, object] | None) -> Parts | None:
    if said is None:
        return None
    ended, bare, every, exact = said
    return _text(ended), _text(bare), bool(every), bool(exact)


def _text(said: object) -> str | None:
    if said is None or isinstance(said, str):
        return said
    raise TypeError(said)
