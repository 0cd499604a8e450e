"""The index of text through the public interface: a regex reads little, and never another answer comes out."""

import os
import random
import resource
import signal
import subprocess
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import logdex
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logdex import _core

_START = datetime(2026, 11, 1)
_WORDS = [
    *("loader", "kernel", "Skipped", "gradient", "istanbul", "checkpoint", "CUDA", "maschine"),
    *("größe", "\u212aelvin", "ma\u017fk", "shard"),
]
_RARE = {
    40_000: "needle-gamma",
    90_000: "e29b41d4-a716-4466-9544-00005f00d1e7",
    150_000: "peer 10.23.45.67: gone",
    180_000: "Größe \u212aelvin needle",
    230_000: "CUDA out of memory",
}


def _line(rng: random.Random, n: int) -> str:
    words = " ".join(rng.choices(_WORDS[:7], k=6))
    rank = rng.randrange(4)
    return (
        f"[rank{rank}]: {_START + timedelta(milliseconds=40 * n):%Y-%m-%d %H:%M:%S.%f} INFO step={n // 9} {words} "
        f"loss={rng.random() * 9:.6f} id={rng.getrandbits(64):016x} {_RARE.get(n, '')}\n"
    )


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log just large enough for a tile of an index, and a little more."""
    path = tmp_path_factory.mktemp("text") / "big.log"
    rng = random.Random(11)
    with path.open("w", encoding="utf-8") as out:
        out.writelines(_line(rng, n) for n in range(270_000))
    assert path.stat().st_size > 33 << 20
    return path


@pytest.fixture(scope="module")
def kept(big: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the indexes of `big` are."""
    place = tmp_path_factory.mktemp("kept")
    _core.build_index(logdex.open(big, tz="UTC", index=place)._question, text=True)
    return place


def _plain(big: Path) -> logdex.Log:
    return logdex.open(big, tz="UTC", index=False)


def _indexed(big: Path, kept: Path) -> logdex.Log:
    return logdex.open(big, tz="UTC", index=kept)


_RARELY = [
    "needle-gamma",
    "(?i)NEEDLE-GAMMA",
    "e29b41d4-a716-4466-9544-00005f00d1e7",
    r"peer 10\.23\.45\.67:",
    "Größe .elvin",
    "(?i)out of (?:memory|disk)",
    r"needle-\w+|CUDA out|nothing here",
    r"(?<=needle)-(?P<what>gamma)$",
]


@pytest.mark.parametrize("regex", _RARELY)
def test_a_rare_regex_reads_little(big: Path, kept: Path, regex: str) -> None:
    answer = _indexed(big, kept).lines(regex)
    expected = list(_plain(big).lines(regex))
    assert list(answer) == expected
    assert expected
    assert answer.stats.skipped_by_text == answer.stats.bytes_skipped > (24 << 20)
    assert answer.stats.bytes_read + answer.stats.bytes_skipped == big.stat().st_size
    assert _indexed(big, kept).count(regex) == len(expected)


@pytest.mark.parametrize("regex", ["step=12345 ", r"step=12345\b", r"INFO step=1234\d? .*", "(?i)STEP=12345"])
def test_a_regex_for_a_step_reads_where_that_may_stand(big: Path, kept: Path, regex: str) -> None:
    answer = _indexed(big, kept).lines(regex)
    expected = list(_plain(big).lines(regex))
    assert list(answer) == expected
    assert expected
    # Of a tile of 128 blocks three at most are read.
    assert answer.stats.skipped_by_text > (30 << 20)


