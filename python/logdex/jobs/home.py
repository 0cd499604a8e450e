"""Where logdex keeps what it must remember between processes."""

import os
import sys


def home() -> str:
    """Where job records and logs without a `log_dir` are kept: `$LOGDEX_HOME`, or the state directory.

    Read from the environment at each call, and not created here.
    """
    chosen = os.environ.get("LOGDEX_HOME")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/logdex")
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "logdex")


def log_root() -> str:
    """Where the logs of apps go that were launched without a `log_dir`."""
    return os.path.join(home(), "logs")


def records_dir() -> str:
    """The directory of job records, one file an app."""
    return os.path.join(home(), "jobs")
