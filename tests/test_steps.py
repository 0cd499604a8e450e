"""The step of a line, and ranges of steps, against the fold written out in Python."""

import json
import random
import subprocess
import sys
from pathlib import Path

import logdex
import pytest

_TABLE = Path(__file__).parent / "data" / "steps.tsv"
_ROWS = [
    (None if step == "-" else int(step), line)
    for step, line in (
        row.split("\t", 1) for row in _TABLE.read_text().splitlines() if row and not row.startswith("#")
    )
]

# What begins otherwise may name a process, by which lines find their steps.
_PLAIN = [(step, line) for step, line in _ROWS if line[0].isalpha() or line[0] == "{"]


def test_every_row_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    for step, line in _ROWS:
        path.write_text(line + "\n")
        (record,) = logdex.open(path).records(steps=True)
        assert record.step == step, line
        path.write_text(line)
        (record,) = logdex.open(path).records(steps=True)
        assert record.step == step, line


def _log(path: Path, seed: int, *, lines: int = 3000) -> list[int]:
    """A log of several ranks; returns the step of each line, by the fold."""
    rng = random.Random(seed)
    written: list[tuple[str, int | None, str]] = []
    for n in range(lines):
        own, line = rng.choice(_PLAIN)
        rank = rng.choice(["", "", "[rank0]: ", "[rank1]: ", "[rank2]: "])
        if rng.random() < 0.5:
            own, line = n // 3, f"step={n // 3} loss={rng.random():.3f}"
        written.append((rank, own, rank + line))
    path.write_text("".join(f"{line}\n" for _, _, line in written))
    first = next(own for _, own, _ in written if own is not None)
    last, by_rank, steps = None, {}, []
    for rank, own, _ in written:
        if own is not None:
            last = own
            if rank:
                by_rank[rank] = own
        step = own if own is not None else by_rank.get(rank) if rank else None
        step = step if step is not None else last
        steps.append(first if step is None else step)
    return steps


