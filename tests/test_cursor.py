"""Cursors: `lines(x, after=c)` are exactly those of `lines(x)` that come after the ones handed out at `c`."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import logdex
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex import _core
from logdex.log.combined import combined

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"regex": "a"},
    {"regex": "(?=.*b)x"},
    {"since": "2026-11-22 02:00:02"},
    {"since": "2026-11-22 02:00:01", "until": "2026-11-22 02:00:03", "regex": "a"},
    {"level": "error"},
    {"exclude": "b", "regex": "x"},
]
STAMPS = [f"2026-11-22 02:00:0{second} " for second in range(5)]
LINE = st.one_of(
    st.sampled_from(
        [
            *(stamp + text for stamp in STAMPS for text in ("a", "xb", "", "ERROR x", "INFO a")),
            "a",
            "xb",
            "",
            "[rank1]: a",
        ]
    ),
    st.text(alphabet="abx é\r", max_size=12),
)
LINES = st.lists(LINE, max_size=25)


def place(name: str = "any.log") -> Path:
    return Path(os.environ["LOGDEX_HOME"]).with_name(name)


def take(lines: Any, count: int) -> list[Any]:
    """The first `count` of them."""
    return [one for _, one in zip(range(count), lines, strict=False)]


@given(lines=LINES, ends=st.booleans(), number=st.integers(0, 30), question=st.sampled_from(QUESTIONS))
@settings(max_examples=200)
def test_the_rest_is_what_comes_after(
    lines: list[str], ends: bool, number: int, question: dict[str, Any]
) -> None:
    path = place()
    path.write_text("\n".join(lines) + "\n" * ends, newline="")
    log = logdex.open(path, tz="UTC")
    question = {**question, "strict": False}
    whole = list(log.lines(**question))
    answer = log.lines(**question)
    taken = [next(answer) for _ in range(min(number, len(whole)))]
    cursor = answer.cursor
    assert cursor.isprintable()
    assert taken + list(log.lines(**question, after=cursor)) == whole
    assert log.count(**question, after=cursor) == len(whole) - len(taken)
    # Whatever is asked afterwards.
    timed = [(one.text, one.time, one.how, one.offset, one.number) for one in log.records(strict=False)]
    behind = [
        (one.text, one.time, one.how, one.offset, one.number)
        for one in log.records(strict=False, after=cursor)
    ]
    assert timed[len(timed) - len(behind) :] == behind
    # Twice, and in pieces.
    again = log.lines(**question, after=cursor)
    rest = list(again)
    assert list(log.lines(**question, after=again.cursor)) == []
    assert rest == whole[len(taken) :]


@given(lines=LINES, more=LINES, question=st.sampled_from(QUESTIONS))
@settings(max_examples=100)
def test_what_is_written_later_comes_after_the_end(
    lines: list[str], more: list[str], question: dict[str, Any]
) -> None:
    path = place()
    # Of a file without any time every line is given, until it has one.
    lines = [STAMPS[0], *lines]
    path.write_text("".join(f"{line}\n" for line in lines), newline="")
    log = logdex.open(path, tz="UTC")
    answer = log.lines(**question)
    taken = list(answer)
    with path.open("a", newline="") as file:
        file.write("".join(f"{line}\n" for line in more))
    assert taken + list(log.lines(**question, after=answer.cursor)) == list(log.lines(**question))


@given(
    files=st.lists(LINES, min_size=1, max_size=3),
    number=st.integers(0, 40),
    more=LINES,
    again=st.integers(0, 20),
)
@settings(max_examples=150)
def test_one_cursor_for_many(files: list[list[str]], number: int, more: list[str], again: int) -> None:
    directory = place("many")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for at, lines in enumerate(files):
        (directory / f"rank{at}.log").write_text("".join(f"{line}\n" for line in lines), newline="")
    log = logdex.open(directory, tz="UTC")
    whole = list(log.lines())
    answer = log.lines()
    taken = take(answer, min(number, len(whole)))
    cursor = answer.cursor
    assert taken + list(log.lines(after=cursor)) == whole
    # A file that is new, and one that grows, with earlier times than have gone out.
    (directory / "rank7.log").write_text("".join(f"{line}\n" for line in more), newline="")
    with (directory / "rank0.log").open("a", newline="") as file:
        file.write("".join(f"{line}\n" for line in more))
    answer = log.lines(after=cursor)
    second = take(answer, again)
    third = list(log.lines(after=answer.cursor))
    assert sorted(taken + second + third) == sorted(log.lines())
    assert log.count(after=cursor) == len(second) + len(third)


def test_a_filter_that_leaves_out_the_last_lines_does_not_hold_the_place_back(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("ERROR 1\nfine\nfine\n")
    answer = logdex.open(path).lines("ERROR")
    assert list(answer) == ["ERROR 1\n"]
    assert _core.Cursor(answer.cursor).marks[0].at == path.stat().st_size
    assert list(logdex.open(path).lines(after=answer.cursor)) == []


def test_a_line_that_was_not_finished_comes_once_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one\ntw")
    log, answer = logdex.open(path), logdex.open(path).lines()
    assert list(answer) == ["one\n", "tw"]
    assert list(log.lines(after=answer.cursor)) == []
    with path.open("a") as file:
        file.write("\n")
        file.flush()
        assert list(log.lines(after=answer.cursor)) == []
        file.write("three\n")
    assert list(log.lines(after=answer.cursor)) == ["three\n"]
    path.write_text("one\ntwo\n")
    assert list(log.lines(after=answer.cursor)) == ["two\n"]


@pytest.mark.parametrize("partial", [False, True])
def test_another_line_in_place_of_one_that_was_not_finished_comes(tmp_path: Path, partial: bool) -> None:
    path = tmp_path / "a.log"
    path.write_text("x" * 599 + "\n" + "step 1")
    log = logdex.open(path)
    if partial:
        with log.lines(follow=True, partial=True) as answer:
            assert take(answer, 2)[1] == "step 1"
            with path.open("a") as file:
                file.write(" loss")
            assert next(answer) == " loss"
            cursor = answer.cursor
    else:
        with path.open("a") as file:
            file.write(" loss")
        answer = log.lines()
        assert list(answer)[1] == "step 1 loss"
        cursor = answer.cursor
    assert list(log.lines(after=cursor)) == []
    for other in ("ERROR nan!!", "STEP 1 loss", "step 1 LOSS"):
        os.truncate(path, 600)
        with path.open("a") as file:
            file.write(other + "\nnext\n")
        assert list(log.lines(after=cursor)) == [other + "\n", "next\n"]
    os.truncate(path, 600)
    with path.open("a") as file:
        file.write("step 1 loss\nnext\n")
    assert list(log.lines(after=cursor)) == ["next\n"]


# --- what happens to files


@pytest.fixture
def begun(tmp_path: Path) -> tuple[Path, str]:
    """A log of which the first two of three lines were read."""
    path = tmp_path / "train.log"
    path.write_text("same banner\n1\n2\n")
    answer = logdex.open(path).lines()
    assert take(answer, 2) == ["same banner\n", "1\n"]
    return path, answer.cursor


def rename(path: Path, number: int) -> None:
    path.rename(path.with_name(f"{path.name}.{number}"))


def compress_it(path: Path) -> None:
    with gzip.open(f"{path}.gz", "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


ROTATIONS: dict[str, Callable[[Path], None]] = {
    "renamed": lambda path: rename(path, 1),
    "with a date": lambda path: path.rename(path.with_name("train.log-20261122")),
    "before what it ends with": lambda path: path.rename(path.with_name("train.1.log")),
    "copied and truncated": lambda path: (shutil.copy(path, f"{path}.1"), os.truncate(path, 0)),  # type: ignore[dict-item]
    "renamed and compressed": lambda path: (rename(path, 1), compress_it(path.with_name("train.log.1"))),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("rotate", ROTATIONS.values(), ids=ROTATIONS)
def test_after_a_rotation_the_rest_comes_first(
    begun: tuple[Path, str], rotate: Callable[[Path], None]
) -> None:
    path, cursor = begun
    rotate(path)
    log = logdex.open(path)
    path.unlink(missing_ok=True)
    assert list(log.lines(after=cursor)) == ["2\n"]
    path.write_text("same banner\n3\n")
    answer = log.lines(after=cursor)
    assert list(answer) == ["2\n", "same banner\n", "3\n"]
    assert list(log.lines("[23]", after=cursor)) == ["2\n", "3\n"]
    assert [one.text for one in log.records(after=cursor)] == ["2\n", "same banner\n", "3\n"]
    assert log.count(after=cursor) == 3
    with path.open("a") as file:
        file.write("4\n")
    assert list(log.lines(after=answer.cursor)) == ["4\n"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [("c\n", ["bc\n"]), ("\n", []), ("c", ["bc"]), ("", []), ("\nd\n", ["d\n"]), ("c\nd\n", ["bc\n", "d\n"])],
)
@pytest.mark.parametrize("kind", ["lines", "records", "count", "directory", "follow"])
def test_a_line_that_is_finished_once_its_place_was_found_again_comes_whole(
    tmp_path: Path, kind: str, more: str, expected: list[str]
) -> None:
    path = tmp_path / "train.log"
    path.write_text("2026-11-22 02:00:00 a\nb")
    log = logdex.open(tmp_path if kind == "directory" else path)
    with log.lines() as lines:
        list(lines)
        cursor = lines.cursor
    follow = {"follow": True, "ended": lambda: True} if kind == "follow" else {}
    answer: Any = (log.records if kind == "records" else log.lines)(after=cursor, **follow)
    # Its place was found, and it is read now.
    with path.open("a") as out:
        out.write(more)
    taken = [one if isinstance(one, str) else one.text for one in answer]
    assert taken == (expected or ["b"] if more == "" and kind == "follow" else expected)
    if kind == "count" and more:
        assert log.count(after=cursor) == len(expected)


@pytest.mark.parametrize("kind", ["log", "set", "list", "directory", "merge"])
@pytest.mark.parametrize("size", [1, 40, 400])
@pytest.mark.parametrize("gone", ["train.log.1", "train.log-20261122", "train.1.log", "train.log.1.gz"])
def test_a_place_in_what_logs_begin_with_is_in_the_file_that_it_was(
    tmp_path: Path, kind: str, size: int, gone: str
) -> None:
    """Each run prints its settings first: the new file says the same up to the place."""
    log, other = tmp_path / "train.log", tmp_path / "other.log"
    banner = [f"setting {number}\n" for number in range(size)]
    log.write_text("".join(banner))
    other.write_text("other\n")

    def asked(after: str | None) -> Any:
        if kind == "merge":
            return logdex.merge({"a": log, "b": other}, after=after)
        sources: dict[str, Any] = {"list": [log, other], "directory": tmp_path}
        return logdex.open(sources.get(kind, log), rotated=kind == "set").lines(after=after)

    def lines(answer: Any) -> list[str]:
        return [one if isinstance(one, str) else one[1].text for one in answer]

    answer = asked(None)
    lines(answer)
    with log.open("a") as more:
        more.write("rest of the old\n")
    if gone.endswith(".gz"):
        if kind in ("list", "merge"):
            # Of these it is looked for by its number, and else by what it says.
            return
        (tmp_path / gone).write_bytes(gzip.compress(log.read_bytes()))
        log.unlink()
    else:
        log.rename(tmp_path / gone)
    log.write_text("".join(banner) + "new\n")
    rest, expected = lines(asked(answer.cursor)), ["rest of the old\n", *banner, "new\n"]
    # What has no times keeps the order of a file.
    assert rest == expected or (
        gone.endswith(".gz") and kind == "directory" and sorted(rest) == sorted(expected)
    )


@pytest.mark.parametrize(
    ("others", "gone"),
    [
        (["train-2.log", "train_eval_2.log"], "train.log-20261122"),
        (["train-0.log", "train.2.log", "train.log.bak"], "train.log.1"),
        (["train.log.1", "train-eval.log", "train.1.log"], "train.log.old"),
    ],
)
def test_what_is_no_rotation_does_not_stand_between(tmp_path: Path, others: list[str], gone: str) -> None:
    for name in others:
        (tmp_path / name).write_text("2026-11-22 01:00:00 other\n")
        os.utime(tmp_path / name, (1e9, 1e9))
    log = tmp_path / "train.log"
    log.write_text("2026-11-22 02:00:00 a\n2026-11-22 02:00:01 b\n")
    with logdex.open(log).lines() as answer:
        next(answer)
        cursor = answer.cursor
    log.rename(tmp_path / gone)
    log.write_text("2026-11-22 03:00:00 c\n")
    assert [line.split()[-1] for line in logdex.open(log).lines(after=cursor)] == ["b", "c"]


def test_two_rotations_while_nobody_read(begun: tuple[Path, str]) -> None:
    path, cursor = begun
    rename(path, 2)
    path.write_text("same banner\n3\n")
    rename(path, 1)
    path.write_text("same banner\n4\n")
    expected = ["2\n", "same banner\n", "3\n", "same banner\n", "4\n"]
    assert list(logdex.open(path).lines(after=cursor)) == expected
    compress_it(path.with_name("train.log.2"))
    assert list(logdex.open(path).lines(after=cursor)) == expected
    # In the middle of what was rotated.
    answer = logdex.open(path).lines(after=cursor)
    assert take(answer, 2) == expected[:2]
    rename(path, 0)
    path.write_text("5\n")
    assert list(logdex.open(path).lines(after=answer.cursor)) == [*expected[2:], "5\n"]


def test_a_follow_goes_on_in_the_renamed_file_until_the_new_one_has_content(begun: tuple[Path, str]) -> None:
    path, cursor = begun
    rename(path, 1)
    with logdex.open(path).lines(after=cursor, follow=True) as lines:
        assert next(lines) == "2\n"
        with path.with_name("train.log.1").open("a") as late:
            late.write("late\n")
        assert next(lines) == "late\n"
        path.write_text("new\n")
        assert next(lines) == "new\n"


def anew(path: Path, content: str) -> None:
    """The same file, by its number, with other content."""
    number = path.stat().st_ino
    path.write_text(content)
    assert path.stat().st_ino == number


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("same banner\n", "cut to 12 bytes"),
        ("same banner\nX\n2\n3\n", "written anew"),
        ("other banner!\n2\n", "written anew"),
        ("", "cut to 0 bytes"),
    ],
)
def test_a_log_that_is_another_by_now_is_an_error(begun: tuple[Path, str], content: str, why: str) -> None:
    path, cursor = begun
    anew(path, content)
    log = logdex.open(path)
    for ask in (log.lines, log.records, log.count):
        with pytest.raises(logdex.CursorError, match=why) as raised:
            ask(after=cursor)
        assert raised.value.filename == str(path)
    restarted = log.lines(after=cursor, lost="restart")
    assert list(restarted) == content.splitlines(keepends=True)
    assert restarted.stats.lost == 1
    skipped = log.lines(after=cursor, lost="skip")
    assert list(skipped) == []
    assert skipped.stats.lost == 1
    with path.open("a") as file:
        file.write("later\n")
    assert list(log.lines(after=skipped.cursor)) == ["later\n"]


def test_a_log_that_is_gone_is_an_error(begun: tuple[Path, str]) -> None:
    path, cursor = begun
    path.unlink()
    with pytest.raises(logdex.CursorError, match="gone"):
        logdex.open(path).lines(after=cursor)


def test_many_logs_of_which_one_is_gone_rotated_or_new(tmp_path: Path) -> None:
    for rank in range(3):
        (tmp_path / f"rank{rank}.log").write_text(f"2026-11-22 02:00:0{rank} a\n2026-11-22 02:00:1{rank} b\n")
    log = logdex.open(tmp_path, tz="UTC")
    answer = log.lines()
    assert take(answer, 4)[-1] == "2026-11-22 02:00:10 b\n"
    cursor = answer.cursor
    (tmp_path / "rank3.log").write_text("2026-11-22 01:00:00 new\n")
    rest = ["2026-11-22 01:00:00 new\n", "2026-11-22 02:00:11 b\n", "2026-11-22 02:00:12 b\n"]
    assert list(log.lines(after=cursor)) == rest
    (tmp_path / "rank1.log").rename(tmp_path / "rank1.log.1")
    (tmp_path / "rank1.log").write_text("2026-11-22 02:00:13 c\n")
    assert list(log.lines(after=cursor)) == [*rest, "2026-11-22 02:00:13 c\n"]
    (tmp_path / "rank1.log.1").unlink()
    with pytest.raises(logdex.CursorError, match="rank1"):
        log.lines(after=cursor)
    restarted = log.lines(after=cursor, lost="restart")
    assert list(restarted) == [rest[0], rest[2], "2026-11-22 02:00:13 c\n"]
    assert restarted.stats.lost == 1


def test_a_follow_of_many_goes_on(tmp_path: Path) -> None:
    for rank in range(2):
        (tmp_path / f"rank{rank}.log").write_text(f"2026-11-22 02:00:0{rank} a\n")
    log = logdex.open(tmp_path, tz="UTC")
    with log.lines(follow=True) as lines:
        assert take(lines, 2)
        with (tmp_path / "rank1.log").open("a") as file:
            file.write("2026-11-22 01:00:00 b\npart")
        assert next(lines) == "2026-11-22 01:00:00 b\n"
        cursor = lines.cursor
    assert list(log.lines(after=cursor)) == ["part"]
    with (tmp_path / "rank1.log").open("a") as file:
        file.write("ly\n")
    assert list(log.lines(after=cursor)) == ["partly\n"]


def test_the_stream_of_two_logs_has_one_cursor(tmp_path: Path) -> None:
    out, error = tmp_path / "stdout.log", tmp_path / "stderr.log"
    out.write_text("".join(f"2026-11-22 02:00:{second:02} out\n" for second in range(0, 20, 2)))
    error.write_text("".join(f"2026-11-22 02:00:{second:02} error\n" for second in range(1, 20, 2)))
    log = combined(logdex.open(out, tz="UTC"), str(error))
    whole = list(log.lines())
    assert len(whole) == 20
    for number in range(21):
        answer = log.lines()
        taken = take(answer, number)
        assert taken + list(log.lines(after=answer.cursor)) == whole
        assert log.count("error", after=answer.cursor) == 10 - number // 2
    answer = log.lines()
    list(answer)
    with error.open("a") as file:
        file.write("more\n")
    assert list(log.lines(after=answer.cursor)) == ["more\n"]
    error.write_text("anew\n")
    with pytest.raises(logdex.CursorError, match="stderr"):
        log.lines(after=answer.cursor)


def test_the_place_is_told_while_another_thread_waits(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n2\n")
    lines = logdex.open(path).lines(follow=True)
    reader = threading.Thread(target=lambda: list(lines))
    reader.start()
    try:
        eventually(lambda: lines.stats.lines == 2)
        eventually(lambda: list(logdex.open(path).lines(after=lines.cursor)) == [])
    finally:
        lines.close()
        reader.join()


BEGIN = """\
import sqlite3, sys, logdex
from pathlib import Path
path, place, out = map(Path, sys.argv[1:])
"""
BEHIND = (
    BEGIN
    + """\
