"""What every test finds: a home of its own, and jobs that end with the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from shell import LINES, Following
from ssh_server import by_ssh, sshd

__all__ = ["by_ssh", "sshd"]

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # What a shell starts in the background ignores Ctrl-C, and so would all that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long a case takes says what else the machine does, and nothing of what is tested.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

_HOMES = {
    "HOME": "home",
    "XDG_STATE_HOME": "home/.local/state",
    "XDG_CACHE_HOME": "home/.cache",
    "LOGDEX_HOME": "logdex",
    "LOGDEX_CACHE": "cache",
    "NEMORUN_HOME": "nemo",
}


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test does is written outside its `tmp_path`, nor as wide as the terminal of whoever runs it."""
    for name, place in _HOMES.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    for name in [name for name in os.environ if name.startswith("TORCHX_") or name == "COLUMNS"]:
        monkeypatch.delenv(name)
    if nemo_run := sys.modules.get("nemo_run.run.torchx_backend.schedulers.local"):
        # It has asked for NEMORUN_HOME when an earlier test imported it, or before the first.
        monkeypatch.setattr(nemo_run, "LOCAL_JOB_DIRS", str(tmp_path / "nemo" / ".local_jobs.json"))
    (tmp_path / "home").mkdir()


@pytest.fixture
def following() -> Iterator[Callable[..., Following]]:
    """Starts a `logdex` that follows, with arguments of the command; it ends with the test."""
    all_: list[Following] = []

    def start(*args: object, wrap: Sequence[str] = ()) -> Following:
        all_.append(Following(*args, wrap=wrap))
        return all_[-1]

    yield start
    for one in all_:
        one.process.kill()
        one.process.communicate()


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """The first launch of a scheduler takes SIGINT and SIGTERM; the next test starts with what was before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A small log, whose lines are `shell.LINES`."""
    path = tmp_path / "train.log"
    path.write_text("".join(LINES))
    return path


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits up to ten minutes, or `seconds`, for a condition to hold."""

    def wait(condition: Callable[[], Any], seconds: float = 600.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait


_PRELUDE = """
import os, sys, time
from torchx.specs import AppDef, Role
from logdex.torchx_backend.schedulers.local import create_scheduler
scheduler = create_scheduler("test")
def launch(script, replicas=1, **cfg):
    app = AppDef("app", [Role("w", image="", entrypoint="bash", args=["-c", script], num_replicas=replicas)])
    app_id = scheduler.submit(app, cfg)
    print("APP", app_id, flush=True)
    return app_id
"""


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Callable[..., "tuple[subprocess.Popen[str], str]"]]:
    """Runs code with `scheduler` and `launch` in a process; gives that and the first app that it launched."""
    started = []

    def start(code: str) -> "tuple[subprocess.Popen[str], str]":
        process = subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + code], stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def scheduler() -> Iterator[Any]:
    """A scheduler as TorchX creates it, closed at the end."""
    local = pytest.importorskip("logdex.torchx_backend.schedulers.local", exc_type=ImportError)
    one = local.create_scheduler("test")
    yield one
    one.close()


@pytest.fixture
def launch(scheduler: Any) -> Callable[..., str]:
    """Launches shell scripts, one a replica; `${replica_id}` stands for the index."""

    def run(script: str, *, replicas: int = 1, role: str = "w", on: Any = None, **cfg: Any) -> str:
        from torchx.specs import AppDef, Role

        app = AppDef(
            "app", [Role(role, image="", entrypoint="bash", args=["-c", script], num_replicas=replicas)]
        )
        return str((on or scheduler).submit(app, cfg))

    return run
