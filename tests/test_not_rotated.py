"""Files that are called like rotations and are none: of jobs, of days, of ranks. Each is a log that may grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import logdex
import pytest
from logdex.inputs.rotation import rotations

JOBS = ["slurm-{}.out", "train-{}.log", "job_{}.out", "{}.out", "log.{}.err", "train.out.{}"]
DAYS = [
    "app-2026-11-{}.log",
    "app.log.2026-11-{}",
    "app-202611{}.log",
    "app_2026-11-{}.log",
    "app.log-202611{}02",
    "app.log.{}",
]


def write(path: Path, *lines: str) -> None:
    with path.open("a") as log:
        log.writelines(f"2026-11-22 02:00:00 {line}\n" for line in lines)


def as_they_come(lines: Iterator[str], written: dict[str, Path]) -> list[str]:
    """What a follow gives after each word that is written to a log, one by one."""
    taken = []
    for word, path in written.items():
        write(path, word)
        taken.append(next(lines))
    return taken


def words(lines: list[str]) -> list[str]:
    return [line.split()[-1] for line in lines]


@pytest.mark.parametrize("name", JOBS)
def test_the_number_of_a_job_is_no_date(tmp_path: Path, name: str) -> None:
    first, second, third = (tmp_path / name.format(17654321 + number) for number in range(3))
    write(first, "a")
    write(second, "b")
    log = logdex.open(tmp_path)
    assert len(log.sources) == 2
    with log.lines(follow=True) as lines:
        taken = [next(lines) for _ in "ab"]
        taken += as_they_come(lines, {"c": first, "d": second, "e": third})
    assert words(taken) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("more", "rotated"),
    [
        ("-20261122", True),
        ("-2026112202", True),
        (".20261122-021000", True),
        (".2026-11-22_02-10", True),
        ("-20261122-1795312800", True),
        (".1", True),
        ("-17654321", False),
        ("-20261322", False),
        ("-20261132", False),
        ("-2026112277", False),
        ("-2026-1122", False),
    ],
)
def test_what_a_rotation_appends_is_a_number_or_a_day(tmp_path: Path, more: str, rotated: bool) -> None:
    for end in (more, ""):
        (tmp_path / f"app.log{end}").write_text("x\n")
    assert len(list(rotations(str(tmp_path / "app.log"), usual=True))) == rotated
    assert len(logdex.open(tmp_path / "app.log", rotated=True).parts) == 1 + rotated


@pytest.mark.parametrize("glob", [False, True])
@pytest.mark.parametrize("name", DAYS)
def test_a_follow_takes_in_the_file_of_a_new_day(tmp_path: Path, name: str, glob: bool) -> None:
    first, second, third = (tmp_path / name.format(day) for day in (22, 23, 24))
    write(first, "a")
    log = logdex.open(tmp_path / "app*" if glob else tmp_path)
    with log.lines(follow=True) as lines:
        taken = [next(lines), *as_they_come(lines, {"b": second, "c": first, "d": third, "e": second})]
    assert words(taken) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("name", ["train.log.{}", "slurm-2026112{}.out"])
def test_a_follow_reads_each_of_files_that_all_grow(tmp_path: Path, name: str) -> None:
    ranks = [tmp_path / name.format(number) for number in range(4)]
    for rank in ranks:
        write(rank, "first")
    with logdex.open(tmp_path).lines(follow=True) as lines:
        taken = [next(lines) for _ in ranks]
        for turn in "abc":
            for number, rank in enumerate(ranks):
                write(rank, f"{turn}{number}")
                taken.append(next(lines))
    assert words(taken) == ["first"] * 4 + [f"{turn}{number}" for turn in "abc" for number in range(4)]


def test_a_follow_reads_once_what_is_renamed_where_no_log_has_the_name(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path / f"app.log.{number}", str(number))
    with logdex.open(tmp_path).lines(follow=True) as lines:
        taken = [next(lines), next(lines)]
        (tmp_path / "app.log.2").rename(tmp_path / "app.log.3")
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        write(tmp_path / "app.log", "new")
        taken.append(next(lines))
        write(tmp_path / "b.log", "other")
        taken.append(next(lines))
    assert words(taken) == ["2", "1", "new", "other"]


def test_what_was_read_compressed_is_not_new_when_it_is_unpacked(tmp_path: Path) -> None:
    import gzip

    text = "2026-11-22 02:00:00 old\n"
    (tmp_path / "app-2026-11-21.log.gz").write_bytes(gzip.compress(text.encode()))
    write(tmp_path / "app-2026-11-22.log", "a")
    with logdex.open(tmp_path).lines(follow=True) as lines:
        taken = [next(lines), next(lines)]
        (tmp_path / "app-2026-11-21.log").write_text(text)
        write(tmp_path / "app-2026-11-23.log", "b")
        taken.append(next(lines))
    assert words(taken) == ["old", "a", "b"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("app.log.*", ["2", "1"]),
        ("app.log.2*", ["2"]),
        ("app.log*", ["2", "1", "0"]),
        ("app-*.log", ["day"]),
        ("app*.log", ["day", "0"]),
        ("*", ["2", "1", "day", "0"]),
        ("s*", ["sub"]),
    ],
)
@pytest.mark.parametrize("follow", [False, True])
def test_a_glob_reads_what_it_means_and_nothing_else(
    tmp_path: Path, pattern: str, expected: list[str], follow: bool
) -> None:
    for name, line in {
        "app.log.2": "2",
        "app.log.1": "1",
        "app-2026-11-22.log": "day",
        "app.log": "0",
    }.items():
        write(tmp_path / name, line)
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "x.log.1", "sub")
    if pattern == "*":
        expected = [*expected, "sub"]
    log = logdex.open(str(tmp_path / pattern))
    with log.lines(follow=follow) as lines:
        assert sorted(words([next(lines) for _ in expected])) == sorted(expected)
        if follow and pattern == "app.log.2*":
            write(tmp_path / "app.log", "not meant")
            write(tmp_path / "app.log.2", "more")
        elif follow:
            write(tmp_path / "app.log", "more")
        if follow and pattern in ("app.log.2*", "app.log*", "app*.log", "*"):
            assert words([next(lines)]) == ["more"]
    assert log.count() == len(expected) + (
        0 if not follow else pattern in ("app.log.2*", "app.log*", "app*.log", "*")
    )


def test_a_file_of_a_day_that_was_rotated_itself_comes_once(tmp_path: Path) -> None:
    write(tmp_path / "app-2026-11-22.log.1", "old")
    write(tmp_path / "app-2026-11-22.log", "new")
    assert sorted(words(list(logdex.open(tmp_path).lines()))) == ["new", "old"]


def test_a_rotation_that_is_named_with_its_log_is_followed_whatever_it_is_called(tmp_path: Path) -> None:
    """As a shell writes `app.log*` out."""
    files = [tmp_path / name for name in ("app.log", "app.log.1", "app.log.2")]
    for number, file in enumerate(files):
        write(file, str(2 - number))
    with logdex.open(files).lines(follow=True) as lines:
        taken = [next(lines) for _ in files]
        for older, newer in ((3, 2), (2, 1)):
            (tmp_path / f"app.log.{newer}").rename(tmp_path / f"app.log.{older}")
        files[0].rename(files[1])
        for number in (3, 4):
            write(files[0], str(number))
            taken.append(next(lines))
    assert sorted(words(taken[:3])) == ["0", "1", "2"]
    assert words(taken[3:]) == ["3", "4"]
