"""Many logs in one order of time: exact when they are finished, bounded when they are live."""

from __future__ import annotations

import gzip
import random
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest

START = datetime(2026, 10, 1)


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")


def write(path: Path, rng: random.Random, count: int) -> None:
    """A log with jitter, steps back and lines without a stamp."""
    now, lines = rng.random() * 100, []
    for n in range(count):
        now += rng.random() * 0.2 - (90 if rng.random() < 0.0005 else 0)
        if rng.random() < 0.2:
            lines.append(f"  no stamp {path.name} {n}\n")
        else:
            lines.append(f"{stamp(now - rng.random())} {path.name} {n} {'x' * rng.randrange(100)}\n")
    path.write_text("".join(lines))


def twin(paths: dict[str, Path], **asked: object) -> list[tuple[str, str]]:
    """All records of all logs, sorted by time; the sort is stable."""
    every = [
        (label, record)
        for label, path in paths.items()
        for record in logdex.open(path, tz="UTC").records(**asked)  # type: ignore[arg-type]
    ]
    every.sort(key=lambda pair: -1 if pair[1].time_ns is None else pair[1].time_ns)
    return [(label, record.text) for label, record in every]


def logs(paths: dict[str, Path]) -> dict[str, logdex.Log]:
    return {label: logdex.open(path, tz="UTC") for label, path in paths.items()}


@pytest.mark.parametrize("seed", range(3))
def test_finished_logs_come_in_the_order_of_time(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    paths = {f"rank{n}": tmp_path / f"{n}.log" for n in range(7)}
    for path in paths.values():
        write(path, rng, rng.choice([0, 10, 3000, 20_000]))
    merged = logdex.merge(logs(paths))
    assert [(label, record.text) for label, record in merged] == twin(paths)
    assert merged.stats.lines == sum(logdex.open(path).count() for path in paths.values())
    assert merged.stats.late == 0
    asked = {
        "regex": r"[37] x*$",
        "since": START + timedelta(seconds=60),
        "until": START + timedelta(seconds=400),
    }
    found = logdex.merge(
        logs(paths), tz_free(asked["regex"]), since=asked["since"], until=asked["until"], strict=False
    )
    assert [(label, record.text) for label, record in found] == twin(paths, **asked, strict=False)


@pytest.mark.parametrize("last", [1, 17, 2500, 10**9])
@pytest.mark.parametrize("regex", [None, "[37] x*$"])
def test_the_last_lines_are_the_end_of_what_each_log_ends_with(
    tmp_path: Path, last: int, regex: str | None
) -> None:
    rng = random.Random(last)
    paths = [tmp_path / f"{n}.log" for n in range(5)]
    for path in paths:
        write(path, rng, rng.choice([0, 10, 3000]))
    ends = [record for path in paths for record in list(logdex.open(path, tz="UTC").records(regex))[-last:]]
    ends.sort(key=lambda record: -1 if record.time_ns is None else record.time_ns)
    expected = [record.text for record in ends][-last:]
    log = logdex.open(paths, tz="UTC")
    assert list(log.lines(regex, last=last)) == expected
    with log.lines(regex, last=last, follow=True) as lines:
        assert [next(lines) for _ in expected] == expected


def tz_free(regex: object) -> str:
    assert isinstance(regex, str)
    return regex


def test_a_log_without_any_time_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{stamp(1)} a\n")
    (tmp_path / "b.log").write_text("b 1\nb 2\n")
    merged = logdex.merge({"a": tmp_path / "a.log", "b": tmp_path / "b.log"})
    assert [record.text for _, record in merged][:2] == ["b 1\n", "b 2\n"]


def test_ties_keep_the_order_of_sources_and_files(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("".join(f"{stamp(n // 2)} {name}{n}\n" for n in range(6)))
    merged = logdex.merge({name: tmp_path / name for name in "ab"})
    expected = "a0 a1 b0 b1 a2 a3 b2 b3 a4 a5 b4 b5"
    assert " ".join(r.text.split()[-1] for _, r in merged) == expected


def test_nothing_to_merge_and_what_is_missing(tmp_path: Path) -> None:
    assert list(logdex.merge({})) == []
    with pytest.raises(FileNotFoundError, match=r"no\.log"):
        list(logdex.merge({1: tmp_path / "no.log"}))
    with pytest.raises(ValueError, match="patience"):
        logdex.merge({}, patience=-1)


def test_a_source_may_be_anything_that_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "ranks").mkdir()
    for n, name in enumerate(["ranks/0.log", "ranks/1.log", "alone.log"]):
        (tmp_path / name).write_text(f"{stamp(n)} {name}\n")
    with gzip.open(tmp_path / "old.log.gz", "wt") as out:
        out.write(f"{stamp(1.5)} old\n")
    both = [tmp_path / "ranks/1.log", tmp_path / "ranks/0.log"]
    for ranks in (tmp_path / "ranks", f"{tmp_path}/ranks/*.log", both, logdex.open(both)):
        sources = {None: tmp_path / "alone.log", "old": tmp_path / "old.log.gz", ("all", 8): ranks}
        assert [(label, record.text.split()[-1]) for label, record in logdex.merge(sources)] == [
            (("all", 8), "ranks/0.log"),
            (("all", 8), "ranks/1.log"),
            ("old", "old"),
            (None, "alone.log"),
        ]
    with pytest.raises(TypeError, match="mapping of labels"):
        logdex.merge(both)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path=3: give a path"):
        logdex.merge({"a": 3})  # type: ignore[dict-item]


def test_a_follow_goes_on_where_one_source_has_ended_and_finds_what_comes_to_a_directory(
    tmp_path: Path,
) -> None:
    with gzip.open(tmp_path / "old.log.gz", "wt") as out:
        out.write(f"{stamp(1)} old\n")
    assert [label for label, _ in logdex.merge({"z": tmp_path / "old.log.gz"}, follow=True)] == ["z"]
    (tmp_path / "ranks").mkdir()
    (tmp_path / "ranks" / "0.log").write_text(f"{stamp(2)} 0\n")
    merged = logdex.merge({"z": tmp_path / "old.log.gz", "job": tmp_path / "ranks"}, follow=True)
    assert [next(merged)[0] for _ in range(2)] == ["z", "job"]
    for n in (1, 0):
        with (tmp_path / "ranks" / f"{n}.log").open("a") as out:
            out.write(f"{stamp(3)} new {n}\n")
        label, record = next(merged)
        assert (label, record.text[-6:]) == ("job", f"new {n}\n")
    merged.close()


class Follower:
    def __init__(self, paths: dict[str, Path], **options: object) -> None:
        self.over = threading.Event()
        self.looked = threading.Event()
        """Set when it has come to the end of what was there."""
        self.merged = logdex.merge(logs(paths), follow=True, ended=self._ended, **options)  # type: ignore[arg-type]
        self.items: list[tuple[str, str]] = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def _ended(self) -> bool:
        self.looked.set()
        return self.over.is_set()

    def run(self) -> None:
        self.items.extend((label, record.text) for label, record in self.merged)

    def wait_for(self, count: int) -> None:
        limit = time.monotonic() + 60
        while len(self.items) < count and time.monotonic() < limit:
            time.sleep(0.002)
        assert len(self.items) >= count, self.items

    def end(self) -> list[tuple[str, str]]:
        self.over.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.items


def test_live_logs_come_as_they_are_written(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in "abc"}
    for n, name in enumerate("ab"):
        paths[name].write_text(f"{stamp(10 - n)} {name} before\n")
    follower = Follower(paths)
    follower.wait_for(2)
    assert [label for label, _ in follower.items] == ["b", "a"]
    for n, name in enumerate("caabcb"):
        with paths[name].open("a") as out:
            out.write(f"{stamp(-n)} {name} {n}\n")
        follower.wait_for(3 + n)
    limit = time.monotonic() + 60
    while follower.merged.stats.lines < 8 and time.monotonic() < limit:
        time.sleep(0.01)  # Told to other threads while one waits.
    assert follower.merged.stats.lines == 8
    assert [label for label, _ in follower.end()] == list("bacaabcb")


def test_live_logs_in_the_order_of_time_wait_for_the_slow(tmp_path: Path) -> None:
    for patience in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]:
        if (labels := _two_of_which_the_earlier_comes_later(tmp_path, patience)) is not None:
            assert labels == ["b", "a"]
            return
    pytest.skip("the machine is too slow to write a line before another one is given up")


