"""Names of sources that come from several arguments: of `run1/a.log` and `run2/a.log` both are called `a.log`."""

from __future__ import annotations

from collections.abc import Sequence

from logdex.inputs.input import Input


def told_apart(given: Sequence[tuple[str, Sequence[Input]]]) -> list[Input]:
    """All files that arguments stand for; sources that are called the same, by that in which their arguments differ."""
    named: dict[str, set[str]] = {}
    for argument, found in given:
        for one in found:
            named.setdefault(one.label, set()).add(argument)
    for label, arguments in named.items():
        if len(arguments) > 1:
            _tell_apart(label, sorted(arguments), given)
    return [one for _, found in given for one in found]


def _tell_apart(label: str, arguments: Sequence[str], given: Sequence[tuple[str, Sequence[Input]]]) -> None:
    before = dict(
        zip(arguments, _differing([_directory(argument, label) for argument in arguments]), strict=True)
    )
    for argument, found in given:
        for one in found:
            if one.label == label and argument in before:
                one.call("/".join([*before[argument], label]))


def _directory(argument: str, label: str) -> list[str]:
    """The parts of the path under which the source lies."""
    parts = argument.rstrip("/").split("/")
    return parts[:-1] if parts[-1] == label else parts


def _differing(paths: Sequence[Sequence[str]]) -> list[list[str]]:
    """Of each path what is left without the parts with which all begin, and those with which all end."""
    shortest = min(map(len, paths))
    head = next((n for n in range(shortest) if len({path[n] for path in paths}) > 1), shortest)
    rest = [path[head:] for path in paths]
    shortest = min(map(len, rest))
    tail = next((n for n in range(shortest) if len({path[-1 - n] for path in rest}) > 1), shortest)
    return [list(path[: len(path) - tail]) for path in rest]
