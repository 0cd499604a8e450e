"""A tar of logs, compressed or not, read as the directory that it holds."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import tarfile
import tempfile
import weakref
from typing import IO, cast

from logdex.inputs import spool
from logdex.inputs.compression import compression, is_named_tar
from logdex.inputs.decompress import opened

_CHUNK = 1 << 20
_LONGEST_NAME = 255
_DEEPEST = 256
"""So many directories may a name lead through: each is made, and removed, within a call for the one above it."""
_TOLD = 3
"""Of so many members that are left out it is told."""
_log = logging.getLogger("logdex")


def is_archive(path: str) -> bool:
    """Whether `path` is a tar, by its name and by how it begins."""
    if not (is_named_tar(path) and os.path.isfile(path)):
        return False
    kind = compression(path)
    try:
        with open(path, "rb") as file:
            begin = (opened(file, kind) if kind else file).read(512)
    except (OSError, EOFError, ValueError):
        return False  # What is damaged is read as other files are, by which that is said.
    return begin[257:262] == b"ustar"


class Unpacked:
    """The regular files of a tar, in a temporary directory that goes with the last log that is read there.

    Names in a tar are whatever somebody wrote: those that lead elsewhere are left out, and so are links, devices and
    pipes, which are no logs. Nothing in the directory is a link, so that no name leads out of it.
    """

    def __init__(self, path: str) -> None:
        """Unpacks `path`.

        Raises:
            OSError: The tar is damaged or cut off, or holds more than `$LOGDEX_SPOOL` MiB.
        """
        self.path = path
        self.directory = tempfile.mkdtemp(prefix="logdex-")
        """Where its files are."""
        weakref.finalize(self, _remove, self.directory, os.getpid())
        self._left = self._limit = spool.limit()
        self._out = 0
        kind = compression(path)
        try:
            with open(path, "rb") as file:
                text = cast(IO[bytes], opened(file, kind) if kind else file)
                # As a stream: a compressed one cannot be searched, and its members come in any order.
                with tarfile.open(fileobj=text, mode="r|", errors="surrogateescape") as members:
                    for member in members:
                        self._take(members, member)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise OSError(5, f"the tar is damaged or cut off ({error})", path) from error

    def member(self, path: str) -> str:
        """What the file at `path` is called in messages: by the tar, and the name in it."""
        return os.path.join(self.path, os.path.relpath(path, self.directory))

    def _take(self, members: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        usable = 0 < len(parts) <= _DEEPEST and all(
            part != ".." and "\0" not in part and len(part) < _LONGEST_NAME for part in parts
        )
        if not usable and member.isreg():
            self._leave_out(member.name)
        if not (member.isreg() and usable) or (text := members.extractfile(member)) is None:
            return
        path = os.path.join(self.directory, *parts)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            # Of two members of one name the later is what `tar x` leaves.
            file = open(path, "wb")  # noqa: SIM115
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            # The name is that of a directory, or lies below a file's.
            self._leave_out(member.name)
            return
        except OSError as error:
            # A part of it was as long where it was packed as it may be there, or the whole is.
            if error.errno != errno.ENAMETOOLONG:
                raise
            self._leave_out(member.name)
            return
        with file:
            self._copy(text, file)
        # Whoever wrote the tar may have written any number as the time of a change.
        with contextlib.suppress(OverflowError, ValueError):
            os.utime(path, (member.mtime, member.mtime))

    def _leave_out(self, name: str) -> None:
        """Says that a file of the tar is not read; of many, of the first few."""
        self._out += 1
        if self._out <= _TOLD:
            more = "; of more like this it is not told" if self._out == _TOLD else ""
            _log.warning(
                "%s: %s is left out: its name leads out of the tar, is another member's, or too long; unpack it and "
                "read that%s",
                self.path,
                repr(name),
                more,
            )

    def _copy(self, text: IO[bytes], file: IO[bytes]) -> None:
        while chunk := text.read(_CHUNK):
            self._left -= len(chunk)
            if self._left < 0:
                raise OSError(
                    27,
                    f"more than {self._limit >> 20} MiB, which is what may be spooled; unpack it and read that, or set "
                    "LOGDEX_SPOOL to more MiB",
                    self.path,
                )
            file.write(chunk)


def _remove(directory: str, pid: int) -> None:
    """Removes what was unpacked; a forked process leaves that to the one which unpacked it."""
    if os.getpid() == pid:
        shutil.rmtree(directory, ignore_errors=True)
