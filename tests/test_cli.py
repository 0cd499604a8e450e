"""The command as a person calls it: options, exit statuses, sources, and what goes wrong."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex.command import patterns

LINES = [
    "2026-11-22 02:09:59 INFO warm up\n",
    "2026-11-22 02:10:00 INFO ready\n",
    "2026-11-22 02:10:30 ERROR NCCL timeout\n",
    "Traceback (most recent call last):\n",
    '  File "train.py", line 7, in <module>\n',
    "RuntimeError: NCCL\n",
    "2026-11-22 02:12:00 INFO bye\n",
]


def logdex(*args: object, stdin: bytes | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logdex", *map(str, args)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=60,
        env={**os.environ, **env},
        check=False,
    )


def run(*args: object, stdin: bytes | None = None, **env: str) -> tuple[int, list[str], str]:
    done = logdex(*args, stdin=stdin, **env)
    out, error = done.stdout.decode("utf-8", "replace"), done.stderr.decode()
    assert "Traceback" not in error, error
    return done.returncode, out.splitlines(keepends=True), error


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    path.write_text("".join(LINES))
    return path


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], LINES),
        (["-e", "NCCL"], [LINES[2], LINES[5]]),
        (["--regex", "NCCL", "-e", "bye"], [LINES[2], LINES[5], LINES[6]]),
        (["-i", "-e", "nccl TIMEOUT"], [LINES[2]]),
        (["-v", "-e", "INFO"], LINES[2:6]),
        (["-v"], []),
        (["--since", "2026-11-22 02:10", "--until", "2026-11-22 02:11"], LINES[1:6]),
        (["-e", "INFO", "--since", "2026-11-22 02:11"], [LINES[6]]),
        (["-n", "2"], LINES[-2:]),
        (["--last", "1", "-e", "NCCL"], [LINES[5]]),
        (["-n", "1", "-v", "-e", "INFO"], [LINES[5]]),
        (["-e", "ready", "-A", "1"], LINES[1:3]),
        (["-e", "ready", "-B", "1"], LINES[0:2]),
        (["-e", "warm|bye", "-C1"], [*LINES[0:2], "--\n", *LINES[5:]]),
        (["-e", "NCCL", "-C1", "-n1"], LINES[4:]),
        (["-e", "timeout", "--records"], LINES[2:6]),
        (["-e", "RuntimeError", "--records"], LINES[2:6]),
        (["-e", "ready|Runtime", "--records", "-n", "1"], LINES[2:6]),
        (["-c"], ["7\n"]),
        (["-c", "-e", "NCCL"], ["2\n"]),
        (["-c", "-v", "-e", "INFO"], ["4\n"]),
        (["-c", "-n", "3"], ["3\n"]),
        (["-e", "ready", "--labels"], ["train.log " + LINES[1]]),
        (["-e", "ready", "--color", "always"], [LINES[1].replace("ready", "\x1b[1;31mready\x1b[0m")]),
    ],
)
def test_what_the_options_select(log: Path, args: list[str], expected: list[str]) -> None:
    status, out, error = run(*args, log)
    assert (out, error) == (expected, "")
    assert status == (0 if expected else 1)


def test_exit_statuses_are_greps(log: Path, tmp_path: Path) -> None:
    assert run("-e", "NCCL", log)[0] == 0
    assert run("-e", "nothing like it", log)[0] == 1
    assert run("-c", "-e", "nothing like it", log)[:2] == (1, ["0\n"])
    status, out, error = run("-e", "ready", tmp_path / "none.log", log)
    assert (status, len(out)) == (2, 1)
    assert f"{tmp_path}/none.log: No such file or directory" in error


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-e", "("], "missing ), unterminated subpattern"),
        (["--since", "soonish"], "soonish"),
        (["--tz", "Mars/Base"], "Mars/Base"),
        (["-n", "0"], "at least 1"),
        (["-A", "x"], "not a number"),
        (["-c", "-f"], "leave one of them out"),
        (["--colour", "red"], "unrecognized"),
    ],
)
def test_what_means_nothing_is_said_and_ends_with_2(log: Path, args: list[str], said: str) -> None:
    status, out, error = run(*args, log)
    assert (status, out) == (2, [])
    assert said in error


def test_a_range_over_a_log_without_times_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bare.log").write_text("loss 1\n")
    status, out, error = run("--since", "10m", tmp_path / "bare.log")
    assert (status, out) == (2, [])
    assert "no line has a time" in error


def test_bytes_go_out_as_they_are_and_a_last_line_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_bytes(b"\xff\xfe\x80\r\n\x00x\nlast")
    assert logdex(path).stdout == b"\xff\xfe\x80\r\n\x00x\nlast\n"
    assert logdex("-e", "l", path).stdout == b"last\n"


def test_standard_input_by_pipe_and_by_file(log: Path) -> None:
    text = log.read_bytes()
    assert run("-e", "ready", stdin=text)[1] == [LINES[1]]
    assert run("--since", "2026-11-22 02:11", "-", stdin=text)[1] == [LINES[6]]
    assert run("-n1", stdin=text)[1] == [LINES[6]]
    with log.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "logdex", "-c"], stdin=file, capture_output=True, check=False
        )
    assert done.stdout == b"7\n"
    assert run(stdin=b"") == (1, [], "")


def test_standard_input_is_shown_as_it_comes(log: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "logdex", "-e", "x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(b"x%d\ny\n" % number)
            process.stdin.flush()
            assert process.stdout.readline() == b"x%d\n" % number
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_what_is_spooled_is_bounded(log: Path) -> None:
    status, _, error = run("-n1", stdin=b"x\n" * (1 << 20), LOGDEX_SPOOL="1")
    assert status == 2
    assert "standard input: more than 1 MiB" in error


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_compressed_logs_are_read(log: Path, kind: str) -> None:
    path = log.with_name(f"train.log.{kind}")
    path.write_bytes(_compress(log.read_bytes(), kind))
    assert run(path)[1] == LINES
    assert run("-c", "-e", "NCCL", path)[1] == ["2\n"]
    path.write_bytes(path.read_bytes()[:-9])
    status, _, error = run(path)
    assert status == 2
    assert "damaged or cut off" in error
    assert str(path) in error


def _compress(text: bytes, kind: str) -> bytes:
    if kind == "gz":
        return gzip.compress(text)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return bytes(zstd.compress(text))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two ranks whose lines alternate in time; rank 1 has a traceback."""
    for rank in (0, 1):
        lines = [f"2026-11-22 02:00:{second:02} rank {rank}\n" for second in range(rank, 10, 2)]
        if rank:
            lines.insert(2, "  continued\n")
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    return tmp_path


