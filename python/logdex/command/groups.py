"""Which rows of the table help: all of a few ranks, and of many those that differ, the others folded by what they did."""

from __future__ import annotations

from collections.abc import Sequence

from logdex.ranks import Rank, Ranks


def folded(told: Ranks, most: int | None) -> tuple[list[Rank], list[tuple[str, ...]]]:
    """The rows to show, and for each the names of the ranks that it stands for.

    Above `most` ranks those that did the same are one row; where that is still too many, those that say least are one.
    """
    if most is None or len(told.ranks) <= most:
        return list(told.ranks), [(one.name,) for one in told.ranks]
    named = set(told.diagnosis.ranks) if told.diagnosis.kind in ("rank", "host", "unknown") else set()
    if len(named) > most // 2:
        named = set()
    groups: dict[tuple[object, ...], list[Rank]] = {}
    for one in told.ranks:
        key = (one.name,) if one.name in named else ("", *_did(one))
        groups.setdefault(key, []).append(one)
    rows = sorted(groups.values(), key=lambda group: (group[0].name not in named, len(group)))
    if len(rows) > most:
        rest = [one for group in rows[most - 1 :] for one in group]
        rows = [*rows[: most - 1], rest]
    order = {one.name: at for at, one in enumerate(told.ranks)}
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
        _masked(error.text) if error else "",
    )


def _masked(text: str) -> str:
    from logdex.diagnosis.similar import masked

    return masked(text)
