"""Lines without a stamp have their times from the record of arrival, where the launcher has made one."""

import fcntl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

import logdex
from logdex.torchx_backend.schedulers.local import create_scheduler

BARE = "echo first; sleep 1.2; echo second; echo error >&2; sleep 1.2; echo third"
LATE = "echo '2024-05-06 07:08:09 start'; echo at once; sleep 1.5; echo late; echo '2024-05-06 07:08:40 x'; echo y"


def run(scheduler: Any, app_id: str) -> Path:
    """The directory of the first replica, after the end of the app."""
    list(scheduler.log_iter(app_id, "w", 0, should_tail=True))
    scheduler.describe(app_id)
    return Path(scheduler.record_of(app_id).log_dir, "w", "0")


def middle(records: list[logdex.Record], n: int) -> datetime:
    """A moment between the coming of one line and of the next."""
    before, after = records[n].time, records[n + 1].time
    assert before is not None
    assert after is not None
    return before + (after - before) / 2


def test_a_log_without_stamps_has_its_arrival_times(scheduler: Any, launch: Callable[..., str]) -> None:
    begun = datetime.now(timezone.utc)
    app_id = launch(BARE)
    log = logdex.open(run(scheduler, app_id) / "stdout.log", tz="UTC")
    answer = log.records()
    records = list(answer)
    assert [(one.text, one.how) for one in records] == [
        ("first\n", "arrival"),
        ("second\n", "arrival"),
        ("third\n", "arrival"),
    ]
    assert (answer.stats.by_arrival, answer.stats.untimed) == (3, 0)
    times = [one.time for one in records if one.time is not None]
    assert begun - timedelta(seconds=1) < times[0] < times[1] < times[2] < datetime.now(timezone.utc)
    assert timedelta(seconds=1) < times[1] - times[0] < timedelta(seconds=2.2)
    assert list(log.lines(since=middle(records, 0))) == ["second\n", "third\n"]
    assert list(log.lines(until=middle(records, 1))) == ["first\n", "second\n"]
    assert list(log.lines("i", since=middle(records, 1))) == ["third\n"]
    assert list(log.lines(since=middle(records, 0), last=1)) == ["third\n"]
    assert log.count(since=middle(records, 0), until=middle(records, 1)) == 1
    assert log.span() == (times[0], times[2])


@pytest.mark.parametrize("streams", [None, "stdout"])
def test_log_iter_has_a_range_of_a_log_without_stamps(
    scheduler: Any, launch: Callable[..., str], streams: str | None, recwarn: pytest.WarningsRecorder
) -> None:
    app_id = launch(BARE)
    records = list(logdex.open(run(scheduler, app_id) / "stdout.log").records())
    lines = list(scheduler.log_iter(app_id, "w", 0, since=middle(records, 0), streams=streams))
    assert lines == ["second\n", *(["error\n"] if streams is None else []), "third\n"]
    lines = list(scheduler.log_iter(app_id, "w", 0, until=middle(records, 0), streams=streams))
    assert lines == ["first\n"]
    assert [str(one.message) for one in recwarn] == []


def test_the_combined_stream_has_a_range_where_one_log_has_no_stamp(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    turns = (f"date '+%F %T {name}'; echo {n} >&2" for n, name in enumerate("abc", 1))
    app_id = launch("; sleep 2.5; ".join(turns))
    records = list(logdex.open(run(scheduler, app_id) / "stderr.log").records())
    lines = list(scheduler.log_iter(app_id, "w", 0, since=middle(records, 0), until=middle(records, 1)))
    assert [line[-2] for line in lines] == ["b", "2"]


def test_a_line_that_came_later_than_the_one_it_inherits_from_is_as_much_later(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    log = logdex.open(run(scheduler, launch(LATE)) / "stdout.log", tz="UTC")
    records = list(log.records())
    assert [one.how for one in records] == ["own", "inherited", "arrival", "own", "inherited"]
    start = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    assert [one.time for one in records[:2]] == [start, start]
    assert records[2].time is not None
    assert timedelta(seconds=1.4) < records[2].time - start < timedelta(seconds=5)
    assert list(log.lines(since=start + timedelta(seconds=1.1), until=start + timedelta(seconds=9))) == [
        "late\n"
    ]
    assert list(log.lines(until=start)) == ["2024-05-06 07:08:09 start\n", "at once\n"]


def test_without_a_record_nothing_is_known_of_arrival(launch: Callable[..., str]) -> None:
    scheduler = create_scheduler("test", record=False)
    log = logdex.open(run(scheduler, launch("echo bare", on=scheduler)) / "stdout.log")
    assert [(one.time, one.how) for one in log.records()] == [(None, "untimed")]
    with pytest.raises(ValueError, match="no line has a time"):
        list(log.lines(since="1h"))
    scheduler.close()


@pytest.mark.parametrize("content", ["rewritten, and longer than what was recorded\n" * 9, "short\n"])
def test_a_log_that_is_another_than_was_recorded_is_read_whole(
    scheduler: Any, launch: Callable[..., str], content: str
) -> None:
    directory = run(scheduler, launch("echo a line that is longer than short"))
    (directory / "stdout.log").write_text(content)
    assert "".join(logdex.open(directory / "stdout.log").lines(since="1h", strict=False)) == content


@pytest.mark.parametrize("with_others", [False, True], ids=["alone", "with a reader in another process"])
def test_a_follow_shows_what_came_and_what_comes_in_the_range(
    scheduler: Any,
    launch: Callable[..., str],
    eventually: Callable[..., None],
    tmp_path: Path,
    with_others: bool,
) -> None:
    go = tmp_path / "go"
    app_id = launch(f"echo old; until [ -e {go} ]; do sleep 0.1; done; echo new; sleep 1; echo newer")
    stdout = Path(scheduler.record_of(app_id).log_dir, "w", "0", "stdout.log")
    eventually(lambda: stdout.exists() and stdout.read_text() == "old\n")
    eventually(lambda: all(one.time for one in logdex.open(stdout).records()))
    (old,) = logdex.open(stdout).records()
    assert old.time is not None
    since = old.time + timedelta(seconds=1)
    eventually(lambda: datetime.now(timezone.utc) > since)
    with (stdout.parent / ".logdex" / "arrivals").open() as record:
        if with_others:
            # For one that holds on to it the recorder says at once how far both logs are, before it notes when.
            fcntl.flock(record, fcntl.LOCK_SH)
        live, over = _follow(stdout, since, go)
    assert [(one.text, one.how) for one in live] == [("new\n", "arrival"), ("newer\n", "arrival")]
    later = list(logdex.open(stdout).records())[1:]
    for seen, recorded in zip(live, later, strict=True):
        assert seen.time is not None
        assert recorded.time is not None
        assert since < recorded.time <= over
        assert since < seen.time <= over


def _follow(stdout: Path, since: datetime, go: Path) -> tuple[list[logdex.Record], datetime]:
    """What comes in the range, and when that was over; the app waits for `go`."""
    answer = logdex.open(stdout).records(
        since=since, follow=True, ended=lambda: "newer\n" in stdout.read_text()
    )
    go.touch()
    return list(answer), datetime.now(timezone.utc)
