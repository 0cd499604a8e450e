"""`parse_time`: the stamp on one line."""

from __future__ import annotations

from logdex import _core
from logdex._question import format_of, reference_of, zone_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


def parse_time(
    line: str | bytes,
    *,
    tz: str | None = None,
    reference: datetime | None = None,
    stamp: str | None = None,
    prefix: str = "",
) -> datetime | None:
    """The stamp on one line.

    Args:
        line: The line, with or without its end.
        tz: The zone of a stamp that names none, by its IANA name; default the machine's.
        reference: A moment near the line's, for a stamp without a year, which gets the latest year that keeps it at or
            before this moment and a day; default now.
        stamp: A format that is looked for first, as in `logdex.open`.
        prefix: What stands before it.

    Returns:
        An aware datetime, cut to microseconds, with the offset that stands on the line or the zone's at that time; None
        where the line has no stamp, or only something that might be one (a bare number, say).

    Raises:
        TypeError: `line` is neither str nor bytes, or another argument is of the wrong type.
        ValueError: `tz` is no time zone, or `stamp` says no time.

    Examples:
        >>> parse_time("[rank3]: 2026-11-22 06:47:12,123 INFO step 10", tz="UTC").isoformat()
        '2026-11-22T06:47:12.123000+00:00'
    """
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    if not isinstance(raw, bytes):
        raise TypeError(f"line={line!r}: give str or bytes")
    zone = zone_of(tz)
    return _core.parse_time(raw, zone, reference_of(reference, zone), format_of(stamp, prefix))
