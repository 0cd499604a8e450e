"""The command's options for levels, fields and what is left out, and how it shows fields and counts."""

import json
import os
import threading
from pathlib import Path

import pytest
from asking import set_when_asked
from logdex.command.cli import main
from shell import run

LINES = [
    '{"time": "2026-11-22T02:00:00Z", "level": "info", "msg": "start", "step": 1}\n',
    '{"time": "2026-11-22T02:00:01Z", "level": "warn", "msg": "slow \\"x\\"", "step": 2, "loss": 2.5}\n',
    "2026-11-22 02:00:02 ERROR boom step=3 loss=nan\n",
    "Traceback (most recent call last):\n",
    "plain text\n",
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.log"
    path.write_text("".join(LINES))
    return path


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["-l", "warning"], LINES[1:]),
        (["-l", "ERR"], LINES[2:]),
        (["--level=critical"], []),
        (["-w", "step>=2"], LINES[1:3]),
        (["-w", "step>=2", "-w", "loss>0"], LINES[1:2]),
        (["-e", r"st(?P<two>..) (?P<what>\w+)", "-w", "what=x"], []),
        # What stands around is shown whatever it is, as grep does.
        (["-l", "error", "-B1"], LINES[1:]),
        (["-w", "step=2", "-C1"], LINES[:3]),
        (["-l", "warn", "-w", "loss>0", "-A1"], LINES[1:3]),
        (["-e", "t", "-l", "info", "-w", "step=1", "-A1"], LINES[:2]),
        (["-v", "-e", "boom", "-w", "step>1", "-B1"], LINES[:2]),
        (["-l", "error", "-B1", "-n", "1"], LINES[3:]),
        (["-l", "error", "-B1", "-c"], ["3\n"]),
        (["-w", "step=3", "--records"], LINES[2:]),
        (["--exclude", "plain|start"], LINES[1:4]),
        (["--exclude", "(?i)PLAIN", "--exclude", "start"], LINES[1:4]),
        (["-i", "--exclude", "PLAIN|Start"], LINES[1:4]),
        # What is left out is not meant; around what is meant it is shown, as are other lines.
        (["--exclude", "start|slow|boom|plain", "-A1"], LINES[3:]),
        (["-e", "step", "--exclude", "start|boom", "-C1"], LINES[:3]),
        (["-e", "step", "--exclude", "start|boom", "-C1", "-c"], ["1\n"]),
        (["-e", "step", "--exclude", r"(?<!w)\d, \"loss|boom", "-l", "info", "-A1", "-n1"], LINES[:2]),
        (["-e", "step", "--exclude", "start|slow", "--records"], LINES[2:]),
        (["--exclude", "time|boom|plain", "--records"], LINES[2:]),
        (["-v", "-e", "boom", "--exclude", "time"], LINES[3:]),
        (["-v", "-e", "boom", "--exclude", "time|plain", "-B1"], LINES[2:4]),
        (["--exclude", "(?<=x)y|plain", "-B1", "-l", "error"], LINES[1:4]),
        (["--exclude", "plain", "--exclude", "start", "-n", "1"], LINES[3:4]),
        (["-l", "info", "-w", "step<3", "-c"], ["2\n"]),
        (["--fields", "step,loss"], ["step=1\n", "step=2 loss=2.5\n", "step=3 loss=nan\n"]),
        (["--fields", "msg", "-n1", "-l", "warn", "-w", "msg!=x"], ['msg="slow \\"x\\""\n']),
        (
            ["--pretty", "-n", "4", "-l", "warn"],
            ['2026-11-22T02:00:01Z WARNING  slow "x" step=2 loss=2.5\n', *LINES[2:]],
        ),
        (
            ["--pretty", "-w", "step=3", "-B2"],
            [
                "2026-11-22T02:00:00Z INFO     start step=1\n",
                '2026-11-22T02:00:01Z WARNING  slow "x" step=2 loss=2.5\n',
                LINES[2],
            ],
        ),
        (
            ["--time", "Asia/Tokyo", "-w", "step>1"],
            [f"2026-11-22 11:00:0{n}.000 {LINES[n]}" for n in (1, 2)],
        ),
        (
            ["--time", "delta", "-n", "4"],
            [f"   {d} {t}" for d, t in zip(["+0.000", "+1.000", "+0.000", "+0.000"], LINES[1:], strict=True)],
        ),
        (["--histogram", "-m", "1"], ["2026-11-22 02:00:00         1 " + "█" * 48 + "\n"]),
        (
            ["--histogram", "-l", "info"],
            [
                "2026-11-22 02:00:00         1 " + "█" * 16 + "\n",
                "2026-11-22 02:00:01         1 " + "█" * 16 + "\n",
                "2026-11-22 02:00:02         3 " + "█" * 48 + "\n",
            ],
        ),
    ],
)
def test_what_the_options_select_and_show(log: Path, args: list[str], expected: list[str]) -> None:
    status, out, error = run(log, *args, "--tz", "UTC", COLUMNS="80")
    assert (out, error) == (expected, "")
    assert status == (0 if expected else 1)


