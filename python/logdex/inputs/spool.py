"""What is no plain file, made one: standard input, compressed logs, lines that come from another scheduler.

The text goes into an unnamed temporary file, which the system removes with the last process that has it open.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, BinaryIO, cast

from logdex.inputs.compression import MAGIC, compression_of, may_be_cut_off
from logdex.inputs.decompress import opened
from logdex.inputs.framing import is_open

_CHUNK = 1 << 20
_LIMIT = 16 << 30
_SOON = 0.005
"""So many seconds it takes at most to see what has come."""


def limit() -> int:
    """How many bytes may be spooled: `$LOGDEX_SPOOL` in MiB, default 16,384.

    Raises:
        ValueError: The variable is no number.
    """
    said = os.environ.get("LOGDEX_SPOOL")
    if not said:
        return _LIMIT
    try:
        return int(said) << 20
    except ValueError:
        raise ValueError(f"LOGDEX_SPOOL={said!r}: give a number of MiB") from None


class Spool:
    """Text on its way into a temporary file, by a thread that ends with it."""

    def __init__(self, name: str, fill: Callable[[Spool], None], *, modified: int | None = None) -> None:
        """`fill` puts the text into it, on the thread.

        Args:
            name: What messages call it.
            fill: Calls `put` with the text, or writes to the file itself and says so to `grown`.
            modified: The time of the text's last change, in nanoseconds, if that is past.
        """
        import tempfile

        self.name = name
        self.limit = limit()
        self._size = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="logdex-", buffering=0)  # noqa: SIM115
        self.path = f"/dev/fd/{self._file.fileno()}"
        self.error: Exception | None = None
        self.past: threading.Event | None = None
        """Set when all is in the file that was there at first, where more may come for ever."""
        self.go_on(fill, modified)

    def go_on(self, fill: Callable[[Spool], None], modified: int | None) -> None:
        """Takes in more text, once all that came before is in the file; see `Spool`."""
        self._modified = modified
        self._thread = threading.Thread(target=self._run, args=(fill,), name="logdex-spool", daemon=True)
        self._thread.start()

    def __del__(self) -> None:
        # Not set if there was no room for it.
        if hasattr(self, "_file"):
            self._file.close()

    def size(self) -> int:
        """How many bytes of it are in the file."""
        return os.fstat(self._file.fileno()).st_size

    def has_ended(self) -> bool:
        """Whether all of it is in the file."""
        return not self._thread.is_alive()

    def join(self, most: float | None = None) -> None:
        """Waits until nothing more comes to the file, for `most` seconds if said; also where something went wrong."""
        end = None if most is None else time.monotonic() + most
        while self._thread.is_alive() and (end is None or time.monotonic() < end):
            self._thread.join(0.1)

    def await_head(self) -> None:
        """Waits until its beginning tells how its lines are framed, which is mostly with its first line."""
        while is_open(os.pread(self._file.fileno(), _CHUNK, 0)) and not self.has_ended():
            self._thread.join(_SOON)

    def wait(self) -> None:
        """Waits until all of it is in the file; raises what went wrong on the way."""
        self.join()
        self.check()

    def await_past(self) -> bool:
        """Waits until what was there at first is in a file that goes on with a log, if this is one; whether it is."""
        past = self.past
        while past is not None and not (past.wait(0.1) or self.has_ended()):
            pass
        return past is not None

    def catch_up(self) -> None:
        """Waits until what was there at first is in the file; raises what went wrong on the way."""
        if not self.await_past():
            self.wait()
        self.check()

    def check(self) -> None:
        """Raises what went wrong so far."""
        if self.error is not None:
            raise self.error

    def put(self, chunk: bytes) -> None:
        """Appends to the text.

        Raises:
            OSError: There is no room for it, or it is more than may be spooled.
        """
        self.grown(self._size + len(chunk))
        rest = memoryview(chunk)
        try:
            # A disk that is nearly full takes a part, and refuses the next.
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self.no_room(error) from error

    def grown(self, size: int) -> None:
        """Notes how many bytes there are.

        Raises:
            OSError: That is more than may be spooled.
        """
        self._size = size
        if size > self.limit:
            raise OSError(
                27,
                f"more than {self.limit >> 20} MiB, which is what may be spooled; put it in a "
                "file and read that, or set LOGDEX_SPOOL to more MiB",
                self.name,
            )

    def no_room(self, error: OSError) -> OSError:
        """What a write to the temporary file said, with what to do about it."""
        import tempfile

        told = f"{error.strerror} in {tempfile.gettempdir()}, where its text goes; make room, or set TMPDIR"
        return OSError(error.errno, told, self.name)

    def _run(self, fill: Callable[[Spool], None]) -> None:
        try:
            fill(self)
            if self._modified is not None:
                os.utime(self._file.fileno(), ns=(self._modified, self._modified))
        except Exception as error:  # raised again by `check`, in the thread that reads
            if isinstance(error, OSError) and error.filename is None:
                error.filename = self.name
            self.error = error


def of_chunks(name: str, chunks: Callable[[], Iterable[bytes]], *, modified: int | None = None) -> Spool:
    """A spool of the text that `chunks` gives; see `Spool`."""

    def fill(spool: Spool) -> None:
        for chunk in chunks():
            spool.put(chunk)

    return Spool(name, fill, modified=modified)


def from_stream(path: str | int) -> Iterator[bytes]:
    """What comes through a pipe, as it comes; decompressed, if it begins like something compressed.

    Raises:
        OSError: What is compressed is damaged or cut off.
    """
    with open(path, "rb", buffering=0, closefd=not isinstance(path, int)) as stream:
        head = stream.read(_CHUNK) or b""
        while may_be_cut_off(head) and (more := stream.read(MAGIC - len(head))):
            head += more
        kind = compression_of(head)
        if kind is not None:
            yield from _text(cast(BinaryIO, _Begun(head, stream)), kind, None)
            return
        while head:
            yield head
            head = stream.read(_CHUNK) or b""


class _Begun:
    """A stream of which the beginning was read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._rest.read(size)
        size = len(self._head) if size < 0 else size
        found, self._head = self._head[:size], self._head[size:]
        return found


def of_compressed(path: str, kind: str, name: str | None = None) -> Spool:
    """The text of a compressed file, last changed when that was: stamps without a year go by it.

    `name` is what messages call it, if not by its path.
    """
    return of_chunks(name or path, lambda: decompressed(path, kind, name), modified=os.stat(path).st_mtime_ns)


def decompressed(path: str, kind: str, name: str | None = None) -> Iterator[bytes]:
    """The text of a compressed file.

    Raises:
        OSError: The file is damaged or cut off.
    """
    with open(path, "rb") as file:
        yield from _text(file, kind, name or path)


def _text(compressed: BinaryIO, kind: str, path: str | None) -> Iterator[bytes]:
    try:
        with opened(compressed, kind) as file:
            # `read` would lose what comes before a damaged place.
            while chunk := file.read1(_CHUNK):
                yield chunk
    except (EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise OSError(5, f"the {kind} data are damaged or cut off ({error})", path) from error
    except Exception as error:
        # lz4 raises RuntimeError of damaged data.
        if type(error).__name__ not in ("ZstdError", "LZMAError", "error", "RuntimeError"):
            raise
        raise OSError(5, f"the {kind} data are damaged ({error})", path) from error
