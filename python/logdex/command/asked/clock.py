"""Times of day without a day: of a log, its last such moment is meant, which need not be today's.

They are settled once, where the question is asked, so that every file is asked for the same moments.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from logdex import _when
from logdex._question import zone_of
from logdex.command import dated, hints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from logdex.inputs.input import Input

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?")


def is_clock(said: str | None) -> bool:
    """Whether `said` is a time of day alone, such as 02:10 or 2:10:30.5."""
    return said is not None and _of_day(said) is not None


def settle(args: Namespace, found: list[Input]) -> None:
    """Gives clock times in `args` their day, once for all files that were `found`, and says which."""
    if not (is_clock(args.since) or is_clock(args.until)):
        return
    if args.follow:
        # What is still written to a pipe has no end to settle; its moments are today's.
        found = [one for one in found if one.spool is None]
    for one in found:
        one.join()
    dated.settle_years(args, found)
    if spans := hints.spans_of(found, args):
        for note in settle_by(args, spans, hints.in_zone(datetime.now().astimezone(), args.tz)):
            hints.say(note)


def settle_by(args: Namespace, spans: Sequence[tuple[datetime, datetime]], now: datetime) -> list[str]:
    """Gives clock times in `args` their day; returns what to say of those that are not today's.

    `since` is the last such moment that is not after the last line; where that is before the first line, it is on the
    last line's day. `until` is the first one after `since`, or by itself found in the same way.

    A follow is of what comes: where no log has such a moment yet, today's is meant, and `until` by itself is when to
    end. What is meant of today stays as it was said.

    Args:
        args: With `since` and `until`, which are changed.
        spans: The first and the last time of each log, in the zone in which moments are asked for; not empty.
        now: The moment of the question, in the same zone.
    """
    first = min(one for one, _ in spans).replace(tzinfo=None)
    last = max(one for _, one in spans).replace(tzinfo=None)
    notes = []
    for name in ("since", "until"):
        said = getattr(args, name)
        of_day = _of_day(said) if said else None
        if of_day is None:
            continue
        since = _begin(args, now) if name == "until" else None
        day = _after(since, of_day) if since else _last_day(of_day, first, last)
        if args.follow and not since and (name == "until" or not first <= day + of_day <= last):
            continue
        setattr(args, name, f"{day:%Y-%m-%d} {said}")
        if day.date() != now.date():
            why = _why(first <= day + of_day <= last, since is not None)
            notes.append(f"--{name} {said} is taken for {day:%Y-%m-%d} {said}, {why}")
    return notes


def _why(in_log: bool, after_since: bool) -> str:
    """Why a time of day is of its day."""
    if in_log:
        return "the last in the log"
    return "the first after --since" if after_since else "of the day on which the log ends"


def _of_day(said: str) -> timedelta | None:
    match = _CLOCK.fullmatch(said.strip())
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    known = hours < 24 and minutes < 60 and seconds <= 60
    return timedelta(hours=hours, minutes=minutes, seconds=seconds) if known else None


def _begin(args: Namespace, now: datetime) -> datetime | None:
    """What `since` says, as a clock in `tz` shows it; None of a time of day that was left without its day.

    Raises:
        ValueError: It says no moment.
    """
    if not args.since or is_clock(args.since):
        return None
    asked = int(now.timestamp()) * 10**9
    moment = _when.moment(args.since, "since", zone_of(args.tz), asked)
    if moment is None:
        return None
    aware = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=moment // 1000)
    return hints.in_zone(aware, args.tz).replace(tzinfo=None)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _last_day(of_day: timedelta, first: datetime, last: datetime) -> datetime:
    day = _midnight(last)
    before = day - timedelta(days=1)
    return before if day + of_day > last and before + of_day >= first else day


def _after(since: datetime, of_day: timedelta) -> datetime:
    day = _midnight(since)
    return day if day + of_day >= since else day + timedelta(days=1)
