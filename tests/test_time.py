"""Times through the public interface: the table of formats, ranges, records, spans."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import logdex
import pytest

_DATA = Path(__file__).parent / "data"
_REFERENCE = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def _rows(name: str) -> list[list[str]]:
    rows = (_DATA / name).read_text().splitlines()[1:]
    return [row.split("\t") for row in rows]


def _unescape(field: str) -> bytes:
    known = {"t": b"\t", "r": b"\r", "n": b"\n", "\\": b"\\"}
    pieces = re.split(r"(\\x[0-9a-f]{2}|\\.)", field)
    return b"".join(
        bytes([int(p[2:], 16)]) if p.startswith("\\x") else known[p[1]] if p.startswith("\\") else p.encode()
        for p in pieces
    )


def _expected(text: str) -> datetime:
    # `fromisoformat` of Python 3.10 knows neither Z nor fractions of other lengths than 3 and 6.
    text = re.sub(r"\.(\d+)", lambda m: "." + m[1][:6].ljust(6, "0"), text.replace("Z", "+00:00"))
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


_TABLE = [
    row
    for name in ("line", "more", "program", "everyday", "fresh", "real")
    for row in _rows(f"{name}_times.tsv")
]


@pytest.mark.parametrize("row", _TABLE, ids=[row[0] for row in _TABLE])
def test_every_format_gives_its_time(row: list[str]) -> None:
    _, line, expected, flags = row
    for found in (
        logdex.parse_time(_unescape(line), tz="UTC", reference=_REFERENCE),
        logdex.parse_time(_unescape(line).decode(errors="replace"), tz="UTC", reference=_REFERENCE),
    ):
        if "vote" in flags:
            assert found is None
        else:
            assert found == _expected(expected)


@pytest.mark.parametrize("row", _TABLE, ids=[row[0] for row in _TABLE])
def test_a_file_of_such_lines_has_these_times(row: list[str], tmp_path: Path) -> None:
    _, line, expected, _ = row
    log = tmp_path / "a.log"
    log.write_bytes((_unescape(line).rstrip(b"\n") + b"\n") * 5)
    records = list(logdex.open(log, tz="UTC", reference=_REFERENCE).records())
    assert [(r.time, r.how, r.number) for r in records] == [
        (_expected(expected), "own", n) for n in range(1, 6)
    ]


_NOT = _rows("not_times.tsv")


@pytest.mark.parametrize("row", _NOT, ids=[row[0] for row in _NOT])
def test_what_looks_like_a_time_is_none(row: list[str]) -> None:
    assert logdex.parse_time(_unescape(row[1]), tz="UTC", reference=_REFERENCE) is None


def test_the_zone_of_naive_stamps() -> None:
    line = "2026-07-01 12:00:00 x"
    assert logdex.parse_time(line, tz="Asia/Kolkata") == datetime(2026, 7, 1, 6, 30, tzinfo=timezone.utc)
    found = logdex.parse_time("2026-07-01T12:00:00-08:00 x", tz="Asia/Kolkata")
    assert found is not None
    assert found.utcoffset() == timedelta(hours=-8)


_LOG = """\
starting up
2026-11-22 10:00:00,500 INFO a
  and more
