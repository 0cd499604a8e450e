"""What differs between the TorchX versions, told by what is there and never by a version number."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from torchx.schedulers import local_scheduler
from torchx.schedulers.api import DescribeAppResponse, ListAppResponse
from torchx.specs.api import AppState

_constructing = threading.Lock()


@contextmanager
def no_signal_handlers() -> Iterator[None]:
    """Keeps TorchX's constructor, on this thread, from taking SIGINT and SIGTERM over."""
    register: Callable[[], None] = local_scheduler._register_termination_signals
    here = threading.get_ident()

    def only_elsewhere() -> None:
        if threading.get_ident() != here:
            register()

    with _constructing:
        local_scheduler._register_termination_signals = only_elsewhere
        try:
            yield
        finally:
            local_scheduler._register_termination_signals = register


def typed(cfg: Mapping[str, Any]) -> Any:
    """A config as the installed TorchX wants it: nightly has the dataclass `Opts`, 0.7.0 a dict."""
    opts = getattr(local_scheduler, "Opts", None)
    return cfg if opts is None or isinstance(cfg, opts) else opts.from_cfg(cfg)


def flag(value: Any) -> bool | None:
    """A switch, which TorchX passes as text when it comes from an environment variable such as TORCHX_RECORD."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "true", "yes", "on")
    return None if value is None else bool(value)


@lru_cache(maxsize=1)
def follows_running_apps() -> bool:
    """Whether the installed TorchX reads a running app to its end when `should_tail` is False, as 0.7.0 does.

    Asked of its own `LogIterator`, told not to tail an app that is RUNNING: 0.7.0 goes on regardless, nightly
    stops.
    """

    class Running:
        def describe(self, app_id: str) -> DescribeAppResponse:
            return DescribeAppResponse(app_id=app_id, state=AppState.RUNNING)

    asked = local_scheduler.LogIterator("probe", os.devnull, Running(), should_tail=False)
    asked._check_finished()
    return not asked._app_finished


def listed(app_id: str, state: AppState) -> ListAppResponse:
    """One app of a list; nightly shows a name too."""
    answer = ListAppResponse(app_id=app_id, state=state)
    if hasattr(answer, "name"):
        answer.name = app_id.rpartition("-")[0] or app_id
    return answer
