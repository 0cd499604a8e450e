"""`logdex` on the machine where the logs are: a regex or a range reads there, and only the answer travels."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from logdex import _when
from logdex.remote.ssh import SSH_FAILED, Address, command

HERE_INSTEAD = 97
"""The exit status that says: the `logdex` there cannot do this, or there is none of this version."""
_BEGUN = b"logdex is there\n"
"""What our script says on stderr before the first word of the answer."""
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")

_SCRIPT = """\
for one in logdex ~/.local/bin/logdex; do
    if [ "$("$one" --version 2>/dev/null)" = {version} ]; then
        {then}
    fi
done
exit {otherwise}
"""
_ANSWER = 'printf {begun} >&2; exec env {settings} "$one" {words}'
_LOOK = "exit 0"
_SHOW = 'exec env {settings} "$one" {words}'


def run(
    words: Sequence[str], sources: Sequence[str], *, version: str, terminal: bool, columns: int
) -> int | None:
    """Runs `logdex` where the sources are, with standard output as it is here; returns its exit status.

    The moment of the question, the zone and what the terminal is like are this machine's. The `logdex` there has to be
    of the same version, so that it answers as the one here would.

    Args:
        words: The command line.
        sources: The addresses in it.
        version: This logdex's.
        terminal: Whether standard output is a terminal here.
        columns: How wide that is.

    Returns:
        None where this cannot be asked there: nothing was written then, and the logs are to be read from here.
    """
    settings = _settings(sources)
    if settings is None:
        return None
    if terminal:
        settings |= {"LOGDEX_TERMINAL": "1", "COLUMNS": str(columns)}
    script = _script(_ANSWER, words, sources, version, settings)
    address = Address(sources[0])
    named = {Address(source).path.encode(): source.encode("utf-8", "surrogateescape") for source in sources}
    try:
        process = subprocess.Popen(
            command(address, script),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return None  # What is missing is said when the log is read from here.
    try:
        has_begun = _pass_on(process, lambda line: _by_address(line, named))
        status = process.wait()
    except BaseException:
        # The answer there ends with its connection.
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if not has_begun:
        return None
    if status == SSH_FAILED or status < 0:
        raise ConnectionError(103, "the connection broke off, or the answer there was ended", sources[0])
    return status


def view(words: Sequence[str], sources: Sequence[str], *, version: str) -> int | None:
    """Runs `logdex view` where the sources are, on this terminal; returns its exit status.

    Args:
        words: The command line.
        sources: The addresses in it.
        version: This logdex's.

    Returns:
        None where this cannot be asked there: nothing was shown then, and the logs are to be read from here.
    """
    settings = _settings(sources)
    if settings is None:
        return None
    settings |= {"LOGDEX_TERMINAL": "1"}
    address = Address(sources[0])
    look, show = (_script(then, words, sources, version, settings) for then in (_LOOK, _SHOW))
    try:
        # What is said on a terminal cannot be told from what is shown there, so this is asked before, without one.
        is_there = subprocess.run(
            command(address, look), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if is_there.returncode != 0:
            return None
        on_terminal = command(address, show, "-tt", "-o", "LogLevel=ERROR")
        status = subprocess.run(on_terminal, check=False).returncode
    except OSError:
        return None  # What is missing is said when the log is read from here.
    if status == HERE_INSTEAD:
        return None
    return 2 if status == SSH_FAILED else status


def _settings(sources: Sequence[str]) -> dict[str, str] | None:
    """What of this machine the answer hangs on; None where it cannot be told, or not all sources are on one machine."""
    zone = _zone()
    if zone is None or len({(one.host, one.port) for one in map(Address, sources)}) > 1:
        return None
    settings = {"TZ": zone, "LOGDEX_NOW": str(_when.now())}
    return settings | {name: os.environ[name] for name in ("TERM", "NO_COLOR") if name in os.environ}


def _script(
    then: str, words: Sequence[str], sources: Sequence[str], version: str, settings: Mapping[str, str]
) -> str:
    """What the shell there is to do: look for a `logdex` of this version, and then have it do `then`."""
    paths = {source: Address(source).path for source in sources}
    done = then.format(
        begun=shlex.quote(_BEGUN.decode().replace("\n", "\\n")),
        settings=shlex.join(f"{name}={value}" for name, value in settings.items()),
        words=shlex.join(paths.get(word, word) for word in words),
    )
    return _SCRIPT.format(version=shlex.quote(f"logdex {version}"), then=done, otherwise=HERE_INSTEAD)


def _pass_on(process: subprocess.Popen[bytes], said: Callable[[bytes], bytes]) -> bool:
    """Passes on what is said on stderr there once the answer has begun; returns whether it has."""
    assert process.stderr is not None
    has_begun = False
    for line in process.stderr:
        if has_begun:
            # Where nobody can read it, the answer goes on all the same.
            with contextlib.suppress(OSError):
                sys.stderr.buffer.write(said(line))
                sys.stderr.buffer.flush()
        has_begun = has_begun or line.endswith(_BEGUN)
    return has_begun


def _by_address(line: bytes, named: dict[bytes, bytes]) -> bytes:
    """What `logdex` says there of a path, as said of the address that was given here."""
    begin = b"logdex: "
    path = next((path for path in named if line.startswith(begin + path + b": ")), None)
    return line if path is None else begin + named[path] + line[len(begin) + len(path) :]


def _zone() -> str | None:
    """The machine's zone by a name that another machine knows, too; None where it has none."""
    said = os.environ.get("TZ")
    if said is None:
        where = os.path.realpath("/etc/localtime")
        _, mark, said = where.rpartition("/zoneinfo/")
        if not mark:
            return None if os.path.exists("/etc/localtime") else "UTC"
    return said if _ZONE.fullmatch(said) else None
