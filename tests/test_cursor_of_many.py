"""A cursor of many logs in one order is a place in that order, whatever is asked and whatever is called how."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import logdex
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

STAMPS = [f"2026-11-22 02:00:0{second} " for second in range(6)]
LINES = st.lists(
    st.one_of(
        st.sampled_from([stamp + text for stamp in STAMPS for text in ("a", "xb", "ERROR x")]),
        st.sampled_from(["a", "xb", "", "[rank1]: a"]),
    ),
    max_size=12,
)
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"regex": "a"},
    {"regex": "ERROR"},
    {"since": "2026-11-22 02:00:02"},
    {"until": "2026-11-22 02:00:03", "regex": "x"},
    {"level": "error"},
]


@given(
    files=st.lists(st.tuples(LINES, st.booleans()), min_size=1, max_size=4),
    first=st.sampled_from(QUESTIONS),
    then=st.sampled_from(QUESTIONS),
    number=st.integers(0, 20),
    follow=st.booleans(),
)
@settings(max_examples=300)
def test_it_is_the_same_place_for_another_question(
    files: list[tuple[list[str], bool]],
    first: dict[str, Any],
    then: dict[str, Any],
    number: int,
    follow: bool,
) -> None:
    directory = Path(os.environ["LOGDEX_HOME"]).with_name("many-others")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for at, (lines, ends) in enumerate(files):
        # What is not finished is not told by a follow.
        (directory / f"rank{at}.log").write_text("\n".join(lines) + "\n" * (ends or follow))
    log = logdex.open(directory, tz="UTC")
    order = {(one.source, one.offset): at for at, one in enumerate(log.records())}
    live: dict[str, Any] = {"follow": True, "ended": lambda: True} if follow else {}
    answer = log.records(**first, **live, strict=False)
    taken = [one for _, one in zip(range(number), answer, strict=False)]
    cursor = answer.cursor
    last = next(answer, None)
    answer.close()
    if last is None:
        return  # At the end, all that was there lies before the place.
    place = order[taken[-1].source, taken[-1].offset] if taken else -1
    whole = [(one.source, one.offset) for one in log.records(**then, strict=False)]
    rest = [(one.source, one.offset) for one in log.records(**then, strict=False, after=cursor)]
    assert rest == [one for one in whole if order[one] > place]


@pytest.mark.parametrize("taken", range(4))
def test_a_log_that_a_range_leaves_out_keeps_its_place(tmp_path: Path, taken: int) -> None:
    """As it has no times; whether its place is before, in or behind its lines."""
    (tmp_path / "bare.log").write_text("one\ntwo\n")
    (tmp_path / "timed.log").write_text("2026-11-22 02:00:00 a\n2026-11-22 02:00:01 b\n")
    log = logdex.open(tmp_path, tz="UTC")
    with log.lines() as answer:
        before = [next(answer) for _ in range(taken)]
        cursor = answer.cursor
    with log.lines(after=cursor, since="2026-11-22 02:00:01") as answer:
        assert list(answer) == ["2026-11-22 02:00:01 b\n"]
        cursor = answer.cursor
    assert log.count(after=cursor, until="2026-11-22 02:00:05") == 0
    # What of it was not handed out as yet is.
    assert list(log.lines(after=cursor)) == ["one\n", "two\n"][len(before) :]


@pytest.mark.parametrize("more", ["\n", "nan ERROR: loss is nan\n"])
def test_what_is_added_to_a_line_that_was_given_unfinished_comes(tmp_path: Path, more: str) -> None:
    (tmp_path / "rank0.log").write_text("2026-11-22 02:00:00 a\n2026-11-22 02:00:01 loss=")
    (tmp_path / "rank1.log").write_text("2026-11-22 02:00:02 b\n2026-11-22 02:00:03 c\n")
    log = logdex.open(tmp_path, tz="UTC")
    with log.lines() as answer:
        taken = [next(answer) for _ in range(3)]
        cursor = answer.cursor
    assert taken[1] == "2026-11-22 02:00:01 loss="
    assert list(log.lines(after=cursor)) == ["2026-11-22 02:00:03 c\n"]
    with (tmp_path / "rank0.log").open("a") as file:
        file.write(more)
    whole = [] if more == "\n" else [taken[1] + more]
    assert list(log.lines(after=cursor)) == [*whole, "2026-11-22 02:00:03 c\n"]


@pytest.mark.parametrize("number", range(7))
def test_one_file_under_two_labels_keeps_both(tmp_path: Path, number: int) -> None:
    path = tmp_path / "x.log"
    path.write_text("2026-11-22 02:10:00 a\n2026-11-22 02:10:01 b\n2026-11-22 02:10:02 c\n")
    sources = {
        "utc": logdex.open(path, tz="UTC"),
        "berlin": logdex.open(path, tz="Europe/Berlin"),
    }
    whole = [(label, one.text) for label, one in logdex.merge(sources)]
    with logdex.merge(sources) as answer:
        taken = [(label, one.text) for _, (label, one) in zip(range(number), answer, strict=False)]
        cursor = answer.cursor
    assert taken + [(label, one.text) for label, one in logdex.merge(sources, after=cursor)] == whole


def test_streams_of_one_container_under_labels_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_text(
        "".join(
            f"2026-11-22T02:10:0{n}.000000000Z {'stdout' if n % 2 else 'stderr'} F line {n}\n"
            for n in range(8)
        )
    )

    def merged(after: str | None = None) -> Any:
        return logdex.merge(
            {name: logdex.open(path, streams=f"std{name}") for name in ("out", "err")}, after=after
        )

    whole = [(label, one.text) for label, one in merged()]
    with merged() as answer:
        taken = [(label, one.text) for _, (label, one) in zip(range(3), answer, strict=False)]
        cursor = answer.cursor
    assert taken + [(label, one.text) for label, one in merged(cursor)] == whole
