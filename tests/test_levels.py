"""Levels: what a line says of itself, what goes on with it, and that filters by level give exactly those lines."""

import pickle
import random
import re
from pathlib import Path

import logdex
import pytest
from logdex import Level


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-22 06:47:12,123 INFO train: step 10", "info"),
        ("[2026-11-22 06:47:12,123] [ERROR] [engine.py:10:step] x", "error"),
        ("2026-11-22 06:47:12,123 - root - WARNING - x", "warning"),
        ("[rank0]:[titan] 2026-11-22 06:47:12,123 - root - CRITICAL - x", "critical"),
        ("[INFO|trainer.py:10] 2026-11-22 06:47:12,123 >> x", "info"),
        ("[NeMo W 2026-11-22 06:47:12 trainer:10] x", "warning"),
        ("W1122 06:47:12.123456 10 train.cc:10] x", "warning"),
        ("[rank0]:[E1122 06:47:12.999123456 ProcessGroupNCCL.cpp:10] x", "error"),
        ("[E ProcessGroupNCCL.cpp:828] [Rank 9] Watchdog caught", "error"),
        ("F20261122 06:47:12.123456 10 train.cc:10] x", "critical"),
        ("I 11-22 06:47:12 task.py:10] x", "info"),
        ("2026-11-22 06:47:12.123456: W tensorflow/core/x.cc:10] x", "warning"),
        ("[2026-11-22 06:47:12,123 E 10 11] main.cc:10: x", "error"),
        ("[11/22/2026-06:47:12] [TRT] [W] x", "warning"),
        ("11-22 06:47:12.123  10  11 E Tag: x", "error"),
        ("2026-11-22 06:47:12.123 | WARNING  | train:main:10 - x", "warning"),
        ("26/11/22 06:47:12 ERROR Executor: x", "error"),
        ("2026-11-22 06:47:12,123 [main] DEBUG o.x.Y - x", "debug"),
        ("2026-11-22T06:47:12.123Z\tERROR\tcmd/main.go:1\tx", "error"),
        ("[2026-11-22T06:47:12Z INFO  train] x", "info"),
        ("WARNING: x", "warning"),
        ("(Worker pid=10, ip=10.0.0.3) ERROR 11-22 06:47:12 [x.py:1] y", "error"),
        ("INFO:train:x", "info"),
        ("srun: error: x", "error"),
        ("slurmstepd: error: *** STEP 1.0 ON n1 CANCELLED AT 2026-11-22T06:47:12 ***", "error"),
        ("2026/11/22 06:47:12 [error] 10#10: *1 x", "error"),
        ("[Sun Nov 22 06:47:12.123456 2026] [core:warn] [pid 1] x", "warning"),
        ("node1:10:11 [0] NCCL WARN x", "warning"),
        ("[2026-11-22 06:47:12] node1:10:11 [0] net.cc:10 NCCL WARN x", "warning"),
        ("2026:11:22-06:47:12:(10) |CCL_ERROR| x", "error"),
        ("[1795330032.030829] [gpu7:2793 :0]          x.c:1933 UCX  ERROR y", "error"),
        ("[ERROR] 2026-11-22-06:47:12 (PID:10, Device:0, RankID:0) ERR00100 x", "error"),
        ("<11>Nov 22 06:47:12 node1 trainer: x", "error"),
        ("<165>1 2026-11-22T06:47:12.123456-08:00 node1 trainer 10 - - x", "info"),
        ('{"ts":1795330032,"level":"warn","msg":"ERROR"}', "warning"),
        ('{"levelname": "ERROR", "message": "x"}', "error"),
        ('{"severity":"NOTICE"}', "info"),
        ('{"level":50,"msg":"pino"}', "error"),
        ('{"levelno": 30}', "warning"),
        ('{"PRIORITY":"3","MESSAGE":"x"}', "error"),
        ('{"t":{"$date":"2026-11-22T06:47:12Z"},"s":"E"}', "error"),
        ('{"log.level":"debug"}', "debug"),
        ("time=2026-11-22T06:47:12Z level=error msg=x", "error"),
        ('ts=2026-11-22T06:47:12Z caller=x.go:1 lvl="warn" x', "warning"),
        ("[06:47:12] WARNING: ../src/learner.cc:1115: x", "warning"),
        ("\x1b[32mINFO\x1b[0m:     Started server process", "info"),
        ("2026-11-22 06:47:12,123 step 10", None),
        ("the ERROR is in the text", None),
        ("2026-11-22 06:47:12,123 step 10 had an ERROR", None),
        ("Error: x", None),
        ("RuntimeError: x", None),
        ("error while loading x", None),
        ("Info about it", None),
        ('{"msg":"level","x":{"level":"error"}}', None),
        ("level of detail = 3", None),
        ("", None),
    ],
)
def test_a_field_of_the_line_says_its_level(tmp_path: Path, line: str, level: str | None) -> None:
    path = tmp_path / "x.log"
    path.write_text(line + "\n")
    (record,) = logdex.open(path, tz="UTC").records()
    assert record.level == level


