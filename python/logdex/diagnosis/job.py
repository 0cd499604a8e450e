"""The answer for a job: what each speaker wrote, in all of its logs, put before the rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from logdex.diagnosis.rank import Rank
from logdex.diagnosis.verdict import Diagnosis
from logdex.diagnosis.who import beside, runs
from logdex.diagnosis.who.identity import File, name_all
from logdex.diagnosis.who.numbers import tell_apart
from logdex.diagnosis.who.rows import SECOND, rows_of, time_of
from logdex.diagnosis.who.speakers import scene_of
from logdex.diagnosis.words import put

if TYPE_CHECKING:
    from logdex.inputs.said import Said


def answer(
    files: list[File],
    chosen: re.Pattern[str] | None,
    clocks: float,
    *,
    tz: str | None,
    said: Iterable[Said],
    ranged: bool,
) -> tuple[tuple[Rank, ...], Diagnosis]:
    """A row for each rank and each witness, and who failed first.

    `chosen` is what the caller takes for an error, `said` what the scheduler's record says of the job, and `ranged`
    whether only lines in a range of time were read.
    """
    files, others = runs.newest(files)
    tell_apart(files)
    name_all(files)
    scene = scene_of(files, chosen, clocks)
    scene.chosen = chosen is not None
    scene.other_runs = [(one.name, one.last) for one in others]
    if chosen is None:
        beside.add_said(scene, list(dict.fromkeys(said)))
    scene.ranged = ranged
    rows = rows_of(files, tz)
    told = put(scene, lambda seconds: time_of(round(seconds * SECOND), tz))
    hosts = scene.host_of
    return tuple(replace(row, host=hosts.get(row.name)) for row in rows), told
