"""Logs on a cluster: `read` makes a `ray.data.Dataset` of their lines, `ranks` says what each rank did.

Needs the extra `ray`: `pip install 'logdex[ray]'`. The logs lie where every node can read them, under one path.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from logdex._open import open as open_log
from logdex.log import Log
from logdex.ranks import CLOCKS, Ranks, summarize
from logdex.tables.split import PART, Split, from_anywhere, splits

if TYPE_CHECKING:
    from logdex._core import Question
    from logdex._open import Path
    from logdex._when import When
    from logdex.regex.pattern import Regex

__all__ = ["ranks", "read"]

_log = logging.getLogger("logdex")


class _Logs(Datasource):  # type: ignore[misc]
    """Splits as Ray sees them; files and sizes are those of the moment at which it was made."""

    def __init__(self, parts: Sequence[Split], schema: pyarrow.Schema) -> None:
        super().__init__()
        self._parts = list(parts)
        self._schema = schema

    def estimate_inmemory_data_size(self) -> int | None:
        return sum(part.bytes for part in self._parts)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, *_: Any, **__: Any
    ) -> list[ReadTask]:
        return [
            ReadTask(
                read_fn=_reading(group, self._schema),
                metadata=BlockMetadata(
                    num_rows=None,
                    size_bytes=sum(part.bytes for part in group),
                    input_files=sorted({part.path for part in group}),
                    exec_stats=None,
                ),
                schema=self._schema,
                per_task_row_limit=per_task_row_limit,
            )
            for group in _groups(self._parts, parallelism)
        ]


def _groups(parts: list[Split], parallelism: int) -> list[list[Split]]:
    """Neighbours of about the same size together: no more tasks than are wanted, for each costs some milliseconds."""
    total, groups = sum(max(part.bytes, 1) for part in parts), max(parallelism, 1)
    found: list[list[Split]] = []
    seen = 0
    for part in parts:
        if len(found) <= seen * groups // max(total, 1):
            found.append([])
        found[-1].append(part)
        seen += max(part.bytes, 1)
    return found


def _reading(parts: list[Split], schema: pyarrow.Schema) -> Callable[[], Iterable[pyarrow.Table]]:
    def read() -> Iterator[pyarrow.Table]:
        given = False
        for part in parts:
            try:
                for batch in part.batches():
                    yield pyarrow.table(batch)
                    given = True
            except (OSError, ValueError) as error:
                # The others are of use without it.
                _log.warning("%s: left out on node %s: %s", part.path, os.uname().nodename, error)
        if not given:
            yield schema.empty_table()

    return read


def read(
    sources: Path | Sequence[Path],
    regex: Regex | None = None,
    *,
    since: When | None = None,
    until: When | None = None,
    columns: Iterable[str] | None = None,
    fields: Regex | None = None,
    fields_types: Mapping[str, type] | None = None,
    tz: str | None = None,
    reference: Any = None,
    index: bool | str | os.PathLike[str] = True,
    part: int = PART,
    parallelism: int = -1,
) -> ray.data.Dataset:
    r"""The lines of logs as a `ray.data.Dataset`, read by all nodes.

    Each task reads some whole files, or a part of a large one; times, the regex and the columns reach it. Rows come in
    the order in which the tasks end, unless `ray.data.DataContext.get_current().execution_options.preserve_order` is
    set. A file that a node cannot read is named in a warning of the logger `logdex` there, and the others are read.

    Args:
        sources: What `logdex.open` takes: files, directories, globs; on a file system that all nodes share.
        regex: Only lines for which Python's `re.search(regex, line)` is true.
        since: Only lines of this moment or later, as for `Log.lines`; say it as a datetime, for what is relative to
            now is relative to when each task begins.
        until: Only lines of this moment or earlier.
        columns: As for `Log.arrow`; so are fields and fields_types.
        fields: A regex whose named groups become columns.
        fields_types: `int`, `float` or `str` by the name of a group.
        tz: As for `logdex.open`; so are reference and index. See `splits` for which `index` to give.
        reference: A moment near the logs' end, for stamps without a year.
        index: Where to keep the index of each log.
        part: A file is read in parts of about so many bytes.
        parallelism: How many tasks to make at most; default as Ray finds right.

    Returns:
        A `ray.data.Dataset` with the columns of `Log.arrow`.

    Raises:
        OSError, ValueError, re.error, TypeError: As for `splits`.

    Examples:
        >>> import logdex.ray
        >>> rows = logdex.ray.read("/shared/runs/llama/", "loss=", fields=r"loss=(?P<loss>[\d.]+)")  # doctest: +SKIP
        >>> rows.groupby("rank").count().show()  # doctest: +SKIP
    """
    asked: dict[str, Any] = {
        "since": since,
        "until": until,
        "columns": columns,
        "fields": None if fields is None else re.compile(fields),
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    if columns is not None:
        asked["columns"] = list(columns)
    if fields_types is not None:
        asked["fields_types"] = dict(fields_types)
    parts = splits(sources, regex, tz=tz, reference=reference, index=index, part=part, **asked)
    schema = pyarrow.schema(open_log(os.devnull).arrow(**asked))
    return ray.data.read_datasource(
        _Logs(parts, schema), override_num_blocks=None if parallelism < 0 else parallelism
    )


TOGETHER = 16
"""So many logs are summed up by one task: most are small, and each task costs some milliseconds."""


def ranks(
    sources: Path | Sequence[Path] | Log,
    errors: Regex | None = None,
    *,
    clocks: float = CLOCKS,
    tz: str | None = None,
    reference: Any = None,
    index: bool | str | os.PathLike[str] = True,
) -> Ranks:
    """What each rank did, as `Log.ranks`, of logs that all nodes sum up together.

    A file that a node cannot read is named in a warning of the logger `logdex`, and the others are summed up.

    Args:
        sources: What `logdex.open` takes: files, directories, globs; on a file system that all nodes share.
        errors: What is an error; default what the taxonomy says (docs/taxonomy.md), as for `Log.ranks`.
        clocks: By how many seconds the clocks of two files may differ.
        tz: As for `logdex.open`; so are reference and index.
        reference: A moment near the logs' end, for stamps without a year.
        index: Where to keep the index of each log.

    Returns:
        `Ranks`, equal to those of one process.

    Raises:
        re.error, TypeError: `errors` is no regex for text.
        OSError: There is no such file, or no log in a directory.

    Examples:
        >>> import logdex.ray
        >>> logdex.ray.ranks("/shared/runs/llama/").first_failure  # doctest: +SKIP
    """
    if not isinstance(sources, Log):
        index = index if isinstance(index, bool) else from_anywhere(index)
        sources = open_log(sources, tz=tz, reference=reference, index=index)
    named = [replace(one, question=_from_anywhere(one.question)) for one in sources._named()]
    return summarize(named, errors, clocks=clocks, tolerate=_left_out, spread=_on_cluster)


def _from_anywhere(question: Question) -> Question:
    """Without what only this process has: its directory, files of its own, and who says that a job has ended."""
    name = question.name or question.path
    return question.but(path=from_anywhere(question.path), name=name, keep=None, ended=None)


def _left_out(error: Exception) -> None:
    _log.warning("left out: %s", error)


def _on_cluster(work: Callable[[Any], Any], named: Sequence[Any]) -> Iterator[Any]:
    def each(group: Sequence[Any]) -> list[Any]:
        return [work(one) for one in group]

    together = ray.remote(each)
    groups = [named[at : at + TOGETHER] for at in range(0, len(named), TOGETHER)]
    for done in [together.remote(group) for group in groups]:
        yield from ray.get(done)
