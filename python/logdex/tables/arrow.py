"""`Arrow`: the lines of a log as columns, for whatever speaks the Arrow C data interface."""

from __future__ import annotations

import re

from logdex import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from logdex._core import Question
    from logdex.regex.pattern import Regex

    Ask: TypeAlias = Callable[[], Question]
    Put: TypeAlias = Callable[[Question, _core.Columns, Container[str] | None], _core.Table]

COLUMNS = ("offset", "number", "time", "how", "source", "rank", "step", "stream", "text")
"""The columns that a table has, in this order."""

_KINDS = {int: "int", float: "float", str: "str"}


class Arrow:
    """A question whose answer is a table, made by `Log.arrow`: what takes Arrow data takes this.

    `pyarrow.table(...)`, `polars.DataFrame(...)`, `pandas.DataFrame.from_arrow(...)`, `duckdb.sql("from ...")` and
    others open it by the Arrow PyCapsule interface; logdex needs none of them. Each time it is opened the question is
    put anew, to the files as they are then. A dictionary is one of strings.

    | column | type | |
    |---|---|---|
    | `offset` | uint64 | where the line begins in its file, in bytes |
    | `number` | uint64 | which line of its file it is, from 1 |
    | `time` | timestamp[ns, UTC] | the beginning of the moment for which its stamp stands; null if it has no time |
    | `how` | dictionary | where the time comes from: "own", "inherited", "arrival", "untimed" |
    | `source` | dictionary | its source's label among several, else its path |
    | `rank` | int32 | the global rank that wrote it, by its prefix or the file's name; null if neither tells |
    | `step` | int64 | its training step, as `Record.step`; null if it has none |
    | `stream` | dictionary | "stdout" or "stderr", as `Record.stream`; null where nothing says which |
    | `text` | large_string | its text, without the final `\\n` |

    Examples:
        >>> import logdex
        >>> table = logdex.open("train.log").arrow("loss", columns=["time", "text"])
        >>> table.columns
        ['time', 'text']
        >>> polars.DataFrame(table)  # doctest: +SKIP
    """

    def __init__(
        self,
        name: str,
        ask: Ask,
        put: Put,
        columns: Iterable[str] | None,
        fields: Regex | None,
        fields_types: Mapping[str, type] | None,
    ) -> None:
        """See `Log.arrow`; `name` says of which log, `ask` makes the question, and `put` puts it."""
        self._name = name
        self._ask = ask
        self._put = put
        groups = _groups(fields, fields_types or {})
        names = _names(columns, [name for name, _, _ in groups[0]] if groups else [])
        self._columns = _core.Columns(names, groups)
        self._last: _core.Table | None = None
        ask()

    @property
    def columns(self) -> list[str]:
        """What its columns are called, in order."""
        return self._columns.names

    @property
    def stats(self) -> _core.Stats | None:
        """What is known of the answer that was opened last, so far; None before one was."""
        return self._last.stats if self._last is not None else None

    def __arrow_c_schema__(self) -> object:
        """The names and types of the columns, as a capsule; nothing is read for it."""
        return self._columns.schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The answer, as a capsule of a stream of record batches.

        Args:
            requested_schema: Left out of account, as the interface allows: whoever wants other types casts.

        Raises:
            OSError: What the system says of a file. What goes wrong later is told in the reader's own exception.
            ValueError: As for `Log.lines`.
        """
        return self._batches().stream()

    def _batches(
        self,
        sources: Container[str] | None = None,
        ranks: tuple[int | None, int | None] | None = None,
        *,
        stepless: bool = False,
    ) -> _core.Table:
        """The answer, batch by batch, for readers in Python; of these sources and ranks only.

        With `stepless` a range of steps is no error where no line has one.
        """
        self._last = self._put(self._ask().but(ranks=ranks, stepless=stepless), self._columns, sources)
        return self._last

    def __repr__(self) -> str:
        """What is asked."""
        return f"<Arrow of {self._name}: {', '.join(self.columns)}>"


def _names(columns: Iterable[str] | None, groups: Sequence[str]) -> list[str]:
    if columns is None:
        # A group takes the place of the column of its name, at the end.
        return [name for name in COLUMNS if name not in groups] + list(groups)
    if isinstance(columns, str):
        raise TypeError(f"columns={columns!r}: give a list of names")
    names = list(columns)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"columns={names!r}: give at least one name, and each once")
    return names


def _groups(fields: Regex | None, types: Mapping[str, type]) -> _core._Groups | None:
    """The named groups: what each is called, its number and its kind; how the engine takes them; and how `re` does."""
    if fields is None:
        if types:
            raise ValueError("fields_types names groups of fields; give fields too")
        return None
    pattern = re.compile(fields)
    if isinstance(pattern.pattern, bytes):
        raise TypeError(f"fields is a pattern for bytes, {fields!r}; lines are text, so give a str pattern")
    if not pattern.groupindex:
        raise ValueError(f"fields={pattern.pattern!r}: it has no named group; write (?P<name>...)")
    if unknown := types.keys() - pattern.groupindex.keys():
        raise ValueError(f"fields_types={dict(types)!r}: fields has no group {sorted(unknown)[0]!r}")
    if wrong := [kind for kind in types.values() if kind not in _KINDS]:
        raise ValueError(f"fields_types: {wrong[0]!r} is no type for a column; give int, float or str")
    from logdex.regex.captures import captures

    columns = [(name, number, _KINDS[types.get(name, str)]) for name, number in pattern.groupindex.items()]
    return columns, captures(pattern), pattern.search
