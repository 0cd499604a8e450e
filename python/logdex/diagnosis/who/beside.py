"""What lies beside the logs: torchelastic's `error.json`, and TorchX's `SUCCESS`, which has exit statuses."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from logdex.diagnosis.records.events import Event, Speaker
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.records.taxonomy import TaxonomyRow, classify, rows
from logdex.diagnosis.scene import Scene
from logdex.diagnosis.who.identity import File

if TYPE_CHECKING:
    from logdex.inputs.said import Said

_MOST = 1 << 20
"""What is longer than this was not written by those programs, in bytes."""
_KILLED = -9


def add(scene: Scene, files: Sequence[File]) -> None:
    """Adds to a scene what lies beside the logs of which it was made."""
    for file, name in _by_directory(files):
        event = _error(os.path.join(os.path.dirname(file.path), "error.json"), name)
        rank = next((one for one in scene.speakers if one.is_rank and one.name == name), None)
        if event is not None and rank is None:
            rank = Speaker(name, file.path, attempt=file.attempt)
            scene.add(rank)
        if event is None or rank is None or rank.attempt != file.attempt:
            continue
        # It repeats what the log may have too: then that stands nearer to its circumstances.
        if not any(event.text[:60] in known.text for known in rank.events):
            event.place = rank.lines + 1
            rank.events.append(event)
    recorded = {(_of_replica(file), file.exit): file.path for file in files if file.exit is not None}
    told = [(name, code, path) for (name, code), path in recorded.items() if code is not None]
    for app in {_app(file) for file in files if file.source.replica is not None}:
        told += _exits(os.path.join(app, "SUCCESS"))
    _add_exits(scene, told)


def add_said(scene: Scene, told: Sequence[Said]) -> None:
    """Adds what a scheduler's record says of the job as a witness does; of a job of one rank it is that rank's end."""
    ranks = [one for one in scene.speakers if one.is_rank]
    for number, said in enumerate(told, 1):
        known = classify(said.text)
        if known is None:
            continue
        low, high = (said.at, said.at + 1) if said.at is not None else (-math.inf, math.inf)
        event = Event(said.where, number, number, low, high, said.at is not None, said.text, *known)
        scene.add(Speaker("", said.where, is_rank=False, events=[event]))
        if len(ranks) == 1 and (event.role, event.class_) in (("exit", "job"), ("cause", "host_oom")):
            code, signal = event.said("code"), event.said("signal")
            status = -int(signal) if signal else int(code) if code else None
            oom = event.class_ == "host_oom"
            if oom or status is not None:
                scene.exits.append(Exit(event, None, code=status, oom=oom, name=ranks[0].name))


def _of_replica(file: File) -> str:
    return f"{file.source.role}/{file.source.replica}"


def _add_exits(scene: Scene, told: Sequence[tuple[str, int, str]]) -> None:
    """Adds the exit statuses of replicas that are ranks themselves."""
    names = {one.name for one in scene.speakers if one.is_rank}
    row = next(row for row in rows() if row.role == "exit")
    ended = {name: (code, path) for name, code, path in told}
    # Whoever ends a job that does not end when it is asked to kills all of it: then none of them fell first by that.
    all_killed = len(ended) > 1 and {code for code, _ in ended.values()} == {_KILLED}
    for name, (code, path) in ended.items():
        if code != 0 and name in names:
            text = f"{name} exited with {code}"
            event = Event(path, 1, 1, -math.inf, math.inf, False, text, row, None)
            scene.exits.append(Exit(event, None, code=code, name=name, is_root=not all_killed))


def _by_directory(files: Sequence[File]) -> Iterable[tuple[File, str]]:
    """A file of each directory in which one process wrote, with the process's name."""
    seen = set()
    for file in files:
        directory = os.path.dirname(os.path.abspath(file.path))
        names = {name for name in file.names if name}
        if directory not in seen and len(names) == 1 and len(file.names) == 1:
            seen.add(directory)
            yield file, names.pop()


def _json(path: str) -> Any:
    try:
        if os.path.getsize(path) > _MOST:
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def _error(path: str, name: str) -> Event | None:
    """What torchelastic's record of an error says: `{"message": {"message": ..., "extraInfo": {"timestamp": ...}}}`."""
    told = _json(path)
    message = told.get("message") if isinstance(told, dict) else None
    extra = message.get("extraInfo") if isinstance(message, dict) else None
    text = message.get("message") if isinstance(message, dict) else message
    if not isinstance(text, str):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    known = classify(lines[0][:400])
    row: TaxonomyRow = known[0] if known else next(row for row in rows() if row.role == "exception")
    at = _seconds(extra.get("timestamp")) if isinstance(extra, dict) else None
    low, high = (at, at + 1) if at is not None else (-math.inf, math.inf)
    return Event(
        path, 1, 1, low, high, at is not None, lines[0][:400], row, known[1] if known else None, speaker=name
    )


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < 4e9 else None


def _app(file: File) -> str:
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(file.path))))


def _exits(path: str) -> Iterable[tuple[str, int, str]]:
    """The exit statuses in TorchX's file about an app that has ended: name, status, path."""
    told = _json(path)
    roles = told.get("roles") if isinstance(told, dict) else None
    for role, replicas in roles.items() if isinstance(roles, dict) else ():
        for number, one in enumerate(replicas if isinstance(replicas, list) else ()):
            code = one.get("exitcode") if isinstance(one, dict) else None
            if isinstance(code, int):
                yield f"{role}/{number}", code, path