@pytest.mark.parametrize("seed", range(6))
def test_a_range_is_what_the_fold_says(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.log"
    # Prefixes other than a rank make no difference to a fold by rank only where no line has one.
    steps = _log(path, seed)
    lines = path.read_text().splitlines(keepends=True)
    log = logdex.open(path)
    assert [record.step for record in log.records(steps=True)] == steps
    for low, high in ((100, 120), (None, 7), (900, None), (5, 5), (20, 10), (None, None), (-5, -1)):
        kept = [
            line
            for line, step in zip(lines, steps, strict=True)
            if (low is None or step >= low) and (high is None or step <= high)
        ]
        assert list(log.lines(step=(low, high))) == kept
        assert log.count(step=(low, high)) == len(kept)
        assert list(log.lines(step=(low, high), last=5)) == kept[-5:]
        assert log.count("loss", step=(low, high)) == sum("loss" in line for line in kept)


@pytest.mark.parametrize("cut", ["Steps: \n 12%|█ | 1234/10000 [", "Steps:  12%|█ |\n 1234/10000 ["])
def test_no_step_is_read_of_two_lines(tmp_path: Path, cut: str) -> None:
    path = tmp_path / "cut.log"
    lines = [*f"{cut}\nstep=5 a\n{cut}\n".splitlines(keepends=True), *["b\n"] * 300_000]
    path.write_text("".join(lines))
    log = logdex.open(path, index=False)
    assert next(log.records(steps=True)).step == 5, "the first of the file, by its sums"
    assert log.count(step=(5, 5)) == len(lines), "in all blocks"
    assert log.count(step=(6, None)) == 0


def test_a_step_by_a_regex(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("batch 1 of 9\nhello\nbatch 2 of 9 step=77\n")
    log = logdex.open(path)
    assert [r.step for r in log.records(steps=r"batch (\d+)")] == [1, 1, 2]
    assert list(log.lines(step=(2, 2), steps=r"batch (\d+)")) == ["batch 2 of 9 step=77\n"]
    assert [r.step for r in log.records()] == [None, None, None]
    with pytest.raises(ValueError, match="0 groups"):
        log.count(step=(1, 2), steps="batch")
    with pytest.raises(TypeError, match="give a pair"):
        log.lines(step=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no whole number"):
        log.lines(step=("5", None))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="partial"):
        log.lines(step=(1, 2), partial=True, follow=True)


def test_a_log_without_steps(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.log"
    path.write_text("hello\nworld\n")
    log = logdex.open(path)
    with pytest.raises(ValueError, match=r"a\.log: no line has a step that is understood"):
        log.count(step=(1, None))
    assert log.count(step=(1, None), strict=False) == 2
    assert "step is ignored" in caplog.text
    assert log.count(steps=True) == 2


@pytest.mark.parametrize("content", [b"", b"\0" * 4096], ids=["empty", "a hole"])
def test_a_log_without_a_line_has_no_step_to_miss(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(content)
    log = logdex.open(path)
    for steps in (None, r"batch (\d+)"):
        assert (
            list(log.lines(step=(1, None), steps=steps))
            == list(log.lines(step=(1, 2), steps=steps, last=1))
            == []
        )
        assert log.count(step=(1, None), steps=steps) == 0


def test_a_follow_and_a_merge(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("step=1 a\nb\nstep=2 c\n")
    ended = False
    with logdex.open(path).lines(step=(2, 3), follow=True, ended=lambda: ended) as lines:
        assert next(lines) == "step=2 c\n"
        with path.open("a") as more:
            more.write("d\nstep=4 e\nf\nstep=3 g\n")
        assert [next(lines), next(lines)] == ["d\n", "step=3 g\n"]
        ended = True
        assert list(lines) == []
    stamped = tmp_path / "b.log"
    stamped.write_text("2026-11-22 02:10:00 step=2 x\n2026-11-22 02:10:01 y\n2026-11-22 02:10:02 step=9 z\n")
    merged = logdex.merge({"b": stamped}, step=(2, 2))
    assert [(label, record.text[-2], record.step) for label, record in merged] == [
        ("b", "x", 2),
        ("b", "y", 2),
    ]


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("step=1 a\nb\nstep=2 c\nd\nstep=3 e\n")

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "logdex", *args, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run("--step", "2..2").stdout == "step=2 c\nd\n"
    assert run("--step", "2").stdout == "step=2 c\nd\n"
    assert run("--step", "2..", "-c").stdout == "3\n"
    assert run("--step", "..1", "-n", "1").stdout == "b\n"
    assert [json.loads(row)["step"] for row in run("--step", "2..", "--json").stdout.splitlines()] == [
        2,
        2,
        3,
    ]
    assert "step" not in json.loads(run("--json", "-n", "1").stdout)
    wrong = run("--step", "x..")
    assert wrong.returncode == 2
    assert "41000..41200" in wrong.stderr


def _large(path: Path, *, lines: int = 330_000, first: int = 0) -> None:
    """A log large enough for an index of its steps, of ranks that write in turns, of which one has stopped."""
    rng = random.Random(first)
    with path.open("a") as out:
        for n in range(first, first + lines):
            rank = 3 if n < 20_000 else n % 3
            step = f"step={n // 10} " if n % 10 < 3 else ""
            time = f"{n // 36000 % 24:02}:{n // 600 % 60:02}:{n // 10 % 60:02}"
            out.write(f"[rank{rank}]: 2026-11-22 {time} {step}{rng.random()}\n")


def test_a_second_question_about_steps_reads_little(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    _large(path)
    assert path.stat().st_size > 16 << 20
    log, plain = logdex.open(path, tz="UTC"), logdex.open(path, tz="UTC", index=False)
    assert log.count(since="2026-11-23 10:00:00") == 0
    asked = {"step": (20_000, 20_010)}
    expected = list(plain.lines(**asked))
    assert len(expected) > 50
    assert list(log.lines(**asked)) == expected
    again = log.lines(**asked)
    assert list(again) == expected
    assert again.stats.bytes_read < 4 << 20
    shown = [(r.text, r.step, r.number, r.time) for r in log.records(r"\.5", **asked)]
    assert shown == [(r.text, r.step, r.number, r.time) for r in plain.records(r"\.5", **asked)]
    assert list(log.lines(**asked, last=7)) == expected[-7:]
    ranged = {"since": "2026-11-22 05:33:20", "until": "2026-11-22 05:33:24", **asked}
    assert list(log.lines(**ranged)) == list(plain.lines(**ranged))
    _large(path, lines=40_000, first=330_000)
    for low, high in ((20_000, 20_010), (32_990, 33_010), (36_000, None), (0, 3)):
        expected = list(plain.lines(step=(low, high)))
        for _ in range(2):
            assert list(log.lines(step=(low, high))) == expected
    assert log.count(step=(36_000, None)) == len(list(plain.lines(step=(36_000, None))))


def test_an_index_that_was_built_ahead_has_the_steps(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    _large(path)
    command = [sys.executable, "-m", "logdex", "index", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    log, plain = logdex.open(path, tz="UTC"), logdex.open(path, tz="UTC", index=False)
    for low, high in ((20_000, 20_010), (0, 3), (None, 2)):
        lines = log.lines(step=(low, high))
        assert list(lines) == list(plain.lines(step=(low, high)))
        assert lines.stats.bytes_read < 12 << 20
    # What was written since is summed up with its steps, by a question about time too.
    for first in (330_000, 370_000):
        _large(path, lines=40_000, first=first)
        log.count(since="2026-11-22 10:00:00")
        lines = log.lines(step=(first // 10 - 5, first // 10 + 5))
        assert list(lines) == list(plain.lines(step=(first // 10 - 5, first // 10 + 5)))
        assert lines.stats.bytes_read < 8 << 20


def test_steps_by_index_go_with_a_follow_and_a_cursor(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    _large(path)
    log = logdex.open(path, tz="UTC")
    ended = False
    with log.lines(step=(32_990, 33_010), follow=True, ended=lambda: ended) as lines:
        there = [next(lines) for _ in range(log.count(step=(32_990, 33_010)))]
        with path.open("a") as more:
            more.write(
                "what has no rank\n[rank1]: inherits\n[rank2]: step=5 x\n[rank2]: as well\nstep=33000 y\n"
            )
        assert [next(lines) for _ in range(3)] == [
            "what has no rank\n",
            "[rank1]: inherits\n",
            "step=33000 y\n",
        ]
        ended = True
        assert list(lines) == []
    plain = logdex.open(path, tz="UTC", index=False)
    assert there == list(plain.lines(step=(32_990, 33_010)))[: len(there)]
    first = log.lines(step=(20_000, 20_010))
    head = [next(first) for _ in range(20)]
    rest = list(log.lines(step=(20_000, 20_010), after=first.cursor))
    assert head + rest == list(plain.lines(step=(20_000, 20_010)))


def test_damage_to_what_is_known_of_steps_never_changes_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    _large(path)
    log = logdex.open(path, tz="UTC")
    expected = log.count(step=(20_000, 20_010))
    (stored,) = (tmp_path / "cache").glob("*.v[0-9]*.logdex")
    whole = stored.read_bytes()
    rng = random.Random(3)
    for _ in range(40):
        broken = bytearray(whole)
        if rng.random() < 0.3:
            del broken[rng.randrange(len(whole)) :]
        else:
            broken[rng.randrange(len(whole))] ^= rng.randrange(1, 256)
        stored.write_bytes(broken)
        assert log.count(step=(20_000, 20_010)) == expected


def test_of_several_logs_one_without_steps_has_lines_before_all(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text("2026-11-22 02:00:00 step=1 a\n2026-11-22 02:00:02 step=5 b\n")
    (logs / "errors.log").write_text("2026-11-22 02:00:01 hm\n")
    (logs / "empty.log").write_text("")
    for source in (logs, [logs / "errors.log", logs / "a.log"]):
        log = logdex.open(source, tz="UTC")
        for step, ends in (((2, None), ["b"]), ((None, 1), ["a", "m"]), ((None, 5), ["a", "m", "b"])):
            assert [line[-2] for line in log.lines(step=step)] == ends
            assert [line[-2] for line in log.lines(step=step, last=1)] == ends[-1:]
            assert log.count(step=step) == len(ends)
            assert log.arrow(step=step) is not None
            merged = logdex.merge({path.name: path for path in logs.iterdir()}, step=step)
            assert [record.text[-2] for _, record in merged] == ends
    alone = logdex.open([logs / "errors.log", logs / "empty.log"])
    with pytest.raises(ValueError, match="no line has a step"):
        list(alone.lines(step=(2, None)))
    with pytest.raises(ValueError, match="no line has a step"):
        alone.count(step=(2, None))
    command = [sys.executable, "-m", "logdex", "--step", "2..", "-c", str(logs)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.log:1\nempty.log:0\nerrors.log:0\n", "")


def test_of_a_rotated_set_one_file_may_be_without_steps(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.with_name("app.log.1").write_text("begins\n")
    path.write_text("step=1 a\nstep=2 b\n")
    log = logdex.open(path, rotated=True)
    assert list(log.lines(step=(2, None))) == ["step=2 b\n"]
    assert list(log.lines(step=(None, 1))) == ["begins\n", "step=1 a\n"]
