"""What is known about an answer, for a person."""

from __future__ import annotations

from collections.abc import Iterable

from logdex import _core


def describe(stats: _core.Stats, label: str = "") -> str:
    """What is known about an answer, for a person."""
    parts = [f"{stats.lines:,} lines"]
    counts: Iterable[tuple[int, str]] = (
        (stats.own, "with a stamp"),
        (stats.inherited, "with another line's time"),
        (stats.by_arrival, "by arrival"),
        (stats.untimed, "without a time"),
        (stats.holes, "holes"),
        (stats.truncations, "truncations"),
        (stats.rotations, "rotations"),
        (stats.lost, "files lost for want of descriptors"),
        (stats.late, "late"),
    )
    parts += [f"{count:,} {what}" for count, what in counts if count]
    if stats.steps_back:
        parts.append(f"{stats.steps_back:,} steps back, the largest {stats.largest_step_back:.3f} s")
    parts.append(f"{stats.bytes_read:,} bytes read")
    if stats.bytes_skipped:
        parts.append(f"{stats.bytes_skipped:,} skipped")
        if stats.skipped_by_text:
            parts.append(f"{stats.skipped_by_text:,} of them by text, {stats.skipped_by_time:,} by time")
    head = f"logdex: {label}: " if label else "logdex: "
    return head + ", ".join(parts) + "\n" + "".join(f"{head}{note}\n" for note in stats.notes)
