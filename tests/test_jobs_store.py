"""The job store: records whole or not at all, whoever writes, reads, is killed, or comes from elsewhere."""

import errno
import json
import logging
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from killed import die_in
from threads import FIRST_THREAD_ENDS

pytest.importorskip("torchx")

from logdex.jobs import (
    JobRecord,
    JobStore,
    Replica,
    end,
    ending,
    judge,
    processes,
    store,
    verdict,
    watch,
)
from logdex.jobs.processes import Process, identify, is_alive, this_host, zombie_exit
from logdex.torchx_backend.schedulers.local import create_scheduler
from torchx.specs import AppState

# Python 3.12 and later say that a fork of threads is dangerous; these children only save and leave.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

SOAK = float(os.environ.get("LOGDEX_SOAK", "2"))
"""Seconds that writers and readers work against each other; 30 in the long run, `make soak`."""


def record(app_id: str = "app-1", **fields: Any) -> JobRecord:
    own = Replica(identify(os.getpid()), error_file="/e")
    values = {
        "session": "s",
        "log_dir": "/nowhere",
        "roles": {"w": (own,)},
        "launcher": identify(os.getpid()),
    }
    return JobRecord(app_id, **{**values, **fields})


@pytest.fixture
def jobs(tmp_path: Path) -> JobStore:
    return JobStore(str(tmp_path / "jobs"))


def test_what_is_saved_is_loaded(jobs: JobStore) -> None:
    saved = record(roles={"a": (Replica(Process(1, "2"), -9, "x"), Replica()), "b": ()}, message="é")
    jobs.save(saved)
    assert jobs.load("app-1", "s") == saved
    assert jobs.load("app-1", "other") == saved
    assert jobs.load("app-1") == saved
    assert jobs.load("app-2") is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", ".tmp", "é" * 300, "%", "a\0b", "x.json", "con\n", "\ud800"]
)
def test_any_name_is_a_file_of_its_own_inside_the_store(jobs: JobStore, name: str) -> None:
    jobs.save(record("plain"))
    jobs.save(record("of-session", session=name))
    assert [one.app_id for one in jobs.of_session(name)] == ["of-session"]
    if name:
        jobs.save(record(name))
        assert jobs.load(name, "s") == record(name, scheduled_at=jobs.load(name, "s").scheduled_at)
    outside = [path for path in Path(jobs.root).parent.rglob("*.json") if Path(jobs.root) not in path.parents]
    assert outside == []


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"app_id": "app-1"}',
        b"\xff\xfe",
        b'{"version": "x"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_is_ignored_with_a_word(
    jobs: JobStore, stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.save(record())
    path = Path(jobs.root, "s", "app-1.json")
    path.write_bytes(stored)
    with caplog.at_level(logging.WARNING, "logdex"):
        assert jobs.load("app-1") is None
        assert list(jobs.of_session("s")) == []
    assert str(path) in caplog.text


@pytest.mark.parametrize(
    "hostile",
    [
        {"version": float("inf")},
        {"ended_at": 10**400},
        {"log_dir": "/logs\0"},
        {"log_dir": "/\ud800"},
        {"roles": {"w\0": []}},
        {"roles": {"w": [{"exit": float("-inf")}]}},
        {"roles": {"w": [{"pid": 1 << 31, "started": "1"}]}},
        {"launcher": {"pid": -1, "started": ""}},
    ],
)
def test_one_hostile_record_hides_no_other(
    jobs: JobStore, hostile: dict[str, Any], scheduler: Any, launch: Callable[..., str]
) -> None:
    app_id = launch("true")
    store_of(scheduler, json.loads(record(session="test").to_json()) | hostile)
    assert [one.app_id for one in scheduler.list()] == [app_id]
    assert scheduler.describe("app-1") is None


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_record_that_cannot_be_read_hides_no_other(
    scheduler: Any, launch: Callable[..., str], make: Callable[[Path], None]
) -> None:
    app_id = launch("true")
    make(Path(os.environ["LOGDEX_HOME"], "jobs", "test", "app-1.json"))
    assert [one.app_id for one in scheduler.list()] == [app_id]
    assert scheduler.describe("app-1") is None