@pytest.mark.parametrize(
    ("args", "status", "expected", "missing"),
    [
        (["--fields", "zz"], 1, [], ["zz"]),
        (["--fields", "step,zz,loss,zz"], 0, ["step=1\n", "step=2 loss=2.5\n", "step=3 loss=nan\n"], ["zz"]),
        (["--fields", "loss", "-n", "2"], 1, [], ["loss"]),
        (["--fields", "a b,loss", "-m", "1"], 1, [], ["'a b'", "loss"]),
        # No line was looked at: nothing is known of fields.
        (["--fields", "step", "-l", "critical"], 1, [], []),
    ],
)
def test_a_field_that_no_line_has_is_no_match_and_is_said(
    log: Path, args: list[str], status: int, expected: list[str], missing: list[str]
) -> None:
    done, out, error = run(log, *args, "--tz", "UTC")
    assert (done, out) == (status, expected)
    said = error.splitlines()
    assert len(said) == len(missing)
    for line, name in zip(said, missing, strict=True):
        assert line.startswith(f"logdex: --fields {name}: no line of ")


def test_a_field_that_only_one_of_two_logs_has_is_there(log: Path) -> None:
    other = log.with_name("other.log")
    other.write_text("no fields\n")
    for merge in ([], ["--no-merge"]):
        assert run(other, log, *merge, "--no-labels", "--fields", "loss") == (
            0,
            ["loss=2.5\n", "loss=nan\n"],
            "",
        )


def test_bars_need_no_letters_that_the_terminal_lacks(log: Path) -> None:
    status, (row,), error = run(
        log, "--histogram", "-m", "1", "--tz", "UTC", PYTHONIOENCODING="ascii", COLUMNS="80"
    )
    assert (status, row, error) == (0, "2026-11-22 02:00:00         1 " + "?" * 48 + "\n", "")


