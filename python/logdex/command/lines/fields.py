"""`--fields` and `--pretty`: how a line with fields is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from logdex import _core
from logdex.command.legible import CONTROLS

# Half a character, which JSON may say and no bytes can, is written as JSON says it.
_CONTROLS = CONTROLS | {code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
_DIM, _BOLD, _OFF = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLORS = {"trace": 90, "debug": 36, "info": 32, "warning": 33, "error": 31, "critical": 35}
_LEVELS = ("level", "severity", "lvl", "levelname", "log.level", "@l")
_TIMES = ("time", "timestamp", "ts", "@timestamp", "asctime", "datetime", "t", "@t")
_MESSAGES = ("msg", "message", "event", "body", "@mt", "log")


class Chooser:
    """Shows of each line the fields that are named, and counts, so that a name that no line has can be told."""

    def __init__(self, names: Sequence[str], groups: Sequence[re.Pattern[str]] = ()) -> None:
        """`names` are those of the fields; what a named group of one of the regexes `groups` matched is one, too.

        Raises:
            ValueError: No field is named.
        """
        self._wanted = [name.strip() for name in names if name.strip()]
        if not self._wanted:
            raise ValueError("--fields names none: give some, such as --fields step,loss")
        self._groups = groups
        self.lines = self.shown = 0
        """How many lines were looked at, and how many of them had one of the fields."""
        self._seen: set[str] = set()

    def __call__(self, line: str) -> str:
        """What is shown of a line: its fields as `name=value`; nothing of a line without any of them."""
        groups = self._matched(line)
        values = ((name, groups.get(name, _core.field(line, name))) for name in self._wanted)
        told = {name: value for name, value in values if value is not None}
        self.lines += 1
        if not told:
            return ""
        self.shown += 1
        self._seen.update(told)
        return " ".join(f"{name}={_quoted(value)}" for name, value in told.items()) + "\n"

    def _matched(self, line: str) -> dict[str, str]:
        """What the named groups matched on a line; of a name that several regexes have, the first of them."""
        found: dict[str, str] = {}
        for one in self._groups:
            if match := one.search(line):
                known = {name: text for name, text in match.groupdict().items() if text is not None}
                found = known | found
        return found

    @property
    def missing(self) -> list[str]:
        """The fields that no line had, as they were named."""
        return [name for name in dict.fromkeys(self._wanted) if name not in self._seen]


def prettier(*, color: bool) -> Callable[[str], str]:
    """A line that ends in a JSON object, written for people: time, level, message, and the rest as `key=value`.

    Other lines stay as they are.
    """

    def show(line: str) -> str:
        try:
            return pretty(line)
        except (ValueError, RecursionError):
            # No JSON, or nested so deeply that nobody reads it.
            return line

    def pretty(line: str) -> str:
        start = line.find("{")
        record = _DECODE(line[start:]) if start >= 0 else None
        if not isinstance(record, _Object):
            return line
        time, level, message = (_taken(record, keys) for keys in (_TIMES, _LEVELS, _MESSAGES))
        parts = [line[:start].rstrip(), _text(time), _level(level, color), _text(message)]
        parts += [_pair(key, value, color) for key, value in record]
        return " ".join(part for part in parts if part) + "\n"

    return show


class _Object(list[tuple[str, object]]):
    """The members of an object in their order, also those of a name that comes twice."""


class _Number(str):
    """A number as it stands on the line: `2.10`, and `1e400`, which no `float` has."""


_DECODE = json.JSONDecoder(
    object_pairs_hook=_Object, parse_float=_Number, parse_int=_Number, parse_constant=_Number
).decode


def _taken(record: _Object, keys: Sequence[str]) -> object:
    """The first of these fields, which is taken out."""
    for key in keys:
        for at, (name, value) in enumerate(record):
            if name == key:
                del record[at]
                return value
    return None


def _text(value: object) -> str:
    """A value as it is shown: text without its quotes."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return text.translate(_CONTROLS)


def _json(value: object) -> str:
    """A value as JSON writes it, with numbers as they stood on the line."""
    if isinstance(value, _Object):
        return "{" + ", ".join(f"{_json(key)}: {_json(member)}" for key, member in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _level(value: object, color: bool) -> str:
    text = _text(value)
    try:
        name = _core.Level(text).name if text else ""
    except ValueError:
        return text
    shown = f"{name.upper():8}" if name else ""
    return f"{_BOLD}\x1b[{_COLORS[name]}m{shown}{_OFF}" if name and color else shown


def _pair(key: str, value: object, color: bool) -> str:
    name = key.translate(_CONTROLS)
    shown = "null" if value is None else _quoted(value if isinstance(value, str) else _text(value))
    return f"{_DIM}{name}={_OFF}{shown}" if color else f"{name}={shown}"


def _quoted(value: str) -> str:
    """The value of a pair, in quotes where it could not be read back without."""
    plain = value.isprintable() and value and not any(char in ' "=' for char in value)
    return value if plain else json.dumps(value, ensure_ascii=False).translate(_CONTROLS)
