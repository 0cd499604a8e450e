"""The job store tells who ran, where, and whether it is alive, on a machine that has no TorchX."""

import subprocess
import sys

_CODE = """
import pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torchx", "nemo_run") or name.startswith("logdex.torchx_backend"):
            raise ImportError(f"{name} is not needed here", name=name)

sys.meta_path.insert(0, Blocked())

from logdex import jobs
names = [one.name for one in pkgutil.iter_modules(jobs.__path__)]
assert {"store", "verdict", "nemo_file"} <= set(names), names
for name in names:
    __import__(f"{jobs.__name__}.{name}")
store = jobs.JobStore(sys.argv[1])
"""


def test_the_job_store_needs_no_torchx(tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
