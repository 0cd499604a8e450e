"""What people type who come from grep, kubectl and journalctl, and what the command says when nothing comes of it."""

import io
import threading
from argparse import Namespace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import logdex
import pytest
from logdex.command.asked import clock
from shell import LINES, Following, run


@pytest.fixture
def desk(log: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of `log`, where one stands, in UTC."""
    monkeypatch.chdir(log.parent)
    monkeypatch.setenv("TZ", "UTC")
    return log.parent


def test_nothing_of_the_past_and_all_that_comes(log: Path) -> None:
    one = Following("-n", "0", "-m", "1", log)
    come = threading.Event()

    def write() -> None:
        # When it stands at the end cannot be seen, so lines are written until one of them comes.
        while not come.wait(0.01):
            with log.open("a") as file:
                file.write("new\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        out, error = one.process.communicate(timeout=60)
    finally:
        come.set()
        writer.join()
        one.process.kill()
    assert (one.process.returncode, out, error) == (0, "new\n", "")


def test_nothing_of_the_past_of_many(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.log").write_text("2026-11-22 02:00:00 old\n" * 3)
    assert run("-n", "0", tmp_path) == (1, [], "")


@pytest.mark.parametrize("since", ["-10m", "-1h30m"])
def test_a_moment_may_begin_with_a_dash(desk: Path, since: str) -> None:
    now = datetime.now()
    (desk / "now.log").write_text(f"{now - timedelta(days=9)} old\n{now} new\n")
    assert run("now.log", "--since", since) == (0, [f"{now} new\n"], "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["NCCL", "train.log"],
            "NCCL: there is no such file; did you mean -e NCCL? (./NCCL would be a file)",
        ),
        (
            ["train.log", "nan|OOM"],
            "nan|OOM: there is no such file; did you mean -e 'nan|OOM'? (./nan|OOM would be a file)",
        ),
        (
            ["NCCL.*timeout", "train.log"],
            "NCCL.*timeout: there is no such file; did you mean -e 'NCCL.*timeout'? (./NCCL.*timeout would be a file)",
        ),
        (
            ["-f", "NCCL", "train.log"],
            "NCCL: there is no such file; did you mean -e NCCL? (./NCCL would be a file)",
        ),
        (["rank", "."], "rank: there is no such file; did you mean `logdex ranks`? (./rank would be a file)"),
        (["help"], "help: there is no such file; did you mean `logdex --help`? (./help would be a file)"),
        (
            ["train.log", ""],
            "a source is the empty text, as an unset variable of the shell is; "
            "name a file, a directory or a handle",
        ),
    ],
)
def test_a_word_that_is_no_file_is_asked_about_before_any_output(
    desk: Path, words: list[str], said: str
) -> None:
    assert run(*words) == (2, [], f"logdex: {said}\n")


def test_a_command_that_cannot_wait_does_not_advise_to() -> None:
    assert "-f to wait" in run("gone.log")[2]
    status, out, error = run("index", "gone.log")
    assert (status, out) == (2, [])
    assert error == "logdex: gone.log: No such file or directory; check the path\n"


def test_a_file_called_like_a_command_is_a_file(desk: Path) -> None:
    (desk / "rank").write_text("a line\n")
    assert run("rank") == (0, ["a line\n"], "")
    status, out, error = run("trian.log", "train.log")
    assert (status, out) == (2, [f"train.log {line}" for line in LINES])
    assert error.startswith("logdex: trian.log: No such file or directory")


def test_an_empty_range_says_what_the_log_has_and_what_to_ask(desk: Path) -> None:
    said = (
        "logdex: no line lies in --since '2026-11-23 02:00': the log has 2026-11-22 02:09:59 to 2026-11-22 02:12:00; "
        "ask for example --since '2026-11-22 02:12'\n"
    )
    assert run("train.log", "--since", "2026-11-23 02:00") == (1, [], said)
    assert run("train.log", "--since", "2026-11-23 02:00", "-c") == (1, ["0\n"], said)
    # The range has lines, and none is meant: nothing is wrong with the range.
    assert run("train.log", "--since", "2026-11-22 02:10", "-e", "nothing") == (1, [], "")


def test_a_clock_time_is_the_logs_last_and_its_day_is_said(desk: Path) -> None:
    status, out, error = run("train.log", "--since", "02:10", "--until", "02:11")
    assert (status, out) == (0, LINES[1:6])
    assert error == (
        "logdex: --since 02:10 is taken for 2026-11-22 02:10, the last in the log\n"
        "logdex: --until 02:11 is taken for 2026-11-22 02:11, the last in the log\n"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ["--since", "03:00"],
            "--since 03:00 is taken for 2026-11-22 03:00, of the day on which the log ends",
        ),
        (
            ["--until", "01:00"],
            "--until 01:00 is taken for 2026-11-22 01:00, of the day on which the log ends",
        ),
        (
            ["--since", "2026-11-22 02:10", "--until", "01:00"],
            "--until 01:00 is taken for 2026-11-23 01:00, the first after --since",
        ),
    ],
)
def test_a_clock_time_that_is_not_in_the_log_is_not_called_its_last(
    desk: Path, asked: list[str], said: str
) -> None:
    assert run("train.log", *asked)[2].splitlines()[0] == f"logdex: {said}"


FRAMED = (
    "2026-11-22T02:10:00.000000000Z stdout F 2024-01-01 00:00:00 up\n"
    "2026-11-22T02:12:00.000000000Z stdout F 2024-01-01 00:00:00 nan\n"
)


@pytest.mark.parametrize(
    ("text", "options", "day"),
    [
        (
            "7 / 22.11.2026 at 02h10 / a\n7 / 22.11.2026 at 02h12 / b\n",
            ["--stamp", "%d.%m.%Y at %Hh%M"],
            "2026-11-22",
        ),
        ("Nov 22 02:10:00 a\nNov 22 02:12:00 b\n", ["--reference", "2024-11-30"], "2024-11-22"),
        (FRAMED, ["--tz", "UTC"], "2026-11-22"),
    ],
)
def test_moments_are_settled_by_the_stamps_that_the_answer_goes_by(
    desk: Path, text: str, options: list[str], day: str
) -> None:
    (desk / "odd.log").write_text(text)
    status, out, error = run("odd.log", *options, "--since", "02:11")
    assert (status, len(out)) == (0, 1)
    assert error == f"logdex: --since 02:11 is taken for {day} 02:11, the last in the log\n"
    status, out, error = run("odd.log", *options, "--since", "2030-01-01")
    assert (status, out) == (1, [])
    assert f"the log has {day} 02:10:00 to {day} 02:12:00" in error


def test_moments_are_settled_by_the_year_of_the_logs_beside(desk: Path) -> None:
    (desk / "syslog.log").write_text("Nov 22 02:09:00 a\nNov 22 02:11:00 b\n")
    (desk / "train.log").write_text("2024-11-22 02:09:00 c\n2024-11-22 02:11:30 d\n")
    status, out, error = run("--no-labels", "--since", "02:10", "syslog.log", "train.log")
    assert (status, [line[-2] for line in out]) == (0, ["b", "d"])
    assert error == "logdex: --since 02:10 is taken for 2024-11-22 02:10, the last in the log\n"


@pytest.mark.parametrize("chosen", [["-l", "critical"], ["-w", "loss>1"], ["--exclude", "."]])
def test_a_range_with_lines_is_not_called_empty(desk: Path, chosen: list[str]) -> None:
    assert run("train.log", "--since", "2026-11-22 02:10", *chosen) == (1, [], "")


def test_a_moment_that_is_none_bears_the_name_of_its_option(desk: Path) -> None:
    for option in ("since", "until", "reference"):
        status, _, error = run("train.log", f"--{option}", "soon")
        assert (status, error[:30]) == (2, f'logdex: {option}: "soon" says no moment'[:30])


def test_text_that_is_utf16_is_told_where_nothing_is_found(desk: Path) -> None:
    (desk / "u.log").write_text("".join(LINES), encoding="utf-16")
    said = "logdex: u.log: its text is UTF-16, and read as UTF-8; ask of `iconv -f UTF-16 -t UTF-8 u.log`\n"
    assert run("u.log", "-e", "NCCL") == (1, [], said)
    status, out, error = run("u.log", "--since", "02:00")
    assert (status, out, error.endswith(said)) == (2, [], True)
    assert run("u.log", "-c", "-e", "")[2] == ""


def test_what_does_not_match_comes_in_the_order_of_time_too(desk: Path) -> None:
    (desk / "back.log").write_text("2026-11-22 02:11:00 back\n2026-11-22 02:10:10 INFO earlier\n")
    told = run("--no-labels", "train.log", "back.log")[1]
    back = run("--no-labels", "-v", "-e", "nothing", "train.log", "back.log")[1]
    assert back == told
    assert told.index("2026-11-22 02:10:10 INFO earlier\n") < told.index("2026-11-22 02:11:00 back\n")
    assert run("--histogram", "-v", "-e", "INFO|T|R", "back.log")[1][0].startswith("2026-11-22 02:11:00")


def test_inverting_needs_a_regex(desk: Path) -> None:
    for more in ([], ["--exclude", "INFO"], ["--exclude", "INFO", "-C1"], ["-l", "error"]):
        assert run("train.log", "-v", *more) == (
            2,
            [],
            "logdex: -v shows what -e RE does not match: give one\n",
        )


def test_a_clock_time_of_today_is_not_worth_a_word(desk: Path) -> None:
    now = datetime.now()
    (desk / "now.log").write_text(f"{now} new\n")
    status, out, error = run("now.log", "--since", "00:00")
    assert (status, out) == (0, [f"{now} new\n"])
    # Unless the day has changed meanwhile.
    assert (error == "") == (now.date() == datetime.now().date())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("since", "until", "first", "last", "expected"),
    [
        # The last such moment, though the log ends after midnight.
        ("23:50", "00:10", "2026-11-21 22:00", "2026-11-22 03:00", ("2026-11-21 23:50", "2026-11-22 00:10")),
        # The end of the range may be after the last line.
        ("02:10", "02:12", "2026-11-20 22:00", "2026-11-22 02:11", ("2026-11-22 02:10", "2026-11-22 02:12")),
        ("05:00", None, "2026-11-21 22:00", "2026-11-22 03:00", ("2026-11-22 05:00", None)),
        ("05:00", None, "2026-11-21 02:00", "2026-11-22 03:00", ("2026-11-21 05:00", None)),
        ("01:00", None, "2026-11-22 02:00", "2026-11-22 03:00", ("2026-11-22 01:00", None)),
        (None, "2:30:05.5", "2026-11-22 02:00", "2026-11-22 03:00", (None, "2026-11-22 2:30:05.5")),
        (
            "2026-11-20 23:00",
            "01:00",
            "2026-11-20 02:00",
            "2026-11-22 03:00",
            ("2026-11-20 23:00", "2026-11-21 01:00"),
        ),
        # The end is the first behind the beginning, in whatever words that is said.
        (
            "2026-11-20 23:00-05:00",
            "02:00",
            "2026-11-20 02:00",
            "2026-11-22 03:00",
            ("2026-11-20 23:00-05:00", "2026-11-22 02:00"),
        ),
        (
            "yesterday 14:00",
            "15:00",
            "2026-11-28 02:00",
            "2026-11-30 16:00",
            ("yesterday 14:00", "2026-11-29 15:00"),
        ),
        ("2026-07-20", "01:00", "2026-07-20 02:00", "2026-11-22 03:00", ("2026-07-20", "2026-07-20 01:00")),
        ("1795269600", "15:00", "2026-11-20 02:00", "2026-11-22 16:00", ("1795269600", "2026-11-21 15:00")),
        ("10m", "today", "2026-11-20 02:00", "2026-11-22 03:00", ("10m", "today")),
    ],
)
def test_the_day_of_a_clock_time(
    since: str | None, until: str | None, first: str, last: str, expected: tuple[str | None, str | None]
) -> None:
    args = Namespace(since=since, until=until, follow=False, tz="UTC")
    now = at("2026-11-30 12:00").replace(tzinfo=timezone.utc)
    clock.settle_by(args, [(at(first), at(last)), (at(last), at(last))], now)
    assert (args.since, args.until) == expected


@pytest.mark.parametrize(
    ("since", "until", "last", "expected"),
    [
        # After midnight, what was yesterday is what was meant.
        ("23:50", None, "2026-11-22 00:20", ("2026-11-21 23:50", None)),
        ("23:50", "00:10", "2026-11-22 00:20", ("2026-11-21 23:50", "2026-11-22 00:10")),
        ("23:50", None, "2026-11-21 23:55", ("2026-11-21 23:50", None)),
        # The log has no such moment yet: today's, as it was said.
        ("05:00", None, "2026-11-22 00:20", ("05:00", None)),
        ("05:00", "06:00", "2026-11-22 00:20", ("05:00", "06:00")),
        # When to end lies ahead.
        (None, "23:00", "2026-11-22 00:20", (None, "23:00")),
        ("2026-11-21 23:00", "23:30", "2026-11-22 00:20", ("2026-11-21 23:00", "2026-11-21 23:30")),
    ],
)
def test_the_day_of_a_clock_time_in_a_follow(
    since: str | None, until: str | None, last: str, expected: tuple[str | None, str | None]
) -> None:
    args = Namespace(since=since, until=until, follow=True, tz="UTC")
    now = at("2026-11-22 00:30").replace(tzinfo=timezone.utc)
    clock.settle_by(args, [(at("2026-11-21 22:00"), at(last))], now)
    assert (args.since, args.until) == expected


def test_a_follow_begins_at_the_logs_last_such_moment(desk: Path) -> None:
    one = Following("--since", "02:10", "train.log")
    try:
        assert (
            one.error_line() == "logdex: --since 02:10 is taken for 2026-11-22 02:10, the last in the log\n"
        )
        assert one.line() == LINES[1]
    finally:
        one.interrupt()


def test_names_only_and_numbers_behind_labels(desk: Path) -> None:
    (desk / "other.log").write_text("2026-11-22 02:11:00 nothing\n")
    assert run("--files-with-matches", "-e", "NCCL", "train.log", "other.log")[1] == ["train.log\n"]
    assert run("--files-with-matches", "-v", "-e", "INFO|NCCL|T|F", "train.log", "other.log")[1] == [
        "other.log\n"
    ]
    assert run("--files-with-matches", "-n", "0", "train.log") == (1, [], "")
    assert run("--line-number", "-e", "ready|nothing", "train.log", "other.log")[1] == [
        f"train.log 2:{LINES[1]}",
        "other.log 1:2026-11-22 02:11:00 nothing\n",
    ]
    assert run("-o", "-e", "INFO|NCCL", "-m", "3", "train.log", "other.log")[1] == [
        "train.log INFO\n",
        "train.log INFO\n",
        "train.log NCCL\n",
    ]


def test_what_matched_in_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_bytes(b"\xff loss=2.5 \xfe loss=3\nloss=\n")
    assert run("-o", "-e", r"(?<=loss=)[\d.]*", path)[1] == ["2.5\n", "3\n"]


@pytest.mark.parametrize("command", [[], ["ranks"], ["index"]])
def test_help_fits_a_terminal_of_80_columns(command: list[str]) -> None:
    status, out, _ = run(*command, "--help", COLUMNS="80")
    assert status == 0
    assert [line for line in out if len(line.rstrip("\n")) > 80] == []
    usage = "".join(run("--help", COLUMNS="80")[1]).split("\n\n")[0]
    assert usage == (
        "usage: logdex [OPTION ...] [SOURCE ...]\n"
        "       logdex ranks [OPTION ...] [SOURCE ...]\n"
        "       logdex index [OPTION ...] SOURCE ...\n"
        "       logdex ls [OPTION ...] [NAME ...]\n"
        "       logdex view [OPTION ...] SOURCE ..."
    )


def test_an_address_of_a_file_elsewhere_is_not_taken_for_a_handle() -> None:
    assert run("ssh://host") == (2, [], "logdex: ssh://host: write ssh://[user@]host[:port]/path\n")
    assert run("file:///a.log") == (2, [], "logdex: file:///a.log: this file is here; name its path\n")


def test_an_open_file_is_no_path() -> None:
    with pytest.raises(TypeError, match="this is an open file; give its path, or write its text to a file"):
        logdex.open(io.StringIO("train.log\n"))  # type: ignore[arg-type]


def test_what_is_wrong_for_all_files_is_said_once(tmp_path: Path) -> None:
    for rank in range(3):
        (tmp_path / f"rank{rank}.log").write_text("2026-11-22 02:10:00 step\n")
    status, out, error = run("--since", "25:00", tmp_path)
    assert (status, out, error.count("\n")) == (2, [], 1)
    assert "25:00" in error


def test_a_place_that_cannot_be_kept_is_called_by_its_name(log: Path, tmp_path: Path) -> None:
    status, lines, error = run("--cursor-file", tmp_path / "none" / "place", log)
    assert lines == []
    assert (status, error) == (2, f"logdex: {tmp_path}/none/place: No such file or directory\n")