def test_a_histogram_of_what_is_piped_in_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A line above the first stamp has the time of that, and not the moment at which it came."""
    pipe, is_asked = tmp_path / "pipe", set_when_asked(monkeypatch, "join")
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("w") as file:
            file.write("head\n2026-11-22 02:00:00 INFO a\n")
            file.flush()
            is_asked.wait()

    writer = threading.Thread(target=write)
    writer.start()
    assert main(["--histogram", "--tz", "UTC", str(pipe)]) == 0
    writer.join()
    (row,) = capfd.readouterr().out.splitlines()
    assert row.startswith("2026-11-22 02:00:00         2 ")


def test_what_was_text_in_json_is_no_command_to_a_terminal(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(r'{"msg": "\u001b]0;x\u0007", "a\u001bb": "\u009bm", "c": null, "d": "\u007f"}' + "\n")
    for args in (["--pretty"], ["--pretty", "--color", "always"], ["--fields", "msg,c,d"]):
        _, (out,), _ = run(log, *args)
        bare = out.replace("\x1b[2m", "").replace("\x1b[0m", "")
        assert all(char.isprintable() for char in bare.removesuffix("\n")), args
    assert "c=null" in run(log, "--pretty")[1][0]


def test_a_line_that_cannot_be_written_for_people_is_shown_as_it_is(tmp_path: Path) -> None:
    """Nested too deeply to be read, or with half a character, which has no bytes: the lines behind it come too."""
    deep = '{"a":' + "[" * 200_000 + "]" * 200_000 + "}\n"
    log = tmp_path / "a.log"
    log.write_text(deep + r'{"msg": "\ud800 x", "\udc80k": "\udfff"}' + '\n{"msg": "after"}\n')
    expected = [deep, r'\ud800 x \udc80k="\udfff"' + "\n", "after\n"]
    assert run(log, "--pretty") == (0, expected, "")


def test_numbers_are_shown_as_they_stand_and_what_comes_twice_comes_twice(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        '{"loss": 2.10, "x": 1e400, "n": [1.50, NaN, {"a": true}], "k": 1, "k": "b", "msg": "hi"}\n'
    )
    shown = r"""hi loss=2.10 x=1e400 n="[1.50, NaN, {\"a\": true}]" k=1 k=b"""
    assert run(log, "--pretty") == (0, [shown + "\n"], "")


def test_colours_of_a_pretty_line(log: Path) -> None:
    _, (out,), _ = run(log, "--pretty", "-n", "1", "-w", "step=2", "--color", "always")
    assert "\x1b[33mWARNING" in out
    assert json.loads(LINES[1])["msg"] in out


@pytest.mark.parametrize(
    "args",
    [
        ["-l", "loud"],
        ["-w", "step"],
        ["--exclude", "("],
        ["--fields", ","],
        ["--fields", "a", "--pretty"],
        ["--pretty", "--json"],
        ["--histogram", "-f"],
        ["-w", "step=>2"],
        ["-w", "step =< 2"],
        ["--stamp", "%Q"],
        ["--prefix", "x"],
        ["--time", "Nowhere/Land"],
        ["--time", "utc", "--json"],
        ["--time", "utc", "--histogram"],
        ["--files-with-matches", "--fields", "step"],
        ["--files-with-matches", "--json"],
        ["-c", "--json"],
    ],
)
def test_what_cannot_be_obeyed_is_refused(log: Path, args: list[str]) -> None:
    status, out, error = run(log, *args)
    assert (status, out) == (2, [])
    assert error
    assert "Traceback" not in error
    assert "--exclude" in error or args[0] != "--exclude"


def test_a_stamp_is_taught_and_a_reference_given(tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_text("run 7 / 22.11.2026 at 02h10 / a\nrun 7 / 22.11.2026 at 02h12 / b\n")
    asked = ["--tz", "UTC", "--since", "2026-11-22 02:11"]
    assert run(path, "--stamp", "%d.%m.%Y at %Hh%M", *asked)[1][0].endswith("/ b\n")
    assert run(path, "--stamp", "%d.%m.%Y at %Hh%M", "--prefix", "/", *asked)[1][0].endswith("/ b\n")
    assert run(path, "--stamp", "%d.%m.%Y at %Hh%M", "--prefix", "run", *asked)[0] == 2
    path.write_text("Nov 22 02:10:00 host a\n")
    _, (out,), _ = run(path, "--json", "--tz", "UTC", "--reference", "2019-12-01")
    assert json.loads(out)["time"] == "2019-11-22T02:10:00+00:00"


def test_a_named_group_says_nothing_of_the_lines_around(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("loss=1\nloss=5\nother\n")
    asked = ["-e", r"loss=(?P<n>\d+)", "-w", "n>3", log]
    assert run(*asked)[1] == ["loss=5\n"]
    for option in ("-v", "-A1", "-B1", "-C1", "--records"):
        status, lines, error = run(option, *asked)
        assert (status, lines) == (2, [])
        assert "asks for a group of -e" in error


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["-i", "-e", r"LOSS=(?P<n>\d+)", "-w", "n>3"], ["loss=5 lr=2\n"]),
        (["-e", r"loss=(?P<n>\d+)", "-e", "other", "-w", "n>3"], ["loss=5 lr=2\n"]),
        # Each by its own match, where one of them matches first.
        (["-e", r"loss=(?P<a>\d+)", "-e", r"lr=(?P<b>\d+)", "-w", "b=2", "-w", "a=5"], ["loss=5 lr=2\n"]),
        (["-e", r"loss=(?P<n>\d+)", "-e", r"lr=(?P<n>\d+)", "-w", "n=2"], ["loss=5 lr=2\n"]),
        (["-e", r"(?P<a>loss)", "-e", r"lr=(?P<b>\d+)", "-w", "b=2", "-w", "loss>3"], ["loss=5 lr=2\n"]),
        (["-e", r"loss=(?P<n>\d)", "--fields", "n,lr"], ["n=1\n", "n=5 lr=2\n"]),
        (["-i", "-e", r"L(?P<lr>\w)SS", "-e", "other", "--fields", "lr"], ["lr=o\n", "lr=o\n", "lr=7\n"]),
    ],
)
def test_named_groups_are_fields_of_each_regex(tmp_path: Path, args: list[str], expected: list[str]) -> None:
    log = tmp_path / "a.log"
    log.write_text("loss=1\nloss=5 lr=2\nother lr=7\n")
    assert run(*args, log) == (0, expected, "")


def test_json_says_the_level(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n2026-11-22 02:00:00 ERROR boom\n  below\n2026-11-22 02:00:01 INFO fine\n")
    _, lines, _ = run("--json", "--tz", "UTC", log)
    assert [json.loads(line)["level"] for line in lines] == [None, "error", "error", "info"]


def test_lines_have_the_colour_of_their_level(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        "2026-11-22 02:00:00 ERROR boom\n  below\n2026-11-22 02:00:01 INFO fine\n"
        "WARNING: \x1b[1mbold\x1b[0m\nFATAL: x\n"
    )
    _, lines, _ = run("--color", "always", log)
    red, off = "\x1b[31m", "\x1b[0m"
    fine, bold = "2026-11-22 02:00:01 INFO fine\n", "WARNING: \x1b[1mbold\x1b[0m\n"
    head = "2026-11-22 02:00:00 ERROR"
    fatal = f"\x1b[1;31mFATAL: x{off}\n"
    assert lines == [f"{red}{head} boom{off}\n", f"{red}  below{off}\n", fine, bold, fatal]
    # A match keeps its own, and the level's goes on behind it.
    _, lines, _ = run("--color", "always", "-e", "boom", log)
    assert lines == [f"{red}{head} \x1b[1;31mboom{off}{red}{off}\n"]
    assert run("--color", "never", log)[1][0] == f"{head} boom\n"
