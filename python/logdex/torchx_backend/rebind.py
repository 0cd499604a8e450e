"""Putting our names in the place of NeMo-Run's, now or when its module comes to be imported.

On TorchX 0.7.0 NeMo-Run's entry points hide TorchX's own schedulers, and with them ours: `local_persistent`
is NeMo-Run's class there, which refuses TorchX's configs.
"""

import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from logdex.jobs.nemo_file import MODULE

NAMES = ("PersistentLocalScheduler", "create_scheduler", "_save_job_dir", "_get_job_dirs")

SLURM_MODULE = "nemo_run.run.torchx_backend.schedulers.slurm"

_theirs: dict[str, Any] = {}
_theirs_of_slurm: dict[str, Any] = {}


def bind(module: ModuleType) -> bool:
    """Puts our names in `module`; False, with a warning, when it is not the NeMo-Run that is known here."""
    if _theirs:
        return True
    if not _is_known(module):
        warnings.warn(
            "logdex does not know this nemo-run and leaves it alone: its local jobs are read as before "
            "(0.11.1 is known)",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    ours = importlib.import_module("logdex.torchx_backend.schedulers.local")
    for name in NAMES:
        _theirs[name] = getattr(module, name)
        setattr(module, name, getattr(ours, name))
    return True


def bind_slurm() -> bool:
    """Has NeMo-Run's scheduler for Slurm read by `nemo_slurm.log_iter`; False, with a warning, on an unknown one."""
    module = importlib.import_module(SLURM_MODULE)
    ours = importlib.import_module("logdex.torchx_backend.schedulers.nemo_slurm")
    if _theirs_of_slurm:
        return True
    if not _is_known_slurm(module, ours):
        warnings.warn(
            "logdex does not know this nemo-run's scheduler for Slurm and leaves it alone: logs are read as before "
            "(0.11.1 is known)",
            RuntimeWarning,
            stacklevel=3,
        )
        return False
    _theirs_of_slurm["log_iter"] = module.SlurmTunnelScheduler.log_iter
    module.SlurmTunnelScheduler.log_iter = ours.log_iter
    return True


def _is_known_slurm(module: ModuleType, ours: ModuleType) -> bool:
    """Whether the scheduler takes what ours takes, and notes jobs where ours looks for them."""
    try:
        theirs = inspect.signature(module.SlurmTunnelScheduler.log_iter).parameters
        return (
            list(theirs) == list(inspect.signature(ours.log_iter).parameters)
            and callable(module.SlurmTunnelScheduler._initialize_tunnel)
            and list(inspect.signature(module._get_job_dirs).parameters) in ([], ["retries"])
        )
    except (AttributeError, TypeError, ValueError):
        return False


def unbind() -> None:
    """Gives NeMo-Run its names back, and does not take them when its module is imported later."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    module = sys.modules.get(MODULE)
    for name, theirs in _theirs.items():
        setattr(module, name, theirs)
    _theirs.clear()
    if _theirs_of_slurm:
        sys.modules[SLURM_MODULE].SlurmTunnelScheduler.log_iter = _theirs_of_slurm.pop("log_iter")


def bind_lazily() -> None:
    """Binds at once if NeMo-Run's module is loaded, else when it is; loads nothing itself."""
    if MODULE in sys.modules:
        bind(sys.modules[MODULE])
    elif _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _is_known(module: ModuleType) -> bool:
    """Whether the module has what is rebound, and makes its schedulers as we make ours."""
    try:
        made = list(inspect.signature(module.PersistentLocalScheduler.__init__).parameters)
        looked_up = module.create_scheduler.__code__.co_names
        return (
            made
            == ["self", "session_name", "image_provider_class", "cache_size", "extra_paths", "experiment"]
            and "PersistentLocalScheduler" in looked_up
            and list(inspect.signature(module._save_job_dir).parameters) == ["apps"]
            and not inspect.signature(module._get_job_dirs).parameters
            and isinstance(module.LOCAL_JOB_DIRS, str)
        )
    except (AttributeError, TypeError, ValueError):
        return False


class _Finder:
    """Finds NeMo-Run's module as everybody does, once, and binds it after its own code has run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _then_bind(spec.loader.exec_module)  # type: ignore[assignment, method-assign, unused-ignore]
        return spec


def _then_bind(run: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def run_and_bind(module: ModuleType) -> None:
        run(module)
        bind(module)

    return run_and_bind


_finder = _Finder()
