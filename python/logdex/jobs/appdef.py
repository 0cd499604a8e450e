"""What was run, as a record keeps it: TorchX's AppDef as plain JSON, without what nobody else may read."""

import dataclasses
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

HIDDEN_VALUE = "***"
"""What stands for the value of a secret."""

_SECRET = re.compile(
    r"(?:key|(?:api|access|private)[-_]?keys|(?<!(?:pad|eos|bos|unk|sep|cls).)token|secrets?|passw(?:or)?ds?|passphrase"
    r"|(?:(?<![a-z])|ssh|pg)pass|pwd|pat|sas|credentials?|auth"
    r"|authorization|cookie|signature|dsn|webhook(?:_url)?|connection_?string)$",
    re.IGNORECASE,
)
"""How names of environment variables and of options end whose values are not kept: others can read a record."""
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
_LONGEST = 16_384
"""Characters of a text that are kept: NeMo-Run passes whole scripts as arguments."""


class Ran(NamedTuple):
    """What one role of an app ran."""

    role: str
    replicas: int
    image: str
    command: str
    """The command line, as a shell would take it."""
    env: dict[str, str]


def as_stored(app: Any) -> dict[str, Any] | None:
    """An AppDef as a record keeps it, or None for what is none.

    Values of environment variables, options (`--api-key X`, `--api-key=X`) and metadata whose names end as a secret's
    (key, token, password), and passwords in addresses, are replaced by `***`; a text of more than 16,384 characters is
    cut, and says so.
    """
    if not dataclasses.is_dataclass(app) or isinstance(app, type):
        return None
    try:
        plain = json.loads(json.dumps(_public(dataclasses.asdict(app)), default=str))
    except (TypeError, ValueError, RecursionError):
        return None  # Metadata may hold anything, and a launch must not fail over it.
    return plain if isinstance(plain, dict) else None


def what_ran(app: Mapping[str, Any] | None) -> list[Ran]:
    """What the roles of a kept AppDef ran; roles that a stranger's record does not tell well are left out."""
    roles = app.get("roles") if app else None
    found = []
    for role in roles if isinstance(roles, list) else []:
        if not isinstance(role, dict):
            continue
        args = role.get("args")
        words = [role.get("entrypoint", ""), *(args if isinstance(args, list) else [])]
        env = role.get("env")
        replicas = role.get("num_replicas")
        found.append(
            Ran(
                str(role.get("name", "")),
                replicas if isinstance(replicas, int) else 1,
                str(role.get("image") or ""),
                shlex.join(str(word) for word in words),
                {str(name): str(value) for name, value in env.items()} if isinstance(env, dict) else {},
            )
        )
    return found


def _public(value: Any, name: str = "") -> Any:
    """A value without secrets; `name` is the key under which it stands."""
    if isinstance(value, dict):
        return {key: _public(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return _of_words(list(value))
    if name and value is not None and not isinstance(value, bool | int | float) and _SECRET.search(name):
        return HIDDEN_VALUE
    return _of_text(value) if isinstance(value, str) and not hasattr(value, "value") else value


def _of_words(words: list[Any]) -> list[Any]:
    """The words of a command line: what follows `--token`, or stands behind `--token=`, is a secret."""
    shown: list[Any] = []
    before = ""
    for word in words:
        option, equals, _ = word.partition("=") if isinstance(word, str) else ("", "", "")
        if before.startswith("-") and "=" not in before and _SECRET.search(before) and isinstance(word, str):
            shown.append(word if word.startswith("-") else HIDDEN_VALUE)
        elif equals and " " not in option and _SECRET.search(option):
            shown.append(f"{option}={HIDDEN_VALUE}")
        else:
            shown.append(_public(word))
        before = word if isinstance(word, str) else ""
    return shown


def _of_text(text: str) -> str:
    text = _PASSWORD.sub(rf"\1:{HIDDEN_VALUE}@", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
