"""Which rows of the table help.

All of a few ranks, and of many those that differ, the others folded by what they did.
"""

from __future__ import annotations

from collections.abc import Sequence

from logdex.diagnosis.rank import Rank
from logdex.diagnosis.records.similar import masked


def folded(
    ranks: Sequence[Rank], named: Sequence[str], most: int | None
) -> tuple[list[Rank], list[tuple[str, ...]]]:
    """The rows to show, and for each the names of the ranks that it stands for.

    Above `most` ranks those that did the same, but for those `named`, are one row; where that is still too many,
    those that say least are one.
    """
    if most is None or len(ranks) <= most:
        return list(ranks), [(one.name,) for one in ranks]
    alone = set(named) if len(named) <= most // 2 else set()
    groups: dict[tuple[object, ...], list[Rank]] = {}
    for one in ranks:
        key = (one.name,) if one.name in alone else ("", *_did(one))
        groups.setdefault(key, []).append(one)
    rows = sorted(groups.values(), key=lambda group: (group[0].name not in alone, len(group)))
    if len(rows) > most:
        rest = [one for group in rows[most - 1 :] for one in group]
        rows = [*rows[: most - 1], rest]
    order = {one.name: at for at, one in enumerate(ranks)}
    rows.sort(key=lambda group: order[group[0].name])
    return [group[0] for group in rows], [_names(group) for group in rows]


def _names(group: Sequence[Rank]) -> tuple[str, ...]:
    return tuple(one.name for one in group)


def _did(one: Rank) -> tuple[object, ...]:
    """What makes a rank like another."""
    error = one.first_error
    return (
        one.is_witness,
        one.errors > 0,
        one.is_silent,
        one.lines > 0,
        round(one.silent / 60),
        masked(error.text) if error else "",
    )
