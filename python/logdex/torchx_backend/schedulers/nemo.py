"""What NeMo-Run brings along when it is loaded. Nothing here imports it."""

import sys
from dataclasses import asdict
from types import ModuleType
from typing import Any

from torchx.specs.api import AppDef, parse_app_handle

from logdex.jobs.nemo_file import MODULE


def scheduler_module() -> ModuleType | None:
    """NeMo-Run's own scheduler module, if something has imported it."""
    return sys.modules.get(MODULE)


def is_executor(cfg: object) -> bool:
    """Whether a config is NeMo-Run's `LocalExecutor` and not TorchX's mapping."""
    module = sys.modules.get("nemo_run.core.execution.local")
    return module is not None and isinstance(cfg, module.LocalExecutor)


def to_cfg(executor: Any) -> dict[str, Any]:
    """The executor as TorchX's config: its `job_dir` is where the logs go."""
    cfg = asdict(executor)
    cfg["log_dir"] = cfg.pop("job_dir")
    return cfg


def unquote_inline(app: AppDef) -> None:
    """Takes the quotes off the script of `-c`, which NeMo-Run adds for a shell that is not there."""
    for role in app.roles:
        if len(role.args) == 2 and role.args[0] == "-c":
            role.args[1] = role.args[1][1:-1]


def group_of(experiment: Any, app_id: str) -> list[str]:
    """The app ids of the job group that an app belongs to; none for an app on its own."""
    for job in getattr(experiment, "jobs", None) or []:
        handles = getattr(job, "handles", None)
        ids = [parse_app_handle(handle)[2] for handle in handles or [] if handle]
        if app_id in ids:
            return ids
    return []


def records() -> bool:
    """Whether apps that NeMo-Run launches are recorded, as `logdex.nemo.enable(record=True)` asks for."""
    return _record


def set_records(record: bool) -> None:
    """Sets what `records` answers; False at first."""
    global _record
    _record = record


_record = False
