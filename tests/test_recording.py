"""The record of arrival: made for the apps that this scheduler launched, small, and harmless whatever becomes of it."""

import logging
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import logdex
import pytest

pytest.importorskip("torchx")

from logdex.torchx_backend.schedulers.local import create_scheduler
from torchx.specs import AppState

TURNS = "for i in $(seq 30); do echo out $i; sleep 0.012; echo err $i >&2; sleep 0.012; done"


def run(scheduler: Any, app_id: str) -> Path:
    """The directory of the first replica, after the end of the app."""
    list(scheduler.log_iter(app_id, "w", 0, should_tail=True))
    scheduler.describe(app_id)
    return Path(scheduler.record_of(app_id).log_dir, "w", "0")


def test_a_record_takes_the_mode_of_its_logs(scheduler: Any, launch: Callable[..., str]) -> None:
    directory = run(scheduler, launch(TURNS))
    record = directory / ".logdex" / "arrivals"
    assert record.stat().st_mode & 0o777 == (directory / "stdout.log").stat().st_mode & 0o777


def test_a_large_log_has_a_record_of_a_hundredth_at_most(scheduler: Any, launch: Callable[..., str]) -> None:
    script = (
        "for i in $(seq 30); do head -c 100000 /dev/zero | tr '\\0' x; echo; echo e >&2; sleep 0.01; done"
    )
    directory = run(scheduler, launch(script))
    records = sum(one.stat().st_size for one in (directory / ".logdex").iterdir())
    logs = sum((directory / name).stat().st_size for name in ("stdout.log", "stderr.log"))
    assert 0 < records <= logs / 100


WRITER = """
import datetime, sys
moment = datetime.datetime(2026, 11, 22)
for n in range(int(sys.argv[1])):
    moment += datetime.timedelta(milliseconds=50)
    print(f"{moment} INFO step={n} {'x' * 60}")
"""


def keeps_indexes() -> bool:
    names = [task / "comm" for task in Path("/proc/self/task").iterdir()]
    return any(name.read_text().strip() == "logdex-keeper" for name in names if name.exists())


@pytest.mark.skipif(sys.platform != "linux", reason="threads are told by /proc")
@pytest.mark.parametrize(("count", "linked"), [(1_200_000, False), (1_200_000, True), (10_000, False)])
def test_the_first_question_to_a_large_log_need_not_read_it(
    scheduler: Any,
    launch: Callable[..., str],
    eventually: Callable[..., None],
    tmp_path: Path,
    count: int,
    linked: bool,
) -> None:
    (tmp_path / "write.py").write_text(WRITER)
    root = tmp_path / "root"
    root.mkdir()
    if linked:
        (tmp_path / "link").symlink_to(root)
        root = tmp_path / "link"
    app_id = launch(f"{sys.executable} {tmp_path / 'write.py'} {count}", log_dir=str(root))
    eventually(lambda: scheduler.describe(app_id).state == AppState.SUCCEEDED)
    eventually(lambda: not keeps_indexes())
    directory = Path(scheduler.record_of(app_id).log_dir, "w", "0")
    log, index = directory / "stdout.log", directory / ".logdex"
    size = log.stat().st_size
    kept = sum(one.stat().st_size for one in index.iterdir())
    if count < 100_000:
        assert [one.name for one in index.iterdir()] == ["arrivals"]
        return
    assert size > 100 << 20
    assert kept < size / 100
    last = f"2026-11-22T{count // 72_000:02d}:39:59"
    lines = logdex.open(log, index=index).lines(since=last)
    found = list(lines)
    assert [int(line.split("step=")[1].split()[0]) for line in found] == list(
        range(count - len(found), count)
    )
    assert lines.stats.bytes_read < size / 100


def test_record_false_leaves_none(launch: Callable[..., str]) -> None:
    scheduler = create_scheduler("test", record=False)
    directory = run(scheduler, launch(TURNS, on=scheduler))
    assert not (directory / ".logdex").exists()
    scheduler.close()


@pytest.mark.parametrize("how", ["noise", "empty", "directory", "link", "another", "cut", "flipped"])
def test_a_record_that_is_not_one_changes_no_line(
    scheduler: Any, launch: Callable[..., str], tmp_path: Path, how: str
) -> None:
    directory = run(scheduler, launch(TURNS))
    record = directory / ".logdex" / "arrivals"
    content = record.read_bytes()
    record.unlink()
    if how == "noise":
        record.write_bytes(random.Random(1).randbytes(5000))
    elif how == "empty":
        record.write_bytes(b"")
    elif how == "directory":
        record.mkdir()
    elif how == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        record.symlink_to(tmp_path / "elsewhere")
    elif how == "another":
        other = run(scheduler, launch("echo a much longer log; seq 1000; seq 1000 >&2"))
        record.write_bytes((other / ".logdex" / "arrivals").read_bytes())
    elif how == "cut":
        record.write_bytes(content[: len(content) // 2])
    else:
        record.write_bytes(content[:80] + bytes([content[80] ^ 255]) + content[81:])
    lines = list(scheduler.log_iter(directory.parent.parent.name, "w", 0))
    for name in ("out", "err"):
        assert [line for line in lines if line.startswith(name)] == [f"{name} {i}\n" for i in range(1, 31)]


def test_what_cannot_be_recorded_is_said_once_and_the_app_runs(
    scheduler: Any,
    launch: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    made = os.makedirs

    def makedirs(path: Any, *args: Any, **kwargs: Any) -> None:
        made(path, *args, **kwargs)
        if os.path.basename(path) in "01" and not kwargs:
            os.symlink(tmp_path, os.path.join(path, ".logdex"))

    monkeypatch.setattr(os, "makedirs", makedirs)
    with caplog.at_level(logging.WARNING, "logdex"):
        app_id = launch("echo out; echo err >&2", replicas=2)
        assert sorted(scheduler.log_iter(app_id, "w", 1, should_tail=True)) == ["err\n", "out\n"]
    said = [one.getMessage() for one in caplog.records if "cannot be recorded" in one.getMessage()]
    assert len(said) == 1
    assert app_id in said[0]
