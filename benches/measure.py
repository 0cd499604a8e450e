"""What the benches share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

Corpus = Callable[..., Path]

MAKE_LOG = Path(__file__).with_name("make_log.py")
CACHE = Path(os.environ.get("LOGDEX_CORPUS") or Path.home() / ".cache" / "logdex-corpus")


def drain(items: Iterable[object]) -> int:
    """How many items there are."""
    count = 0
    for _ in items:
        count += 1
    return count


def log_of(style: str, mebibytes: int, days: int = 1) -> Path:
    """The path of a log of that style and size in MiB a day, made once and in the page cache."""
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
