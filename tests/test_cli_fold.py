"""`-f --fold`: what many ranks say alike as one line; `--frames`: of a progress bar its end."""

import json
import re
import signal
from pathlib import Path

import pytest
from logdex.command.lines.names import ShortNames
from logdex.inputs.input import Input
from shell import Following, logdex, run


def rank_logs(directory: Path, count: int) -> list[Path]:
    paths = [directory / f"rank{rank}.log" for rank in range(count)]
    for rank, path in enumerate(paths):
        odd = "2026-11-22 02:10:01 RuntimeError: NCCL\n" if rank == 2 else ""
        path.write_text(
            f"2026-11-22 02:10:00 step 25 loss {2 + rank / 10}\n{odd}2026-11-22 02:10:02.{rank} step 26 loss 1.5\n"
        )
    return paths


def followed(count: int, *args: object) -> list[str]:
    """The first lines of a follow, which goes on."""
    one = Following(*args)
    try:
        return [one.line() for _ in range(count)]
    finally:
        one.process.kill()
        one.process.communicate()


def test_what_ranks_say_alike_is_one_line(tmp_path: Path) -> None:
    rank_logs(tmp_path, 4)
    assert followed(3, "--fold", tmp_path) == [
        "[0-3] 2026-11-22 02:10:00 step 25 loss 2.0 to 2.3\n",
        "2 2026-11-22 02:10:01 RuntimeError: NCCL\n",
        "[0-3] 2026-11-22 02:10:02.0 step 26 loss 1.5\n",
    ]


def test_piped_and_not_asked_for_nothing_is_folded(tmp_path: Path) -> None:
    rank_logs(tmp_path, 2)
    assert sorted(followed(4, tmp_path)) == [
        "rank0 2026-11-22 02:10:00 step 25 loss 2.0\n",
        "rank0 2026-11-22 02:10:02.0 step 26 loss 1.5\n",
        "rank1 2026-11-22 02:10:00 step 25 loss 2.1\n",
        "rank1 2026-11-22 02:10:02.1 step 26 loss 1.5\n",
    ]


def test_of_one_source_nothing_is_folded(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("step 1\nstep 2\n")
    assert followed(2, "--fold", tmp_path / "a.log") == ["step 1\n", "step 2\n"]


def test_regex_and_range_choose_before_lines_are_folded(tmp_path: Path) -> None:
    rank_logs(tmp_path, 3)
    assert followed(1, "--fold", "-e", r"loss 1\.5", tmp_path) == [
        "[0-2] 2026-11-22 02:10:02.0 step 26 loss 1.5\n"
    ]


def test_what_came_before_a_ctrl_c_is_shown(tmp_path: Path) -> None:
    rank_logs(tmp_path, 3)
    with (tmp_path / "rank0.log").open("a") as file:
        file.write("alone\n")
    one = Following("--fold", tmp_path)
    first = one.line()
    one.process.send_signal(signal.SIGINT)
    assert one.process.stdout is not None
    shown = first + one.process.stdout.read()
    one.process.communicate()
    assert shown.count("alone") == 1
    assert len(re.findall(r"step 2[56]", shown)) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fold"], "--fold puts together what comes at once: give -f too"),
        (["-f", "--fold", "--json"], "--fold puts whole lines together"),
        (["-f", "--fold", "-m", "3"], "-m counts lines"),
    ],
)
def test_what_cannot_be_folded_is_said(log: Path, words: list[str], said: str) -> None:
    status, out, error = run(*words, log)
    assert (status, out) == (2, [])
    assert said in error


def named(*labels: str) -> list[str]:
    found = [Input("", label) for label in labels]
    names = ShortNames(found)
    return [names.padded(one) for one in found]


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (["trainer/0", "trainer/12"], [" 0", "12"]),
        (["w/0 stdout", "w/1 stdout"], ["0", "1"]),
        (["w/0 stdout", "w/0 stderr"], ["0 stdout", "0 stderr"]),
        (["a/b/x.log", "a/b/longer.log"], ["x.log     ", "longer.log"]),
        (["r01", "r1"], ["r01", "r1 "]),
        (["alone"], ["alone"]),
    ],
)
def test_names_are_short_and_none_is_anothers(labels: list[str], short: list[str]) -> None:
    assert named(*labels) == short
    assert len(set(short)) == len(labels)


BAR = b"a\n10%\r20%\r30%\nb\r\n 1%\r 2%\r      \r\nlast\r\xff"


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        ([], b"a\n30%\nb\r\n 2%\nlast\xff\n"),
        (["--frames", "last"], b"a\n30%\nb\r\n 2%\nlast\xff\n"),
        (["--frames", "all"], BAR + b"\n"),
        (["-e", "10%"], b"30%\n"),
        (["-e", "10%", "-o"], b"10%\n"),
        (["-e", "10%", "-C1"], b"a\n30%\nb\r\n"),
        (["--line-number", "-e", "10%"], b"2:30%\n"),
        (["-e", "10%", "-c"], b"1\n"),
    ],
)
def test_of_a_progress_bar_the_last_frame_is_shown_and_all_are_searched(
    tmp_path: Path, args: list[str], shown: bytes
) -> None:
    path = tmp_path / "bar.log"
    path.write_bytes(BAR)
    shown = shown.replace(b"last\xff", b"\xff") if args != ["--frames", "all"] else shown
    assert logdex(*args, path).stdout == shown


def test_json_has_the_line_as_it_is_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "bar.log"
    path.write_bytes(BAR)
    texts = [json.loads(line)["text"] for line in run("--json", path)[1]]
    assert texts[1] == "10%\r20%\r30%"
    texts = [json.loads(line)["text"] for line in run("--json", "--frames", "last", path)[1]]
    assert texts[1] == "30%"


def test_a_long_log_of_bars_is_as_its_lines(tmp_path: Path) -> None:
    """The plain way writes blocks, and this one lines: both are asked for more than a block."""
    path = tmp_path / "bars.log"
    path.write_text("".join(f"{n}\r{n} of 90000\nplain {n}\n" for n in range(30_000)))
    _, out, _ = run(path)
    assert out == [line for n in range(30_000) for line in (f"{n} of 90000\n", f"plain {n}\n")]


def test_a_bar_that_moves_is_shown_as_it_moves(tmp_path: Path) -> None:
    path = tmp_path / "bar.log"
    path.write_bytes(b"10%\r20%\r")
    one = Following(path)
    try:
        assert one.process.stdout is not None
        assert one.process.stdout.buffer.read(8) == b"10%\r20%\r"
    finally:
        one.process.kill()
        one.process.communicate()
