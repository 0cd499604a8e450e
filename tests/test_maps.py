"""Logs that are looked at in place: nobody dies of it, and no answer changes."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import logdex
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are maps on Linux only")

#: Longer than what is read without a map (`WORTH` in `src/file/maps.rs`).
LINES = 120_000
MEMORY = Path("/dev/shm")


def line(number: int) -> str:
    word = "needle" if number % 40_000 == 39_999 else "hay"
    return f"2026-11-22 02:{number // 3000 % 60:02d}:{number // 50 % 60:02d} INFO {word} {number:08d} is a line\n"


def content(lines: int = LINES) -> bytes:
    return "".join(map(line, range(lines))).encode()


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A directory on the disk, and one in memory."""
    if request.param == "disk":
        yield tmp_path
        return
    if not os.access(MEMORY, os.W_OK):
        pytest.skip("there is no file system in memory")
    folder = MEMORY / f"logdex-{os.getpid()}-{random.getrandbits(40):x}"
    folder.mkdir()
    try:
        yield folder
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


@pytest.fixture
def big(folder: Path) -> Path:
    path = folder / "big.log"
    path.write_bytes(content())
    return path


@pytest.fixture
def run(big: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs code in a process of its own, with `log` and `path`, and `cut()`, which cuts the log and grows it again."""
    prelude = f"""
import faulthandler, os, signal, sys, threading
import logdex
path = {str(big)!r}
whole = open(path, "rb").read()
log = logdex.open(path, index=False)
def restore():
    with open(path, "wb") as out:
        out.write(whole)
def storm(stop):
    while not stop.is_set():
        for left in (0, 100, len(whole) // 2 + 1000):
            os.truncate(path, left)
            restore()
def ask():
    try:
        return log.count("needle")
    except OSError as error:
        assert path in str(error), error
        return None
"""

    def run(code: str, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        arguments = [*command, sys.executable, "-c", prelude + code]
        environment = {**os.environ, "LOGDEX_MAPS": "always", **env}
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    return run


STORM = """
stop = threading.Event()
other = threading.Thread(target=storm, args=(stop,))
other.start()
answers = [ask() for _ in range(60)]
stop.set()
other.join()
restore()
assert all(a is None or 0 <= a <= 3 for a in answers), answers
assert ask() == 3
"""


def succeeded(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stderr


def test_a_log_that_is_cut_under_counts(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    succeeded(run(STORM))


CUTS = """
import random
rng = random.Random(7)
half = len(whole) // 2
# To nothing; to the middle of a page; of what is likely to be one folio, into which the file then grows again.
def left():
    return {"nothing": 0, "page": rng.randrange(half) | 1}.get(HOW, half + 100)
stop = threading.Event()
def cut():
    out = os.open(path, os.O_RDWR)
    for _ in range(TIMES):
        to = left()
        os.ftruncate(out, to)
        if HOW == "grown":
            os.ftruncate(out, len(whole))
        os.pwrite(out, whole[to:], to)
    os.close(out)
    stop.set()
threading.Thread(target=cut).start()
asked = 0
while not stop.is_set() or not asked:
    asked += 1
    answer = ask()
    assert answer is None or 0 <= answer <= 3, answer
    try:
        logdex.open(path, index=False, tz="UTC").span()
    except OSError as error:
        assert path in str(error), error
assert ask() == 3
"""


@pytest.mark.parametrize(
    "times", [pytest.param(60, id="ci"), pytest.param(10_000, id="soak", marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("how", ["nothing", "page", "folio", "grown"])
def test_cuts_under_scans_and_builds(
    run: Callable[..., subprocess.CompletedProcess[str]], how: str, times: int
) -> None:
    succeeded(run(f"HOW, TIMES = {how!r}, {times}\n" + CUTS))


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_faulthandler(run: Callable[..., subprocess.CompletedProcess[str]], when: str) -> None:
    before = "faulthandler.enable()\n" if when == "before" else ""
    during = "timer = threading.Timer(0.02, faulthandler.enable)\ntimer.start()\n" if when == "during" else ""
    enabled = "timer.join()\n" if when == "during" else ""
    after = "faulthandler.enable()\n" if when == "after" else ""
    fault = "sys.stdout.flush()\nos.kill(os.getpid(), signal.SIGBUS)"
    result = run(
        before + "assert ask() == 3\n" + after + during + STORM + enabled + "print('went on')\n" + fault
    )
    assert result.stdout == "went on\n", result.stderr
    # What is not the engine's ends the process as ever, with CPython's report.
    assert result.returncode == -signal.SIGBUS, result.stderr
    assert "Fatal Python error: Bus error" in result.stderr


def test_a_child_with_a_handler_of_its_own(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    succeeded(
        run(
            """
assert ask() == 3
child = os.fork()
if child == 0:
    signal.signal(signal.SIGBUS, signal.SIG_DFL)
    try:
        exec(STORM)
        signal.signal(signal.SIGBUS, lambda *_: os._exit(7))
        exec(STORM)
        os.kill(os.getpid(), signal.SIGBUS)
    finally:
        os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert ask() == 3
""".replace("exec(STORM)", f"exec({STORM!r}, globals())")
        )
    )


def test_a_fork_in_the_middle_of_a_scan(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    succeeded(
        run("""
lines = log.lines("needle")
first = next(lines)
child = os.fork()
rest = len(list(lines))
if child == 0:
    os._exit(0 if rest == 2 and ask() == 3 else 1)
assert rest == 2
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
""")
    )


def test_threads_that_block_the_signal(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    succeeded(run("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n" + STORM))


def test_where_the_address_space_is_limited_it_is_read(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    code = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
# Room for two threads and what they read, and not for a map.
with open(path, "ab") as out:
    out.truncate(len(whole) + (200 << 20))
limit = used + (150 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
assert ask() == 3
"""
    succeeded(run(code, MALLOC_ARENA_MAX="1"))


def test_a_log_that_is_deleted_is_read_to_its_end(big: Path) -> None:
    lines = logdex.open(big, index=False).lines("needle")
    first = next(lines)
    big.unlink()
    assert [first, *lines] == [text for text in content().decode().splitlines(True) if "needle" in text]


def test_nothing_is_installed_before_it_is_needed(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    code = """
def caught():
    status = open("/proc/self/status").read()
    return int(status.split("SigCgt:")[1].split()[0], 16) >> (signal.SIGBUS - 1) & 1
assert not caught()
ask()
assert caught() == int(sys.argv[1] if len(sys.argv) > 1 else os.environ["LOGDEX_MAPS"] != "off")
"""
    succeeded(run(code))
    succeeded(run(code, LOGDEX_MAPS="off"))


QUESTIONS = [
    "needle",
    "nee[d]le",
    "(?i)NEEDLE",
    r"needle \d+9 is",
    r"\d{4}9999\b",
    ".",
    "hay",
    "^$",
    "é",
    "absent",
]


@pytest.mark.parametrize("regex", QUESTIONS)
def test_the_same_with_and_without(big: Path, monkeypatch: pytest.MonkeyPatch, regex: str) -> None:
    with big.open("ab") as out:
        out.write(
            "eine größere Zeile\n".encode() + b"\0" * 9000 + b"needle behind a hole\nno \xff text\nneedle"
        )
    answers = []
    for maps in ["off", "always"]:
        monkeypatch.setenv("LOGDEX_MAPS", maps)
        lines = logdex.open(big, index=False).lines(regex)
        found = list(lines)
        stats = (lines.stats.bytes_read, lines.stats.holes)
        assert logdex.open(big, index=False).count(regex) == len(found)
        answers.append((found, stats))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("seed", range(6))
def test_rare_hits_between_holes_and_long_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Where a while nothing was found, whole megabytes are looked at: what is in them comes as from a plain read."""
    rng, path, lines = random.Random(seed), tmp_path / "long.log", content().splitlines(keepends=True)
    for _ in range(12):
        odd = rng.choice(
            [
                b"x" * rng.choice([200_000, 300_000, 1_100_000]) + rng.choice([b"", b"needle"]) + b"\n",
                b"\0" * rng.choice([100, 5000, 400_000]) + rng.choice([b"", b"needle\n"]),
                b"needle\n",
            ]
        )
        lines.insert(rng.randrange(len(lines)), odd)
    text = b"".join(lines)
    path.write_bytes(text)
    # A run of NULs that is long enough is a hole before the line that follows; any other belongs to its line.
    plain = [line.lstrip(b"\0") if line.startswith(b"\0" * 4096) else line for line in text.splitlines(True)]
    wanted = [line.decode() for line in plain if b"needle" in line]
    answers: dict[str, tuple[list[str], int, int]] = {}
    for maps in ["off", "always"]:
        monkeypatch.setenv("LOGDEX_MAPS", maps)
        found = logdex.open(path, index=False).lines("needle")
        answers[maps] = (list(found), found.stats.bytes_read, found.stats.holes)
        assert answers[maps][0] == wanted
        assert logdex.open(path, index=False).count("needle") == len(wanted)
    assert answers["off"] == answers["always"]


@pytest.mark.parametrize("seed", range(8))
def test_every_answer_is_one_that_could_have_been_read(
    big: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """While the file is cut, regrown and appended to, an answer has only lines that were written, in order."""
    monkeypatch.delenv("LOGDEX_MAPS", raising=False)
    rng, over = random.Random(seed), threading.Event()
    written = content(2 * LINES)
    ends = [at + 1 for at, byte in enumerate(written) if byte == 10]

    def change() -> None:
        out = os.open(big, os.O_WRONLY)
        while not over.is_set():
            # Always a beginning of what is written, so that every line of every moment is known.
            size, goal = os.fstat(out).st_size, rng.choice(ends[:: len(ends) // 50]) + rng.randrange(5000)
            if goal < size:
                os.truncate(out, goal)
            else:
                os.pwrite(out, written[size:goal], size)
            over.wait(rng.choice([0, 0.001, 0.08]))
        os.close(out)

    writer = threading.Thread(target=change)
    writer.start()
    known = [text for text in written.decode().splitlines(True) if "needle" in text]
    told: list[tuple[str, bool]] = []
    answers = 0
    try:
        for turn in range(40):
            log = logdex.open(big, index=turn % 2 == 0)
            since = "2026-11-22 02:00:30" if turn % 4 == 0 else None
            try:
                found = list(log.lines("needle", since=since))
            except (OSError, ValueError) as error:
                # Cut to nothing, there is not one time in it: a ValueError.
                told.append((str(error), isinstance(error, OSError) or since is not None))
                continue
            whole = found if not found or found[-1].endswith("\n") else found[:-1]
            expected = known if since is None else [text for text in known if text[11:19] >= "02:00:30"]
            assert whole == expected[: len(whole)]
            answers += 1
    finally:
        over.set()
        writer.join()
    assert answers
    assert all(str(big) in text and is_expected for text, is_expected in told)
