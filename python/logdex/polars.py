"""Logs in Polars: `scan` makes a `LazyFrame`, and what a query asks of it reaches the engine.

Needs the extra `polars`: `pip install 'logdex[polars]'`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import polars as pl
from polars.io.plugins import register_io_source

from logdex import _core
from logdex._open import open as open_log
from logdex.log import Log

if TYPE_CHECKING:
    from logdex._open import Path
    from logdex._when import When
    from logdex.regex.pattern import Regex

__all__ = ["scan"]

_Tree: TypeAlias = Mapping[str, Any]

_TURNED = {"Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq", "Eq": "Eq"}


class _Ranges(NamedTuple):
    """What of a predicate the engine is asked: no row that the predicate takes is left out by it."""

    since: datetime | None = None
    until: datetime | None = None
    sources: frozenset[str] | None = None
    least: int | None = None
    """The least step and the greatest."""
    greatest: int | None = None
    least_rank: int | None = None
    """The least rank and the greatest."""
    greatest_rank: int | None = None


def scan(
    source: Path | Sequence[Path] | Log,
    regex: Regex | None = None,
    *,
    since: When | None = None,
    until: When | None = None,
    fields: Regex | None = None,
    fields_types: Mapping[str, type] | None = None,
    **as_open: Any,
) -> pl.LazyFrame:
    r"""The lines of a log as a `LazyFrame`, with the columns of `logdex.Log.arrow`.

    Nothing is read before it is collected, and then what the query needs: the columns, the first rows of `head`, and of
    what `filter` says the conjuncts that compare `time` with a moment, `step` and `rank` with a number and `source`
    with names. Polars applies the whole predicate again. `explain()` shows what was pushed down. Each time it is
    collected the log is read anew.

    Args:
        source: What `logdex.open` takes, or a `Log`.
        regex: Only lines for which Python's `re.search(regex, line)` is true. Unlike what `str.contains` of Polars
            takes, this is a regex of Python's, and it reaches the engine.
        since: Only lines of this moment or later, as for `Log.lines`.
        until: Only lines of this moment or earlier.
        fields: A regex whose named groups become columns, as for `Log.arrow`.
        fields_types: `int`, `float` or `str` by the name of a group.
        as_open: `tz`, `reference`, `index` and what else `logdex.open` takes.

    Returns:
        A `polars.LazyFrame`.

    Raises:
        re.error, TypeError, ValueError: As for `logdex.open` and `Log.arrow`; `as_open` beside a `Log`.
        OSError, ValueError: When it is collected, what the system says of a file, or that no line has a time where
            `since` or `until` asks for one.

    Examples:
        >>> import logdex.polars
        >>> fields, types = r"loss=(?P<loss>[\d.]+)", {"loss": float}
        >>> frame = logdex.polars.scan("job/*.log", "loss=", fields=fields, fields_types=types)
        >>> frame.group_by("rank").agg(pl.col("loss").last()).collect()  # doctest: +SKIP
    """
    if isinstance(source, Log) and as_open:
        raise ValueError(f"{', '.join(as_open)}: say so when the log is opened")
    log = source if isinstance(source, Log) else open_log(source, **as_open)

    def batches(ranges: _Ranges, columns: Sequence[str] | None) -> Iterable[_core.Batch]:
        # Where both say a range, the caller's is asked for, and the predicate selects from that.
        asked = log.arrow(
            regex,
            since=ranges.since if since is None else since,
            until=ranges.until if until is None else until,
            step=None
            if ranges.least is None and ranges.greatest is None
            else (ranges.least, ranges.greatest),
            columns=columns,
            fields=fields,
            fields_types=fields_types,
            # What the predicate says hides nothing, for it is applied again; what the caller says must hold.
            strict=since is not None or until is not None,
        )
        ranks = (ranges.least_rank, ranges.greatest_rank)
        return asked._batches(ranges.sources, None if ranks == (None, None) else ranks, stepless=True)

    groups = re.compile(fields).groupindex if fields is not None else {}
    schema = pl.Schema(log.arrow(regex, since=since, until=until, fields=fields, fields_types=fields_types))
    return register_io_source(
        _reader(batches, schema, groups), schema=schema, explain_name="logdex", explain_detail=repr(log)
    )


def _reader(
    batches: Callable[[_Ranges, Sequence[str] | None], Iterable[_core.Batch]],
    schema: pl.Schema,
    groups: Collection[str],
) -> Callable[..., Iterator[pl.DataFrame]]:
    """What Polars asks for rows."""

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        # The rows are counted before the predicate selects, so that nothing may be left out before they are.
        ranges = _Ranges() if predicate is None or rows is not None else _ranges(predicate, groups)
        needed = _needed(schema, columns, predicate)
        for batch in batches(ranges, needed):
            frame = pl.DataFrame(batch)
            if rows is not None:
                frame = frame.head(rows)
                rows -= frame.height
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if columns is None else frame.select(columns)
            if rows == 0:
                return

    return read


def _needed(schema: pl.Schema, columns: Sequence[str] | None, predicate: pl.Expr | None) -> list[str] | None:
    """The columns that are selected, and those that the predicate looks at; a cheap one where only rows are counted."""
    if columns is None:
        return None
    looked_at = {*columns, *(predicate.meta.root_names() if predicate is not None else ())}
    return [name for name in schema if name in looked_at] or ["offset"]


def _ranges(predicate: pl.Expr, groups: Collection[str] = ()) -> _Ranges:
    """What the engine can be asked of `predicate`: nothing that is not understood, or of columns that are `groups`."""
    ranges = _Ranges()
    try:
        conjuncts = list(_conjuncts(json.loads(predicate.meta.serialize(format="json"))))
    except (ValueError, pl.exceptions.PolarsError):
        return ranges
    for one in conjuncts:
        ranges = _narrowed(ranges, one)
    ranges = ranges._replace(sources=None) if "source" in groups else ranges
    ranges = ranges._replace(since=None, until=None) if "time" in groups else ranges
    ranges = ranges._replace(least_rank=None, greatest_rank=None) if "rank" in groups else ranges
    return ranges._replace(least=None, greatest=None) if "step" in groups else ranges


def _conjuncts(tree: _Tree) -> Iterator[_Tree]:
    node = tree.get("BinaryExpr")
    if isinstance(node, dict) and node.get("op") in ("And", "LogicalAnd"):
        yield from _conjuncts(node["left"])
        yield from _conjuncts(node["right"])
    else:
        yield tree


def _narrowed(ranges: _Ranges, tree: _Tree) -> _Ranges:
    """`ranges`, and what one conjunct says."""
    comparison = tree.get("BinaryExpr")
    if isinstance(comparison, dict):
        op, left, right = comparison.get("op"), comparison["left"], comparison["right"]
        if "Column" in right:
            op, left, right = _TURNED.get(str(op)), right, left
        return _compared(ranges, left.get("Column"), op, _values(right))
    function = tree.get("Function")
    if isinstance(function, dict) and "Column" in function["input"][0]:
        column, *given = function["input"]
        kind = function["function"].get("Boolean") if isinstance(function["function"], dict) else None
        if isinstance(kind, dict) and "IsIn" in kind and column["Column"] == "source":
            return _named(ranges, _values(given[0]))
        if isinstance(kind, dict) and "IsIn" in kind and column["Column"] == "rank":
            values = _values(given[0])
            # By `nulls_equal` lines without a rank are meant too.
            takes_null = None in values and bool(kind["IsIn"].get("nulls_equal", True))
            return ranges if takes_null else _ranked(ranges, values)
        if isinstance(kind, dict) and "IsBetween" in kind:
            ranges = _compared(ranges, column["Column"], "GtEq", _values(given[0]))
            return _compared(ranges, column["Column"], "LtEq", _values(given[1]))
    return ranges


def _compared(ranges: _Ranges, column: object, op: object, values: list[Any]) -> _Ranges:
    if column == "source" and op == "Eq":
        return _named(ranges, values)
    if len(values) != 1:
        return ranges
    (value,) = values
    since = value if op in ("Gt", "GtEq", "Eq") else None
    until = value if op in ("Lt", "LtEq", "Eq") else None
    if column == "time" and isinstance(value, datetime) and value.tzinfo is not None:
        return ranges._replace(since=_later(ranges.since, since), until=_earlier(ranges.until, until))
    if column == "rank" and type(value) is int and abs(value) < 1 << 62:
        least, greatest = _later(ranges.least_rank, since), _earlier(ranges.greatest_rank, until)
        return ranges._replace(least_rank=least, greatest_rank=greatest)
    if column == "step" and type(value) is int:
        return ranges._replace(least=_later(ranges.least, since), greatest=_earlier(ranges.greatest, until))
    return ranges


def _later(known: Any, said: Any) -> Any:
    return max((each for each in (known, said) if each is not None), default=None)


def _earlier(known: Any, said: Any) -> Any:
    return min((each for each in (known, said) if each is not None), default=None)


def _named(ranges: _Ranges, values: Collection[Any]) -> _Ranges:
    if not values or not all(isinstance(value, str) for value in values):
        return ranges
    names = frozenset(values)
    return ranges._replace(sources=names if ranges.sources is None else names & ranges.sources)


def _ranked(ranges: _Ranges, values: Collection[Any]) -> _Ranges:
    """Of these ranks, from the least to the greatest."""
    numbers = [value for value in values if value is not None]
    if not numbers or not all(type(value) is int for value in numbers):
        return ranges
    for op, number in (("GtEq", min(numbers)), ("LtEq", max(numbers))):
        ranges = _compared(ranges, "rank", op, [number])
    return ranges


def _values(tree: _Tree) -> list[Any]:
    """What an expression without columns comes to, by Polars itself; empty where it has some."""
    try:
        expression = pl.Expr.deserialize(StringIO(json.dumps(tree)), format="json")
        if expression.meta.root_names():
            return []
        values = pl.select(expression).to_series().to_list()
    except (ValueError, pl.exceptions.PolarsError):
        return []
    return [each for value in values for each in (value if isinstance(value, list) else [value])]