def test_several_sources_are_merged_by_time(two: Path) -> None:
    _, out, _ = run(two)
    seconds = [int(match[1]) for line in out if (match := re.search(r"02:00:(\d\d)", line))]
    assert seconds == list(range(10))
    at = out.index("rank1   continued\n")
    assert out[at - 1].startswith("rank1 2026-11-22 02:00:03")
    assert all(line.startswith(("rank0 ", "rank1 ")) for line in out)
    assert run("--no-merge", "--no-labels", two)[1] == [
        *(two / "rank0.log").read_text().splitlines(keepends=True),
        *(two / "rank1.log").read_text().splitlines(keepends=True),
    ]
    last = run("-n", "3", "--no-labels", two)[1]
    assert [line[17:19] for line in last] == ["07", "08", "09"]
    assert run("-c", f"{two}/rank*.log")[1] == ["rank0:5\n", "rank1:6\n"]
    assert run("-e", "rank 1", "-B1", "-n1", two / "rank1.log")[1][-1].endswith("09 rank 1\n")


def test_one_bad_source_does_not_hide_the_others(two: Path) -> None:
    (two / "bare.log").write_text("no time here\n")
    status, out, error = run("--since", "2026-11-22 02:00:05", two)
    assert (status, len(out)) == (2, 5)
    assert "bare.log: no line has a time" in error


def test_json_says_where_and_when(two: Path) -> None:
    _, out, _ = run("--json", "--tz", "UTC", "-e", "continued", two)
    assert [json.loads(line) for line in out] == [
        {
            "source": "rank1",
            "rank": 1,
            "time": "2026-11-22T02:00:03+00:00",
            "resolution_ns": 10**9,
            "how": "inherited",
            "offset": 54,
            "number": 3,
            "text": "  continued",
        }
    ]


