"""Commands of Slurm that replay recorded answers (`tests/data/slurm`), and note how often they were called."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path

import pytest
from logdex.slurm import ask
from logdex.slurm.ask import CommandResult

DATA = Path(__file__).parent / "data" / "slurm"
UNKNOWN = "slurm_load_jobs error: Invalid job id specified\n"
DOWN = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"


def answer(name: str, here: Path | str = "/home/ada/run") -> str:
    """What Slurm said, as if jobs were submitted in `here`."""
    return (DATA / name).read_text().replace("@HERE@", str(here))


class FakeSlurm:
    """A Slurm that runs nothing: what `state` it tells of is set by the test."""

    def __init__(self, state: str, here: Path | str = "/home/ada/run") -> None:
        """`state` is the name of a recording."""
        self.state = state
        self.here = here
        self.asked: list[list[str]] = []
        self.forgotten = False
        """Whether the controller has forgotten the job, so that only the accounts know it."""
        self.down = ""
        """What `scontrol` says, where the controller cannot be reached."""
        self.accounting = True

    def __call__(self, command: Sequence[str]) -> CommandResult:
        """Answers as `run_here` does."""
        self.asked.append(list(command))
        if command[0] == "scontrol":
            if self.down:
                return CommandResult(1, "", self.down)
            if self.forgotten or self.state == "unknown":
                return CommandResult(1, "", UNKNOWN)
            return CommandResult(0, answer(f"{self.state}.scontrol", self.here), "")
        if not self.accounting:
            return CommandResult(1, "", "Slurm accounting storage is disabled\n")
        if self.state == "unknown":
            return CommandResult(0, "", "")
        return CommandResult(0, answer(f"{self.state}.sacct", self.here), "")


SCRIPT = """#!/bin/sh
echo "${0##*/} $*" >> "@ROOT@/asked"
file="@ROOT@/${0##*/}"
test -e "$file.err" && cat "$file.err" >&2
test -e "$file.out" && cat "$file.out"
test -e "$file.code" && exit "$(cat "$file.code")"
exit 0
"""


class FakeCommands:
    """The same as commands in a directory for `$PATH`, for what starts them by itself."""

    def __init__(self, root: Path, here: Path) -> None:
        """Makes them in `root`, of a Slurm in which jobs were submitted in `here`."""
        self.root = root
        self.here = here
        self.path = root / "bin"
        self.path.mkdir(parents=True)
        for name in ("scontrol", "sacct", "squeue", "sbatch", "scancel", "sinfo"):
            script = self.path / name
            script.write_text(SCRIPT.replace("@ROOT@", str(root)))
            script.chmod(0o755)
        self.says("sinfo", "slurm 22.05.8\n")

    def says(self, command: str, out: str, *, err: str = "", code: int = 0) -> None:
        """What a command answers from now on."""
        for kind, text in (("err", err), ("code", str(code)), ("out", out)):
            new = self.root / f"{command}.{kind}.new"
            new.write_text(text)
            new.rename(self.root / f"{command}.{kind}")

    def replays(self, state: str) -> None:
        """Has all that tell of jobs replay a recording."""
        for command in ("scontrol", "sacct"):
            if (DATA / f"{state}.{command}").exists():
                self.says(command, answer(f"{state}.{command}", self.here))

    def asked(self, command: str) -> list[str]:
        """The calls of a command, with their arguments."""
        noted = self.root / "asked"
        lines = noted.read_text().splitlines() if noted.exists() else []
        return [line for line in lines if line.split()[0] == command]


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """Commands on `$PATH` that know nothing yet, of jobs that were submitted in `tmp_path/run`."""
    (tmp_path / "run").mkdir()
    fake = FakeCommands(tmp_path / "slurm", tmp_path / "run")
    fake.says("scontrol", "", err=UNKNOWN, code=1)
    monkeypatch.setenv("PATH", f"{fake.path}:{os.environ['PATH']}")
    # What an earlier test holds of a job of the same number is another cluster's.
    monkeypatch.setattr(ask, "_polls", weakref.WeakValueDictionary())
    return fake