def test_a_record_of_a_later_version_is_read_as_far_as_it_goes(jobs: JobStore, scheduler: Any) -> None:
    values = json.loads(record().to_json())
    values |= {"version": 99, "state": "PREEMPTED", "hologram": [1]}
    values["roles"]["w"][0]["mood"] = "good"
    store_of(scheduler, values)
    described = scheduler.describe("app-1")
    assert described.state == AppState.RUNNING
    assert [role.name for role in described.roles] == ["w"]


def store_of(scheduler: Any, values: dict[str, Any]) -> Path:
    """Puts a record where the scheduler looks, as some other release wrote it."""
    path = Path(os.environ["LOGDEX_HOME"], "jobs", values["session"], values["app_id"] + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return path


def test_a_reader_writes_nothing(tmp_path: Path, scheduler: Any) -> None:
    assert scheduler.describe("nope") is None
    assert scheduler.list() == []
    assert not (tmp_path / "logdex").exists()
    assert not (tmp_path / "nemo").exists()


# A kill at any moment.


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_kill_9_at_every_system_call_of_a_save(jobs: JobStore, tmp_path: Path) -> None:
    """strace kills the writer at each of its system calls between two markers."""
    before = record(message="before")
    code = (
        "import os, sys; from dataclasses import replace\n"
        "from logdex.jobs import JobStore\n"
        f"jobs = JobStore({jobs.root!r}); one = jobs.load('app-1')\n"
        "os.access('/marker', 0)\n"
        "jobs.save(replace(one, message='after'))\n"
        "os.access('/done', 0)\n"
    )
    calls = _calls_of(code, tmp_path, jobs, before)
    assert calls
    survived = set()
    for name, nth in calls:
        jobs.save(before)
        inject = ["-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={nth}"]
        subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", *inject, sys.executable, "-c", code],
            check=False,
            timeout=300,
        )
        after = jobs.load("app-1", "s")
        assert after is not None
        assert replace(after, message="") == replace(before, message="")
        survived.add(after.message)
        assert [one.app_id for one in jobs.of_session("s")] == ["app-1"]
    assert survived == {"before", "after"}


def _calls_of(code: str, tmp_path: Path, jobs: JobStore, before: JobRecord) -> list[tuple[str, int]]:
    """The system calls from one marker to the other, each with its number among those of its name."""
    jobs.save(before)
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-qq", "-o", str(trace), sys.executable, "-c", code], check=True, timeout=300)
    counts: dict[str, int] = {}
    inside, calls = False, []
    for line in trace.read_text().splitlines():
        name = line.partition("(")[0]
        counts[name] = counts.get(name, 0) + 1
        if inside:
            calls.append((name, counts[name]))
        if '"/done"' in line:
            return calls
        inside = inside or '"/marker"' in line
    raise AssertionError("the markers are not in the trace")


def test_kill_9_at_every_line_of_a_save(jobs: JobStore) -> None:
    """The same without strace: a forked writer kills itself before its n-th line of Python."""
    before = record(message="before")
    for nth in range(1, 200):
        jobs.save(before)
        writer = multiprocessing.get_context("fork").Process(target=_save_and_die, args=(jobs, before, nth))
        writer.start()
        writer.join()
        after = jobs.load("app-1", "s")
        assert after in (before, replace(before, message="after"))
        if writer.exitcode == 0:
            assert after.message == "after"
            return
        assert writer.exitcode == -signal.SIGKILL
    pytest.fail("a save has no end")


def _save_and_die(jobs: JobStore, before: JobRecord, nth: int) -> None:
    die_in(store, nth)
    jobs.save(replace(before, message="after"))
    sys.settrace(None)
    os._exit(0)


def test_what_killed_writers_leave_is_swept_later(jobs: JobStore) -> None:
    left = Path(jobs.root, ".tmp", "left")
    left.parent.mkdir(parents=True)
    left.touch()
    JobStore(jobs.root).save(record())
    assert left.exists()
    os.utime(left, (0, 0))
    JobStore(jobs.root).save(record())
    assert not left.exists()


