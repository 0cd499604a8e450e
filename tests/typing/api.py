"""What a type checker says of the public names: checked by mypy in `make lint`, and never run."""

from __future__ import annotations

import datetime
import pathlib
import re
import threading
from collections.abc import Callable, Iterator

import logdex
from logdex import slurm
from logdex.ranks import Quote, Rank, Ranks

log: logdex.Log = logdex.open("train.log", tz="Europe/Berlin", reference=datetime.datetime.now())
paths: logdex.Log = logdex.open([pathlib.Path("a.log"), b"b.log"], index="/var/cache")
rotated: logdex.Log = logdex.open("train.log", rotated=True)
unindexed: logdex.Log = logdex.open(pathlib.Path("train.log"), index=False)

some: logdex.Answer[str] = log.lines("ERROR", since="10m", until=datetime.timedelta(minutes=5))
line: str = next(some)
last: Iterator[str] = log.lines(re.compile("ERROR"), last=10, follow=True, ended=threading.Event().is_set)
live: Iterator[str] = log.lines(follow=True, partial=True, strict=False)

with log.records(
    since=datetime.datetime.now(), level="warning", where=["loss > 3"], exclude="nan"
) as records:
    record: logdex.Record = next(records)
    stats: logdex.Stats = records.stats
text: str = record.text
time: datetime.datetime | None = record.time
resolution: int | None = record.resolution
level: logdex.Level | None = record.level

count: int = log.count("ERROR", since="02:10")
span: tuple[datetime.datetime, datetime.datetime] | None = log.span()
ranks: Ranks = log.ranks("Traceback", clocks=0.5)
first: Rank | None = ranks.first_failure
quote: Quote | None = first.first_error if first else None
unit: int = quote.resolution if quote else 0

merged: logdex.Merged[tuple[int, logdex.Record]] = logdex.merge({0: "0.log", 1: ["a.log", "b.log"], 2: log})
rank, merged_record = next(merged)
number: int = rank
by_name: Iterator[tuple[str, logdex.Record]] = logdex.merge({"a": log}, follow=True, patience=0.5)

parsed: datetime.datetime | None = logdex.parse_time(b"2026-11-22 02:10:00 x", tz="UTC")
freed: int = logdex.prune()


class Job:
    """What knows when its app has ended, and rings then."""

    every = 1.0

    def __call__(self) -> bool:
        return False

    def ring_with(self, ring: Callable[[], None]) -> None:
        ring()


ringing: logdex.RingingEnded = Job()
plain: logdex.Ended = Job()
answer: logdex.Answer[str] = log.lines(follow=True, ended=Job())

# What must be refused: mypy says so where the ignore is of no use.
log.lines(regex=b"ERROR")  # type: ignore[arg-type]
log.lines(ended=True)  # type: ignore[arg-type]
log.lines(keep=log)  # type: ignore[call-arg]
log.records(last="3")  # type: ignore[arg-type]
logdex.merge(["a.log"])  # type: ignore[arg-type]
logdex.open(3)  # type: ignore[arg-type]
record.text = ""  # type: ignore[misc]

attempt: slurm.Attempt
for attempt in slurm.attempts(12345):
    begun: datetime.datetime | None = attempt.start
