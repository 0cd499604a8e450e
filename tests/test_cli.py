"""The command as a person calls it: options, exit statuses, and what goes wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex.jobs import JobRecord, JobStore, home
from logdex.regex.join import join
from shell import LINES, logdex, run


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], LINES),
        (["-e", "NCCL"], [LINES[2], LINES[5]]),
        (["--regex", "NCCL", "-e", "bye"], [LINES[2], LINES[5], LINES[6]]),
        (["-i", "-e", "nccl TIMEOUT"], [LINES[2]]),
        (["-v", "-e", "INFO"], LINES[2:6]),
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
        (["-c", "-m", "3"], ["3\n"]),
        (["-n", "0"], []),
        (["--tail", "2"], LINES[-2:]),
        (["--tail=2"], LINES[-2:]),
        (["-m", "2", "-e", "INFO"], LINES[:2]),
        (["-m", "1", "-v", "-e", "INFO"], [LINES[2]]),
        (["-m", "1", "-e", "ready", "-B1"], LINES[:2]),
        (["-o", "-e", "time(out)|[A-Z]+:"], ["timeout\n"]),
        (["-o", "-e", "l..e|modu"], ["line\n", "modu\n"]),
        (["--group", "how", "-i", "-e", "nccl (?P<how>.*)"], ["timeout\n"]),
        (["--line-number", "-e", "NCCL"], [f"3:{LINES[2]}", f"6:{LINES[5]}"]),
        (["--line-number", "-e", "ready", "-B1"], [f"1-{LINES[0]}", f"2:{LINES[1]}"]),
        (["--since", "1795313000", "-e", "warm"], [LINES[0]]),
        (["--until", "@1795313400.5"], LINES[:2]),
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
        (["-n", "-1"], "not a number of lines"),
        (["-m", "0"], "at least 1"),
        (["-m", "1", "-n", "1"], "leave one of them out"),
        (["-o"], "-o shows what -e RE matched: give one"),
        (["--group", "loss", "-e", "x"], "(?P<loss>...)"),
        (["-A", "x"], "not a number"),
        (["-c", "-f"], "leave one of them out"),
        (["-c", "--fields", "loss"], "leave one of them out"),
        (["--cursor-file", "place", "--histogram"], "leave out --histogram"),
        (["-e", "a{9999999999}"], "too large: the repetition number is too large"),
        (["--exclude", "(" * 3000 + ")" * 3000], "a regex is too large"),
        (["--colour", "red"], "unrecognized"),
    ],
)
def test_what_means_nothing_is_said_and_ends_with_2(log: Path, args: list[str], said: str) -> None:
    status, out, error = run(*args, log)
    assert (status, out) == (2, [])
    assert said in error


def test_arguments_are_taken_as_grep_takes_them(tmp_path: Path) -> None:
    for name in ("-n.log", "b.log"):
        (tmp_path / name).write_text("-v\n--\n=x\n[[x\n")

    def shown(*args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "logdex", *args], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
        return done.stdout

    for regex in ("-v", "--", "=x"):
        assert shown("-e", regex, "b.log") == shown("b.log", "--regex", regex) == f"{regex}\n"
    assert shown("-ce", "-v", "b.log", "-n", "3") == "1\n"
    assert shown("-c", "--", "-n.log", "b.log") == "-n.log:4\nb.log:4\n"
    assert shown("-e", "[[]", "b.log") == "[[x\n"
    assert shown("-e", "", "-c", "b.log") == "4\n"


@pytest.mark.parametrize("option", ["-A", "-B", "-C", "-n"])
def test_more_lines_than_there_can_be_are_all(log: Path, option: str) -> None:
    shown = {"-A": LINES[2:], "-B": LINES[:6], "-C": LINES, "-n": [LINES[2], LINES[5]]}
    assert run("-e", "NCCL", option, "9" * 30, log)[1] == shown[option]


def test_standard_streams_may_be_closed(log: Path) -> None:
    def shell(line: str) -> tuple[int, str, str]:
        script = line.replace("logdex", f"{sys.executable} -m logdex", 1)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert "Traceback (most" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    for asked in (f"{log}", f"-c {log}", f"ranks {log}", "--help"):
        assert shell(f"logdex {asked} >&-")[::2] == (2, "logdex: standard output: Bad file descriptor\n")
    assert shell(f"logdex -c {log} {log}.none 2>&-") == (2, "train.log:7\n", "")
    assert shell(f"logdex -c {log} <&-") == (0, "7\n", "")
    assert shell("logdex - <&-")[::2] == (2, "logdex: standard input: Bad file descriptor\n")


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["--stats", "{log}"], 0),
        (["--stats", "-c", "-e", "none of them", "{log}"], 1),
        (["--fields", "zz", "{log}"], 1),
        (["{log}", "{log}.none"], 2),
        (["-e", "(", "{log}"], 2),
        (["--no-such-option", "{log}"], 2),
        (["ranks", "{log}", "--svg", "{log}.svg"], 1),
        (["ranks", "{log}", "-e", "a{{9999999999}}"], 2),
        (["index", "{log}.none"], 2),
        (["ls", "--handles"], 1),
    ],
)
def test_what_nobody_can_be_told_changes_no_answer(log: Path, args: list[str], status: int) -> None:
    words = [sys.executable, "-m", "logdex", *(one.format(log=log) for one in args)]
    plain = subprocess.run(words, capture_output=True, check=False)
    assert (plain.returncode, bool(plain.stderr)) == (status, True)
    with open("/dev/full", "wb") as full:
        lost = subprocess.run(words, stdout=subprocess.PIPE, stderr=full, check=False)
    assert (lost.returncode, lost.stdout) == (plain.returncode, plain.stdout)


@pytest.mark.parametrize(
    "args",
    [
        ["{log}"],
        ["-c", "{log}"],
        ["--histogram", "{log}"],
        ["--files-with-matches", "{log}"],
        ["ranks", "{log}"],
        ["index", "{log}"],
        ["ls"],
        ["ls", "--json"],
        ["--completion", "bash"],
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_written_is_trouble(log: Path, args: list[str], unbuffered: str) -> None:
    store = JobStore(home.records_dir())
    store.save(JobRecord("app", "torchx", str(log.parent), {}, None))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "logdex", *(one.format(log=log) for one in args)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "logdex: standard output: No space left on device\n")


@pytest.mark.parametrize("command", [[], ["ranks"]])
def test_a_wrong_regex_is_told_alike_by_each_command(log: Path, command: list[str]) -> None:
    for regex, said in (("(", "-e '(': missing )"), ("a{9999999999}", "a regex is too large: ")):
        status, out, error = run(*command, "-e", regex, log)
        assert (status, out) == (2, [])
        assert error.startswith(f"logdex: {said}")


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
    assert logdex("--color", "always", "-e", "(?s).", path).stdout.startswith(b"\xff\xfe\x80\r\n\x1b[")


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
    # What was raised is no host, though its name has a full stop.
    bare.write_text(bare.read_text().replace("ValueError", "torch.OutOfMemoryError"))
    assert run("--records", "-e", "OutOfMemory", bare)[1] == bare.read_text().splitlines(keepends=True)[:4]


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


@pytest.mark.parametrize("command", [[], ["ranks"], ["index", "--status"], ["--histogram"], ["-c"]])
def test_a_reader_that_has_gone_is_no_trouble(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "short.log"
    path.write_text("2026-11-22 02:00:00 a line\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "logdex", *command, path, path],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    os.close(writer)
    assert (done.stderr, done.returncode) == ("", 0)


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


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--si"], ["--since"]),
        (["--color", ""], ["auto", "always", "never"]),
        (["-e", ""], []),
        (["r"], ["ranks"]),
        (["b"], ["b c.log"]),
        (["ranks", "b"], ["b c.log"]),
        (["ranks", "--sv"], ["--svg"]),
        (["ranks", "--svg", "b"], ["b c.log"]),
        (["ranks", "--color", "n"], ["never"]),
        (["i"], ["index"]),
        (["index", "--t"], ["--text"]),
        (["loc"], ["local_persistent://s/app-1"]),
        (["local_persistent://s/a"], ["local_persistent://s/app-1"]),
        (["-f", "local_persistent", ":", "//s/a"], ["//s/app-1"]),
        (["ls", "--st"], ["--state"]),
    ],
)
def test_what_bash_offers(tmp_path: Path, words: list[str], offered: list[str]) -> None:
    (tmp_path / "b c.log").touch()
    (tmp_path / "logdex.bash").write_text("".join(run("--completion", "bash")[1]))
    JobStore(home.records_dir()).save(JobRecord("app-1", "s", "/nowhere", {}, None, state="FAILED"))
    # A shell has the words as they are parted by colons, and the line as it was typed.
    script = """
        source ./logdex.bash
        logdex() { "$PYTHON" -m logdex "$@"; }
        COMP_WORDS=(logdex "$@")
        COMP_CWORD=$#
        if [[ $* == *" : "* ]]; then COMP_LINE="logdex $*"; COMP_LINE=${COMP_LINE// : /:}; else COMP_WORDBREAKS=' '; fi
        COMP_POINT=${#COMP_LINE}
        _logdex
        [[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert (done.stdout.splitlines(), done.stderr) == (offered, "")


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys, logdex.command.cli\n"
        "try: logdex.command.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'rich', 'torchx', 'asyncio', 'subprocess', 'backports.zstd'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_plain_file_needs_nothing_heavy(log: Path) -> None:
    code = (
        "import sys, logdex.command.cli\n"
        f"logdex.command.cli.main(['-e', 'ready', {str(log)!r}])\n"
        "heavy = {'typing', 'dataclasses', 'threading', 'shutil'}\n"
        "heavy |= {'logdex.inputs.layouts', 'logdex.inputs.sources', 'logdex.regex.translate'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=_with_path(), capture_output=True, check=True
    )
    assert done.stdout.decode().splitlines() == [LINES[1].rstrip(), "[]"]


def _with_path() -> dict[str, str]:
    """Where modules are, for a Python that does not look at its site."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.mark.parametrize(
    ("missing", "asked", "said"),
    [("rich", "ranks", "pip install rich"), ("backports", "-c", "backports.zstd")],
)
def test_a_dependency_that_is_missing_is_named(log: Path, missing: str, asked: str, said: str) -> None:
    packed = log.with_name("packed.zst")
    packed.write_bytes(b"\x28\xb5\x2f\xfd")
    path = log if asked == "ranks" else packed
    code = f"import sys; sys.modules.update({{'compression': None, {missing!r}: None}}); "
    code += "import logdex.command.cli as c; "
    code += f"sys.exit(c.main([{asked!r}, {str(path)!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False)


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
    "(?P<n>d)?(?(n)1|2)",
    "^m$",
    "(k)(?#[ or (?P=no)\\1",
    "(?x)(d) # [ or (?P=no)\n\\1",
    # A comment ends with its parentheses, and neither at a parenthesis nor at a line end behind a backslash.
    "(?x:(x) # [ or (?P=no)\n\\1)[#]?y",
    "(?x)(?-x:(#|m)) # \\\n(\n \\1",
    "(?#\\)(k)(q)\\1",
    "(x)(y)(z)(w)(q)(Q)(c)(d)(k)(1)?(?:\\109|2)",
    "(a)\\1(?:\\101|\\0611)",
    "".join(f"({letter})?" for letter in "abcdkmqwxyz" * 9) + r"\1(?P<last>1)(?P=last)",
]


@given(
    st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=4, unique=True),
    st.booleans(),
    st.text("aAbBxyzwqQcdk129]m#\n", max_size=6) | st.just("xyzwqQcdk19"),
)
@settings(max_examples=1000)
def test_several_patterns_select_what_any_selects(several: list[str], ignore_case: bool, line: str) -> None:
    joined = join(several, ignore_case=ignore_case)
    assert joined is not None
    flags = re.IGNORECASE if ignore_case else 0
    assert bool(re.search(joined, line)) == any(re.search(one, line, flags) for one in several)


def test_interrupted_while_it_is_imported_it_ends_without_a_traceback(log: Path, tmp_path: Path) -> None:
    """^C comes in the middle of the imports, whichever way it was started."""
    script = tmp_path / "logdex"
    script.write_text("from logdex.command.cli import console\nconsole()\n")
    # What is imported from here comes to it in the midst of its imports.
    (tmp_path / "argparse.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nsum(range(10**7))\n"
    )
    for way in (["-m", "logdex"], [str(script)]):
        done = subprocess.run(
            [sys.executable, *way, str(log)],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    # A library leaves it to whoever imports it.
    code = "import sys; sys.argv = ['train.py']; import signal as s, logdex; print(s.getsignal(2).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.stdout == b"default_int_handler\n"
