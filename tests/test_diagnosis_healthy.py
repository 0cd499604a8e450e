"""Jobs that went well, and in which one rank wrote alarming words: no rank failed."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest
from diagnosis_cases import asked

_RANKS = 4
_STEPS = 60
_FRAME = 'Traceback (most recent call last):\n  File "/app/run.py", line 7, in <module>\n    go()\n'
_ALARMS = (
    "WARNING sample 18 is corrupted, skipping",
    "WARNING giving up on telemetry after 3 tries",
    "WARNING worker 3 exited unexpectedly, restarting it",
    "WARNING cannot continue with cudnn v7 algorithm, falling back",
    "INFO resuming after crash from step 100",
    "Killed 3 stale prefetch processes",
    "ERROR failed to upload metrics; will retry",
    "ERROR node h7 is unreachable, asking its mirror",
    _FRAME + "ConnectionError: upload of the run's page failed",
    _FRAME + "RuntimeError: Connection closed by peer [10.0.0.5]:10119",
)


def _write(folder: Path, alarm: str, at: int, *, ends: bool) -> None:
    """The logs of ranks that make a step a second; the third writes `alarm` behind step `at`."""
    for rank in range(_RANKS):
        lines = []
        for step in range(_STEPS):
            stamp = f"2026-11-22 02:10:{step:02d}"
            lines.append(f"{stamp} INFO step {step} loss {2 - step / 100:.3f}")
            if (rank, step) == (2, at):
                lines.append(alarm if alarm.startswith("Traceback") else f"{stamp} {alarm}")
        if ends:
            lines.append("2026-11-22 02:11:00 INFO training finished")
        (folder / f"rank{rank}.log").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("alarm", _ALARMS)
@pytest.mark.parametrize("at", [0, 30, 59])
def test_a_job_that_came_to_its_end_had_no_failure(tmp_path: Path, alarm: str, at: int) -> None:
    _write(tmp_path, alarm, at, ends=True)
    answer = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (answer.kind, answer.status) == ("none", 0), answer.text


@pytest.mark.parametrize("alarm", _ALARMS)
@pytest.mark.parametrize("at", [0, 30])
def test_who_goes_on_after_an_alarm_has_not_failed(tmp_path: Path, alarm: str, at: int) -> None:
    _write(tmp_path, alarm, at, ends=False)
    answer = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (answer.kind, answer.status) == ("none", 0), answer.text


@pytest.mark.parametrize(
    "alarm", [one for one in _ALARMS if one.startswith("WARNING") and "worker" not in one]
)
def test_a_warning_is_nobodys_last_words(tmp_path: Path, alarm: str) -> None:
    _write(tmp_path, alarm, _STEPS - 1, ends=False)
    answer = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (answer.kind, answer.status) == ("none", 0), answer.text


@pytest.mark.parametrize(
    "end",
    [
        "`Trainer.fit` stopped: `max_steps=60` reached.",
        "Early stopping at epoch 12: halted, no improvement for 3 of them",
        "Finished training.",
    ],
)
def test_how_a_program_says_that_it_came_to_its_end(tmp_path: Path, end: str) -> None:
    _write(tmp_path, "ERROR failed to upload metrics", _STEPS - 1, ends=False)
    for log in tmp_path.glob("rank*.log"):
        log.write_text(f"{log.read_text()}2026-11-22 02:11:00 {end}\n")
    answer = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (answer.kind, answer.status) == ("none", 0), answer.text


def test_who_ends_after_it_said_that_it_was_done_has_failed(tmp_path: Path) -> None:
    _write(tmp_path, "INFO ready", 0, ends=True)
    log = tmp_path / "rank2.log"
    log.write_text(
        log.read_text() + "2026-11-22 02:11:01 INFO exporting\n" + _FRAME + "OSError: disk quota\n"
    )
    answer = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


def _work(rank: int, until: int, *, shape: str = "train_inner | ups={} | ppl=2.{}") -> list[tuple[int, str]]:
    """Lines of work, in a form in which nobody knows how to count steps."""
    return [(at, shape.format(at, rank)) for at in range(10, until + 1, 10)]


_RAN_OUT = "WARNING OOM: Ran out of memory with exception: CUDA out of memory. Tried to allocate 28.00 MiB"


def _of_one_that_reports(many: int = 4) -> dict[str, list[tuple[int, str]]]:
    """The first rank reports for all; the others say that they are up, and the third ran out of memory."""
    logs = {f"rank{rank}.log": [(0, f"rank {rank} of {many} is up")] for rank in range(many)}
    logs["rank2.log"].append((40, _RAN_OUT))
    logs["rank0.log"] += _work(0, 200)
    return logs


def test_who_ran_out_of_memory_long_before_the_others_finished_their_work_got_over_it(tmp_path: Path) -> None:
    logs = _of_one_that_reports()
    logs["rank0.log"].append((205, "done training in 200 seconds"))
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.certainty) == ("none", "cannot tell"), answer.text


def test_and_did_not_where_it_worked_as_they_do_and_stopped(tmp_path: Path) -> None:
    # Ranks that need not wait for each other finish without the one that fell.
    logs = {f"rank{rank}.log": [*_work(rank, 200), (205, "all files are done")] for rank in range(4)}
    logs["rank2.log"] = [*_work(2, 40), (41, _RAN_OUT)]
    answer = asked(tmp_path, logs)
    assert (answer.kind, answer.ranks) == ("rank", ("2",)), answer.text


@pytest.mark.parametrize(("until", "kind"), [(120, "none"), (40, "rank")])
def test_who_works_on_with_all_others_to_the_last_line_has_not_fallen(
    tmp_path: Path, until: int, kind: str
) -> None:
    logs = {f"rank{rank}.log": _work(rank, 120) for rank in range(4)}
    logs["rank2.log"] = sorted([*_work(2, until), (41, "OSError: cannot read /data/00093.tar")])
    answer = asked(tmp_path, logs)
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(
    "end", ["Ignoring.", "skipping it", "ignoring"], ids=["a sentence", "with a word for it", "a word"]
)
def test_what_is_ignored_is_no_failure(tmp_path: Path, end: str) -> None:
    logs = {f"rank{rank}.log": _work(rank, 60) for rank in range(4)}
    logs["rank2.log"].append(
        (61, f"WARNING Handling error (OSError('No such file or directory: a.tar')). {end}")
    )
    answer = asked(tmp_path, logs)
    assert answer.kind == "none", answer.text


_LOST = (
    "distributed.comm.core.CommClosedError: in <TCP (closed) local=tcp://10.0.0.7:51003>: Stream is closed"
)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Writing to disk complete for 192 partitions", "none"),
        ("checkpoint 12 is complete", "unknown"),
        ("filtered 12 of 192", "unknown"),
    ],
)
def test_whose_work_was_done_may_leave_those_that_are_connected_to_it(
    tmp_path: Path, said: str, kind: str
) -> None:
    logs = {f"rank{rank}.log": _work(rank, 60) for rank in range(6)}
    for rank in range(3):
        logs[f"rank{rank}.log"].append((64, _LOST))
    logs["driver.log"] = [(1, "6 workers"), (62, said), (66, "Time taken: 65 s. Script finished.")]
    answer = asked(tmp_path, logs)
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("last", "kind"), [(5, "none"), (4, "unknown")])
def test_who_made_all_of_its_steps_lost_nobody_by_what_closes_then(
    tmp_path: Path, last: int, kind: str
) -> None:
    logs = {
        f"rank{rank}.log": [(at, f"step {at}/5 loss 2.0") for at in range(1, last + 1)] for rank in range(4)
    }
    logs["rank0.log"].append((8, "all done, results written"))
    for rank in (1, 2, 3):
        logs[f"rank{rank}.log"].append(
            (9, "W preemption_sync_manager.cc:170] Failed: UNAVAILABLE: Socket closed")
        )
    answer = asked(tmp_path, logs)
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(
    ("end", "kind"),
    [("done, 24 of 24 batches, errors: 0", "none"), ("saved checkpoint, done 4 of 4", "host")],
)
def test_whom_a_witness_lost_did_all_if_each_rank_says_so(tmp_path: Path, end: str, kind: str) -> None:
    for rank in range(4):
        (tmp_path / f"rank{rank}.log").write_text(f"rank {rank} of 4 is up\nsomething\n{end}\n")
    lost = "The node with node id: 155c11d and address: 10.3.0.7 and node name: 10.3.0.7 has been marked dead"
    (tmp_path / "driver.log").write_text(f"{lost}\n")
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert answer.kind == kind, answer.text


@pytest.mark.parametrize(("until", "kind"), [(120, "none"), (10, "unknown")])
def test_what_one_quotes_of_a_failure_is_none_where_another_counts_on(
    tmp_path: Path, until: int, kind: str
) -> None:
    # A line without a stamp was written before the next one that has one.
    head = "2026-11-22 02:00:"
    quoted = "ncclSystemError: Connection closed by peer [10.0.0.1]:4411"
    (tmp_path / "rank1.log").write_text(f"{head}02 a sample:\n{quoted}\n{head}03 read the samples\n")
    steps = [f"2026-11-22 02:{at // 60:02}:{at % 60:02} step {at} loss 2.0\n" for at in range(until)]
    ends = [f"2026-11-22 02:{until // 60:02}:{until % 60:02} training finished\n"] * (until > 60)
    (tmp_path / "rank0.log").write_text("".join([*steps, *ends]))
    answer = logdex.open(tmp_path, tz="UTC", index=False).ranks().diagnosis
    assert answer.kind == kind, answer.text