def _two_of_which_the_earlier_comes_later(tmp_path: Path, patience: float) -> list[str] | None:
    """Whose lines come first; None where the one that is waited for was written too late for that."""
    paths = {name: tmp_path / f"{name} {patience}" for name in "ab"}
    for path in paths.values():
        path.write_text("")
    follower = Follower(paths, patience=patience)
    assert follower.looked.wait(60)
    written = time.monotonic()
    for name, seconds in (("a", 5), ("b", 4)):
        with paths[name].open("a") as out:
            out.write(f"{stamp(seconds)} {name}\n")
    in_time = time.monotonic() - written < patience / 4
    follower.wait_for(2)
    labels = [label for label, _ in follower.items]
    with paths["b"].open("a") as out:
        out.write(f"{stamp(1)} late\n")
    follower.wait_for(3)
    follower.end()
    if in_time:
        assert follower.merged.stats.late == 1
    return labels if in_time else None


def test_each_line_of_a_live_log_waits_for_itself(tmp_path: Path) -> None:
    for patience in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]:
        if (items := _one_that_waits_shorter(tmp_path, patience)) is not None:
            assert items == ["5", "8", "10"]
            return
    pytest.skip("the machine is too slow to write a line before another one is given up")


def _one_that_waits_shorter(tmp_path: Path, patience: float) -> list[str] | None:
    """What comes of two lines, of which the second comes later, and one that comes when the first is out.

    None where that one was written too late for the second to have waited for it.
    """
    paths = {name: tmp_path / f"{name} {patience}" for name in "ab"}
    for path in paths.values():
        path.write_text("")
    follower = Follower(paths, patience=patience)

    def write(name: str, seconds: int) -> None:
        with paths[name].open("a") as out:
            out.write(f"{stamp(seconds)} {name} {seconds}\n")

    write("a", 5)
    time.sleep(patience / 2)
    written = time.monotonic()
    write("a", 10)
    follower.wait_for(1)
    write("b", 8)
    in_time = time.monotonic() - written < patience * 0.8
    follower.wait_for(3)
    items = [text.split()[-1] for _, text in follower.end()]
    return items if in_time else None


def test_many_followed_logs_cost_little_and_end_at_once(tmp_path: Path) -> None:
    paths = {str(n): tmp_path / f"{n}.log" for n in range(200)}
    for n, path in enumerate(paths.values()):
        path.write_text(f"{stamp(n)} {n}\n")
    follower = Follower(paths)
    follower.wait_for(200)
    with paths["77"].open("a") as out:
        out.write(f"{stamp(0)} last\n")
    follower.wait_for(201)
    assert follower.end()[-1][0] == "77"
