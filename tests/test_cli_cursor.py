"""`logdex --cursor-file`: each line once, over several calls."""

from __future__ import annotations

import gzip
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import LINES, Following, run


def test_each_call_shows_what_the_last_one_did_not(log: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    assert run("--cursor-file", place, log) == (0, LINES, "")
    stored = place.read_text()
    assert run("--cursor-file", place, log) == (1, [], "")
    assert place.read_text() == stored
    with log.open("a") as file:
        file.write("2026-11-22 02:13:00 ERROR more\nunfinished")
    assert run("--cursor-file", place, "-e", "ERROR", log)[1] == ["2026-11-22 02:13:00 ERROR more\n"]
    # What a regex leaves out of a line that is not finished may yet be in it.
    assert run("--cursor-file", place, log)[1] == ["unfinished\n"]
    assert run("--cursor-file", place, log)[1] == []
    with log.open("a") as file:
        file.write(" no more\n")
    assert run("--cursor-file", place, "--json", log)[1][0].count("unfinished no more") == 1
    assert not list(tmp_path.glob(".cursor-*"))


def test_rotated_files_come_first(log: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    run("--cursor-file", place, "--until", "2026-11-22 02:10:00", log)
    with log.open("a") as file:
        file.write("2026-11-22 02:14:00 last of the old\n")
    log.rename(f"{log}.1")
    log.write_text("2026-11-22 02:15:00 first of the new\n")
    status, lines, error = run("--cursor-file", place, "--no-labels", log)
    assert (status, error) == (0, "")
    assert lines == ["2026-11-22 02:14:00 last of the old\n", "2026-11-22 02:15:00 first of the new\n"]


def test_calls_go_on_over_any_number_of_rotations(log: Path, tmp_path: Path) -> None:
    """Also where the oldest file is deleted, all of which was shown."""
    place, files = tmp_path / "place", [Path(f"{log}.{number}") for number in (3, 2, 1)]
    assert run("--cursor-file", place, log)[0] == 0
    for turn in range(12):
        with log.open("a") as file:
            file.write(f"2026-11-22 02:20:{2 * turn:02} old {turn}\n")
        if turn % 4 != 3:
            for older, newer in zip(files, [*files[1:], log], strict=True):
                if newer.exists():
                    newer.replace(older)
        with log.open("a") as file:
            file.write(f"2026-11-22 02:20:{2 * turn + 1:02} new {turn}\n")
        if turn % 3 == 1:
            # Of several files, one behind the other, not all may be shown in one call.
            continue
        status, lines, error = run("--cursor-file", place, "--no-labels", log)
        assert (status, error) == (0, "")
        told = range(turn - 1 if turn % 3 == 2 else turn, turn + 1)
        assert [line.split(maxsplit=2)[2] for line in lines] == [
            f"{word} {number}\n" for number in told for word in ("old", "new")
        ]


@pytest.mark.parametrize("early", [False, True])
def test_a_log_of_another_worker_is_no_rotation(tmp_path: Path, early: bool) -> None:
    """`worker.1.log` may be what `worker.log` was called before, or of worker 1: the cursor knows."""
    log, other, place = tmp_path / "worker.log", tmp_path / "worker.1.log", tmp_path / "place"
    log.write_text("a\n")
    if early:
        other.write_text("of worker 1\n")
    assert run("--cursor-file", place, log)[1] == ["a\n"]
    for line in "bc":
        for file, text in ((other, "of worker 1\n"), (log, f"{line}\n")):
            with file.open("a") as out:
                out.write(text)
        assert run("--cursor-file", place, log)[1] == [f"{line}\n"]


def test_numbers_inside_are_of_rotations_where_the_log_was_called_so(tmp_path: Path) -> None:
    """logrotate's `extension`."""
    log, place = tmp_path / "app.log", tmp_path / "place"
    log.write_text("a\n")
    assert run("--cursor-file", place, log)[1] == ["a\n"]
    with log.open("a") as out:
        out.write("b\n")
    log.rename(tmp_path / "app.2.log")
    (tmp_path / "app.1.log").write_text("c\n")
    log.write_text("d\n")
    assert run("--cursor-file", place, "--no-labels", log)[1] == ["b\n", "c\n", "d\n"]
    (tmp_path / "app.2.log").rename(tmp_path / "app.3.log")
    (tmp_path / "app.1.log").rename(tmp_path / "app.2.log")
    log.rename(tmp_path / "app.1.log")
    log.write_text("e\n")
    assert run("--cursor-file", place, "--no-labels", log)[1] == ["e\n"]


def test_what_was_rotated_has_the_label_of_its_log(tmp_path: Path) -> None:
    place, job = tmp_path / "place", tmp_path / "job"
    job.mkdir()
    paths = [job / f"rank{rank}.log" for rank in range(3)]
    for rank, path in enumerate(paths):
        path.write_text(f"2026-11-22 02:00:0{rank} a\n")
    assert len(run("--cursor-file", place, *paths)[1]) == 3
    with paths[2].open("a") as file:
        file.write("2026-11-22 02:00:05 b\n")
    paths[2].rename(f"{paths[2]}.1")
    paths[2].write_text("2026-11-22 02:00:06 c\n")
    lines = run("--cursor-file", place, *paths)[1]
    assert [line.replace(" 2026-11-22 02:00", "") for line in lines] == ["rank2:05 b\n", "rank2:06 c\n"]


def test_a_follow_of_many_that_is_interrupted_keeps_its_place(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    place, job = tmp_path / "place", tmp_path / "job"
    job.mkdir()
    for rank in range(3):
        (job / f"rank{rank}.log").write_text(f"2026-11-22 02:00:0{rank} a\n")
    assert len(run("--cursor-file", place, job)[1]) == 3
    for turn in range(2):
        one = Following("--cursor-file", place, job)
        with (job / "rank1.log").open("a") as file:
            file.write(f"2026-11-22 02:01:00 b {turn}\n")
        assert one.line().endswith(f"b {turn}\n")
        before = place.read_text()
        if turn:
            # Nothing comes after it, and the place is stored all the same.
            eventually(lambda before=before: place.read_text() != before)
            one.process.kill()
            one.process.communicate()
        else:
            assert one.interrupt() == (130, "")
        assert run("--cursor-file", place, job) == (1, [], "")


def test_many_files_have_one_place(tmp_path: Path) -> None:
    place, job = tmp_path / "place", tmp_path / "job"
    job.mkdir()
    for rank in range(2):
        (job / f"rank{rank}.log").write_text(f"2026-11-22 02:00:0{rank} a\n")
    assert len(run("--cursor-file", place, job)[1]) == 2
    with (job / "rank0.log").open("a") as file:
        file.write("2026-11-22 01:00:00 late\n")
    assert run("--cursor-file", place, job)[1] == ["rank0 2026-11-22 01:00:00 late\n"]


@pytest.mark.parametrize("step", [(), ("--step", "0..")])
def test_a_log_without_times_keeps_its_place_where_a_range_leaves_it_out(
    tmp_path: Path, step: tuple[str, ...]
) -> None:
    place, logs = tmp_path / "place", tmp_path / "logs"
    logs.mkdir()
    (logs / "bare.log").write_text("plain\n")
    (logs / "timed.log").write_text("2026-11-22 02:00:00 step=1\n")
    assert len(run("--cursor-file", place, logs)[1]) == 2
    with (logs / "timed.log").open("a") as file:
        file.write("2026-11-22 02:00:05 step=2\n")
    status, lines, error = run("--cursor-file", place, "--since", "2026-11-22", *step, logs)
    assert (status, lines) == (2, ["timed.log 2026-11-22 02:00:05 step=2\n"])
    assert "bare.log: no line has a time" in error
    assert "cursor" not in error
    with (logs / "bare.log").open("a") as file:
        file.write("new\n")
    assert run("--cursor-file", place, logs)[1] == ["bare.log new\n"]


def test_a_follow_that_is_killed_shows_little_twice_and_loses_nothing(
    log: Path, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    place = tmp_path / "place"
    one = Following("--cursor-file", place, log)
    assert [one.line() for _ in LINES] == LINES
    with log.open("a") as file:
        file.write("one more\n")
    assert one.line() == "one more\n"
    first = place.stat().st_mtime_ns if place.exists() else 0
    # Stored behind it a moment later, at the latest after the next line.
    eventually(lambda: place.exists() and place.stat().st_mtime_ns > first)
    one.process.kill()
    one.process.communicate()
    with log.open("a") as file:
        file.write("two more\n")
    shown = run("--cursor-file", place, log)[1]
    assert shown[-1] == "two more\n"
    assert [*LINES, "one more\n", "two more\n"][-len(shown) :] == shown


def test_what_is_wrong_is_said(log: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    for options in (["-n", "3"], ["-c"], ["-C", "1"], ["--records", "-e", "x"], ["-m", "1"]):
        status, lines, error = run("--cursor-file", place, *options, log)
        assert (status, lines) == (2, [])
        assert "leave out" in error
        assert options[0] in error.partition("leave out")[2]
    for text in (b"no cursor\n", b"logdex1:cut", b"\xff\xfe\n"):
        place.write_bytes(text)
        status, lines, error = run("--cursor-file", place, log)
        assert (status, lines, place.read_bytes()) == (2, [], text)
        assert error.startswith(f"logdex: {place}: not a cursor")
    run("--cursor-file", tmp_path / "other", log)
    log.write_text("written anew\n")
    status, lines, error = run("--cursor-file", tmp_path / "other", log)
    assert (status, lines) == (2, [])
    assert "not the log that the cursor knows" in error


def stamped(second: int, text: str) -> str:
    return f"2026-11-22 02:00:{second:02} {text}\n"


def texts(lines: list[str]) -> list[str]:
    """What lines say behind their label and time."""
    return [line.rsplit(maxsplit=1)[1] for line in lines]


def write(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(lines)


class Job:
    """A directory of two logs, of which the first is rotated while it is followed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder / "job", folder / "place"
        self.folder.mkdir()
        self.log = self.folder / "rank0.log"
        write(self.log, stamped(0, "a0"))
        write(self.folder / "rank1.log", stamped(0, "b0"))

    def old(self, number: int, more: str = "") -> Path:
        return Path(f"{self.log}.{number}{more}")

    def rotate(self, kept: int = 3) -> None:
        for number in range(kept, 1, -1):
            for more in ("", ".gz"):
                if self.old(number - 1, more).exists():
                    self.old(number - 1, more).replace(self.old(number, more))
        self.log.rename(self.old(1))

    def follow(self) -> Following:
        return Following("--cursor-file", self.place, self.folder)

    def read(self) -> list[str]:
        status, lines, error = run("--cursor-file", self.place, self.folder)
        assert (status, error) == (0 if lines else 1, "")
        return texts(lines)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_what_was_rotated_while_it_was_followed_is_not_shown_again(job: Job) -> None:
    one = job.follow()
    assert sorted(texts([one.line(), one.line()])) == ["a0", "b0"]
    for turn in range(1, 6):
        job.rotate()
        write(job.log, stamped(turn, f"a{turn}"))
        assert texts([one.line()]) == [f"a{turn}"]
    assert one.interrupt() == (130, "")
    assert job.read() == []
    write(job.log, stamped(9, "new"))
    assert job.read() == ["new"]
    # Of the files that a follow has left, those that are deleted are not missed, nor those that are compressed.
    job.rotate()
    job.old(2, ".gz").write_bytes(gzip.compress(job.old(2).read_bytes()))
    job.old(2).unlink()
    write(job.log, stamped(10, "newer"))
    assert job.read() == ["newer"]
    one = job.follow()
    job.rotate()
    write(job.log, stamped(11, "newest"))
    assert texts([one.line()]) == ["newest"]
    assert one.interrupt() == (130, "")
    assert job.read() == []


def test_what_is_written_late_to_a_file_that_a_follow_left_is_shown(job: Job) -> None:
    for arguments in ([job.folder], [job.log]):
        one = Following("--cursor-file", job.place, *arguments)
        write(job.log, stamped(1, "old"))
        while not one.line().endswith("old\n"):
            pass
        job.rotate()
        write(job.log, stamped(2, "new"))
        assert one.line().endswith("new\n")
        assert one.interrupt() == (130, "")
        write(job.old(1), stamped(1, "late"))
        write(job.log, stamped(3, "newer"))
        lines = run("--cursor-file", job.place, *arguments)[1]
        assert texts(lines) == ["late", "newer"]
        assert run("--cursor-file", job.place, *arguments) == (1, [], "")
        job.place.unlink()


def test_the_copy_of_a_log_that_was_cut_while_it_was_followed_is_not_shown_again(job: Job) -> None:
    one = job.follow()
    assert sorted(texts([one.line(), one.line()])) == ["a0", "b0"]
    for turn in range(3):
        write(job.log, stamped(1, f"long-{turn}"))
        assert texts([one.line()]) == [f"long-{turn}"]
        if job.old(1).exists():
            job.old(1).replace(job.old(2))
        job.old(1).write_bytes(job.log.read_bytes())
        with job.log.open("r+") as file:
            file.truncate()
        write(job.log, f"{turn}\n")
        assert texts([one.line()]) == [f"{turn}"]
    assert one.interrupt() == (130, "")
    assert job.read() == []
    write(job.log, stamped(9, "new"))
    assert job.read() == ["new"]


def test_the_oldest_file_of_a_directory_may_be_deleted(job: Job) -> None:
    """All of it was shown; where some of it was not, that is said."""
    for turn in range(6):
        write(job.log, stamped(2 * turn, f"old-{turn}"))
        job.rotate()
        write(job.log, stamped(2 * turn + 1, f"new-{turn}"))
        read = [one for one in job.read() if one not in ("a0", "b0")]
        assert read == [f"old-{turn}", f"new-{turn}"]
    # Of this one nobody can know.
    write(job.log, stamped(30, "x"))
    job.log.unlink()
    write(job.log, stamped(31, "y"))
    status, lines, error = run("--cursor-file", job.place, job.folder)
    assert (status, lines) == (2, [])
    assert f"{job.log}: this is not the log that the cursor knows" in error


def test_a_log_that_is_not_asked_for_is_named(tmp_path: Path) -> None:
    place, a, b = tmp_path / "place", tmp_path / "a.log", tmp_path / "b.log"
    for path in (a, b):
        write(path, stamped(0, path.name))
    assert len(run("--cursor-file", place, a, b)[1]) == 2
    status, lines, error = run("--cursor-file", place, a)
    assert (status, lines) == (2, [])
    assert error == (
        f"logdex: {b}: the cursor has a place in this log too, which is there but not among those that are asked for, "
        f"and would be forgotten; remove {place} to begin anew with what is there now\n"
    )


@pytest.mark.parametrize("what", ["folder", "log"])
def test_a_file_that_came_and_went_unseen_is_shown_by_the_next_call(job: Job, what: str) -> None:
    one = Following("--cursor-file", job.place, getattr(job, what))
    assert one.line()
    write(job.log, stamped(1, "old"))
    while not one.line().endswith("old\n"):
        pass
    # Two rotations while the follow does not look.
    one.process.send_signal(signal.SIGSTOP)
    for text in ("unseen", "new"):
        job.rotate()
        write(job.log, stamped(2, text))
    one.process.send_signal(signal.SIGCONT)
    assert one.line().endswith("new\n")
    assert one.interrupt() == (130, "")
    assert texts(run("--cursor-file", job.place, getattr(job, what))[1]) == ["unseen"]
    assert run("--cursor-file", job.place, getattr(job, what)) == (1, [], "")
