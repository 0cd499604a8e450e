"""A moment means one moment for all of a question: all its files, passes, and logs that come later."""

import subprocess
import sys
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

import logdex
import pytest
from logdex.command import cli

_HOUR = 3600 * 10**9


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()) * 10**9


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock that is ten minutes on at each look, from 2026-11-22 23:55 UTC."""
    looks: list[int] = []
    clock = count(_ns("2026-11-22T23:55:00"), 600 * 10**9)

    def now() -> int:
        looks.append(next(clock))
        return looks[-1]

    monkeypatch.setattr("logdex._when.now", now)
    return looks


def _logs(folder: Path, number: int) -> list[Path]:
    paths = [folder / f"rank{n}.log" for n in range(number)]
    for path in paths:
        lines = [f"2026-11-22 23:{minute}:00 minute\n" for minute in range(30, 60)]
        path.write_text("".join(lines) + "2026-11-23 00:10:00 tomorrow\n")
    return paths


def test_a_count_of_many_has_one_window(tmp_path: Path, ticking: list[int]) -> None:
    _logs(tmp_path, 6)
    assert logdex.open(str(tmp_path), tz="UTC").count(since="10m") == 6 * 16
    assert len(ticking) == 1


def test_a_merge_of_logs_in_several_zones_has_one_now(tmp_path: Path, ticking: list[int]) -> None:
    first, second = _logs(tmp_path, 2)
    # At 23:55 UTC it is tomorrow already in Berlin, where the last line of each log is.
    logs = {"utc": logdex.open(first, tz="UTC"), "berlin": logdex.open(second, tz="Europe/Berlin")}
    found = [(label, record.text[11:16]) for label, record in logdex.merge(logs, since="00:05")]
    assert [one for label, one in found if label == "utc"] == [*(f"23:{n}" for n in range(30, 60)), "00:10"]
    assert [one for label, one in found if label == "berlin"] == ["00:10"]
    assert len(ticking) == 1


def test_both_ends_are_resolved_at_one_moment(tmp_path: Path, ticking: list[int]) -> None:
    (path,) = _logs(tmp_path, 1)
    assert logdex.open(path, tz="UTC").count(since="10m", until="5m") == 6


def test_the_command_counts_and_shows_in_one_window(
    tmp_path: Path, ticking: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    (path,) = _logs(tmp_path, 1)
    assert cli.main(["--tz", "UTC", "-n", "5", "-C1", "--since", "10m", "-e", "minute", str(path)]) == 0
    minutes = [line[14:16] for line in capfd.readouterr().out.splitlines()]
    # Five are meant, and one is shown before and after them.
    assert minutes == ["54", "55", "56", "57", "58", "59", "10"]
    assert len(ticking) == 1


def test_a_log_that_comes_after_midnight_has_the_window_of_the_question(
    tmp_path: Path, ticking: list[int]
) -> None:
    _logs(tmp_path, 1)
    with logdex.open(str(tmp_path), tz="UTC").lines("minute|late", since="23:40", follow=True) as lines:
        assert [next(lines)[14:16] for _ in range(20)] == [str(n) for n in range(40, 60)]
        # A restart's log: by its own midnight, 23:40 would be tomorrow's.
        (tmp_path / "rank0.restart1.log").write_text("2026-11-23 00:30:00 late\n")
        assert next(lines) == "2026-11-23 00:30:00 late\n"
    assert len(ticking) == 1


def test_text_that_says_no_moment_is_refused_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='until: "soon" says no moment'):
        logdex.open(tmp_path / "none.log").lines(until="soon")
    done = subprocess.run(
        [sys.executable, "-m", "logdex", "--since", "soon", __file__],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stderr.count("says no moment") == 1
