"""The words of the command line, before argparse reads them: what begins with a dash may be a value."""

from __future__ import annotations

import argparse
import re
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_REGEX_LAST = re.compile(r"-[ivfcot]*e")
"""Short options of which the last is `-e`."""
_TIMES = ("--since", "--until", "--skew")
"""What they take may be before now, or less than nothing."""


def parse(made: argparse.ArgumentParser, given: Sequence[str], regex: str) -> argparse.Namespace:
    """The arguments, read as grep does: options and sources in any order, and what follows `-e` is a regex.

    That one may begin with a dash, and so may a moment (`--since -10m`) and an amount of time (`--skew -2s`).
    `--tail 5` is what other commands call `--last 5`, and `--tail` alone what TorchX calls `--follow`. `regex` is the
    long name of `-e`. What follows `--` is a source.
    """
    words = deque(given)
    options: list[str] = []
    patterns: list[str] = []
    while words and (word := words.popleft()) != "--":
        if words and (word == regex or _REGEX_LAST.fullmatch(word)):
            options += [word[:-1]] if len(word) > 2 and word != regex else []
            patterns.append(words.popleft())
        elif words and word in _TIMES:
            options.append(f"{word}={words.popleft()}")
        elif words and word == "--tail" and words[0].isdecimal():
            options.append(f"--last={words.popleft()}")
        elif word.startswith("--tail="):
            options.append(word.replace("--tail", "--last", 1))
        else:
            options.append(word)
    args = made.parse_intermixed_args(options)
    args.sources = [*args.sources, *words]
    setattr(args, regex[2:], [*getattr(args, regex[2:]), *patterns])
    return args
