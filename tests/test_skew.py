"""Clocks of sources that were behind or ahead: a line's time is its stamp and that, everywhere."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import logdex
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logdex.inputs.skew import Skews
from shell import run

START = datetime(2026, 11, 22, 2, 10, tzinfo=timezone.utc)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two hosts, of which the second's clock is 2.4 s behind: its lines came right after the first's."""
    made = tmp_path / "job"
    made.mkdir()
    for host, behind in (("host0", 0.0), ("host1", 2.4)):
        stamps = [START + timedelta(seconds=n + (0.5 if host == "host1" else 0) - behind) for n in range(20)]
        text = "".join(f"{stamp:%Y-%m-%d %H:%M:%S.%f} {host} {n}\n" for n, stamp in enumerate(stamps))
        (made / f"{host}.log").write_text(text)
    return made


def texts(lines: list[str]) -> list[str]:
    return [" ".join(line.split()[2:]) for line in lines]


IN_ORDER = [f"host{host} {n}" for n in range(20) for host in (0, 1)]


def test_the_lines_of_a_directory_are_in_the_order_of_what_the_stamps_mean(folder: Path) -> None:
    log = logdex.open(folder, tz="UTC", skew={"host1": "+2.4s"})
    assert texts(list(log.lines())) == IN_ORDER
    assert texts(list(logdex.open(folder, tz="UTC").lines())) != IN_ORDER
    records = list(log.records())
    assert [record.time for record in records[:2]] == [START, START + timedelta(seconds=0.5)]
    assert log.span() == (START, START + timedelta(seconds=19.5))


def test_a_range_compares_what_the_stamps_mean(folder: Path) -> None:
    log = logdex.open(folder, tz="UTC", skew={"host*": "2400ms", "host0.log": "0s"})
    since, until = START + timedelta(seconds=5), START + timedelta(seconds=6)
    expected = ["host0 5", "host1 5", "host0 6"]
    assert texts(list(log.lines(since=since, until=until))) == expected
    assert log.count(since=since, until=until) == 3
    one = logdex.open(folder / "host1.log", tz="UTC", skew=timedelta(seconds=2.4))
    assert texts(list(one.lines(since=since, until=until))) == ["host1 5"]
    named = logdex.open(folder / "host1.log", tz="UTC", skew={"host1": "1s1400ms"})
    assert [record.time for record in named.records()] == [record.time for record in one.records()]


def test_a_merge_and_a_cursor_agree(folder: Path) -> None:
    def log() -> logdex.Log:
        return logdex.open(folder, tz="UTC", skew={"host1": "+2.4s"})

    both = {
        0: logdex.open(folder / "host0.log", tz="UTC"),
        1: logdex.open(folder / "host1.log", tz="UTC", skew="+2.4s"),
    }
    assert texts([record.text for _, record in logdex.merge(both)]) == IN_ORDER
    with log().lines() as lines:
        first = [next(lines) for _ in range(13)]
        cursor = lines.cursor
    assert texts(first + list(log().lines(after=cursor))) == IN_ORDER
    since = START + timedelta(seconds=3)
    expected = [one for one in IN_ORDER[13:] if int(one.split()[1]) >= 3]
    assert texts(list(log().lines(after=cursor, since=since))) == expected


def test_columns_and_parts_of_them_have_the_same_times(folder: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from logdex.tables.split import splits

    skew = {"host1": "+2.4s"}
    table = pyarrow.table(logdex.open(folder, tz="UTC", skew=skew).arrow(columns=["time", "text"]))
    assert texts([f"a b {text.split(' ', 2)[2]}" for text in table["text"].to_pylist()]) == IN_ORDER
    parts = splits(folder, tz="UTC", skew=skew, columns=["time", "text"])
    rows = pyarrow.concat_tables(part.table() for part in parts).sort_by("time")
    assert rows["text"].to_pylist() == table["text"].to_pylist()
    assert rows["time"].to_pylist() == table["time"].to_pylist()


def test_lines_of_which_more_than_a_look_is_needed_are_as_late(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(
        "2026-11-22T02:10:00Z a\nNov 22 02:10:01 host x: b\n  goes on\n"
        "[rank0]: 2026-11-22 02:10:02,123 INFO c of some length\n"
        "[rank0]: 2026-11-22 02:10:03,123 INFO d of some length\n"
    )
    plain = [record.time for record in logdex.open(path, tz="UTC").records()]
    late = [record.time for record in logdex.open(path, tz="UTC", skew="-1h").records()]
    assert [time and time - timedelta(hours=1) for time in plain] == late


@given(st.integers(-(10**9), 10**9))
def test_amounts_are_exact(microseconds: int) -> None:
    sign = "-" if microseconds < 0 else "+"
    said = f"{sign}{abs(microseconds) // 10**6}.{abs(microseconds) % 10**6:06}s"
    assert Skews(said).of("any") == microseconds * 1000
    assert Skews(timedelta(microseconds=microseconds)).of("any") == microseconds * 1000


@pytest.mark.parametrize(
    "amount", ["", "2", "s", "+-1s", "1s 2ms", "1 s", "1y", "\u0661s", "1s2", "nan", "9999999h"]
)
def test_what_is_no_amount_is_refused(amount: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="skew"):
        logdex.open(tmp_path / "log", skew=amount)
    with pytest.raises(ValueError, match="skew"):
        logdex.open([tmp_path / "a", tmp_path / "b"], skew={"a": amount})


def test_what_is_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"2\.4"):
        logdex.open(tmp_path / "log", skew=2.4)  # type: ignore[arg-type]


def test_a_name_of_no_source_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"'host7'.*host0\.log, host1\.log"):
        logdex.open(folder, skew={"host7": "1s"}).count()
    with pytest.raises(ValueError, match=r"'host7'.*host1"):
        logdex.open(folder / "host1.log", skew={"host7": "1s"})