_TABLE = [
    row.split("\t", 1)
    for row in (Path(__file__).parent / "data" / "levels.tsv").read_text().splitlines()
    if not row.startswith("#")
]


@pytest.mark.parametrize(("level", "line"), _TABLE, ids=[line for _, line in _TABLE])
def test_a_line_of_the_table_says_its_level(tmp_path: Path, line: str, level: str) -> None:
    raw = line.encode("latin-1", "backslashreplace").decode("unicode_escape")
    path = tmp_path / "x.log"
    path.write_text(raw + "\n")
    (record,) = logdex.open(path, tz="UTC").records()
    assert record.level == (None if level == "-" else level)


def _lines(rng: random.Random, count: int) -> list[str]:
    """A log in which records of three ranks stand among each other, some with long lines."""
    second, lines = 0, []
    for _ in range(count):
        second += rng.randrange(3)
        at = f"2026-11-22 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},000"
        rank = f"[rank{rng.randrange(3)}]: "
        kind = rng.randrange(13)
        lines.append(
            [
                f"{rank}{at} - INFO - fine",
                f"{rank}{at} - ERROR - bad",
                f"{rank}Traceback (most recent call last):",
                f'{rank}  File "x.py", line 1',
                f"{rank}ValueError: INFO",
                f"{rank}{at} no level",
                f'{{"level":"warn","time":"{at}","n":{rng.randrange(100)}}}',
                "bare text",
                "  indented " + "x" * rng.choice([1, 20_000]),
                f"{at} {rank}Traceback (most recent call last):",
                f'{at} {rank}  File "x.py", line 1' + "x" * rng.choice([1, 20_000]),
                f"{at} {rank}torch.OutOfMemoryError: INFO",
                f"{at} {rank}no level",
            ][kind]
            + "\n"
        )
    return lines


