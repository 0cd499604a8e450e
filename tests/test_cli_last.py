"""The last lines by `-n`, where lines are shown around them: which those are is known only when all were counted."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from logdex import _core
from logdex._resolve import inputs
from logdex.command.asked import words
from logdex.command.asked.arguments import parser
from logdex.command.lines.answer import CommandAnswer
from logdex.command.lines.rows import Rows, Shown
from logdex.inputs.input import Wish
from shell import Following, run

RECORDS = 6
"""Of each log; of the four lines of a record the first and the last say what went wrong, and all have its level."""


def record(number: int) -> list[str]:
    return [
        f"2026-11-22 02:10:{number:02} ERROR step failed {number}\n",
        "Traceback (most recent call last):\n",
        f'  File "x.py", line {number}\n',
        f"ValueError: CUDA error {number}\n",
    ]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Two logs whose records come in turn."""
    for rank in range(2):
        lines = [line for number in range(rank, 2 * RECORDS, 2) for line in record(number)]
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    return tmp_path


@pytest.mark.parametrize("many", [False, True], ids=["one", "two"])
@pytest.mark.parametrize(
    ("asked", "hits"), [(["-e", "(?i)error"], [0, 3]), (["-l", "error"], [0, 1, 2, 3])], ids=str
)
def test_the_records_of_the_last_lines_are_shown_whole(
    job: Path, asked: list[str], hits: list[int], many: bool
) -> None:
    numbers = range(2 * RECORDS) if many else range(0, 2 * RECORDS, 2)
    meant = [number for number in numbers for _ in hits]
    sources = [job] if many else [job / "rank0.log"]
    for last in (0, 1, 2, 3, len(meant) - 1, len(meant), len(meant) + 1):
        shown = dict.fromkeys(meant[len(meant) - min(last, len(meant)) :])
        expected = [line for number in shown for line in record(number)]
        done = run(*asked, "--records", "--no-labels", "-n", last, *sources)
        assert done == (0 if expected else 1, expected, "")


def append(path: Path, lines: list[str]) -> None:
    with path.open("a") as file:
        file.writelines(lines)


def test_a_follow_shows_the_records_that_come_behind_the_last_ones(
    job: Path, following: Callable[..., Following]
) -> None:
    path = job / "rank0.log"
    one = following("-l", "error", "--records", "-n", "3", path)
    assert [one.line() for _ in range(4)] == record(2 * RECORDS - 2)
    for number in range(20, 23):
        append(path, record(number))
        assert [one.line() for _ in range(4)] == record(number)


@pytest.mark.parametrize("many", [False, True], ids=["one", "two"])
@pytest.mark.parametrize("around", [[], ["-B1"]], ids=["alone", "around"])
def test_a_follow_may_end_at_the_first_of_the_last_lines(job: Path, around: list[str], many: bool) -> None:
    numbers = [8, 9, 10] if many else [4, 6, 8]
    sources = [job] if many else [job / "rank0.log"]
    asked = ["-e", "CUDA", "-n", str(2 * RECORDS - 8 if many else 4), "-m", "3", "--no-labels"]
    done, out, error = run("-f", *asked, *around, *sources)
    assert (done, error) == (0, "")
    assert [line for line in out if "CUDA" in line] == [record(number)[3] for number in numbers]


def test_a_log_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, following: Callable[..., Following]
) -> None:
    path = tmp_path / "later.log"
    one = following("-e", "CUDA", "-n", "1", "-B1", "-A0", path)
    append(path, record(0))
    assert "CUDA" in [one.line(), one.line()][1]
    assert one.interrupt() == (130, "")


def shown(path: Path, *options: str, follow: bool = False) -> tuple[CommandAnswer, Shown]:
    """What the command makes of its words."""
    args = words.parse(parser("logdex"), [*options, *(["-f"] if follow else []), str(path)], "--regex")
    args.before, args.after = args.before or 0, args.after or 0
    (one,) = inputs(str(path), Wish(follow=follow))
    answer = CommandAnswer(args, args.regex[0], [one], None, None)
    return answer, Rows(args, args.regex[0], several=False, many_labels=False).of(one, None)


