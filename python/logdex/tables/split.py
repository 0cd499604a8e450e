"""Logs cut into parts that single tasks read, on whichever machine: for Ray, Dask, Spark and others."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from logdex import _core
from logdex._filters import of_every_line
from logdex._open import open as open_log
from logdex._step import among
from logdex.inputs.input import text_of
from logdex.log import Log
from logdex.log.base import with_columns

if TYPE_CHECKING:
    import pyarrow

    from logdex._core import Question
    from logdex._open import Path
    from logdex.inputs.skew import Skew
    from logdex.regex.pattern import Regex

__all__ = ["Split", "splits"]

PART = 256 << 20
"""A file is read in parts of about so many bytes."""

_LONG_AGO = -(1 << 62)
"""Before all stamps, in nanoseconds since 1970 UTC."""

_log = logging.getLogger("logdex")


@dataclass(frozen=True)
class Split:
    """Lines of one log that one task reads: a part of a file, with all that is asked. It can be pickled.

    Examples:
        >>> from logdex.tables.split import splits
        >>> [part.table() for part in splits("job/", columns=["time", "text"])]  # doctest: +SKIP
    """

    path: str
    origin: tuple[str, int | None, str] | None
    """The label of its source, the rank that alone wrote it, and which attempt or restart it is."""
    size: int
    """How large the file was when it was split: what is written later is not read."""
    after: int = 0
    """Only lines that begin here or later, in bytes."""
    before: int | None = None
    """Only lines that begin before this."""
    opening: Mapping[str, Any] = field(default_factory=dict)
    """How the log is opened: arguments of `logdex.open`."""
    question: Mapping[str, Any] = field(default_factory=dict)
    """What is asked: arguments of `Log.arrow`."""
    stepless: bool = False
    """Whether it may be without steps where a range of them is asked, since others of the logs have some."""

    @property
    def bytes(self) -> int:
        """How many bytes of the file it covers."""
        return (self.size if self.before is None else self.before) - self.after

    def batches(self) -> Iterator[_core.Batch]:
        """Its rows, as objects that speak the Arrow PyCapsule interface.

        Raises:
            OSError, ValueError: As for `Log.arrow`.
        """
        log = open_log(self.path, **self.opening)
        arrow = log.arrow(**self.question)
        asked = arrow._ask().but(stepless=self.stepless)
        # What is compressed is read as text, of which the sizes are others.
        if asked.path == self.path:
            asked = asked.but(after=self.after, before=self.before, size=self.size)
        origin = self.origin or log._origin
        yield from _core.Table(
            [with_columns(asked, arrow._columns).but(origin=origin, name=self.path)], arrow._columns
        )

    def table(self) -> pyarrow.Table:
        """Its rows as one table of pyarrow; errors as for `batches`."""
        import pyarrow

        schema = pyarrow.schema(open_log(self.path, **self.opening).arrow(**self.question))
        tables = [pyarrow.table(batch) for batch in self.batches()]
        return pyarrow.concat_tables(tables) if tables else schema.empty_table()


def splits(
    sources: Path | Sequence[Path],
    regex: Regex | None = None,
    *,
    tz: str | None = None,
    reference: Any = None,
    index: bool | str | os.PathLike[str] = True,
    stamp: str | None = None,
    prefix: str = "",
    skew: Skew | None = None,
    part: int = PART,
    **as_arrow: Any,
) -> list[Split]:
    """The lines of some logs, cut into what single tasks can read; for Ray, Dask, Spark and others.

    The rows of all splits, one after the other, are those of each log in one process, with the same times: a part that
    begins in the middle of a file takes what it needs to know of the lines before from the index.

    Args:
        sources: What `logdex.open` takes: files, directories, globs.
        regex: As for `Log.arrow`; so are since, until, step, columns, fields and fields_types.
        tz: As for `logdex.open`; so are reference, index, stamp, prefix and skew. Give `index` a directory that all
            nodes share, and each part is a seek; where they share none, a node that is asked for times reads a file
            from its beginning.
        part: Of about how many bytes a part is, at least a MiB.
        as_arrow: See `Log.arrow`.

    Returns:
        Splits, in the order of the files and of the lines in each.

    Raises:
        OSError: There is no such file, or no log in a directory.
        ValueError: One of the sources is no file, such as a handle; `last` or `after` is given; or as for `Log.arrow`:
            no line of any log has a time, or a step, and a range of them is asked for.
        re.error, TypeError: As for `Log.arrow`.

    Examples:
        >>> import pathlib, tempfile
        >>> log = pathlib.Path(tempfile.mkdtemp(), "train.log")
        >>> _ = log.write_text("step 1\\nstep 2\\n")
        >>> [(part.after, part.before, part.size) for part in splits(log)]
        [(0, None, 14)]
    """
    opening = {
        "tz": tz,
        "reference": reference,
        "index": index if isinstance(index, bool) else from_anywhere(index),
        "stamp": stamp,
        "prefix": prefix,
        "skew": skew,
    }
    if isinstance(sources, Log):
        raise TypeError(f"sources={sources!r}: give its path, so that each task can open it")
    log = open_log(sources, **opening)
    question = {"regex": None if regex is None else re.compile(regex), **as_arrow}
    if "last" in question:
        raise ValueError("last: the last lines of many logs are not those of each; ask for a range of time")
    if question.get("after") is not None:
        raise ValueError(
            "after: what comes behind a cursor may stand in files that were rotated since, of which there are no "
            "parts; ask for a range of time, or in one process with Log.arrow"
        )
    arrow = log.arrow(**question)
    timed = arrow._columns.timed or not {"since", "until"}.isdisjoint(as_arrow)
    found: list[Split] = []
    for one in _in_range(list(_files(log)), arrow._ask()):
        # By itself a file may be called otherwise than among others, and has no years of theirs.
        own = {
            **opening,
            "skew": f"{one.skew}ns" if one.skew >= 0 else f"-{-one.skew}ns",
            "reference": reference if one.reference is None else _moment(one.reference),
        }
        path = _path(one)
        # By itself it is called as it was named here, wherever it is read.
        origin = one.origin or (text_of(path), None, "")
        size = os.path.getsize(path)
        whole = Split(from_anywhere(path), origin, size, 0, None, own, question, one.stepless)
        found += _parts(whole, max(part, 1 << 20), timed=timed)
    return found


def _moment(ns: int) -> datetime:
    """Nanoseconds since 1970 UTC, as `logdex.open` takes a reference."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ns // 1000)


