"""The combined stream: whole lines of both logs as they arrived, in one order for every reader."""

import glob
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

from logdex import _core
from logdex.log import Log
from logdex.log.combined import combined
from torchx.specs import AppState

Launcher = Callable[[str], "tuple[subprocess.Popen[str], str]"]

# Each line is written when a byte comes through a pipe: when the one before was read, so that no machine is too busy to
# see them apart.
TURNS = "exec 3< {}; for i in $(seq 15); do read -u 3; echo out $i; read -u 3; echo err $i >&2; done"
IN_TURN = [f"{name} {i}\n" for i in range(1, 16) for name in ("out", "err")]

READ = """
import sys
from logdex.torchx_backend.schedulers.local import create_scheduler
sys.stdout.writelines(create_scheduler("test").log_iter(sys.argv[1], "w", 0, should_tail="tail" in sys.argv))
"""


def ended(scheduler: Any, app_id: str) -> bool:
    return scheduler.describe(app_id).state in (AppState.SUCCEEDED, AppState.FAILED, AppState.CANCELLED)


def read_elsewhere(app_id: str) -> list[str]:
    read = subprocess.run([sys.executable, "-c", READ, app_id], capture_output=True, text=True, check=True)
    return read.stdout.splitlines(keepends=True)


def test_lines_come_in_the_order_of_their_arrival_live_and_later_and_elsewhere(
    scheduler: Any, launch: Callable[..., str], tmp_path: Path
) -> None:
    go_on = tmp_path / "go_on"
    os.mkfifo(go_on)
    app_id = launch(TURNS.format(go_on))
    live = []
    with go_on.open("wb", buffering=0) as turns:
        turns.write(b"\n")
        for line in scheduler.log_iter(app_id, "w", 0, should_tail=True):
            live.append(line)
            if len(live) < len(IN_TURN):
                turns.write(b"\n")
    assert live == IN_TURN
    assert list(scheduler.log_iter(app_id, "w", 0)) == IN_TURN
    assert read_elsewhere(app_id) == IN_TURN
    picked = scheduler.log_iter(app_id, "w", 0, regex=r"[24]\b")
    assert list(picked) == [line for line in IN_TURN if line.rstrip()[-1] in "24"]


