"""The job store tells who ran, where, and whether it is alive, on a machine that has no TorchX."""

import subprocess
import sys

_CODE = """
import importlib.machinery, os, sys, types
import logdex

class Blocked:
    def find_spec(self, name, path=None, target=None):
        ours = name == "logdex.torchx_backend.jobs" or name.startswith("logdex.torchx_backend.jobs.")
        if name.split(".")[0] in ("torchx", "nemo_run") or (name.startswith("logdex.torchx_backend.") and not ours):
            raise ImportError(f"{name} is not needed here", name=name)

# The package of TorchX's side registers with TorchX when it is imported: here it is only a folder.
folder = types.ModuleType("logdex.torchx_backend")
folder.__path__ = [os.path.join(os.path.dirname(logdex.__file__), "torchx_backend")]
sys.modules[folder.__name__] = folder
sys.meta_path.insert(0, Blocked())

import pkgutil
from logdex.torchx_backend import jobs
names = [one.name for one in pkgutil.iter_modules(jobs.__path__)]
assert {"store", "verdict", "nemo_file"} <= set(names), names
for name in names:
    __import__(f"{jobs.__name__}.{name}")
store = jobs.JobStore(sys.argv[1])
assert "torchx" not in sys.modules
"""


def test_the_job_store_needs_no_torchx(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
