"""Logs whose years are far away, or wander: every line is still there."""

from pathlib import Path

import logdex
import pytest

PLAIN = "no stamp " + "x" * 80 + "\n"
#: Some blocks of the engine, 256 KiB each.
LINES = 15_000


@pytest.mark.parametrize("year", [1971, 2115, 2120, 2150, 2199])
@pytest.mark.parametrize("rank", ["[rank9]: ", ""])
def test_a_stamp_without_a_year_beside_a_far_one(tmp_path: Path, year: int, rank: str) -> None:
    lines = [PLAIN] * LINES
    lines[LINES // 2] = f"{rank}E0812 12:57:22.165644 4101 x.cc:7] x\n"
    lines[LINES // 4 * 3] = f"{year}-06-29T19:40:05 x\n"
    path = tmp_path / "far.log"
    path.write_text("".join(lines))
    for index in (False, str(tmp_path)):
        log = logdex.open(path, index=index)
        records = list(log.records())
        assert [record.text for record in records] == lines
        assert records[-1].time is not None
        assert records[-1].time.year == year
        assert log.count(since=f"{year}-01-01") == sum(
            record.time is not None and record.time.year >= year for record in records
        )


def test_months_that_go_on_for_centuries(tmp_path: Path) -> None:
    """Each third of a year is the nearest to the one before: the run leaves all that a stamp can name."""
    months = ["Jan", "May", "Sep"]
    lines = [f"[rank{n % 3}]: {months[n % 3]} 12 10:00:00 host job[1]: {PLAIN}" for n in range(LINES)]
    path = tmp_path / "long.log"
    path.write_text("".join(lines))
    for index in (False, str(tmp_path)):
        log = logdex.open(path, index=index)
        assert len(list(log.records())) == log.count() == len(log.ranks().ranks) * LINES // 3 == LINES
