"""What a compressed file says: its streams, one behind the other."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CHUNK = 1 << 20


def opened(compressed: BinaryIO, kind: str) -> io.BufferedIOBase:
    """What `compressed` says, which is of `kind`.

    Where data are damaged, or what is behind the last stream is no padding, it raises what its module does.
    """
    if kind == "gzip":
        import gzip

        return cast(io.BufferedIOBase, gzip.open(compressed))
    return io.BufferedReader(_Streams(compressed, _decompressor(kind)), _CHUNK)


class _Decompressor(Protocol):
    """What takes one stream apart, of whichever kind."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Streams(io.RawIOBase):
    """The text of all streams of a file."""

    def __init__(self, compressed: BinaryIO, begin: Callable[[], _Decompressor]) -> None:
        self._text = _of_streams(compressed, begin)
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """See `io.RawIOBase`."""
        into = memoryview(buffer)
        held = self._held or memoryview(next(self._text, b""))
        count = min(len(into), len(held))
        into[:count], self._held = held[:count], held[count:]
        return count


def _of_streams(compressed: BinaryIO, begin: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """The text of the streams in a file, piece by piece; NULs between and behind them are padding.

    Python's modules take for that whatever begins like no stream, and so end before one whose beginning is damaged.
    """
    rest = compressed.read(_CHUNK)
    while rest:
        one = begin()
        while not one.eof:
            if one.needs_input and not rest:
                rest = compressed.read(_CHUNK)
                if not rest:
                    raise EOFError("the end of a stream is missing")
            text, rest = one.decompress(rest, _CHUNK), b""
            if text:
                yield text
        rest = (one.unused_data or b"").lstrip(b"\0")
        while not rest and (more := compressed.read(_CHUNK)):
            rest = more.lstrip(b"\0")


def _decompressor(kind: str) -> Callable[[], _Decompressor]:
    """What begins to take a stream apart."""
    if kind == "xz":
        import lzma

        return lzma.LZMADecompressor
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor
    if kind == "lz4":
        try:
            import lz4.frame
        except ImportError:
            raise OSError(95, "lz4 is read by lz4: pip install lz4") from None
        return cast("Callable[[], _Decompressor]", lz4.frame.LZ4FrameDecompressor)
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            raise OSError(95, "zstd is read by backports.zstd: pip install backports.zstd") from None
    return cast("Callable[[], _Decompressor]", zstd.ZstdDecompressor)
