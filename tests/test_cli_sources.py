"""What the command reads: pipes, compressed logs, many sources in one order, handles."""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from compressed import compress
from logdex import open as open_log
from shell import LINES, logdex, run


def test_standard_input_by_pipe_and_by_file(log: Path) -> None:
    text = log.read_bytes()
    assert run("-e", "ready", stdin=text)[1] == [LINES[1]]
    assert run("--since", "2026-11-22 02:11", "-", stdin=text)[1] == [LINES[6]]
    assert run("-n1", stdin=text)[1] == [LINES[6]]
    with log.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "logdex", "-c"], stdin=file, capture_output=True, check=False
        )
        assert done.stdout == b"7\n"
        # Somebody has read the first line: the rest is meant.
        os.lseek(file.fileno(), len(LINES[0]), os.SEEK_SET)
        done = subprocess.run([sys.executable, "-m", "logdex"], stdin=file, capture_output=True, check=False)
        assert done.stdout == "".join(LINES[1:]).encode()
    assert run(stdin=b"") == (1, [], "")


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
def test_what_comes_through_a_pipe_is_read_whole(log: Path, tmp_path: Path, suffix: str) -> None:
    packed = compress(log.read_bytes(), suffix)
    assert run("-c", stdin=packed)[1] == ["7\n"]
    assert run("-c", stdin=compress(b"", suffix)) == (1, ["0\n"], "")
    status, _, error = run("-c", stdin=packed[:-9])
    assert (status, "standard input: the " in error) == (2, True)
    (tmp_path / f"packed{suffix}").write_bytes(packed)
    script = """
        logdex -c < packed$0
        logdex -e bye <(cat train.log)
        cat train.log | logdex -c /dev/stdin
        logdex -f -e bye <(cat packed$0)
    """.replace("logdex", f"{sys.executable} -m logdex")
    done = subprocess.run(
        ["bash", "-c", script, suffix], cwd=log.parent, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"7\n{LINES[6]}7\n{LINES[6]}", "")


def test_a_frame_to_be_skipped_is_no_text(log: Path, tmp_path: Path) -> None:
    path = tmp_path / "parallel.zst"
    path.write_bytes(b"\x50\x2a\x4d\x18\x04\0\0\0size" + compress(log.read_bytes(), ".zst"))
    assert run(path)[1] == LINES