after = place.read_text() if place.exists() else None
with logdex.open(path).lines(after=after) as lines, out.open("a") as file:
    for line in lines:
        # The work, and then the place.
        file.write(line)
        file.flush()
        place.with_suffix(".new").write_text(lines.cursor)
        place.with_suffix(".new").rename(place)
"""
)
WITH = (
    BEGIN
    + """\
with sqlite3.connect(place) as base:
    base.execute("create table if not exists work(line)")
    base.execute("create table if not exists place(cursor)")
    row = base.execute("select cursor from place").fetchone()
    base.commit()
    with logdex.open(path).lines(after=row and row[0]) as lines, out.open("a") as file:
        for line in lines:
            base.execute("insert into work values (?)", (line,))
            base.execute("delete from place")
            base.execute("insert into place values (?)", (lines.cursor,))
            base.commit()
            # For the one who kills, to see that something has happened.
            file.write(line)
            file.flush()
"""
)


def run_and_kill(program: str, path: Path, place: Path, out: Path) -> int:
    """Runs until it ends by itself, and says how often it was killed before."""
    rng, kills = random.Random(5), 0
    while True:
        before = out.stat().st_size if out.exists() else 0
        child = subprocess.Popen([sys.executable, "-c", program, str(path), str(place), str(out)])
        if kills < 4:
            wanted = before + rng.randrange(1, 200)
            while child.poll() is None and (not out.exists() or out.stat().st_size < wanted):
                pass
            child.send_signal(signal.SIGKILL)
            kills += 1
        if child.wait() == 0:
            return kills


def test_who_is_killed_loses_nothing_with_the_place_stored_after_the_work(tmp_path: Path) -> None:
    path, place, out = tmp_path / "a.log", tmp_path / "place", tmp_path / "out"
    path.write_text("".join(f"{number}\n" for number in range(300)))
    kills = run_and_kill(BEHIND, path, place, out)
    numbers = [int(line) for line in out.read_text().splitlines()]
    assert list(dict.fromkeys(numbers)) == list(range(300))
    # Once for each time that it was killed between the work and the place.
    assert len(numbers) <= 300 + kills


def test_who_is_killed_does_nothing_twice_with_the_place_stored_with_the_work(tmp_path: Path) -> None:
    path, place, out = tmp_path / "a.log", tmp_path / "place.db", tmp_path / "out"
    path.write_text("".join(f"{number}\n" for number in range(300)))
    run_and_kill(WITH, path, place, out)
    with sqlite3.connect(place) as base:
        numbers = [int(line) for (line,) in base.execute("select line from work order by rowid")]
    base.close()
    assert numbers == list(range(300))


# --- what is wrong with cursors


def test_what_is_no_cursor_is_refused(log: Path) -> None:
    answer = logdex.open(log).lines()
    next(answer)
    cursor = answer.cursor
    asked = logdex.open(log)
    for wrong in (
        "",
        "nonsense",
        cursor[:-1],
        cursor.replace('"at":', '"at" :'),
        cursor.replace("logdex1", "logdex2"),
    ):
        with pytest.raises(ValueError, match="cursor"):
            asked.lines(after=wrong)
    with pytest.raises(TypeError, match="after=7"):
        asked.lines(after=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lost='maybe'"):
        asked.lines(after=cursor, lost="maybe")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="exclude each other"):
        asked.lines(after=cursor, last=3)
