"""Many sources as one log: `logdex.open` on directories, globs, handles and lists."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import logdex
import pytest


@pytest.fixture
def job(tmp_path: Path) -> Path:
    for rank in range(3):
        lines = [
            f"2026-11-22 02:00:{second:02} [rank{rank}] step {second}\n" for second in range(rank, 30, 3)
        ]
        lines.insert(4, f"  unstamped of {rank}\n")
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    (tmp_path / "config.yaml").write_text("2026-11-22 02:00:00 no log\n")
    return tmp_path


def naive(job: Path) -> list[str]:
    """All lines by their time, ties and lines without one in their file's order."""
    timed = []
    for path in sorted(job.glob("*.log")):
        time = ""
        for number, line in enumerate(path.read_text().splitlines(keepends=True)):
            match = re.match(r"\S+ \S+:\d\d ", line)
            time = match[0] if match else time
            timed.append((time, path.name, number, line))
    return [line for *_, line in sorted(timed)]


def test_a_directory_a_glob_and_a_list_are_one_log(job: Path) -> None:
    files = [job / f"rank{rank}.log" for rank in range(3)]
    for named in (job, f"{job}/*.log", files, [str(job)]):
        log = logdex.open(named, tz="UTC")
        assert isinstance(log, logdex.Log)
        assert list(log.lines()) == naive(job)
        assert log.count() == len(naive(job))
        assert list(log.lines("step 7")) == ["2026-11-22 02:00:07 [rank1] step 7\n"]
        assert list(log.lines(last=4)) == naive(job)[-4:]
        assert list(log.lines(since="2026-11-22 02:00:28")) == naive(job)[-2:]
        assert log.count("unstamped", until="2026-11-22 02:00:10") == 2


def test_records_say_which_source_and_rank(job: Path) -> None:
    for record in logdex.open(job).records():
        rank = int(record.source.removeprefix("rank"))
        assert record.rank == rank
        assert f"rank{rank}" in record.text or record.text == f"  unstamped of {rank}\n"
    single = logdex.open(job / "rank1.log")
    assert {record.source for record in single.records()} == {str(job / "rank1.log")}


def test_ranks_on_lines_count_before_names(tmp_path: Path) -> None:
    path = tmp_path / "all.log"
    path.write_text("[rank3]: 2026-11-22 02:00:00 a\n[default2]:b\nc\n")
    records = list(logdex.open(path).records())
    assert [(one.rank, one.local_rank) for one in records] == [(3, None), (None, 2), (None, None)]


def test_one_log_without_times_is_left_out_of_a_range(job: Path, caplog: pytest.LogCaptureFixture) -> None:
    (job / "bare.log").write_text("no time\n")
    log = logdex.open(job)
    assert len(list(log.lines(since="2026-11-22 02:00:28"))) == 2
    assert "bare.log: no line has a time" in caplog.text
    assert log.count(since="2026-11-22 02:00:28") == 2
    with pytest.raises(ValueError, match="no line has a time"):
        list(logdex.open([job / "bare.log"]).lines(since="2026-11-22"))