2026-11-22 10:00:01 INFO b
[rank3]: 2026-11-22 10:00:02,000 ERROR c
[rank0]: 2026-11-22 10:00:05,000 INFO d
[rank3]: Traceback (most recent call last):
2026-11-22 10:00:04,000 INFO late
"""


@pytest.fixture
def log(tmp_path: Path) -> logdex.Log:
    path = tmp_path / "a.log"
    path.write_text(_LOG)
    return logdex.open(path, tz="UTC")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-22 10:00:{text}")


@pytest.mark.parametrize(
    ("since", "until", "lines"),
    [
        (None, None, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("00.500", None, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("00.500999", "00.600", [0, 1, 2]),
        ("00.501", "00.999999", []),
        ("01.999999", "01.999999", [3]),
        ("02", "02", [4, 6]),
        ("03", None, [5, 7]),
        ("04", "04", [7]),
        ("05", "04", []),
        ("06", None, []),
    ],
)
def test_both_ends_are_included(
    log: logdex.Log, since: str | None, until: str | None, lines: list[int]
) -> None:
    def full(text: str | None) -> datetime | None:
        return (
            None if text is None else _at(text + ("." if "." not in text else "") + "0" * (6 - len(text[3:])))
        )

    expected = [_LOG.splitlines(keepends=True)[n] for n in lines]
    assert list(log.lines(since=full(since), until=full(until))) == expected
    assert log.count(since=full(since), until=full(until)) == len(lines)
    assert [r.text for r in log.records(since=full(since), until=full(until))] == expected
    assert [r.number - 1 for r in log.records(since=full(since), until=full(until))] == lines
    if lines:
        assert list(log.lines(since=full(since), until=full(until), last=1)) == expected[-1:]


def test_moments_are_said_in_many_ways(log: logdex.Log) -> None:
    for since in (
        "2026-11-22 10:00:04",
        "2026-11-22T10:00:04Z",
        "2026-11-22 11:00:04+01:00",
        _at("04"),
        datetime(2026, 11, 22, 11, 0, 4, tzinfo=timezone(timedelta(hours=1))),
        datetime.now(timezone.utc)
        - datetime(2026, 11, 22, 10, 0, 4, tzinfo=timezone.utc)
        + timedelta(seconds=0.3),
    ):
        assert [line.split()[-1] for line in log.lines(since=since)] == ["d", "late"], since
    assert list(log.lines(since=datetime.max)) == []
    assert list(log.lines(until=datetime.min)) == []
    assert len(list(log.lines(since=datetime.min, until=datetime.max))) == 8
    assert len(list(log.lines(since=timedelta.max))) == 8
    assert list(log.lines(since=timedelta.min)) == []
    with pytest.raises(ValueError, match='"soonish" says no moment'):
        log.lines(since="soonish")


def test_a_record_says_how_its_time_is_known(log: logdex.Log) -> None:
    records = list(log.records())
    assert [r.how for r in records] == [
        "inherited",
        "own",
        "inherited",
        "own",
        "own",
        "own",
        "inherited",
        "own",
    ]
    assert [r.resolution for r in records[1:4]] == [10**6, 10**6, 10**9]
    assert [_LOG[r.offset :].startswith(r.text) for r in records] == [True] * 8
    assert records[6].time == datetime(2026, 11, 22, 10, 0, 2, tzinfo=timezone.utc)
    assert records[1].time_ns == 1_795_341_600_500_000_000


def test_the_stats_say_how_sure_the_answer_is(log: logdex.Log) -> None:
    for lines in (log.lines(since="2026-11-22"), log.records()):
        assert len(list(lines)) == 8
        stats = lines.stats
        assert (stats.lines, stats.own, stats.inherited, stats.untimed) == (8, 5, 3, 0)
        assert (stats.steps_back, stats.largest_step_back) == (1, 1.0)


def test_the_span_is_from_the_earliest_to_the_latest(log: logdex.Log, tmp_path: Path) -> None:
    span = log.span()
    assert span is not None
    assert span[0] == datetime(2026, 11, 22, 10, 0, 0, 500_000, tzinfo=timezone.utc)
    assert span[1] == datetime(2026, 11, 22, 10, 0, 5, tzinfo=timezone.utc)
    (tmp_path / "none.log").write_text("hello\n")
    assert logdex.open(tmp_path / "none.log").span() is None


@pytest.mark.parametrize(
    ("zone", "stamps"),
    [
        ("UTC", ["2026-11-22 10:00:00,100", "2026-11-22 10:00:05,900", "2026-11-22 10:00:05"]),
        ("UTC", ["2026-11-22 10:00", "2026-11-22 10:00:30"]),
        ("Europe/Berlin", ["2026-10-25 02:51:46", "2026-10-25 02:00:00", "2026-10-25 02:11:43"]),
        ("Europe/Berlin", ["2026-03-29 02:10:00", "2026-03-29 01:50:00", "2026-03-29 03:05:00"]),
    ],
)
def test_the_span_is_that_of_the_records(zone: str, stamps: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(f"[{stamp}] INFO x\n" for stamp in stamps))
    log = logdex.open(path, tz=zone)
    times = [record.time for record in log.records() if record.time is not None]
    assert log.span() == (min(times), max(times))


def test_a_log_without_any_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "bare.log"
    path.write_text("hello\nworld\n")
    log = logdex.open(path)
    with pytest.raises(ValueError, match=r"bare\.log: no line has a time"):
        list(log.lines(since="10m"))
    assert list(log.lines(since="10m", strict=False)) == ["hello\n", "world\n"]
    assert len(caplog.records) == 1
    assert [r.how for r in log.records()] == ["untimed", "untimed"]
    assert [r.time for r in log.records()] == [None, None]


@pytest.mark.parametrize("many", [False, True])
def test_a_follow_knows_no_time_of_what_was_there_without_one(
    tmp_path: Path, many: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bare.log"
    path.write_text("old\nolder\n")
    log = logdex.open(tmp_path if many else path)
    with log.records(follow=True) as records:
        assert [(one.how, one.time) for one in (next(records), next(records))] == [("untimed", None)] * 2
    assert list(log.lines(since="10m", strict=False, follow=True, ended=lambda: True)) == ["old\n", "older\n"]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [str(path)]
    assert list(log.lines(since="10m", follow=True, ended=lambda: True)) == []
    with log.records(since="10m", follow=True, ended=_once_written(path)) as records:
        assert [(one.text, one.how) for one in records] == [("last\n", "arrival")]


def _once_written(path: Path) -> Callable[[], bool]:
    """Writes when it is asked first, and has ended when it is asked again."""
    asked: list[None] = []

    def ended() -> bool:
        if not asked:
            with path.open("a") as file:
                file.write("last\n")
        asked.append(None)
        return len(asked) > 1

    return ended


def test_stamps_without_a_year_go_round_it_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "sources.log"
    months = ["Jan", "May", "Sep"] * 1500
    path.write_text("".join(f"{month} 10 06:00:00 host app[1]: {'x' * 300}\n" for month in months))
    log = logdex.open(path, tz="UTC", reference=datetime(2026, 11, 1, tzinfo=timezone.utc), index=False)
    times = [record.time for record in log.records() if record.time is not None]
    assert [f"{time:%b %d %H}" for time in times] == [f"{month} 10 06" for month in months]
    for time in sorted(set(times))[:: len(set(times)) // 40]:
        assert log.count(since=time, until=time) == times.count(time)


def test_a_log_whose_clock_is_in_another_zone_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    now = datetime.now(timezone.utc)
    path.write_text(f"{now:%Y-%m-%d %H:%M:%S} INFO x\n")
    lines = logdex.open(path, tz="Etc/GMT-3").lines(since="2020-01-01")
    assert len(list(lines)) == 1
    assert any("another zone" in note for note in lines.stats.notes)
    lines = logdex.open(path, tz="UTC").lines(since="2020-01-01")
    assert len(list(lines)) == 1
    assert lines.stats.notes == []


def test_years_go_back_from_the_last_modification(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(
        "INFO 12-31 23:59:59 a\nINFO 01-01 00:00:01 b\nINFO 12-31 23:59:58 late\nINFO 01-01 00:00:02 c\n"
    )
    log = logdex.open(path, tz="UTC", reference=datetime(2026, 1, 1, 0, 0, 5))
    assert [r.time.year for r in log.records() if r.time] == [2025, 2026, 2025, 2026]
    assert [line[-2] for line in log.lines(since="2026-01-01 00:00:00")] == ["b", "c"]


def test_the_span_has_the_years_that_a_reference_gives(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2024-12-30 10:00:00 INFO a\n12-31 10:00:00 INFO b\n01-02 10:00:00 INFO c\n")
    for reference in (None, datetime(2025, 1, 3), datetime(2029, 1, 3)):
        log = logdex.open(path, tz="UTC", reference=reference)
        times = [record.time for record in log.records() if record.time is not None]
        assert log.span() == (min(times), max(times))
    assert times[-1].year == 2029


def test_a_follow_elects_its_format_as_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("")
    ended = False
    records = logdex.open(path, tz="UTC").records(follow=True, ended=lambda: ended)
    with path.open("a") as out:
        for n in range(20):
            out.write(f"{1_795_330_000 + n} step {n}\n")
            out.flush()
            record = next(records)
            assert record.how == "own", (n, record)
            assert record.time_ns == (1_795_330_000 + n) * 10**9
    # Half a hundred lines with a stamp that stands for itself outvote it.
    with path.open("a") as out:
        out.writelines(f"2026-11-22 06:{n:02}:00 INFO x\n" for n in range(50))
    for _ in range(50):
        assert next(records).how == "own"
    with path.open("a") as out:
        out.write("1795330032 trainable parameters\n")
    record = next(records)
    assert (record.how, record.time) == ("inherited", datetime(2026, 11, 22, 6, 49, tzinfo=timezone.utc))
    ended = True
    assert list(records) == []