def test_a_live_reader_sees_what_a_later_one_does_however_close_the_lines_are(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    app_id = launch(
        "for i in $(seq 300); do echo out $i; echo err $i >&2; done; printf unfinished; printf er >&2"
    )
    live = "".join(scheduler.log_iter(app_id, "w", 0, should_tail=True))
    assert live.endswith("unfinisheder")
    lines = live.splitlines(keepends=True)
    assert [line for line in lines if line.startswith("out")] == [f"out {i}\n" for i in range(1, 301)]
    assert "".join(scheduler.log_iter(app_id, "w", 0)) == live
    assert "".join(read_elsewhere(app_id)) == live


def test_a_live_reader_in_another_process_sees_the_same_order(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    app_id = launch(
        "for i in $(seq 60); do echo out $i; sleep 0.005; "
        "for j in 1 2 3; do echo err $i $j >&2; echo $j; done; sleep 0.01; done"
    )
    command = [sys.executable, "-c", READ, app_id, "tail"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as elsewhere:
        live = list(scheduler.log_iter(app_id, "w", 0, should_tail=True))
        assert elsewhere.stdout is not None
        assert elsewhere.stdout.readlines() == live
    assert len(live) == 420
    assert read_elsewhere(app_id) == live


def test_lines_are_whole_at_any_length(scheduler: Any, launch: Callable[..., str], tmp_path: Path) -> None:
    code = (
        "import os, random\n"
        "pick = random.Random(3)\n"
        "for n in range(400):\n"
        "    line = (f'{n} ' + 'x' * pick.choice([1, 100, 70000]) + '\\n').encode()\n"
        "    fd = pick.choice([1, 2])\n"
        "    for at in range(0, len(line), 30011): os.write(fd, line[at:at + 30011])\n"
    )
    (tmp_path / "write.py").write_text(code)
    app_id = launch(f"{sys.executable} {tmp_path / 'write.py'}")
    # With a filter no unfinished text is shown.
    live = list(scheduler.log_iter(app_id, "w", 0, regex="x", should_tail=True))
    pick = random.Random(3)
    lengths = {}
    for n in range(400):
        lengths[n] = len(f"{n} ") + pick.choice([1, 100, 70000]) + 1
        pick.choice([1, 2])
    assert sorted(int(line.split()[0]) for line in live) == list(range(400))
    assert all(len(line) == lengths[int(line.split()[0])] for line in live)


def test_prompts_and_bars_are_shown_and_no_line_is_torn(scheduler: Any, launch: Callable[..., str]) -> None:
    script = (
        "printf '10%%\\r' >&2; sleep 0.6; echo out 1; sleep 0.6; printf '90%%\\r' >&2; sleep 0.6; echo >&2; "
        "printf 'ready> '; sleep 0.6; echo go"
    )
    items = list(scheduler.log_iter(launch(script), "w", 0, should_tail=True))
    assert items == ["10%\r", "out 1\n", "90%\r", "\n", "ready> ", "go\n"]


def test_a_killed_launcher_leaves_an_order_up_to_its_death(
    scheduler: Any, launcher: Launcher, tmp_path: Path
) -> None:
    go_on = tmp_path / "go_on"
    os.mkfifo(go_on)
    process, app_id = launcher(f"launch({TURNS.format(go_on)!r}); time.sleep(60)")
    lines = []
    with go_on.open("wb", buffering=0) as turns:
        turns.write(b"\n")
        for line in scheduler.log_iter(app_id, "w", 0, should_tail=True):
            lines.append(line)
            if len(lines) == 8:
                process.kill()
                process.wait()
            if len(lines) < 8:
                turns.write(b"\n")
            elif len(lines) == 8:
                turns.write(b"\n" * (len(IN_TURN) - 8))
    assert sorted(lines) == sorted(IN_TURN)
    for name in ("out", "err"):
        assert [line for line in lines if line.startswith(name)] == [f"{name} {i}\n" for i in range(1, 16)]
    later = read_elsewhere(app_id)
    assert sorted(later) == sorted(IN_TURN)
    # What was recorded: all that were written before.
    assert later[:8] == IN_TURN[:8] == lines[:8]


def test_behind_the_end_of_a_record_lines_come_by_time(scheduler: Any, launch: Callable[..., str]) -> None:
    stamped = (
        "for i in $(seq 10 29); do echo 2026-11-22 10:00:$i out; echo 2026-11-22 10:00:$i.5 err >&2; done"
    )
    app_id = launch(stamped)
    list(scheduler.log_iter(app_id, "w", 0, should_tail=True))
    log_dir = scheduler.record_of(app_id).log_dir
    for record in glob.glob(f"{log_dir}/w/0/.logdex/arrivals"):
        os.truncate(record, 72)
    by_time = [f"2026-11-22 10:00:{i}{name}\n" for i in range(10, 30) for name in (" out", ".5 err")]
    outs, errs = by_time[::2], by_time[1::2]

    def behind_one_note(out: int, err: int) -> list[str]:
        """Of the lines that the only note covers, those of stdout come first; the others come by time."""
        noted = outs[:out] + errs[:err]
        return noted + [line for line in by_time if line not in noted]

    # How much was written when the recorder looked first is not for a test to say.
    possible = [behind_one_note(out, err) for out in range(21) for err in range(21)]
    assert list(scheduler.log_iter(app_id, "w", 0)) in possible


def test_without_a_record_the_combined_file_serves_where_it_is_whole(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    scheduler._records = False
    app_id = launch("echo out; echo err >&2")
    eventually(lambda: ended(scheduler, app_id))
    directory = Path(scheduler.record_of(app_id).log_dir, "w", "0")
    assert not (directory / ".logdex" / "arrivals").exists()
    eventually(lambda: (directory / "combined.log").stat().st_size == 8)
    (directory / "combined.log").write_text("err\nout\n")
    assert list(scheduler.log_iter(app_id, "w", 0)) == ["err\n", "out\n"]
    (directory / "combined.log").write_text("err\n")
    assert list(scheduler.log_iter(app_id, "w", 0)) == ["out\n", "err\n"]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("how", ["cut", "cut and longer", "renamed"])
def test_what_befalls_a_log_while_what_was_there_is_read_loses_no_line(
    tmp_path: Path, how: str, recorded: bool
) -> None:
    out, err = tmp_path / "stdout.log", tmp_path / "stderr.log"
    out.write_text("".join(f"out {n}\n" for n in range(50)))
    err.write_text("".join(f"err {n}\n" for n in range(50)))
    if recorded:
        _core.start_recording(str(tmp_path))
    over = threading.Event()
    lines = combined(Log(out), str(err)).lines(follow=True, ended=over.is_set)
    read = [next(lines)]
    new = [f"new {n}\n" for n in range(2 if how == "cut" else 200)]
    if how == "renamed":
        with out.open("a") as file:
            file.write("out 50\n")
        out.rename(tmp_path / "stdout.log.1")
    out.write_text("".join(new))
    with err.open("a") as file:
        file.write("last\n")
    for line in lines:
        read.append(line)
        if line == "last\n":
            over.set()
    if recorded:
        _core.stop_recording(str(tmp_path))
    assert [line for line in read if line.startswith("new")] == new
    olds = [line for line in read if line.startswith("out")]
    assert olds == [f"out {n}\n" for n in range(51 if how == "renamed" else 50)]
    assert [line for line in read if line[0] in "el"] == [f"err {n}\n" for n in range(50)] + ["last\n"]


def test_a_long_log_that_is_cut_while_it_is_read_is_gone_on_with(tmp_path: Path) -> None:
    out, err = tmp_path / "stdout.log", tmp_path / "stderr.log"
    for log in (out, err):
        log.write_text("".join(f"{log.stem} {n} {'x' * 200}\n" for n in range(100_000)))
    over = threading.Event()
    lines = combined(Log(out), str(err)).lines(follow=True, ended=over.is_set)
    read = [next(lines)]
    out.write_text("new\n")
    for line in lines:
        read.append(line)
        if line == "new\n":
            over.set()
    assert sum(line.startswith("stderr") for line in read) == 100_000
    assert read.count("new\n") == 1
    assert lines.stats.truncations == 1


def test_the_end_of_an_app_is_seen_at_once(scheduler: Any, launch: Callable[..., str]) -> None:
    app_id = launch("sleep 0.5; date +%s.%N", replicas=4)
    *_, last = scheduler.log_iter(app_id, "w", 0, should_tail=True)
    seen = time.time() - float(last)
    # As long as it takes on this machine to begin and end some processes, one after the other.
    begun = time.monotonic()
    for _ in range(20):
        subprocess.run(["true"], check=True)
    assert seen < 0.5 + (time.monotonic() - begun)
