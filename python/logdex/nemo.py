"""NeMo-Run's local jobs, remembered and read by logdex.

Importing this module is the short form of `enable()`:

    import nemo_run as run
    import logdex.nemo

    with run.Experiment("mine", executor=run.LocalExecutor()) as exp:
        exp.add(script, name="train", tail_logs=True)
        exp.run()
    run.Experiment.from_id(exp._id).logs("train", regex="loss=")

With NeMo-Run's own command, `python -m logdex.nemo experiment logs ...` is `nemo experiment logs ...`.
"""

import importlib
import importlib.util

if importlib.util.find_spec("nemo_run") is None:
    raise ModuleNotFoundError("logdex.nemo needs nemo-run: pip install 'logdex[nemo]'", name="nemo_run")

from logdex.jobs.nemo_file import MODULE
from logdex.torchx_backend import rebind
from logdex.torchx_backend.schedulers import nemo as _nemo

__all__ = ["disable", "enable"]


def enable(*, record: bool = False) -> bool:
    """Has NeMo-Run launch, describe and read its local jobs through logdex, in all experiments from now on.

    The logs of its jobs on Slurm are read through logdex too: all attempts and groups, by regex and by time; in place
    over a `LocalTunnel` or where the job's directory is mounted, and over SSH from a copy in `$LOGDEX_HOME`, to which
    only new bytes are fetched.

    Handles and NeMo-Run's own job file stay as they are, so jobs of both kinds are found before and after.

    - `record`: note beside the logs of jobs launched from now on when their lines arrive, and keep a heartbeat
      by which other hosts know that they live. Default: False.

    Returns True, or False with a RuntimeWarning, and nothing done, on a nemo-run that logdex does not know.

    Examples:
        >>> import logdex.nemo
        >>> logdex.nemo.enable(record=True)
        True
    """
    # `import nemo_run.run.torchx_backend...` as a statement finds a function that has the package's name.
    enabled = rebind.bind(importlib.import_module(MODULE))
    _nemo.set_records(enabled and record)
    return rebind.bind_slurm() and enabled


def disable() -> None:
    """Gives NeMo-Run its own scheduler back; schedulers that exist stay what they are.

    Examples:
        >>> logdex.nemo.disable()
    """
    rebind.unbind()
    _nemo.set_records(False)


enable()

if __name__ == "__main__":
    from nemo_run.__main__ import app

    app(prog_name="nemo")
