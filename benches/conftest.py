"""Logs to measure on, made once and kept outside the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from measure import Corpus

MAKE_LOG = Path(__file__).with_name("make_log.py")
CACHE = Path(os.environ.get("LOGDEX_CORPUS") or Path.home() / ".cache" / "logdex-corpus")


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """`corpus("stamped", 256, days=4)`: the path of a log of that style and size in MiB a day, in the page cache."""

    def make(style: str, mebibytes: int, days: int = 1) -> Path:
        CACHE.mkdir(parents=True, exist_ok=True)
        path = CACHE / f"{style}-{mebibytes}x{days}.log"
        if not path.exists():
            fresh = path.with_suffix(".new")
            command = [sys.executable, str(MAKE_LOG), style, str(mebibytes), str(fresh), "--days", str(days)]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            fresh.rename(path)
        with path.open("rb", buffering=0) as log:
            while log.read(1 << 24):
                pass
        return path

    return make
