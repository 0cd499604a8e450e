"""Where the faults are tried: on a disk, and on a file system in memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    yield folder


@contextlib.contextmanager
def _memory(_: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="logdex-test-") as folder:
        yield Path(folder)


_absent = pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no tmpfs at /dev/shm")


@pytest.fixture(
    name="log", params=[pytest.param(_disk, id="disk"), pytest.param(_memory, id="tmpfs", marks=_absent)]
)
def log_on_each_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An empty log, on a disk and in memory, whose file systems behave differently when a file is cut."""
    with request.param(tmp_path) as folder:
        path = folder / "app.log"
        path.write_bytes(b"")
        yield path


def append(path: Path, data: bytes) -> None:
    """Appends `data` in one write."""
    with path.open("ab", buffering=0) as out:
        out.write(data)
