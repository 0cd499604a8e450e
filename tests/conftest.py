"""What every test finds: a home of its own, and jobs that end with the test."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
    """Nothing that a test does is written outside its `tmp_path`."""
    for name, place in _HOMES.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    for name in [name for name in os.environ if name.startswith("TORCHX_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits up to 10 s, or `seconds`, for a condition to hold."""

    def wait(condition: Callable[[], Any], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait


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
