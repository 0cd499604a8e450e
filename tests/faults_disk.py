"""Where the faults are tried: on a disk, and on a file system in memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

Disk = Callable[[Path], AbstractContextManager[Path]]


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    yield folder


@contextlib.contextmanager
def _memory(_: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="logdex-test-") as folder:
        yield Path(folder)


def disks() -> list[Any]:
    """The places, as pytest's parameters."""
    absent = pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no tmpfs at /dev/shm")
    return [pytest.param(_disk, id="disk"), pytest.param(_memory, id="tmpfs", marks=absent)]


def append(path: Path, data: bytes) -> None:
    """Appends `data` in one write."""
    with path.open("ab", buffering=0) as out:
        out.write(data)