def test_a_rotated_file_without_times_is_called_by_its_name(
    job: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (job / "bare.log.1").write_text("no time\n")
    (job / "bare.log").write_text("2026-11-22 02:00:28 d\n")
    assert len(list(logdex.open(job).lines(since="2026-11-22 02:00:28"))) == 3
    assert f"{job / 'bare.log.1'}: no line has a time" in caplog.text


def test_an_empty_log_lacks_no_times(job: Path, caplog: pytest.LogCaptureFixture) -> None:
    (job / "stderr.log").touch()
    log = logdex.open(job)
    assert len(list(log.lines(since="2026-11-22 02:00:28"))) == log.count(since="2026-11-22 02:00:28") == 2
    for strict in (False, True):
        empty = logdex.open(job / "stderr.log")
        assert list(empty.lines(since="10m", strict=strict)) == []
        assert empty.count(until="10m", strict=strict) == 0
        assert list(logdex.open([job / "stderr.log"] * 2).records(since="10m", strict=strict)) == []
    assert caplog.text == ""


def test_a_range_of_logs_without_any_time_is_refused(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("hello\n")
    (tmp_path / "empty.log").touch()
    logs = logdex.open(tmp_path)
    for ask in (lambda: list(logs.lines(since="10m")), lambda: logs.count(since="10m")):
        with pytest.raises(ValueError, match=r"a\.log: no line has a time"):
            ask()
    assert logs.count(since="10m", strict=False) == 2


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="no logs"):
        list(logdex.open(tmp_path).lines())
    with pytest.raises(FileNotFoundError):
        list(logdex.open(f"{tmp_path}/*.log").lines())


def test_following_many(job: Path) -> None:
    lines = logdex.open(job).lines("new", follow=True)
    threading.Timer(
        0.1, lambda: [_append(job / f"rank{rank}.log", f"new {rank}\n") for rank in (2, 0)]
    ).start()
    assert {next(lines), next(lines)} == {"new 0\n", "new 2\n"}
    lines.close()
    assert list(lines) == []


def test_a_follow_gives_the_last_of_all_and_what_comes_later(job: Path) -> None:
    elastic = job / "torchelastic/trainer/r_x"
    (elastic / "attempt_0/0").mkdir(parents=True)
    (elastic / "attempt_0/0/stdout.log").write_text("2026-11-22 02:00:40 gave up\n")
    with logdex.open(job).records(follow=True, last=3) as records:
        assert [next(records).text for _ in range(3)] == [*naive(job)[-2:], "2026-11-22 02:00:40 gave up\n"]
        (elastic / "attempt_1/0").mkdir(parents=True)
        (elastic / "attempt_1/0/stdout.log").write_text("2026-11-22 02:01:00 again\n")
        again = next(records)
        assert (again.source, again.part, again.text) == (
            "trainer/r_x/0",
            "attempt 1",
            "2026-11-22 02:01:00 again\n",
        )
    for number, record in enumerate(logdex.open(elastic).records()):
        assert record.part == f"attempt {number}"


def test_a_follow_of_a_directory_ends_when_told_with_what_has_come(job: Path) -> None:
    over = threading.Event()
    with logdex.open(job).lines("late", follow=True, ended=over.is_set) as lines:
        threading.Timer(0.2, lambda: (_append(job / "rank9.log", "late"), over.set())).start()
        assert list(lines) == ["late"]


def test_what_is_merged_says_of_how_many_logs(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.log").write_text("x\n")
    assert repr(logdex.open(tmp_path).lines()) == "<Merged of 2 logs>"


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_handle_is_a_log(launch: Callable[..., str]) -> None:
    app = launch("echo out of ${replica_id}; echo err of ${replica_id} >&2", replicas=2)
    with logdex.open(f"local_persistent://test/{app}").lines("of", follow=True) as lines:
        assert sorted(lines) == ["err of 0\n", "err of 1\n", "out of 0\n", "out of 1\n"]
    # Called the same while the app runs and after it.
    assert logdex.open(f"local_persistent://test/{app}").sources == [
        f"w/{k} {stream}" for k in (0, 1) for stream in ("stdout", "stderr")
    ]


@pytest.mark.parametrize("record", [True, False])
def test_the_torn_copy_of_a_job_that_ended_is_not_read(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None], record: bool
) -> None:
    scheduler._records = record
    app = launch("echo out of out; echo err err >&2")
    written = sorted(scheduler.log_iter(app, "w", 0, should_tail=True))
    eventually(lambda: scheduler.describe(app).state.name == "SUCCEEDED")
    directory = Path(scheduler.record_of(app).log_dir)
    (directory / "w/0/combined.log").write_text("out oerr err\nf out\n")
    for source in (f"local_persistent://test/{app}", str(directory)):
        log = logdex.open(source)
        assert sorted(log.lines()) == written == ["err err\n", "out of out\n"]
        if record:
            assert log.count(since="10m") == 2