def from_anywhere(path: str | os.PathLike[str]) -> str:
    """The path as a process finds it that stands in another directory; `..` behind a link stays what it is."""
    return os.path.join(os.getcwd(), os.fspath(path))


def _path(one: Question) -> str:
    return one.name or one.path


def _files(log: Log) -> Iterator[Question]:
    """What is asked of each of the files of which `log` is made."""
    for one in log._named():
        path = _path(one.question)
        os.stat(path)
        if not os.path.isfile(path):
            raise ValueError(f"{path}: not a file, so other nodes cannot read it")
        yield one.question


def _in_range(files: list[Question], asked: Question) -> list[Question]:
    """Those of the files that the ranges of `asked` mean something to, by the rules of `Log.arrow`.

    A task sees no other file, so it is here that one of several may be without times, which leaves it out, or steps.

    Raises:
        ValueError: No line of any of them has a time, or a step, where that is asked.
    """
    files = [one.but(steps=asked.steps, strict=asked.strict) for one in files]
    if not asked.strict:
        return files
    files = among(files)
    if asked.since is not None or asked.until is not None:
        files = _with_times(files)
    least, greatest, regex = asked.steps or (None, None, None)
    if (least, greatest) != (None, None) and not any(one.stepless for one in files):
        for one in files:
            _has_line(one.but(steps=(0, None, regex)))
    return files


def _with_times(files: list[Question]) -> list[Question]:
    """Those in which a line has a time, or which have no line; the others are named in a warning."""
    timed, errors = False, {}
    for one in files:
        try:
            timed |= _has_line(one.but(since=_LONG_AGO, steps=None))
        except ValueError as error:
            errors[_path(one)] = error
    if errors and not timed:
        raise next(iter(errors.values()))
    for path in errors:
        _log.warning("%s: no line has a time that is understood; it is left out of the range", path)
    return [one for one in files if _path(one) not in errors]


def _has_line(question: Question) -> bool:
    """Whether there is a line in the ranges of `question`; as ValueError that there can be none.

    It is read no further than to the first.
    """
    with _core.Lines(of_every_line(question)) as lines:
        return next(lines, None) is not None


def _parts(whole: Split, part: int, *, timed: bool) -> list[Split]:
    from logdex.inputs.framing import kinds

    # The text of what is compressed or framed is in no place of the file.
    is_text = kinds(whole.path) == (None, None)
    if whole.size < 2 * part or not is_text:
        return [whole]
    if timed:
        # Makes the index from which each part begins, once.
        open_log(whole.path, **whole.opening).span()
    cuts = [0]
    with open(whole.path, "rb") as file:
        for at in range(part, whole.size - part // 2, part):
            file.seek(max(at, cuts[-1]))
            file.readline()
            if cuts[-1] < file.tell() < whole.size:
                cuts.append(file.tell())
    ends = [*cuts[1:], None]
    return [replace(whole, after=start, before=end) for start, end in zip(cuts, ends, strict=True)]
