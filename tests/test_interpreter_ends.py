"""The interpreter ends while daemon threads read and follow: the process ends as if there were none.

`LOGDEX_ENDS=300` is the long profile: so many runs of each case on each CPython that is found.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import logdex
import pytest

_RUNS = int(os.environ.get("LOGDEX_ENDS", "4"))
_PRELUDE = """
import os, sys, threading, time
started = threading.Event()

class Slow:
    # The interpreter flushes this when no other thread may have the GIL any more, and lets them all try meanwhile.
    closed = False
    def flush(self):
        time.sleep(0.2)
    def write(self, text):
        return len(text)

sys.stdout = Slow()
import logdex
log = logdex.open(sys.argv[1], tz="UTC")
def begin(run, number=3):
    for _ in range(number):
        threading.Thread(target=run, daemon=True).start()
"""
_CASES = {
    # Python called from the engine has not come back when the interpreter ends.
    "asked whether it has ended": """
def ended():
    started.set()
    time.sleep(0.05)
    return False
begin(lambda: list(log.lines(follow=True, ended=ended)))
started.wait()
""",
    # The engine is at work without the GIL, and wants it back.
    "reading": r"""
def read():
    while True:
        for line in log.lines(r"step=\d+5\b"):
            started.set()
begin(read)
started.wait()
""",
    "counting with re as the judge": r"""
def read():
    while True:
        log.count(r"(\w)\1é")
        started.set()
begin(read)
started.wait()
""",
    "records and merges that are dropped early": """
def read():
    while True:
        next(log.records(since="2026-11-22 02:10"))
        next(logdex.merge({0: log, 1: log}))
        started.set()
begin(read)
started.wait()
""",
}


def _pythons() -> list[str]:
    """This interpreter, and of every other minor version that the wheel is for, one that is installed."""
    root = Path(os.environ.get("PYENV_ROOT", Path("~").expanduser() / ".pyenv"))
    found = [sys.executable]
    for minor in (10, 11, 12, 13):
        if minor != sys.version_info.minor:
            found += [str(one) for one in sorted(root.glob(f"versions/3.{minor}.*/bin/python3"))[-1:]]
    return found


_PYTHONS = _pythons()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of a few blocks."""
    path = tmp_path_factory.mktemp("ends") / "train.log"
    lines = (f"2026-11-22 02:10:{n % 60:02} INFO step={n} loßß é\n" for n in range(30_000))
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("case", _CASES)
@pytest.mark.parametrize("python", _PYTHONS)
def test_a_process_with_daemon_threads_ends_cleanly(python: str, case: str, followed: Path) -> None:
    package = str(Path(logdex.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": package, "RUST_BACKTRACE": "1"}

    def run(_: int) -> tuple[int, str, str]:
        command = [python, "-c", _PRELUDE + _CASES[case], str(followed)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        return done.returncode, done.stdout, done.stderr

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(run, range(_RUNS))) == {(0, "", "")}


def test_a_callback_that_never_returns_does_not_keep_the_process(followed: Path) -> None:
    code = """
def ended():
    started.set()
    threading.Event().wait()
begin(lambda: list(log.lines(follow=True, ended=ended)), 1)
started.wait()
"""
    command = [sys.executable, "-c", _PRELUDE + code, str(followed)]
    assert subprocess.run(command, capture_output=True, timeout=120).returncode == 0


def test_a_forked_process_does_not_wait_for_the_threads_of_its_parent(followed: Path) -> None:
    code = """
def ended():
    started.set()
    time.sleep(0.01)
    return False
begin(lambda: list(log.lines(follow=True, ended=ended)))
started.wait()
for _ in range(20):
    if os.fork() == 0:
        begun = time.monotonic()
        import atexit
        atexit.register(lambda: None)
        sys.exit(3)
assert {os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(20)} == {3}
"""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        _PRELUDE + code,
        str(followed),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
