"""Stamps without a year, in a directory whose other logs name theirs."""

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import logdex
import pytest
from shell import run

COPIED = datetime(2026, 11, 22, tzinfo=timezone.utc).timestamp()


def _write(path: Path, text: str, changed: float = COPIED) -> None:
    path.write_text(text)
    os.utime(path, (changed, changed))


def _years(path: Path) -> dict[str, int]:
    records = logdex.open(path, tz="UTC").records()
    return {record.text.split()[-1]: record.time.year for record in records if record.time is not None}


@pytest.mark.parametrize(
    ("yearless", "dated", "year"),
    [
        ("Nov 20 06:47:12 host", "2019-11-22 06:47:12", 2019),
        ("Nov 25 06:47:12 host", "2019-11-22 06:47:12", 2019),
        ("Dec 31 23:59:59 host", "2020-01-02 06:47:12", 2019),
        ("Jan 02 06:47:12 host", "2019-12-31 23:59:59", 2020),
        ("I1120 06:47:12.123456 10 x.cc:1]", "2019-11-22T06:47:12Z", 2019),
    ],
)
def test_the_year_is_that_of_the_logs_beside(tmp_path: Path, yearless: str, dated: str, year: int) -> None:
    _write(tmp_path / "rank0.log", f"{yearless} first\n")
    _write(tmp_path / "rank1.log", f"start\n{dated} second\nmore\n")
    assert _years(tmp_path)["first"] == year
    _, lines, _ = run("--json", "--tz", "UTC", tmp_path)
    years = {json.loads(line)["text"].split()[-1]: json.loads(line)["time"][:4] for line in lines}
    assert years["first"] == str(year)
    _, lines, _ = run("--json", "--tz", "UTC", "--reference", "2010-12-31", tmp_path)
    assert {json.loads(line)["time"][:4] for line in lines if "first" in line} <= {"2009", "2010"}


def test_nothing_was_written_after_its_file_was_changed(tmp_path: Path) -> None:
    changed = datetime(2026, 11, 22, tzinfo=timezone.utc).timestamp()
    _write(tmp_path / "rank0.log", "Dec 25 06:47:12 host first\n", changed)
    _write(tmp_path / "rank1.log", "2026-11-21 06:47:12 second\n", changed)
    assert _years(tmp_path) == {"first": 2025, "second": 2026}


def test_logs_elsewhere_say_nothing(tmp_path: Path) -> None:
    for name, text in (("a", "Nov 20 06:47:12 host first\n"), ("b", "2019-11-22 06:47:12 second\n")):
        (tmp_path / name).mkdir()
        _write(tmp_path / name / "rank0.log", text)
    assert _years(tmp_path) == {"first": 2026, "second": 2019}


def test_a_follow_puts_29_february_into_a_year_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("Feb 28 23:00:00 host a\n")
    log = logdex.open(path, tz="UTC", reference=datetime(2026, 3, 2, tzinfo=timezone.utc))
    with log.records(follow=True) as records:
        next(records)
        with path.open("a") as file:
            file.write("Feb 28 23:59:59 host b\nFeb 29 00:00:01 host c\nMar  1 06:00:00 host d\n")
        live = [next(records).time for _ in range(3)]
    assert live[1:] == [record.time for record in log.records()][2:]
    assert live[1] == datetime(2024, 2, 29, 0, 0, 1, tzinfo=timezone.utc)