def test_records_are_put_together_where_ranks_interleave(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text(
        "[rank0]: 2026-11-22 02:00:00 ERROR boom\n"
        "[rank1]: 2026-11-22 02:00:00 INFO fine\n"
        "[rank0]: Traceback (most recent call last):\n"
        "[rank1]: 2026-11-22 02:00:01 INFO fine\n"
        '[rank0]:   File "a.py"\n'
        "[rank0]: ValueError: bad\n"
        "[rank1]: 2026-11-22 02:00:02 INFO fine\n"
    )
    expected = [line for line in path.read_text().splitlines(keepends=True) if line.startswith("[rank0]")]
    assert run("--records", "-e", "ValueError", path)[1] == expected
    bare = tmp_path / "bare.log"
    bare.write_text("{'loss': 1}\nTraceback (most recent call last):\n  x\nValueError: bad\n{'loss': 2}\n")
    # The traceback goes with the line before it, which may announce it; the next line is a record of its own.
    assert run("--records", "-e", "ValueError", bare)[1] == bare.read_text().splitlines(keepends=True)[:4]
    assert run("--records", "-e", "'loss': 2", bare)[1] == ["{'loss': 2}\n"]


def test_a_broken_pipe_ends_quietly(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text("a line of a log\n" * 2_000_000)
    done = subprocess.run(
        f"{sys.executable} -m logdex {path} | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("a line of a log\n0\n", "")


class Following:
    """A `logdex -f` under way."""

    def __init__(self, *args: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "logdex", "-f", *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, error = self.process.communicate(timeout=10)
        return self.process.returncode, error


@pytest.fixture
def following() -> Iterator[Callable[..., Following]]:
    all_: list[Following] = []

    def start(*args: object) -> Following:
        all_.append(Following(*args))
        return all_[-1]

    yield start
    for one in all_:
        one.process.kill()
        one.process.communicate()


def test_following_one_file(log: Path, following: Callable[..., Following]) -> None:
    one = following("-e", "INFO", "-n", "1", "--stats", log)
    assert one.line() == LINES[6]
    with log.open("a") as file:
        file.write("2026-11-22 02:13:00 INFO more\nnot this\n")
    assert one.line() == "2026-11-22 02:13:00 INFO more\n"
    status, error = one.interrupt()
    assert status == 130
    assert "Traceback" not in error


def test_following_many_by_arrival(two: Path, following: Callable[..., Following]) -> None:
    one = following("-n", "1", two)
    assert {one.line(), one.line()} == {
        "rank0 2026-11-22 02:00:08 rank 0\n",
        "rank1 2026-11-22 02:00:09 rank 1\n",
    }
    for rank in (1, 0, 1):
        with (two / f"rank{rank}.log").open("a") as file:
            file.write(f"new from {rank}\n")
        assert one.line() == f"rank{rank} new from {rank}\n"
    assert one.interrupt()[0] == 130


def test_help_and_completion_say_all_options() -> None:
    status, out, _ = run("--help")
    assert status == 0
    options = {word for line in out for word in re.findall(r"(?<![\w-])--[a-z-]+", line)}
    assert {"--since", "--until", "--records", "--json", "--no-merge", "--tail"} <= options
    bash = "".join(run("--completion", "bash")[1])
    assert all(option in bash for option in options - {"--help"})
    checked = subprocess.run(["bash", "-n"], input=bash, text=True, capture_output=True, check=False)
    assert checked.stderr == ""
    assert "#compdef logdex" in "".join(run("--completion", "zsh")[1])
    assert run("--version")[1][0].startswith("logdex 0.")


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys, logdex.cli\n"
        "try: logdex.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'rich', 'torchx', 'asyncio', 'subprocess', 'backports.zstd'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_source_at_a_terminal_is_an_error_with_the_usage() -> None:
    import pty

    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "logdex"], stdin=slave, capture_output=True, text=True, check=False
    )
    os.close(master)
    os.close(slave)
    assert done.returncode == 2
    assert "usage: logdex" in done.stderr


_PATTERNS = [
    "a",
    "(a)b",
    r"(x)\1",
    "(?i)Q",
    r"[\]1]",
    "(?x) c d # why",
    r"(y)?(?(1)z|w)",
    "(?P<n>k)(?P=n)",
    "^m$",
]


@given(
    st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=4, unique=True),
    st.booleans(),
    st.text("aAbBxyzwqQcdk1]m\n", max_size=6),
)
@settings(max_examples=400, deadline=None)
def test_several_patterns_select_what_any_selects(several: list[str], ignore_case: bool, line: str) -> None:
    joined = patterns.join(several, ignore_case=ignore_case)
    assert joined is not None
    flags = re.IGNORECASE if ignore_case else 0
    assert bool(re.search(joined, line)) == any(re.search(one, line, flags) for one in several)


def test_handles_say_what_is_missing() -> None:
    status, _, error = run("local_persistent://s/no-such-app")
    assert status == 2
    assert "no such app" in error or "pip install 'logdex[torchx]'" in error
    status, _, error = run("local_persistent:///")
    assert status == 2
    assert "not a handle" in error


def test_a_handle_is_read_and_followed_to_the_end(launch: Callable[..., str]) -> None:
    app = launch("for i in 1 2 3; do echo line $i of ${replica_id}; sleep 0.2; done", replicas=2)
    handle = f"local_persistent://test/{app}"
    status, out, error = run("-f", "-e", "line", handle)
    assert (status, error) == (0, "")
    assert sorted(out) == [f"w/{k} stdout line {i} of {k}\n" for k in (0, 1) for i in (1, 2, 3)]
    assert run(f"{handle}/w/1", "-n1")[1] == ["line 3 of 1\n"]
    status, _, error = run(f"{handle}/w/7")
    assert (status, "no replica 7" in error) == (2, True)
