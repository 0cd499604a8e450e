"""A file on another machine, read by the system's `ssh`: its configuration, keys and agent are those of the user."""

from __future__ import annotations

import os
import re
import shlex
import subprocess

from logdex.remote.elsewhere import State

_ADDRESS = re.compile(
    r"ssh://(?P<host>(?:[^/@]+@)?(?:\[[^]]+\]|[^/:@]+))(?::(?P<port>\d{1,5}))?(?P<path>/.+)"
)
_PATIENCE = 60.0
"""Seconds after which a machine counts as not answering."""
_MISSING = 66
"""The exit status by which our command says that there is no such file."""
SSH_FAILED = 255
"""The exit status of `ssh` itself, where there is no connection."""


class Address:
    """`ssh://[user@]host[:port]/path`, taken apart; a path that begins with `/~/` is in the user's home."""

    def __init__(self, text: str) -> None:
        """Takes the address apart.

        Raises:
            ValueError: It is not written as one.
        """
        match = _ADDRESS.fullmatch(text)
        # A host that begins with a dash would be an option.
        if match is None or match["host"].startswith("-"):
            raise ValueError(f"{text}: write ssh://[user@]host[:port]/path")
        path = match["path"]
        # The shell there begins in the user's home.
        self.path = f"./{path[3:]}" if path.startswith("/~/") else path
        self.host = match["host"].replace("[", "").replace("]", "")
        self.port = match["port"]


def command(address: Address, script: str, *options: str) -> list[str]:
    """The words that run a script on the machine of an address, with more `options` of `ssh`.

    The shell there may be any; the script is put to a plain one.

    `$LOGDEX_SSH` is the command that is run for `ssh`, with options if need be, as `GIT_SSH_COMMAND` is.
    """
    words = shlex.split(os.environ.get("LOGDEX_SSH", "")) or ["ssh"]
    port = ["-p", address.port] if address.port else []
    there = [*words, "-o", "BatchMode=yes", *options, *port, address.host]
    return [*there, f"sh -c {shlex.quote(script)}"]


class SshFile:
    """A file behind an address; see `Address` and `command`."""

    def __init__(self, address: str) -> None:
        """Takes the address apart.

        Raises:
            ValueError: It is not written as one.
        """
        self.address = address
        self._parts = Address(address)
        self._path = self._parts.path

    def look(self) -> State:
        """See `Elsewhere`."""
        name = shlex.quote(self._path)
        # The options of GNU's stat, and of others; `wc -c` of a file asks for its size only.
        out = self._run(
            f"test -e {name} || exit {_MISSING}; test -f {name} || exit {_MISSING + 1}; "
            f"stat -L -c '%s %Y:%i' -- {name} 2>/dev/null || stat -L -f '%z %m:%i' -- {name}"
        )
        size, _, tag = out.decode("ascii", "replace").strip().partition(" ")
        if not size.isdecimal():
            raise OSError(5, f"`stat` there says {out[:80]!r}, which is no size", self.address)
        return State(int(size), tag)

    def read(self, start: int, end: int) -> bytes:
        """See `Elsewhere`."""
        name = shlex.quote(self._path)
        return self._run(f"tail -c +{start + 1} -- {name} | head -c {end - start}")

    def _run(self, script: str) -> bytes:
        words = command(self._parts, script)
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
            )
        except FileNotFoundError:
            raise OSError(
                2, f"{words[0]} is not here; install openssh, or set LOGDEX_SSH", self.address
            ) from None
        except subprocess.TimeoutExpired:
            raise OSError(110, f"no answer in {_PATIENCE:.0f} s; is the machine up?", self.address) from None
        if done.returncode:
            raise self._refused(done)
        return done.stdout

    def _refused(self, done: subprocess.CompletedProcess[bytes]) -> OSError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if done.returncode == _MISSING:
            return FileNotFoundError(2, "there is no such file there", self.address)
        if done.returncode == _MISSING + 1:
            return IsADirectoryError(
                21, "this is no plain file; name one, or install this version of logdex there", self.address
            )
        why = said[-1] if said else f"ended with status {done.returncode}"
        if done.returncode == SSH_FAILED:
            return OSError(
                113, f"{why}; try `ssh {self._parts.host}`, which must not ask for anything", self.address
            )
        return OSError(5, why, self.address)
