"""Logs cut into parts that single tasks read, on whichever machine: for Ray, Dask, Spark and others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from logdex import _core
from logdex._open import open as open_log
from logdex.log import Log
from logdex.log.base import resumed, with_columns

if TYPE_CHECKING:
    import pyarrow

    from logdex._open import Path
    from logdex.inputs.skew import Skew
    from logdex.regex.pattern import Regex

__all__ = ["Split", "splits"]

PART = 256 << 20
"""A file is read in parts of about so many bytes."""


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
        asked = resumed(arrow._ask())
        # What is compressed is read as text, of which the sizes are others.
        if asked.path == self.path:
            asked = asked.but(after=self.after, before=self.before, size=self.size)
        origin = self.origin or (self.path, None, "")
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
        ValueError: One of the sources is no file, such as a handle; or as for `Log.arrow`.
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
        "index": index,
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
    timed = log.arrow(**question)._columns.timed or not {"since", "until"}.isdisjoint(as_arrow)
    question.setdefault("strict", False)
    found: list[Split] = []
    for path, origin, behind in _files(log):
        # By itself a file may be called otherwise than among others.
        own = {**opening, "skew": f"{behind}ns" if behind >= 0 else f"-{-behind}ns"}
        whole = Split(path, origin, os.path.getsize(path), opening=own, question=question)
        found += _parts(whole, max(part, 1 << 20), timed=timed)
    return found


def _files(log: Log) -> Iterator[tuple[str, tuple[str, int | None, str] | None, int]]:
    """The files of which `log` is made, what their names tell, and by how much their clocks were behind."""
    for one in log._named():
        question = one.question
        path = question.name or question.path
        os.stat(path)
        if not os.path.isfile(path):
            raise ValueError(f"{path}: not a file, so other nodes cannot read it")
        yield path, question.origin, question.skew


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
    return [
        Split(whole.path, whole.origin, whole.size, start, end, whole.opening, whole.question)
        for start, end in zip(cuts, ends, strict=True)
    ]
