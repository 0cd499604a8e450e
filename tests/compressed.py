"""Compressed files, for the tests."""

import bz2
import gzip
import lzma
import sys

import pytest


def compress(text: bytes, suffix: str) -> bytes:
    """`text` in the format that a file name's `suffix` says: `.gz`, `.xz`, `.bz2`, `.lz4` or `.zst`."""
    if suffix == ".gz":
        return gzip.compress(text)
    if suffix == ".xz":
        return lzma.compress(text)
    if suffix == ".bz2":
        return bz2.compress(text)
    if suffix == ".lz4":
        return bytes(pytest.importorskip("lz4.frame").compress(text))
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return bytes(zstd.compress(text))
