"""NeMo-Run's job file: readers see JSON, nobody's jobs are lost, and a large one costs a launch nothing."""

import json
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from killed import die_in

pytest.importorskip("torchx")

from logdex.jobs import nemo_file
from logdex.jobs.nemo_file import NemoJob, NemoJobs

# Python 3.12 and later say that a fork of threads is dangerous; these children only save and leave.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

SOAK = float(os.environ.get("LOGDEX_SOAK", "1"))


def job(app_id: str, state: str = "PENDING") -> NemoJob:
    return NemoJob(state, app_id, f"/logs/{app_id}", ["w"])


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "nemo" / ".local_jobs.json")


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (None, []),
        ("", []),
        ("\n", []),
        ("{}", []),
        ("{ }\n", []),
        ('{"a": ["RUNNING", "a", "/l", ["r"]]}', ["a"]),
        ('{"a": ["RUNNING", "a", "/l", []]}\n  ', ["a"]),
        (
            json.dumps({f"a{k}": ["RUNNING", f"a{k}", "/l", ["r"]] for k in range(99)}, indent=1),
            ["a0", "a98"],
        ),
    ],
)
def test_a_job_is_added_to_what_is_there(path: str, before: str | None, kept: list[str]) -> None:
    if before is not None:
        Path(path).parent.mkdir()
        Path(path).write_text(before)
    nemo_file.save(path, [job("new"), job('é"\\')])
    stored = json.loads(Path(path).read_text())
    assert stored["new"] == ["PENDING", "new", "/logs/new", ["w"]]
    assert stored['é"\\'][1] == 'é"\\'
    assert {*kept} <= {*stored}
    assert os.listdir(os.path.dirname(path)) == [".local_jobs.json"]
    assert NemoJobs(path)['é"\\'] == job('é"\\')


def test_the_last_word_on_a_job_counts(path: str) -> None:
    for state in ("PENDING", "SUCCEEDED"):
        nemo_file.save(path, [job("a", state), job("b")])
    assert json.loads(Path(path).read_text())["a"][0] == "SUCCEEDED"
    jobs = NemoJobs(path)
    assert jobs["a"].state == "SUCCEEDED"
    assert sorted(jobs) == ["a", "b"]
    with pytest.raises(KeyError):
        jobs["c"]


@pytest.mark.parametrize(
    "torn", ['{"a": ["RUNNING", "a", "/l", ["r"', "[1, 2]", "null", '{"a": 1}', "[" * 10**5]
)
def test_a_torn_file_has_no_jobs_and_is_kept_aside(path: str, torn: str) -> None:
    Path(path).parent.mkdir()
    Path(path).write_text(torn)
    assert dict(NemoJobs(path)) == {}
    assert "a" not in NemoJobs(path)
    nemo_file.save(path, [job("new")])
    assert list(json.loads(Path(path).read_text())) == ["new"]
    (aside,) = Path(path).parent.glob("*.damaged.*")
    assert aside.read_text() == torn


@pytest.mark.parametrize(
    "entry", [["RUNNING", "a", "/s/a\0", ["w"]], ["RUNNING", "a", "/s/a", ["\ud800"]], "abcd"]
)
def test_one_hostile_entry_hides_no_other(path: str, entry: object) -> None:
    Path(path).parent.mkdir()
    Path(path).write_text(json.dumps({"a": entry, "b": ["RUNNING", "b", "/s/b", ["w"]]}))
    jobs = NemoJobs(path)
    assert list(jobs) == ["b"]
    assert "a" not in jobs
    assert [one.app_id for one in jobs.of_session("s")] == ["b"]


def test_the_jobs_of_a_session_are_found_without_parsing_the_others(path: str) -> None:
    jobs = [
        NemoJob("RUNNING", f"{s}-{k}", f"/x/{t}/{s}/{s}-{k}", ["w"]) for k in range(3) for s, t in SESSIONS
    ]
    nemo_file.save(path, jobs)
    nemo_file.save(path, [jobs[0]._replace(state="FAILED")])
    for session, _ in SESSIONS:
        found = NemoJobs(path).of_session(session)
        assert [one.app_id for one in found] == [f"{session}-{k}" for k in range(3)]
    assert NemoJobs(path).of_session("a")[0].state == "FAILED"
    assert NemoJobs(path).of_session("none") == []


SESSIONS = [("a", "nemo_run"), ("nemo_run", "a"), ("é", "b"), ('q"', "a")]


def test_no_file_is_no_jobs(path: str) -> None:
    assert len(NemoJobs(path)) == 0


def test_the_mode_of_the_file_stays(path: str) -> None:
    nemo_file.save(path, [job("a")])
    os.chmod(path, 0o640)
    nemo_file.save(path, [job("b")])
    assert os.stat(path).st_mode & 0o777 == 0o640


def _save_for_ever(path: str, k: int, until: float) -> None:
    count = 0
    while time.time() < until:
        count += 1
        nemo_file.save(path, [job(f"app-{k}-{count}")])
    nemo_file.save(path, [job(f"last-{k}", str(count))])


def _read_for_ever(path: str, until: float, failed: Any) -> None:
    while time.time() < until:
        try:
            with open(path) as file:
                json.load(file)
        except ValueError:
            failed.value += 1


def test_readers_without_a_lock_see_json_and_nothing_is_lost(path: str) -> None:
    nemo_file.save(path, [job("first")])
    until, fork = time.time() + SOAK, multiprocessing.get_context("fork")
    failed = fork.Value("i", 0)
    workers = [fork.Process(target=_save_for_ever, args=(path, k, until)) for k in range(4)]
    workers += [fork.Process(target=_read_for_ever, args=(path, until, failed)) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * 8
    assert failed.value == 0
    stored = json.loads(Path(path).read_text())
    counts = {k: int(stored[f"last-{k}"][0]) for k in range(4)}
    assert len(stored) == 1 + 4 + sum(counts.values())


def _save_and_die(path: str, nth: int) -> None:
    die_in(nemo_file, nth)
    nemo_file.save(path, [job("new")])
    os._exit(0)


def test_kill_9_at_every_line_of_a_save(path: str) -> None:
    for nth in range(1, 200):
        if os.path.exists(path):
            os.unlink(path)
        nemo_file.save(path, [job("old")])
        writer = multiprocessing.get_context("fork").Process(target=_save_and_die, args=(path, nth))
        writer.start()
        writer.join()
        assert set(json.loads(Path(path).read_text())) in ({"old"}, {"old", "new"})
        if writer.exitcode == 0:
            return
    pytest.fail("a save has no end")


def test_a_large_file_is_written_behind_the_callers_back_and_then_read(path: str) -> None:
    nemo_file.save(path, [job(f"app-{k}") for k in range(20_000)])
    assert os.path.getsize(path) > nemo_file._LARGE
    for k in range(5):
        nemo_file.tell(path, [job(f"new-{k}")])
    assert [NemoJobs(path)[f"new-{k}"].app_id for k in range(5)] == [f"new-{k}" for k in range(5)]
    nemo_file.tell(path, [job("late")])
    nemo_file.flush()
    assert json.loads(Path(path).read_text())["late"]


def test_a_large_file_is_written_where_no_thread_is_to_be_had(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the launcher exits: its apps end with it, and CPython 3.12 and later begin no thread any more."""
    nemo_file.save(path, [job(f"app-{k}") for k in range(20_000)])

    def none(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none)
        nemo_file.tell(path, [job("last")])
    flushed = threading.Thread(target=nemo_file.flush, daemon=True)
    flushed.start()
    flushed.join(60)
    assert not flushed.is_alive()
    assert json.loads(Path(path).read_text())["last"]
