"""What `step=` and `steps=` mean, as the engine takes it."""

from __future__ import annotations

import operator
from itertools import islice

from logdex import _core
from logdex._filters import of_every_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsIndex, TypeAlias

    from logdex._core import Question

    Step: TypeAlias = tuple[SupportsIndex | None, SupportsIndex | None]
    Asked: TypeAlias = tuple[int | None, int | None, str | None]

_MOST = 2**63 - 1


def asked(step: Step | None, steps: str | bool | None) -> Asked | None:
    """The least step, the greatest, and what a step is, if not what trainers commonly write; None: nobody asks.

    Raises:
        TypeError: `step` is no pair of whole numbers or None, or `steps` no str or bool.
    """
    if not isinstance(steps, str | bool | None):
        raise TypeError(f"steps={steps!r}: give a regex as str, with one group around the number, or True")
    regex = steps if isinstance(steps, str) else None
    if regex is not None:
        _core.check_steps(regex)
    if step is None:
        return (None, None, regex) if steps else None
    if not isinstance(step, tuple | list) or len(step) != 2:
        raise TypeError(f"step={step!r}: give a pair such as (41_000, 41_200), None for an open end")
    least, greatest = (_number(end, step) for end in step)
    if greatest is not None and greatest < 0:
        # No step is negative.
        least, greatest = 1, 0
    return (None if least is None else min(max(least, 0), _MOST)), greatest and min(greatest, _MOST), regex


def among(asked: Sequence[Question]) -> list[Question]:
    """Questions to several logs; where some have steps, one may be without: its lines stand before all steps."""
    first = asked[0] if asked else None
    ranged = any(_is_range(one.steps) for one in asked)
    if len(asked) < 2 or first is None or first.follow or not first.strict or not ranged:
        return list(asked)
    return [one.but(stepless=True) for one in asked] if any(map(_has_step, asked)) else list(asked)


def _is_range(steps: Asked | None) -> bool:
    return steps is not None and steps[:2] != (None, None)


def _has_step(question: Question) -> bool:
    """Whether a line of the log names a step. Of one that cannot be read the answer says so."""
    any_step = (None, None, (question.steps or (None, None, None))[2])
    whole = of_every_line(question).but(since=None, until=None, steps=any_step, records=True)
    try:
        with _core.Records(whole) as records:
            return any(one.step is not None for one in islice(records, 1))
    except OSError:
        return False


def _number(end: SupportsIndex | None, step: object) -> int | None:
    try:
        return None if end is None else operator.index(end)
    except TypeError:
        raise TypeError(f"step={step!r}: {end!r} is no whole number") from None


def parse(text: str) -> Step:
    """What `--step` says: `41000..41200`, `41000..`, `..41200`, or `41000` alone.

    Raises:
        ValueError: It is none of these.
    """
    first, dots, last = text.partition("..")
    ends = [end.strip().replace("_", "").replace(",", "") for end in (first, last if dots else first)]
    if not any(ends) or any(end and not (end.isascii() and end.isdigit()) for end in ends):
        raise ValueError(f"{text!r} is no range of steps; write 41000..41200, 41000.. or ..41200")
    least, greatest = (int(end) if end else None for end in ends)
    return least, greatest