def test_a_source_that_comes_later_is_known_by_its_name(folder: Path) -> None:
    log = logdex.open(folder, tz="UTC", skew={"host2": "1h"})
    with log.records(follow=True) as records:
        for _ in range(40):
            next(records)
        (folder / "host2.log").write_text("2026-11-22 02:10:00 late\n")
        late = next(records)
    assert late.time == START + timedelta(hours=1)


def test_the_command_shows_and_compares_by_it(folder: Path) -> None:
    asked = ("--tz", "UTC", "--skew", "host1=+2.4s", "--json", "--since", "2026-11-22 02:10:19", folder)
    status, lines, _ = run(*asked)
    rows = [json.loads(line) for line in lines]
    assert status == 0
    assert [row["text"].split()[2] for row in rows] == ["host0", "host1"]
    assert rows[1]["time"].startswith("2026-11-22T02:10:19.5")
    _, shown, _ = run("--tz", "UTC", "--time", "utc", "--skew", "+2.4s", folder / "host1.log")
    assert "02:10:00.5" in shown[0]
    # A clock that was ahead.
    status, shown, error = run("--tz", "UTC", "--time", "utc", "--skew", "-1m", folder / "host1.log")
    assert (status, error) == (0, "")
    assert shown[0].startswith("2026-11-22 02:08:58.1")


@pytest.mark.parametrize("word", ["host7=1s", "host1=1", "=", "host1="])
def test_the_command_refuses_other_words(folder: Path, word: str) -> None:
    status, lines, error = run("--skew", word, folder)
    assert (status, lines) == (2, [])
    assert "skew" in error


def test_a_source_is_called_by_its_label_a_part_of_it_or_a_pattern() -> None:
    skews = Skews({"host1": "1s", "host1/rank3.log": "2s", "gpu-*": "3s", "rank7": "4s"})
    expected = {
        "host1.log": 1,
        "host1/rank0.log": 1,
        "host1.example.com": 1,
        "host1/rank3.log": 2,
        "gpu-11/rank7.log": 3,
        "a/rank7.log": 4,
        "host10.log": 0,
        "host": 0,
    }
    assert {label: skews.of(label) // 10**9 for label in expected} == expected


def test_ranks_by_the_command_go_by_it_too(tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    for rank, end, wrong in ((0, 10, ["ERROR no disk"]), (1, 35, ["ERROR the loss is lost"]), (2, 40, [])):
        rows = [f"2026-11-22 02:10:{second:02} INFO working\n" for second in range(end)]
        rows += [f"2026-11-22 02:10:{end} {said}\n" for said in wrong]
        (job / f"rank{rank}.log").write_text("".join(rows))
    first = {}
    for skew in ("0s", "-30s"):
        told = logdex.open(job, tz="UTC", skew={"rank1": skew}).ranks("ERROR")
        first[skew] = told.diagnosis.ranks
        status, out, _ = run("ranks", "--tz", "UTC", "-e", "ERROR", "--skew", f"rank1={skew}", "--json", job)
        assert (status, json.loads("".join(out))) == (
            told.diagnosis.status,
            json.loads(json.dumps(told.diagnosis.to_dict())),
        )
    assert first == {"0s": ("0",), "-30s": ("1",)}
    status, out, error = run("ranks", "--skew", "rank7=1s", job)
    assert (status, out) == (2, [])
    assert "there is no source 'rank7'; there are rank0, rank1, rank2" in error
