"""What a person may have meant who gets nothing, or an error."""

from __future__ import annotations

import codecs
import os
import re

from logdex.command.complain import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from datetime import datetime

    from logdex.inputs.input import Input

_COMMANDS = {"rank": "logdex ranks", "help": "logdex --help", "version": "logdex --version"}
"""Words that are said for commands, and what says that here."""
_LIKE_A_FILE = re.compile(r"\.\w{1,5}$")


def misread(args: Namespace) -> str | None:
    """What to say of a source that is none and looks like a regex or a command; None where all may be sources."""
    words = [word for word in args.sources if _is_no_file(word)]
    if not words or args.regex:
        return None
    if "" in words:
        return "a source is the empty text, as an unset variable of the shell is; name a file, a directory or a handle"
    first = args.sources[0]
    if first in words and first in _COMMANDS:
        return (
            f"{first}: there is no such file; did you mean `{_COMMANDS[first]}`? (./{first} would be a file)"
        )
    # A follow waits for files that are to come, so only a word before files that are there is in doubt.
    there = any(os.path.exists(word) for word in args.sources)
    if args.follow and not (first in words and there):
        return None
    return f"{words[0]}: there is no such file; did you mean -e {_quoted(words[0])}? (./{words[0]} would be a file)"


def _is_no_file(word: str) -> bool:
    """Whether a word is no file that is there, nor called like one."""
    if (
        word == "-"
        or "/" in word
        or word.startswith("slurm:")
        or os.path.lexists(word)
        or _LIKE_A_FILE.search(word)
    ):
        return False
    if any(mark in word for mark in "*?["):
        import glob

        return not glob.glob(word, recursive=True)
    return True


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)


def say_of_empty_range(args: Namespace, found: Sequence[Input]) -> None:
    """Says what times there are, where no line lies in the range; nothing where no line has a time."""
    if spans := spans_of(found, args):
        say(_of_empty_range(args, spans))


def _of_empty_range(args: Namespace, spans: Sequence[tuple[datetime, datetime]]) -> str:
    """What to say when no line lies in the range: from when to when there are lines, and what to ask."""
    first, last = min(one for one, _ in spans), max(one for _, one in spans)
    asked = " ".join(
        f"--{name} {_quoted(said)}" for name in ("since", "until") if (said := getattr(args, name))
    )
    what = "the log has" if len(spans) == 1 else "the logs have"
    return (
        f"no line lies in {asked}: {what} {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}; "
        f"ask for example --since '{last:%Y-%m-%d %H:%M}'"
    )


def say_of_fields(missing: Sequence[str], lines: int) -> None:
    """Says which of the fields that are to be shown none of so many lines had."""
    for name in missing:
        say(f"--fields {_quoted(name)}: no line of {lines:,} has such a field")


def say_of_other_text(found: Sequence[Input]) -> None:
    """Says of which files the text is UTF-16, as PowerShell writes it: no regex and no stamp is found in that."""
    for one in found:
        try:
            with open(one.path, "rb") as file:
                begin = file.read(2)
        except OSError:
            continue  # Whoever reads it says so.
        if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            name = one.alias or one.path
            say(
                f"{name}: its text is UTF-16, and read as UTF-8; ask of `iconv -f UTF-16 -t UTF-8 {_quoted(name)}`"
            )


def say(text: str) -> None:
    """Says it on stderr."""
    tell(f"logdex: {text}\n")


def spans_of(found: Sequence[Input], args: Namespace) -> list[tuple[datetime, datetime]]:
    """The first and the last time of each log that has any, in the zone in which moments are asked for."""
    from logdex.command.dated import log_of

    spans = []
    for one in found:
        try:
            span = log_of(one, args).span()
        except (OSError, ValueError):
            continue  # Whoever reads it says so.
        if span is not None:
            spans.append((in_zone(span[0], args.tz), in_zone(span[1], args.tz)))
    return spans


def in_zone(moment: datetime, tz: str | None) -> datetime:
    """The moment as a clock in `tz` shows it, the machine's zone where there is none."""
    if tz is None:
        return moment.astimezone()
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return moment.astimezone(ZoneInfo(tz))
    except ZoneInfoNotFoundError:
        return moment  # A system without zones: the offset that the engine knows is good enough for a day.