def test_what_is_written_while_they_are_counted_is_none_of_the_last(
    job: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = job / "rank0.log"
    answer, _ = shown(path, "-e", "CUDA", "-n", "1", "-B1")
    show = CommandAnswer._show

    def counted_and_then_written(self: CommandAnswer, *args: Any, **how: Any) -> int:
        hits = show(self, *args, **how)
        append(path, record(20))
        return hits

    monkeypatch.setattr(CommandAnswer, "_show", counted_and_then_written)
    assert answer.run() == 0
    assert capfd.readouterr().out.splitlines(keepends=True) == record(2 * RECORDS - 2)[2:]


def test_of_what_is_written_later_nothing_is_passed_over(job: Path) -> None:
    """There may be less of what was there than when it was counted, for it may have been cut since."""
    path = job / "rank0.log"
    _, one = shown(path, "-e", "CUDA", "-B1", follow=True)
    show, hits = _core.Show([one], skip=1000, most=1), []
    reader = Thread(target=lambda: hits.append(show.run(None, live=True)))
    reader.start()
    while reader.is_alive():
        append(path, record(20))
        reader.join(0.02)
    assert hits == [1]


def test_a_histogram_is_of_the_lines_that_would_be_shown(job: Path) -> None:
    """Of several sources, the last or the first of them all, and of each by itself where they are not merged."""

    def counted(*args: object) -> list[tuple[str, int]]:
        rows = [row.split() for row in run(job, "--tz", "UTC", "--histogram", *args)[1]]
        return [(row[1], int(row[2])) for row in rows if int(row[2])]

    assert counted("-n", "2") == [("02:10:11", 2)]
    assert counted("-n", "6") == [("02:10:10", 2), ("02:10:11", 4)]
    assert counted("-m", "5") == [("02:10:00", 4), ("02:10:01", 1)]
    assert counted("-m", "2", "-e", "CUDA") == [("02:10:00", 1), ("02:10:01", 1)]
    assert counted("-n", "0") == []
    assert counted("-n", "1", "--no-merge") == [("02:10:10", 1), ("02:10:11", 1)]
    assert counted("-m", "1", "--no-merge") == [("02:10:00", 1), ("02:10:01", 1)]


def test_what_is_said_of_the_last_lines_is_said_of_those_that_are_shown(tmp_path: Path) -> None:
    """The last of all are among those that each log ends with, also where its stamps go back by more than that."""
    (tmp_path / "a.log").write_text("2026-11-22 02:10:30 a\n2026-11-22 02:10:00 a\n")
    (tmp_path / "b.log").write_text("2026-11-22 02:10:10 b\n")
    assert run(tmp_path, "-n", "1")[1] == ["b.log 2026-11-22 02:10:10 b\n"]
    assert run(tmp_path, "-n", "1", "-c")[1] == ["a.log:0\n", "b.log:1\n"]
    assert run(tmp_path, "-n", "1", "--files-with-matches")[1] == [f"{tmp_path / 'b.log'}\n"]
    (row,) = run(tmp_path, "-n", "1", "--histogram", "--tz", "UTC")[1]
    assert row.split()[1:3] == ["02:10:10", "1"]


@pytest.mark.parametrize("around", [[], ["-B0", "-A0"], ["-B1"]], ids=["alone", "bare", "around"])
def test_a_follow_of_a_set_ends_at_the_first_of_its_last_lines(job: Path, around: list[str]) -> None:
    (job / "rank0.log").rename(job / "rank1.log.1")
    for last, most, meant in ((8, 3, [8, 10, 1]), (4, 1, [5]), (7, 1, [10])):
        asked = ["-e", "CUDA", "-n", last, "-m", most, *around]
        done, out, error = run("-f", "--rotated", *asked, job / "rank1.log")
        assert (done, error) == (0, "")
        assert [line for line in out if "CUDA" in line] == [record(number)[3] for number in meant]