def test_standard_input_is_shown_as_it_comes(log: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "logdex", "-e", "x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(b"x%d\ny\n" % number)
            process.stdin.flush()
            assert process.stdout.readline() == b"x%d\n" % number
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_what_is_spooled_is_bounded(log: Path) -> None:
    status, _, error = run("-n1", stdin=b"x\n" * (1 << 20), LOGDEX_SPOOL="1")
    assert status == 2
    assert "standard input: more than 1 MiB" in error


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
def test_compressed_logs_are_read(log: Path, suffix: str) -> None:
    path = log.with_name(f"train.log{suffix}")
    path.write_bytes(compress(log.read_bytes(), suffix))
    assert run(path)[1] == LINES
    assert run("-c", "-e", "NCCL", path)[1] == ["2\n"]
    path.write_bytes(path.read_bytes()[:-9])
    status, _, error = run(path)
    assert status == 2
    assert "damaged or cut off" in error
    assert str(path) in error


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".xz", ".bz2", ".lz4"])
@pytest.mark.parametrize("options", [[], ["--no-merge"], ["-c"], ["--files-with-matches"], ["-n", "300000"]])
def test_one_log_that_is_cut_off_does_not_take_the_others_along(
    tmp_path: Path, suffix: str, options: list[str]
) -> None:
    rng = random.Random(1)
    (tmp_path / "rank0.log").write_text("whole\n")
    text = "".join(f"{rng.random()}\n" for _ in range(200_000))
    whole = compress(text.encode(), suffix)
    (tmp_path / f"rank1.log{suffix}").write_bytes(whole[: len(whole) // 2])
    status, out, error = run(*options, tmp_path)
    assert status == 2
    assert error.count("damaged or cut off") == 1
    if "-c" in options:
        counts = dict(line.rstrip().split(":") for line in out)
        assert counts["rank0"] == "1"
        assert 0 < int(counts["rank1"]) < 200_000
    elif "--files-with-matches" in options:
        assert len(out) == 2
    else:
        assert "rank0 whole\n" in out
        # As far as it can be read; the last line has an end, for others stand behind it.
        shown = [line.removeprefix("rank1 ") for line in out if line != "rank0 whole\n"]
        assert text.startswith("".join(shown)[:-1])
        assert shown


def test_ranks_leave_out_a_log_that_is_cut_off_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "rank0.log").write_text("2026-11-22 02:10:00 step 1\n")
    (tmp_path / "rank1.log.gz").write_bytes(compress(b"2026-11-22 02:10:00 step 1\n" * 99, ".gz")[:-9])
    status, out, error = run("ranks", tmp_path)
    assert status == 2
    assert "rank1.log.gz: the gzip data are damaged or cut off" in error
    assert any(line.startswith("ranks") for line in out)


def test_in_python_a_log_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rank0.log").write_text("whole\n")
    (tmp_path / "rank1.log.gz").write_bytes(compress(b"text\n" * 99, ".gz")[:-9])
    for follow in (False, True):
        with pytest.raises(OSError, match="damaged or cut off"):
            next(open_log(tmp_path).lines(follow=follow))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two ranks whose lines alternate in time; rank 1 has a traceback."""
    for rank in (0, 1):
        lines = [f"2026-11-22 02:00:{second:02} rank {rank}\n" for second in range(rank, 10, 2)]
        if rank:
            lines.insert(2, "  continued\n")
        (tmp_path / f"rank{rank}.log").write_text("".join(lines))
    return tmp_path


def test_several_sources_are_merged_by_time(two: Path) -> None:
    _, out, _ = run(two)
    seconds = [int(match[1]) for line in out if (match := re.search(r"02:00:(\d\d)", line))]
    assert seconds == list(range(10))
    at = out.index("rank1   continued\n")
    assert out[at - 1].startswith("rank1 2026-11-22 02:00:03")
    assert all(line.startswith(("rank0 ", "rank1 ")) for line in out)
    assert run("--no-merge", "--no-labels", two)[1] == [
        *(two / "rank0.log").read_text().splitlines(keepends=True),
        *(two / "rank1.log").read_text().splitlines(keepends=True),
    ]
    last = run("-n", "3", "--no-labels", two)[1]
    assert [line[17:19] for line in last] == ["07", "08", "09"]
    assert run("-c", f"{two}/rank*.log")[1] == ["rank0:5\n", "rank1:6\n"]
    assert run("-e", "rank 1", "-B1", "-n1", two / "rank1.log")[1][-1].endswith("09 rank 1\n")


@pytest.mark.parametrize("shape", [["-C1"], ["-A2"], ["-B3"], ["-v"], ["--records"]])
def test_what_is_around_a_line_is_of_its_own_source(two: Path, shape: list[str]) -> None:
    asked = ["-e", "0[39] rank|04", *shape]
    together = [line for line in run(*asked, two)[1] if line != "--\n"]
    for rank in (0, 1):
        alone = run(*asked, "--labels", two / f"rank{rank}.log")[1]
        assert [line for line in together if line.startswith(f"rank{rank}")] == [
            line for line in alone if line != "--\n"
        ]


@pytest.mark.parametrize("merge", [[], ["--no-merge"]])
@pytest.mark.parametrize(
    "asked", [["-n", "1"], ["-n", "3"], ["-n", "0"], ["-m", "1"], ["-m", "4"], ["-e", "1"]]
)
def test_the_lines_that_are_counted_are_those_that_are_shown(
    two: Path, merge: list[str], asked: list[str]
) -> None:
    given = [*asked, *merge, two]
    shown = Counter(line.partition(" ")[0] for line in run(*given)[1])
    status, counts, error = run("-c", *given)
    assert (status, error) == (0 if shown else 1, "")
    assert counts == [f"{name}:{shown[name]}\n" for name in ("rank0", "rank1")]
    names = run("--files-with-matches", *given)[1]
    assert names == [f"{two}/{name}.log\n" for name in ("rank0", "rank1") if shown[name]]


def test_what_is_told_in_place_of_lines_has_its_stats(two: Path) -> None:
    for option in ("-c", "--histogram", "--files-with-matches"):
        status, out, error = run(option, "--stats", "-n", "1", two)
        assert (status, bool(out)) == (0, True)
        assert error.startswith("logdex: 1 lines, ")


def test_one_bad_source_does_not_hide_the_others(two: Path) -> None:
    (two / "bare.log").write_text("no time here\n")
    status, out, error = run("--since", "2026-11-22 02:00:05", two)
    assert (status, len(out)) == (2, 5)
    assert "bare.log: no line has a time" in error


def test_json_says_where_and_when(two: Path) -> None:
    _, out, _ = run("--json", "--tz", "UTC", "-e", "continued", two)
    assert [json.loads(line) for line in out] == [
        {
            "source": "rank1",
            "rank": 1,
            "time": "2026-11-22T02:00:03+00:00",
            "resolution_ns": 10**9,
            "how": "inherited",
            "offset": 54,
            "number": 3,
            "level": None,
            "text": "  continued",
        }
    ]


def test_names_of_files_are_bytes(tmp_path: Path) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    with open(os.fsencode(directory) + b"/bad\xff.log", "w") as file:
        file.write("2026-11-22 02:00:00 x\n")
    (directory / "b.log").write_text("2026-11-22 02:00:00 x\n")
    _, out, _ = run("--json", directory)
    assert [json.loads(line)["source"] for line in out] == ["b.log", "bad\ufffd.log"]
    assert logdex("-c", directory, PYTHONIOENCODING="utf-8").stdout == b"b.log:1\nbad\xff.log:1\n"
    with open_log(directory).records() as records:
        assert [record.source for record in records] == ["b.log", "bad\ufffd.log"]


def test_handles_say_what_is_missing() -> None:
    status, _, error = run("local_persistent://s/no-such-app")
    assert status == 2
    assert "no such app" in error or "pip install 'logdex[torchx]'" in error
    status, _, error = run("local_persistent:///")
    assert status == 2
    assert "not a handle" in error


def test_a_handle_is_read_and_followed_to_the_end(launch: Callable[..., str]) -> None:
    app = launch("for i in 1 2 3; do echo line $i of ${replica_id}; sleep 0.2; done", replicas=2)
    handle = f"local_persistent://test/{app}"
    status, out, error = run("-f", "-e", "line", handle)
    assert (status, error) == (0, "")
    assert sorted(out) == [f"w/{k} stdout line {i} of {k}\n" for k in (0, 1) for i in (1, 2, 3)]
    assert run(f"{handle}/w/1", "-n1")[1] == ["w/1 stdout line 3 of 1\n"]
    status, _, error = run(f"{handle}/w/7")
    assert (status, "no replica 7" in error) == (2, True)


def test_a_name_before_a_line_is_in_that_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb.log").write_text("2026-11-22 02:00:00 INFO a\n")
    (tmp_path / "c\x1b[31m.log").write_text("2026-11-22 02:00:01 INFO c\n")
    shown = ["a\\nb.log 2026-11-22 02:00:00 INFO a\n", "c\\u001b[31m.log 2026-11-22 02:00:01 INFO c\n"]
    for args in ([], ["--no-merge"]):
        assert run(tmp_path, *args)[1] == shown
    assert run(tmp_path, "-c")[1] == ["a\\nb.log:1\n", "c\\u001b[31m.log:1\n"]


def test_files_of_one_name_are_told_apart_by_where_they_are(tmp_path: Path) -> None:
    for run_, host in (("run1", "a"), ("run2", "b")):
        (tmp_path / run_ / "logs").mkdir(parents=True)
        (tmp_path / run_ / "logs" / "train.log").write_text(f"2026-11-22 02:00:0{run_[-1]} INFO {host}\n")
    one, two = (tmp_path / name / "logs" / "train.log" for name in ("run1", "run2"))
    shown = ["run1/train.log 2026-11-22 02:00:01 INFO a\n", "run2/train.log 2026-11-22 02:00:02 INFO b\n"]
    for named in ([one, two], [one.parent, two.parent], [one, two.parent]):
        assert run(*named)[1] == shown
        assert open_log(named).sources == ["run1/train.log", "run2/train.log"]
    assert run("-c", one, two)[1] == ["run1/train.log:1\n", "run2/train.log:1\n"]
    (tmp_path / "train.log").write_text("2026-11-22 02:00:00 INFO alone\n")
    assert open_log([tmp_path / "train.log", one]).sources == ["train.log", "run1/logs/train.log"]
    assert open_log([one, one]).sources == ["train.log"]
    ranks = [rank.name for rank in open_log([one, two]).ranks().ranks]
    assert ranks == ["run1/train.log", "run2/train.log"]


def test_one_log_that_is_left_of_several_comes_in_the_order_of_time(tmp_path: Path) -> None:
    early, late = "2026-11-22 02:10:00 early\n", "2026-11-22 02:10:05 late\n"
    (tmp_path / "a.log").write_text(late + early)
    (tmp_path / "b.log").write_text("no time\n")
    asked = ("--since", "2026-11-22", "--no-labels", tmp_path / "a.log", tmp_path / "b.log")
    assert run(*asked)[:2] == (2, [early, late])
    assert run(*asked, "-m", "1")[:2] == (2, [early])
    assert run(*asked, "--no-merge")[:2] == (2, [late, early])
