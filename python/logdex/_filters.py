"""What is asked of lines besides regex and time: level, fields, and what must not be on them."""

from __future__ import annotations

from logdex import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from logdex._core import Question
    from logdex.regex.pattern import Regex


def with_filters(
    question: Question,
    regex: Regex | None,
    level: str | _core.Level | None,
    where: str | Sequence[str],
    exclude: Regex | None,
    *,
    groups: Sequence[re.Pattern[str]] | None = None,
) -> Question:
    """`question`, whose pattern is `regex`, with what else is asked of lines.

    `groups` are the regexes whose named groups conditions may ask for, if `regex` was joined of them.

    Raises:
        re.error: `exclude` is no regex.
        TypeError: An argument is of the wrong type.
        ValueError: `level` is none, or one of `where` no condition.
    """
    if level is None and not where and exclude is None:
        return question
    if not isinstance(level, str | _core.Level | None):
        raise TypeError(f"level={level!r}: give trace, debug, info, warning, error or critical")
    conditions = [where] if isinstance(where, str) else list(where)
    if wrong := [one for one in conditions if not isinstance(one, str)]:
        raise TypeError(f"where={wrong[0]!r}: give conditions such as 'status>=500'")
    if question.partial:
        raise ValueError(
            "partial=True shows text before its line is whole, so level, where and exclude cannot be tested on it; "
            "leave one of them out"
        )
    import re

    wanted = None if regex is None else re.compile(regex)
    if groups is None:
        groups = [] if wanted is None else [wanted]
    named = {name for one in groups for name in one.groupindex}
    of_groups = [one for one in conditions if _core.field_of(one) in named]
    of_fields = [one for one in conditions if one not in of_groups]
    unwanted = None if exclude is None else re.compile(exclude)
    return question.but(
        sieve=_core.Sieve(None if level is None else str(level), of_fields, bool(of_groups)),
        exclude=_excluding(unwanted),
        judge=_judge(wanted, unwanted, groups, of_groups) if unwanted or of_groups else None,
    )


def of_every_line(question: Question) -> Question:
    """`question`, whatever stands on a line, and of all such lines: without a regex, filters and `last`."""
    return question.but(pattern=None, exclude=None, sieve=None, judge=None, last=None)


def of_nothing(question: Question) -> Question:
    """`question` where a range leaves its log out: no line of it is read, and a cursor keeps the place that it had."""
    steps = None if question.steps is None else (None, None, question.steps[2])
    return question.but(since=None, until=None, steps=steps, size=0)


def _excluding(unwanted: re.Pattern[str] | None) -> _core.Pattern | None:
    if unwanted is None:
        return None
    from logdex.regex.pattern import compile_pattern

    # Where every line matches there is no program, and the judge says so of each.
    return compile_pattern(unwanted) or _core.Pattern(unwanted.search, None, None)


def _judge(
    wanted: re.Pattern[str] | None,
    unwanted: re.Pattern[str] | None,
    groups: Sequence[re.Pattern[str]],
    conditions: Sequence[str],
) -> Callable[[str], object]:
    """Decides on a line as `re` does: regex, what must not be found, and what named groups must be."""
    asked = [(one, _core.field_of(one)) for one in conditions]
    searched = [one for one in groups if any(name in one.groupindex for _, name in asked)]

    def judge(line: str) -> object:
        found = wanted.search(line) if wanted is not None else True
        if found is None or (unwanted is not None and unwanted.search(line)):
            return None
        matches = [match for one in searched if (match := one.search(line))]
        return (
            found if all(any(_holds(one, match, name) for match in matches) for one, name in asked) else None
        )

    return judge


def _holds(condition: str, match: re.Match[str], name: str) -> bool:
    value = match[name] if name in match.re.groupindex else None
    return value is not None and _core.holds(condition, value)
