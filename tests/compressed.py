"""Compressed files, for the tests."""

import gzip
import sys


def compress(text: bytes, suffix: str) -> bytes:
    """`text` in the format that a file name's `suffix` says: `.gz` or `.zst`."""
    if suffix == ".gz":
        return gzip.compress(text)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return bytes(zstd.compress(text))