@pytest.mark.parametrize("seed", range(4))
def test_a_filter_by_level_gives_the_lines_of_that_level(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = _lines(rng, 4_000)
    path = tmp_path / "x.log"
    path.write_text("".join(lines))
    log = logdex.open(path, tz="UTC")
    records = list(log.records())
    assert [record.text for record in records] == lines
    assert {record.level for record in records} == {None, "info", "warning", "error"}
    for least in ("info", "warn", "ERROR", Level.CRITICAL):
        wanted = [r for r in records if r.level is not None and r.level >= least]
        assert list(log.lines(level=least)) == [r.text for r in wanted]
        assert [r.number for r in log.records(level=least)] == [r.number for r in wanted]
        assert log.count(level=least) == len(wanted)
        assert list(log.lines(level=least, last=7)) == [r.text for r in wanted][-7:]
        found = [r for r in wanted if re.search(r"\bbad\b|File", r.text)]
        assert list(log.lines(r"\bbad\b|File", level=least)) == [r.text for r in found]
        middle = records[2_000].time
        assert middle is not None
        late = [r.text for r in wanted if r.time is not None and r.time >= middle]
        assert list(log.lines(level=least, since=middle)) == late
        merged = logdex.merge({0: path}, level=least)
        assert sorted(r.number for _, r in merged) == [r.number for r in wanted]


@pytest.mark.parametrize("seed", range(3))
def test_a_level_is_the_same_whenever_it_is_asked(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = [line.encode() for line in _lines(rng, 4_000)]
    for _ in range(40):
        at = rng.randrange(len(lines))
        lines[at] = lines[at][:-1] + b" \xff\n"
    path = tmp_path / "x.log"
    path.write_bytes(b"".join(lines))
    log = logdex.open(path, tz="UTC")
    # A filter has each level told at once.
    told = {
        least: {record.number for record in log.records(level=least)}
        for least in ("debug", "warning", "error")
    }
    levels = [record.level for record in log.records()]
    for least, numbers in told.items():
        grave = {n for n, level in enumerate(levels, 1) if level is not None and level >= least}
        assert grave == numbers
    merged = {record.number: record.level for _, record in logdex.merge({"a": log})}
    assert [merged[number] for number in range(1, len(levels) + 1)] == levels
    some = [record for n, record in enumerate(log.records()) if n % 500 == 3]
    assert [record.level for record in some] == levels[3::500]
    last = list(log.records(last=1_000))
    (tmp_path / "y.log").write_text("2026-11-22 00:00:00,000 - INFO - the other\n")
    last_of_many = list(logdex.open(tmp_path, tz="UTC").records(last=1_000))
    kept = iter(log.records())
    first = [next(kept) for _ in range(2_500)]
    with path.open("wb"):
        pass
    assert [record.level for record in last] == levels[-1_000:]
    assert [record.level for record in first] == levels[:2_500]
    assert [record.level for record in last_of_many] == [levels[record.number - 1] for record in last_of_many]


@pytest.mark.parametrize("nuls", [4095, 4096, 5000, 70_000, 600_000])
@pytest.mark.parametrize("padding", [100, (256 << 10) - 40])
def test_no_level_is_lost_behind_a_hole(tmp_path: Path, nuls: int, padding: int) -> None:
    path = tmp_path / "x.log"
    head = f"2026-07-01 00:00:00 INFO {'y' * padding}\n2026-07-01 00:00:01 ERROR boom\n"
    path.write_bytes(head.encode() + b"\0" * nuls + b"  at x\n  at y\n2026-07-01 00:00:02 INFO end\n")
    log = logdex.open(path, tz="UTC", index=False)
    whole = list(log.lines(level="error"))
    assert [line[-5:] for line in whole] == ["boom\n", "at x\n", "at y\n"]
    assert log.count(level="error") == 3
    assert [one.text for one in log.records() if one.level == "error"] == whole
    for last in (1, 2, 9):
        assert list(log.lines(level="error", last=last)) == whole[-last:]
    for text in ("boom", "at x"):
        with log.lines(text) as answer:
            next(answer)
            rest = whole[whole.index(next(one for one in whole if text in one)) + 1 :]
            assert list(log.lines(level="error", after=answer.cursor)) == rest
            assert [one.text for one in log.records(level="error", after=answer.cursor)] == rest
            assert log.count(level="error", after=answer.cursor) == len(rest)


def test_a_follow_goes_on_with_the_level(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("2026-11-22 06:47:12 ERROR boom\n")
    with logdex.open(path).lines(level="error", follow=True) as lines:
        assert next(lines).endswith("boom\n")
        with path.open("a") as file:
            file.write("Traceback (most recent call last):\n  File x\n2026-11-22 06:47:13 INFO y\n")
            file.write("2026-11-22 06:47:14 FATAL z\n")
        assert [next(lines) for _ in range(3)] == [
            "Traceback (most recent call last):\n",
            "  File x\n",
            "2026-11-22 06:47:14 FATAL z\n",
        ]


_RAISED = [
    "torch.OutOfMemoryError: x",
    "queue.Empty",
    "Py4JJavaError: x",
    "socket.timeout: timed out",
    "ValueError: x",
]


@pytest.mark.parametrize("raised", _RAISED)
@pytest.mark.parametrize("writer", ["", "[rank3]: ", "[1,3]<stdout>:", "3: "])
def test_what_was_raised_is_an_error_whatever_it_is_called(tmp_path: Path, writer: str, raised: str) -> None:
    path = tmp_path / "x.log"
    said = ["Traceback (most recent call last):", '  File "x.py", line 1, in f', raised]
    path.write_text("".join(f"{writer}{line}\n" for line in [*said, "loose"]))
    log = logdex.open(path, tz="UTC")
    assert [record.level for record in log.records()] == ["error"] * 3 + [None]
    assert list(log.lines(level="error")) == [f"{writer}{line}\n" for line in said]


@pytest.mark.parametrize("writer", ["", "[rank3]: ", "[1,3]<stdout>:", "[default3]:[rank3]: "])
@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-22 06:47:12 ",
        "2026-11-22T06:47:12.123456789Z ",
        "Nov 22 06:47:12 ",
        "[2026-11-22 06:47:12] ",
        "Sun Nov 22 06:47:12 2026 ",
        "Sun Nov 22 06:47:12 2026<stdout>: ",
        "Nov 22 06:47:12 gpu7 train[412]: ",
        "[pod/train-3/main] 2026-11-22T06:47:12.123456789Z ",
        "train-3  | 2026-11-22T06:47:12.123456789Z ",
        "2026-11-22T06:47:12.123000+00:00 algo-1/i-0abc ",
    ],
)
def test_a_traceback_is_an_error_where_a_collector_stamped_its_lines(
    tmp_path: Path, stamp: str, writer: str
) -> None:
    said = [
        "loss 0.5",
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in f',
        "KeyError: 'x'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        '  File "x.py", line 2, in g',
        "torch.distributed.DistBackendError: x",
        "  and more",
        "loss 0.4",
        "  indented",
    ]
    lines = [f"{stamp}{writer}{line}\n" for line in said]
    path = tmp_path / "x.log"
    path.write_text("".join(lines))
    log = logdex.open(path, tz="UTC")
    expected = [None, *["error"] * 10, None, None]
    assert [record.level for record in log.records()] == expected
    assert list(log.lines(level="error")) == lines[1:11]


def test_tracebacks_of_ranks_are_told_apart_behind_a_stamp(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    rows = [
        ("[rank3]: Traceback (most recent call last):", "error"),
        ("[rank0]:   indented", None),
        ("[rank3]:   File x", "error"),
        ("[rank0]: INFO fine", "info"),
        ("[rank3]: RuntimeError: x", "error"),
        ("[rank3]: INFO fine", "info"),
        ("[rank3]:   indented", None),
    ]
    path.write_text("".join(f"2026-11-22T06:47:12Z {line}\n" for line, _ in rows))
    records = list(logdex.open(path, tz="UTC").records())
    assert [record.level for record in records] == [level for _, level in rows]
    assert [record.rank for record in records] == [3, 0, 3, 0, 3, 3, 3]


def test_levels_are_ordered_and_equal_their_names() -> None:
    assert Level.TRACE < Level.DEBUG < Level.INFO < Level.WARNING < Level.ERROR < Level.CRITICAL
    assert Level.ERROR == "error"
    assert Level.ERROR != "warning"
    assert Level("warn") is not None
    assert Level("FATAL") == Level.CRITICAL
    assert Level.INFO >= "debug"
    assert {Level.INFO: 1}["info"] == 1
    assert (str(Level.INFO), repr(Level.INFO), Level.INFO.name) == ("info", "Level.INFO", "info")
    assert pickle.loads(pickle.dumps(Level.INFO)) == Level.INFO


@pytest.mark.parametrize("level", ["loud", "", "1"])
def test_what_is_no_level_is_refused(tmp_path: Path, level: str) -> None:
    with pytest.raises(ValueError, match="give trace, debug"):
        logdex.open(tmp_path / "x.log").lines(level=level)


def test_a_taught_stamp_ends_a_record(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("ERROR: 22.11.2026 at 02h10 boom\n22.11.2026 at 02h11 fine\n")
    log = logdex.open(path, tz="UTC", stamp="%d.%m.%Y at %Hh%M")
    assert log.count(level="error") == len(list(log.records(level="error"))) == 1
