"""The job store: a directory with one file an app, each written whole or not at all.

    <root>/<session>/<app id>.json        the record; only the process that launched the app writes it
    <root>/<session>/<app id>.cancelled   a user asked for its end; any process may create it
    <root>/.tmp/                          records on their way

A record replaces the one before by a rename, so a reader sees the old one or the new one, on NFS too, and a
writer that is killed leaves the old one. Nothing here looks at more than one app, so a hundred thousand cost
what one costs.
"""

import hashlib
import heapq
import itertools
import json
import logging
import math
import os
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

from logdex.jobs.record import TERMINAL, VERSION, JobRecord

log = logging.getLogger("logdex")

_LONGEST_NAME = 180
_CUT = 100
"""Characters of a longer name that its file keeps, before a `%` and a digest."""
_TEMPORARY = ".tmp"
_ABANDONED_AFTER = 3600.0
_CLOCKS_APART = 300.0
_AT_ONCE = 1 << 16
_counter = itertools.count()


class JobStore:
    """The records under one directory. It is created by the first save; reading never writes."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._swept = False

    def save(self, record: JobRecord) -> None:
        """Writes the record in one step; after an OSError the one before still stands."""
        path = self._path(record.session, record.app_id)
        temporary = self._temporary(record)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(temporary, "xb") as file:
                file.write(record.to_json())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    def load(self, app_id: str, session: str | None = None) -> JobRecord | None:
        """The record of an app, looked for in `session` first and then in every other, or None."""
        if not app_id:
            return None
        first = [] if session is None else [_encode(session)]
        for name in itertools.chain(first, self._sessions()):
            record = _read(os.path.join(self.root, name, _encode(app_id) + ".json"))
            if record is not None and record.app_id == app_id:
                return record
        return None

    def has(self, app_id: str, session: str) -> bool:
        """Whether there is a record of an app of that session, which is not read."""
        return os.path.isfile(self._path(session, app_id))

    def of_session(self, session: str) -> Iterator[JobRecord]:
        """Every record of a session, oldest first."""
        directory = os.path.join(self.root, _encode(session))
        try:
            names = os.listdir(directory)
        except (FileNotFoundError, NotADirectoryError):
            return iter(())
        read = (_read(os.path.join(directory, name)) for name in names if name.endswith(".json"))
        return iter(sorted((one for one in read if one), key=lambda one: (one.scheduled_at, one.app_id)))

    def newest_first(
        self,
        wanted: Callable[[str, str], bool] = lambda session, app_id: True,
        states: Collection[str] | None = None,
    ) -> Iterator[JobRecord]:
        """The records of all sessions, those first whose launch began last.

        A record is not older than its file, so files are read from the newest on, and only as far as the next record
        needs: whoever takes twenty of a hundred thousand waits for little more than the names. The order is exact where
        the clocks of launchers and of the file system are at most five minutes apart.

        Args:
            wanted: Whether an app is meant, by session and id; asked before its file is read.
            states: Apps that ended in another state are left out; one that has no end on record may be in any.
        """
        found: list[tuple[float, str, Any]] = []
        for written, path in sorted(self._files(wanted), reverse=True):
            while found and -found[0][0] > written + _CLOCKS_APART:
                yield from _checked(*heapq.heappop(found)[1:], wanted)
            values = _values(path, states)
            if values is not None and (states is None or _may_be_in(states, values)):
                heapq.heappush(found, (-_scheduled_at(values), path, values))
        while found:
            yield from _checked(*heapq.heappop(found)[1:], wanted)

    def _files(self, wanted: Callable[[str, str], bool]) -> Iterator[tuple[float, str]]:
        """When each record that may be wanted was written last, and where it is."""
        for directory in self._sessions():
            session = _decode(directory)
            with suppress(OSError), os.scandir(os.path.join(self.root, directory)) as entries:
                for entry in entries:
                    if not entry.name.endswith(".json"):
                        continue
                    app_id = _decode(entry.name[:-5])
                    if session is None or app_id is None or wanted(session, app_id):
                        with suppress(OSError):
                            yield entry.stat().st_mtime, entry.path

    def forget(self, record: JobRecord) -> None:
        """Removes a record; the app's logs stay."""
        for path in (self._path(record.session, record.app_id), self._mark(record)):
            with suppress(FileNotFoundError):
                os.unlink(path)

    def ask_to_end(self, record: JobRecord) -> None:
        """Leaves word, before any signal is sent, that what comes now is a cancellation and not a failure."""
        mark = self._mark(record)
        os.makedirs(os.path.dirname(mark), exist_ok=True)
        with open(mark, "w") as file:
            file.write(f"pid {os.getpid()} at {time.time():.3f}\n")

    def take_back(self, record: JobRecord) -> None:
        """Withdraws `ask_to_end`: nothing was left to be ended."""
        with suppress(FileNotFoundError):
            os.unlink(self._mark(record))

    def asked_to_end(self, record: JobRecord) -> bool:
        """Whether the app was cancelled while it ran."""
        return os.path.exists(self._mark(record))

    def _path(self, session: str, app_id: str) -> str:
        return os.path.join(self.root, _encode(session), _encode(app_id) + ".json")

    def _mark(self, record: JobRecord) -> str:
        return os.path.join(self.root, _encode(record.session), _encode(record.app_id) + ".cancelled")

    def _sessions(self) -> list[str]:
        try:
            with os.scandir(self.root) as entries:
                return [one.name for one in entries if not one.name.startswith(".") and one.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _temporary(self, record: JobRecord) -> str:
        directory = os.path.join(self.root, _TEMPORARY)
        os.makedirs(directory, exist_ok=True)
        if not self._swept:
            self._swept = True
            _sweep(directory)
        unique = f"{record.host.name}-{os.getpid()}-{threading.get_ident()}-{next(_counter)}"
        return os.path.join(directory, _encode(unique))


def _encode(name: str) -> str:
    """A file name for any session or app id: no separator, not hidden, not too long, and no two alike."""
    safe = quote(name, safe="", errors="surrogatepass") or "%"
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if len(safe) > _LONGEST_NAME:
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        safe = f"{safe[:_CUT]}%{digest}"
    return safe


def _decode(name: str) -> str | None:
    """What `_encode` made a file name of; None for a long one, of which only the record knows."""
    if "%" not in name:
        return name
    try:
        return None if len(name) > _CUT and name[_CUT] == "%" else unquote(name, errors="surrogatepass")
    except UnicodeDecodeError:
        return None


def _values(path: str, states: Collection[str] | None = None) -> Any:
    """The JSON of a record; None, with a warning, when the file is there and has none.

    Of `states`, that of an app that ended in another one may be None without being read.
    """
    try:
        # Not by a file object, which takes twice as long: there may be a hundred thousand.
        descriptor = _without_waiting(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            stored = _whole(descriptor)
        finally:
            os.close(descriptor)
        if states is not None and _ended_in_another(states, stored):
            return None
        values = json.loads(stored)
        return [] if values is None else values  # `null` is no record, and is complained about as such.
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RecursionError, ValueError) as error:
        _warn(path, error)
        return None


def _whole(descriptor: int) -> bytes:
    stored = os.read(descriptor, _AT_ONCE)
    if len(stored) < _AT_ONCE:
        return stored
    parts = [stored]
    while part := os.read(descriptor, _AT_ONCE):
        parts.append(part)
    return b"".join(parts)


def _scheduled_at(values: Any) -> float:
    """When the app was scheduled, by what may be no record; what is none goes first, and is then complained about."""
    at = values.get("scheduled_at") if isinstance(values, dict) else None
    return float(at) if isinstance(at, int | float) and math.isfinite(at) else math.inf


def _may_be_in(states: Collection[str], values: Any) -> bool:
    """Whether an app may be in one of these states: its record says how it ended, and else somebody must look."""
    state = values.get("state") if isinstance(values, dict) else None
    return not isinstance(state, str) or state not in TERMINAL or state in states


_STATE = re.compile(rb'\{[^{}\[\]]*?"state": "([A-Z]+)"')
"""The state in a record as `JobRecord.to_json` writes it: before anything that has keys of its own."""


def _ended_in_another(states: Collection[str], stored: bytes) -> bool:
    """Whether a look at the text of a record tells that it is of none of these states; `_may_be_in` says it exactly."""
    found = _STATE.match(stored) if stored.endswith(b"}") else None
    state = found[1].decode() if found else None
    return state in TERMINAL and state not in states


def _checked(path: str, values: Any, wanted: Callable[[str, str], bool]) -> Iterator[JobRecord]:
    """The record that was read, if it is one and is wanted."""
    try:
        record = JobRecord.from_values(values)
    except ValueError as error:
        _warn(path, error)
        return
    if wanted(record.session, record.app_id):
        yield record


def _warn(path: str, error: BaseException) -> None:
    log.warning("%s: %s; it is ignored, remove the file to be rid of this message", path, error)


def _read(path: str) -> JobRecord | None:
    """The record in a file; None, with a warning, when the file is there and is no record."""
    values = _values(path)
    if values is None:
        return None
    try:
        record = JobRecord.from_values(values)
    except ValueError as error:
        _warn(path, error)
        return None
    if record.version > VERSION:
        log.debug("%s: written by a later logdex (version %d)", path, record.version)
    return record


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file; what is no file, but a pipe, does not make us wait for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _sweep(directory: str) -> None:
    """Removes what killed writers left behind long ago."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if time.time() - entry.stat().st_mtime > _ABANDONED_AFTER:
                os.unlink(entry.path)
