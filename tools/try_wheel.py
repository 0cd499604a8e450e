"""Installs a built wheel as a user would, in a clean environment of each CPython that it is for, and tries it.

    python tools/try_wheel.py WHEEL [PYTHON...]

Without PYTHONs, those from 3.10 to 3.13 that are on the path or that pyenv has; it is an error if there is none.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
LINES = "2026-11-22 02:10:00 INFO ready\n[rank3]: 2026-11-22 02:11:00 ERROR NCCL\n"
PROGRAM = """\
import sys, logdex
log = logdex.open(sys.argv[1], tz="UTC")
assert list(log.lines("NCCL", since="2026-11-22 02:10:30")) == ["[rank3]: 2026-11-22 02:11:00 ERROR NCCL\\n"]
assert log.ranks().first_failure.name == "3"
assert "torchx" not in sys.modules
"""


def find(version: str) -> str | None:
    """The interpreter of a version, the newest that pyenv has if it is not on the path."""
    pyenv = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python")))
    return pyenv[-1] if pyenv else shutil.which(f"python{version}")


def try_with(python: str, wheel: Path) -> str:
    """Installs and tries `wheel` with one interpreter; returns its version."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([python, "-m", "venv", f"{place}/env"], check=True)
        inside = f"{place}/env/bin"
        pip = [f"{inside}/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, str(wheel)], check=True)
        log = Path(place, "train.log")
        log.write_text(LINES)

        def run(*command: str) -> str:
            return subprocess.run(command, check=True, capture_output=True, text=True, cwd=place).stdout

        assert run(f"{inside}/logdex", "-c", "-e", "ERROR", "train.log") == "1\n"
        assert run(f"{inside}/logdex", "-n", "1", "train.log") == LINES.splitlines(keepends=True)[1]
        assert "usage: logdex" in run(f"{inside}/logdex", "--help")
        run(f"{inside}/python", "-W", "error", "-c", PROGRAM, "train.log")
        return run(f"{inside}/python", "-c", "import sys; print(sys.version.split()[0])").strip()


def main() -> None:
    """Tries the wheel with all interpreters."""
    wheel = Path(sys.argv[1]).resolve()
    pythons = sys.argv[2:] or [python for version in VERSIONS if (python := find(version))]
    if not pythons:
        sys.exit(f"no CPython of {', '.join(VERSIONS)} is to be found; name one")
    for python in pythons:
        print(f"{wheel.name} works with CPython {try_with(python, wheel)}")


if __name__ == "__main__":
    main()