def _save_for_ever(root: str, k: int, until: float) -> None:
    jobs, count = JobStore(root), 0
    while time.time() < until:
        count += 1
        jobs.save(record(f"app-{count % 4}", message="x" * (count % 50_000), ended_at=float(k)))


def _load_for_ever(root: str, until: float, failed: Any) -> None:
    jobs = JobStore(root)
    while time.time() < until:
        if not all(jobs.load(f"app-{k}", "s") for k in range(4)) or len(list(jobs.of_session("s"))) != 4:
            failed.value += 1


def test_eight_writers_and_eight_readers_and_not_one_failed_read(jobs: JobStore) -> None:
    for k in range(4):
        jobs.save(record(f"app-{k}"))
    until, fork = time.time() + SOAK, multiprocessing.get_context("fork")
    failed = fork.Value("i", 0)
    workers = [fork.Process(target=_save_for_ever, args=(jobs.root, k, until)) for k in range(8)]
    workers += [fork.Process(target=_load_for_ever, args=(jobs.root, until, failed)) for _ in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * 16
    assert failed.value == 0
    assert os.listdir(os.path.join(jobs.root, ".tmp")) == []


# A store that cannot be written.


@pytest.fixture
def unwritable_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that nobody can make, not even root: it would lie in a file."""
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    monkeypatch.setenv("LOGDEX_HOME", str(home))
    return home


@pytest.mark.usefixtures("unwritable_home")
def test_a_home_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path,
    launch: Callable[..., str],
    eventually: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = create_scheduler("s")
    with caplog.at_level(logging.WARNING, "logdex"):
        app_id = launch("echo hi; exit 2", on=scheduler, log_dir=str(tmp_path / "logs"))
        assert list(scheduler.log_iter(app_id, "w", should_tail=True, streams="stdout")) == ["hi\n"]
        eventually(lambda: scheduler.describe(app_id).state == AppState.FAILED)
    assert scheduler.describe(app_id).msg == "w/0 exited with 2"
    assert [one.app_id for one in scheduler.list()] == [app_id]
    assert caplog.text.count("job records cannot be written") == 1
    scheduler.close()


def test_a_home_that_cannot_be_written_leaves_torchx_its_temporary_logs(
    unwritable_home: Path, launch: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = create_scheduler("s")
    with caplog.at_level(logging.WARNING, "logdex"):
        app_id = launch("echo hi", on=scheduler)
    assert list(scheduler.log_iter(app_id, "w", should_tail=True)) == ["hi\n"]
    assert str(unwritable_home / "logs") in caplog.text
    scheduler.close()


def test_a_disk_that_fills_up_leaves_the_record_before(
    jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.save(record(message="before"))

    def full(self: JobRecord) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(JobRecord, "to_json", full)
    with pytest.raises(OSError, match="No space left"):
        jobs.save(record(message="after"))
    assert jobs.load("app-1", "s").message == "before"
    assert os.listdir(os.path.join(jobs.root, ".tmp")) == []


# Processes.


def test_a_pid_that_was_reused_is_not_the_process_and_is_not_signalled(
    scheduler: Any, launch: Callable[..., str], jobs: JobStore
) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        now = identify(stranger.pid)
        assert is_alive(now)
        before = Process(now.pid, str(int(now.started) - 1))
        assert not is_alive(before)
        old = record(roles={"w": (Replica(before),)}, launcher=before)
        assert judge(old).state == "FAILED"
        jobs.save(old)
        end(old, jobs, lambda: old)
        assert stranger.poll() is None
        assert not jobs.asked_to_end(old)
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9), ("kill $$", -15)]
)
def test_a_zombie_is_dead_and_tells_how_it_ended(
    script: str, code: int, eventually: Callable[..., None]
) -> None:
    child = subprocess.Popen(["bash", "-c", script])
    process = identify(child.pid)
    assert process is not None
    eventually(lambda: not is_alive(process))
    assert identify(child.pid) == process
    assert zombie_exit(process) == processes.child_exit(child.pid) == code
    assert child.wait() == code
    assert identify(child.pid) is None
    assert zombie_exit(process) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run as others")
@pytest.mark.parametrize(
    ("user", "group", "told"), [(4321, 4321, 3), (4321, 4322, None), (4322, 4322, None), (0, 0, 3)]
)
def test_a_zombie_of_another_user_tells_nothing(
    user: int, group: int, told: int | None, eventually: Callable[..., None]
) -> None:
    """The kernel says 0 then, which is how one ends that succeeded."""
    child = subprocess.Popen(["sh", "-c", "exit 3"], user=4321, group=4321, extra_groups=[])
    process = identify(child.pid)
    assert process is not None
    eventually(lambda: not is_alive(process))
    asking = os.fork()
    if asking == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            os._exit(100 if zombie_exit(process) == told else 101)
        finally:
            os._exit(102)
    assert os.waitstatus_to_exitcode(os.waitpid(asking, 0)[1]) == 100
    assert child.wait() == 3


@pytest.mark.skipif(not FIRST_THREAD_ENDS, reason="the number of this machine's system call is not known")
def test_a_process_lives_as_long_as_its_last_thread(tmp_path: Path, eventually: Callable[..., None]) -> None:
    """`/proc` calls it a zombie from its first thread's end on."""
    assert FIRST_THREAD_ENDS is not None
    go = tmp_path / "go"
    child = subprocess.Popen([sys.executable, "-c", FIRST_THREAD_ENDS, str(go), "7"])
    try:
        process = identify(child.pid)
        assert process is not None
        eventually(lambda: Path(f"/proc/{child.pid}/stat").read_text().split(") ")[-1][0] == "Z")
        assert is_alive(process)
        assert zombie_exit(process) is processes.child_exit(child.pid) is child.poll() is None
        go.touch()
        eventually(lambda: not is_alive(process))
        assert zombie_exit(process) == processes.child_exit(child.pid) == 7
    finally:
        go.touch()
        assert child.wait() == 7


def test_a_process_name_can_hold_anything(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z 1 (b"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", odd)
    child = subprocess.Popen([odd, "60"])
    try:
        process = identify(child.pid)
        assert is_alive(process)
    finally:
        child.kill()
        child.wait()
    assert not is_alive(process)


def test_ps_says_the_same_as_proc(eventually: Callable[..., None]) -> None:
    """What is used where there is no /proc."""
    child = subprocess.Popen(["sleep", "60"])
    seen = processes._look_ps(child.pid)
    assert seen is not None
    assert seen.state == "S"
    assert seen.started
    child.kill()
    eventually(lambda: processes._look_ps(child.pid).state == "Z")
    child.wait()
    assert processes._look_ps(child.pid) is None


# Elsewhere.


def elsewhere(tmp_path: Path, **host: str) -> JobRecord:
    log = tmp_path / "app" / "w" / "0" / "stdout.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("hi\n")
    os.utime(log, (1_000_000, 1_000_000))
    return record(log_dir=str(tmp_path / "app"), host=this_host()._replace(**host))


@pytest.mark.parametrize(
    "host",
    [{"name": "far", "boot_id": "b"}, {"pid_namespace": "pid:[1]"}, {"name": "far", "pid_namespace": "p"}],
)
def test_an_app_of_another_host_or_container(tmp_path: Path, host: dict[str, str]) -> None:
    """Its pids mean nothing here; a heartbeat does, and fresh output does."""
    far = elsewhere(tmp_path, **host)
    told = judge(far)
    assert (told.state, told.final) == ("FAILED", False)
    assert told.message.startswith("liveness unknown, last byte at 1970-01-1")
    assert far.host.name in told.message
    beat = Path(verdict.heartbeat_path(far.log_dir))
    beat.parent.mkdir()
    beat.touch()
    assert judge(far).state == "RUNNING"
    os.utime(beat, (time.time() - 61,) * 2)
    assert judge(far).state == "FAILED"
    (tmp_path / "app" / "w" / "0" / "stderr.log").write_text("new\n")
    assert judge(far).state == "RUNNING"


def test_a_host_that_nobody_noted_is_not_named(tmp_path: Path) -> None:
    """NeMo-Run's file says of no job where it runs."""
    unknown = elsewhere(tmp_path, name="", boot_id="", pid_namespace="")
    assert judge(unknown).message.endswith(" on a host that is not known")
    (tmp_path / "app" / "w" / "0" / "stdout.log").write_text("new\n")
    assert judge(unknown).message == "on a host that is not known"


def test_an_app_from_before_a_reboot(tmp_path: Path) -> None:
    told = judge(elsewhere(tmp_path, boot_id="before"))
    assert told.state == "FAILED"
    assert told.message.startswith("launcher lost, exit status unknown: the host was restarted")


def test_an_ended_app_of_another_host_is_as_recorded(tmp_path: Path) -> None:
    far = replace(elsewhere(tmp_path, name="far", boot_id="b"), state="SUCCEEDED")
    assert (judge(far).state, judge(far).final) == ("SUCCEEDED", True)


def test_the_name_of_the_host_may_change(tmp_path: Path) -> None:
    assert judge(elsewhere(tmp_path, name="renamed")).state == "RUNNING"


def test_an_app_of_another_host_is_not_cancelled_from_here(tmp_path: Path, scheduler: Any) -> None:
    far = elsewhere(tmp_path, name="far", boot_id="b")
    (tmp_path / "app" / "w" / "0" / "stdout.log").write_text("now\n")
    store_of(scheduler, json.loads(far.to_json()))
    assert scheduler.describe("app-1").state == AppState.RUNNING
    with pytest.raises(RuntimeError, match="on host 'far'"):
        scheduler.cancel("app-1")
    strict = create_scheduler("test", strict_tail=True)
    assert list(strict.log_iter("app-1", "w", streams="stdout", regex="now")) == ["now\n"]


def test_who_follows_an_app_of_another_host_hears_that_it_ended(
    tmp_path: Path, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record says so, long before its files look old."""
    monkeypatch.setattr(ending, "_SELDOM", 0.0)
    far = elsewhere(tmp_path, name="far", boot_id="b")
    (tmp_path / "app" / "w" / "0" / "stdout.log").write_text("now\n")
    jobs.save(far)
    has_ended = ending.Ending(far, lambda: jobs.load(far.app_id))
    assert not has_ended()
    jobs.save(far.ended("SUCCEEDED"))
    assert has_ended()


def test_a_heartbeat_brings_no_directory_back(tmp_path: Path, eventually: Callable[..., None]) -> None:
    watching, own = watch.Watch(), identify(os.getpid())
    assert own is not None
    there = tmp_path / "there"
    there.mkdir()
    # One thread gives all apps their heartbeats, in turn.
    withdraw = [
        watching.add([own], str(one), beats=True, on_end=lambda: None)
        for one in (tmp_path / "removed", there)
    ]
    eventually(lambda: os.path.exists(verdict.heartbeat_path(str(there))))
    assert not (tmp_path / "removed").exists()
    for each in withdraw:
        each()


def test_a_launcher_leaves_heartbeats(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    app_id = launch("sleep 60")
    path = verdict.heartbeat_path(scheduler.record_of(app_id).log_dir)
    eventually(lambda: os.path.exists(path))
    quiet = create_scheduler("test", record=False)
    other = launch("sleep 60", on=quiet)
    # One thread gives all apps of a process their heartbeats, in turn: the quiet one's is before the next one's.
    following = verdict.heartbeat_path(scheduler.record_of(launch("sleep 60")).log_dir)
    eventually(lambda: os.path.exists(following))
    assert not os.path.exists(verdict.heartbeat_path(quiet.record_of(other).log_dir))
    quiet.close()


def test_a_launch_that_was_cut_short_is_seen_by_who_writes_its_logs(tmp_path: Path) -> None:
    """Killed between starting processes and recording them, a launcher leaves that it wanted to launch."""
    gone = Process(os.getpid(), "0")
    early = record(log_dir=str(tmp_path / "app"), roles={"w": (Replica(),)}, launcher=gone)
    (tmp_path / "app").mkdir()
    assert judge(early).state == "FAILED"
    with open(tmp_path / "app" / "stdout.log", "w") as out:
        child = subprocess.Popen(["sleep", "60"], stdout=out)
    assert judge(early).state == "PENDING"
    child.kill()
    child.wait()
    assert judge(early).state == "FAILED"


def test_a_launcher_that_is_still_launching(tmp_path: Path) -> None:
    assert judge(record(log_dir=str(tmp_path), roles={"w": (Replica(),)})).state == "PENDING"


# Many.


def test_a_hundred_thousand_apps_cost_what_one_costs(scheduler: Any, launch: Callable[..., str]) -> None:
    """Counted in files opened, which no busy machine changes."""
    root = Path(os.environ["LOGDEX_HOME"], "jobs")
    template = record("app-x", state="SUCCEEDED", ended_at=1.0).to_json().decode()
    for session in ("test", "others"):
        (root / session).mkdir(parents=True)
    for k in range(1_000):
        text = template.replace("app-x", f"test-{k}").replace('"session": "s"', '"session": "test"')
        (root / "test" / f"test-{k}.json").write_text(text)
    asked = root / "others" / "others-0.json"
    asked.write_text(template.replace("app-x", "others-0").replace('"session": "s"', '"session": "others"'))
    shutil.copy(asked, root / "others" / "others-1.json")
    for k in range(2, 99_000):
        os.link(root / "others" / f"others-{k % 2}.json", root / "others" / f"others-{k}.json")
    opened: list[str] = []
    # By this thread: the one that writes down what becomes of the app does so whenever it can.
    counting = [threading.get_ident()]

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and threading.get_ident() in counting:
            path, mode, _ = args
            # What `open` has an opener open is told of twice.
            if mode is not None or opened[-1:] != [str(path)]:
                opened.append(str(path))

    sys.addaudithook(note)

    def cost(what: Callable[[], Any]) -> int:
        opened.clear()
        what()
        return sum("/logdex/jobs/" in path for path in opened)

    try:
        app_id = ""

        def run() -> None:
            nonlocal app_id
            app_id = launch("sleep 60")

        assert cost(run) <= 3
        assert cost(lambda: scheduler.describe(app_id)) == 0
        assert cost(lambda: create_scheduler("test").describe(app_id)) <= 2
        assert cost(lambda: create_scheduler("test").describe("others-0")) <= 3
        assert cost(lambda: create_scheduler("test").describe("nope")) <= 3
        assert cost(scheduler.list) <= 1_002
        assert len(scheduler.list()) == 1_001
    finally:
        counting.clear()


@pytest.mark.parametrize("states", [{"FAILED"}, {"SUCCEEDED", "CANCELLED"}, {"RUNNING"}])
def test_what_is_left_out_unread_did_not_end_so(jobs: JobStore, states: set[str]) -> None:
    """What looks like the state of a record, and stands elsewhere in it, does not leave it out."""
    told = ['"state": "FAILED"', '{"state": "SUCCEEDED"}', "}{", '"}, "state": "CANCELLED"']
    for state in ("PENDING", "FAILED", "SUCCEEDED", "CANCELLED"):
        for said in told:
            app = {"name": said, "state": "FAILED", "roles": [{"env": {"state": "SUCCEEDED"}}]}
            of = {"state": state, "message": said, "log_dir": f"/x/{said}", "app": app}
            jobs.save(record(f"{state}-{told.index(said)}", **of))
    path = Path(jobs.root) / "s" / "foreign.json"
    values = json.loads(record("foreign", state="FAILED", app={"state": "SUCCEEDED"}).to_json())
    path.write_text(json.dumps({"app": values.pop("app"), **values}))
    every = {one.app_id: one.state for one in jobs.newest_first()}
    assert len(every) == 17
    meant = {app_id for app_id, state in every.items() if state in states or state == "PENDING"}
    assert {one.app_id for one in jobs.newest_first(states=states)} == meant