_part = st.one_of(
    st.sampled_from(
        [*_WORDS, "needle", "gamma", "memory", "rank", "step=", "10.23", "e29b41d4-a716-4466-9544", "INFO"]
    ),
    st.sampled_from(
        [
            r"\d+",
            r"\d",
            ".*",
            " ",
            r"\b",
            r"\w+",
            "[a-f]",
            "é?",
            "(?:er|el)",
            "s?",
            "[^ ]",
            "-",
            "=1234 ",
            "step=1234",
        ]
    ),
)
_regex = st.builds(
    lambda flags, branches: flags + "|".join("".join(parts) for parts in branches),
    st.sampled_from(["", "", "(?i)", "(?a)", "(?ai)"]),
    st.lists(st.lists(_part, min_size=1, max_size=4), min_size=1, max_size=3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_regex)
def test_any_regex_selects_what_it_selects_without(big: Path, kept: Path, regex: str) -> None:
    assert _indexed(big, kept).count(regex) == _plain(big).count(regex)


def test_with_a_range_of_time(big: Path, kept: Path) -> None:
    asked = {"since": _START + timedelta(hours=1), "until": _START + timedelta(hours=2)}
    answer = _indexed(big, kept).records("needle|CUDA out of", **asked)
    shown = [(record.text, record.time, record.number) for record in answer]
    assert shown == [(r.text, r.time, r.number) for r in _plain(big).records("needle|CUDA out of", **asked)]
    assert len(shown) == 1
    assert answer.stats.skipped_by_text > 0
    assert answer.stats.skipped_by_time > 0


def test_the_last_so_many(big: Path, kept: Path) -> None:
    everything = list(_plain(big).lines("needle|CUDA out of"))
    assert len(everything) == 3
    for last in (1, 2, 3, 9):
        answer = _indexed(big, kept).lines("needle|CUDA out of", last=last)
        assert list(answer) == everything[-last:]
        assert answer.stats.bytes_read < 16 << 20
        since = _START
        assert (
            list(_indexed(big, kept).lines("needle|CUDA out of", last=last, since=since))
            == everything[-last:]
        )


def test_a_follow_goes_on_behind_its_backfill(big: Path, tmp_path: Path) -> None:
    path = tmp_path / "live.log"
    path.write_bytes(big.read_bytes())
    log = logdex.open(path, tz="UTC", index=tmp_path / "kept")
    _core.build_index(log._question, text=True)
    ended = False
    with log.lines("needle", follow=True, ended=lambda: ended) as lines:
        assert ["gamma" in next(lines), "elvin" in next(lines)] == [True, True]
        assert lines.stats.skipped_by_text > 16 << 20
        with path.open("a") as more:
            more.write("a line without\nneedle-delta\n")
        assert next(lines) == "needle-delta\n"
        ended = True
        assert list(lines) == []


def test_what_is_appended_is_read(big: Path, tmp_path: Path) -> None:
    path = tmp_path / "grows.log"
    path.write_bytes(big.read_bytes())
    log = logdex.open(path, tz="UTC", index=tmp_path / "kept")
    _core.build_index(log._question, text=True)
    with path.open("a") as more:
        more.write("needle-omega\n")
    answer = log.lines("needle-omega")
    assert list(answer) == ["needle-omega\n"]
    assert answer.stats.skipped_by_text > 24 << 20


def test_a_merge_leaves_out_what_cannot_match(big: Path, kept: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    other.write_text(
        f"{_START:%Y-%m-%d %H:%M:%S} needle\n{_START + timedelta(days=1):%Y-%m-%d %H:%M:%S} needle\n"
    )
    merged = logdex.merge({"big": _indexed(big, kept), "other": logdex.open(other, tz="UTC")}, "needle")
    labels = [label for label, _ in merged]
    assert labels == ["other", "big", "big", "other"]
    assert merged.stats.skipped_by_text > 16 << 20


@pytest.mark.parametrize("word", ["times", "off"])
def test_the_environment_keeps_it_off(
    big: Path, kept: Path, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGDEX_INDEX", word)
    answer = _indexed(big, kept).lines("needle-gamma")
    assert len(list(answer)) == 1
    assert answer.stats.skipped_by_text == 0


def _command(*args: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logdex", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **kwargs)  # type: ignore[call-overload, no-any-return]


def test_the_command_says_why_there_is_no_index(
    big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small.log"
    small.write_text("short\n")
    told = _command("index", small)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("times: none; text: none (too small: from 16.0 MiB on)\n")
    no_directory = tmp_path / "file"
    no_directory.touch()
    monkeypatch.setenv("LOGDEX_CACHE", str(no_directory))
    told = _command("index", big)
    assert told.returncode == 2
    assert told.stderr == f"logdex: {big}: no index could be kept; make {no_directory} writable, with room\n"
    assert _command("index", "--status", big).returncode == 0
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    assert _command("index", big).stderr == f"logdex: {big}: LOGDEX_INDEX=off keeps none\n"


def test_the_command_builds_and_says_what_there_is(big: Path, tmp_path: Path) -> None:
    before = _command("index", "--status", big)
    assert before.returncode == 0
    assert "times: none; text: none" in before.stdout
    assert not (tmp_path / "cache").exists()
    built = _command("index", "--text", big)
    assert (built.returncode, built.stderr) == (0, "")
    assert "times: none" not in built.stdout
    assert "text: none" not in built.stdout
    assert _command("index", "--status", big).stdout == built.stdout
    found = _command("-e", "needle-gamma", "--stats", "-c", big)
    assert found.stdout == "1\n"
    assert "of them by text" in found.stderr
    missing = _command("index", tmp_path / "missing.log")
    assert missing.returncode == 2
    assert "missing.log" in missing.stderr


def _no_more_than(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_where_it_cannot_be_written_nothing_is_lost(big: Path, tmp_path: Path) -> None:
    full = _command("index", "--text", big, preexec_fn=lambda: _no_more_than(256 << 10))
    assert full.returncode == 2
    assert "big.log" in full.stderr
    assert not [path for path in (tmp_path / "cache").iterdir() if ".t3-" in path.name]
    assert _command("-c", "-e", "needle-gamma", big).stdout == "1\n"


def test_two_that_build_at_once_agree(big: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "logdex", "index", "--text", str(big)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    log = logdex.open(big, tz="UTC")
    answer = log.lines("needle-gamma")
    assert len(list(answer)) == 1
    assert answer.stats.skipped_by_text > 24 << 20
    stored = [path for path in (tmp_path / "cache").iterdir() if ".t3-" in path.name]
    assert len(stored) == 1
    # Identifiers that stand in no line, and one that does.
    assert log.count(str(uuid.uuid5(uuid.NAMESPACE_DNS, "nowhere"))) == 0
    assert log.count("e29b41d4-a716-4466-9544") == 1


def test_a_fork_reads_on(big: Path, kept: Path) -> None:
    lines = _indexed(big, kept).lines("needle|INFO step=2999[0-9]")
    first = next(lines)
    expected = list(_plain(big).lines("needle|INFO step=2999[0-9]"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if [first, *lines] == expected else 2
        finally:
            os._exit(status)
    os.close(write)
    os.close(read)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
