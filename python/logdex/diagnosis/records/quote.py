"""What a record says, as it can be quoted within a line of the answer."""

from __future__ import annotations

import json
import re

from logdex.diagnosis.records.short import LONGEST, plain

_DIGIT = re.compile(r"\d")
_STRING = r'((?:[^"\\]|\\.)*)'
_OBJECT = re.compile(rf'\{{\s*"{_STRING}"\s*:')
_MESSAGE = re.compile(rf'"(?:message|msg|event|text)"\s*:\s*"{_STRING}')
_HEAD = "Traceback (most recent call last):"
# Up to the string's end, or that of what was kept of the line.
_TRACEBACK = re.compile(re.escape(_HEAD) + _STRING)
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.")


def quote(text: str, most: int = LONGEST) -> str:
    """A record in short: of one that is a JSON object its message and what was raised, else its text.

    The fields with which such an object begins, its time and its logger, are the same on each line, and would leave no
    room for what is said. Of a long record the middle is missing (`src/evidence/notes.rs`), so it is no JSON that
    could be parsed.

    Examples:
        >>> quote('{"ts": 1, "level": "error", "msg": "no shard 7", "logger": "data"}')
        'no shard 7'
    """
    return plain(_said(_object(text)) or text, most)


def _object(text: str) -> str:
    """The object of a record that is one, behind stamps and tags of ranks at most: what an error quotes is not it."""
    begin = text.find("{")
    is_object = _OBJECT.match(text, max(begin, 0)) and text.rstrip().endswith("}")
    before = text[: max(begin, 0)].split()
    if not is_object or not all(
        _DIGIT.search(word) or word[0] == "[" or word.endswith("]") for word in before
    ):
        return ""
    return text[begin:]


def _said(record: str) -> str:
    found = _MESSAGE.search(record)
    message = _unescaped(found[1]).strip().partition("\n")[0] if found else ""
    raised = "".join(_raised(_unescaped(one[1])) for one in list(_TRACEBACK.finditer(record))[-1:])
    if message.startswith(_HEAD) or message == raised:
        message = ""
    return ": ".join(part for part in (message, raised) if part)


def _raised(frames: str) -> str:
    """The first line behind the frames of the last traceback of a chain."""
    lines = frames.rpartition(_HEAD)[2].split("\n")
    return next((line for line in lines if line.strip() and not line[0].isspace()), "")


def _unescaped(string: str) -> str:
    """The text of a JSON string's inside, which may be cut off within an escape."""
    return _ESCAPES.sub(_characters, string).encode("utf-8", "replace").decode("utf-8")


def _characters(escapes: re.Match[str]) -> str:
    try:
        return str(json.loads(f'"{escapes[0]}"'))
    except ValueError:
        return escapes[0]
