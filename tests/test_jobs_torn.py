"""Jobs whose launcher is killed, forked, stopped or interrupted: what every other process says of them."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from threads import FIRST_THREAD_ENDS

pytest.importorskip("torchx")

from logdex.jobs import end, processes
from logdex.torchx_backend.schedulers.local import create_scheduler
from torchx.specs import AppState

ENDED = (AppState.SUCCEEDED, AppState.FAILED, AppState.CANCELLED)
Launcher = Callable[[str], "tuple[subprocess.Popen[str], str]"]
Eventually = Callable[..., None]

WAIT = "for i in $(seq 3000); do [ -e go ] && break; sleep 0.02; done"
"""What an app of `launcher` does until the test touches `go` in its own place, or has failed long ago."""


def pids(app_id: str) -> list[int]:
    record = create_scheduler("test").record_of(app_id)
    return [one.process.pid for _, _, one in record.replicas()]


def alive(pid: int) -> bool:
    process = processes.identify(pid)
    return process is not None and processes.is_alive(process)


def running(argument: str) -> list[int]:
    """The processes that run with this argument; of a dead one that is not yet waited for, Linux shows none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended while we looked
            continue
        if argument.encode() in arguments:
            found.append(int(process.name))
    return found


def test_kill_9_of_the_launcher_while_replicas_write_on(scheduler: Any, launcher: Launcher) -> None:
    process, app_id = launcher(
        "launch('for i in $(seq 100); do echo line $i; sleep 0.02; done', 2); time.sleep(60)"
    )
    lines = iter(scheduler.log_iter(app_id, "w", 1, should_tail=True, streams="stdout"))
    first = [next(lines) for _ in range(10)]
    process.kill()
    process.wait()
    assert scheduler.describe(app_id).state == AppState.RUNNING
    assert first + list(lines) == [f"line {i}\n" for i in range(1, 101)]
    described = scheduler.describe(app_id)
    assert described.state == AppState.FAILED
    assert "launcher lost, exit status unknown" in described.msg
    assert [(role.name, role.num_replicas) for role in described.roles] == [("w", 2)]
    assert list(scheduler.log_iter(app_id, "w", 0, streams="stdout"))[-1] == "line 100\n"


def test_the_combined_stream_of_a_killed_launcher(scheduler: Any, launcher: Launcher) -> None:
    """TorchX's thread dies with the launcher; followed by a process that comes later, and read at the end."""
    process, app_id = launcher(
        "launch('for i in $(seq 60); do echo out $i; echo err $i >&2; sleep 0.02; done'); time.sleep(60)"
    )
    process.kill()
    process.wait()
    out, err = ([f"{name} {i}\n" for i in range(1, 61)] for name in ("out", "err"))
    for tail in (True, False):
        lines = list(scheduler.log_iter(app_id, "w", should_tail=tail))
        assert [line for line in lines if line.startswith("out")] == out
        assert [line for line in lines if line.startswith("err")] == err
        assert len(lines) == 120
    assert list(scheduler.log_iter(app_id, "w", regex="err 7$")) == ["err 7\n"]


def test_the_combined_stream_of_a_killed_launcher_is_read_by_time(
    scheduler: Any, launcher: Launcher, tmp_path: Path
) -> None:
    process, app_id = launcher(
        f"launch('{WAIT}; for i in 1 2 3; do echo 2026-11-22 02:0$i:00 out; "
        "echo 2026-11-22 02:0$i:30 err >&2; done'); time.sleep(60)"
    )
    process.kill()
    process.wait()
    (tmp_path / "go").touch()
    list(scheduler.log_iter(app_id, "w", should_tail=True))
    read = [line.split()[1] for line in scheduler.log_iter(app_id, "w")]
    assert read == ["02:01:00", "02:01:30", "02:02:00", "02:02:30", "02:03:00", "02:03:30"]


def test_an_end_that_the_launcher_saw_outlives_it(
    scheduler: Any, launcher: Launcher, eventually: Eventually
) -> None:
    """The launcher asks for nothing, and still its apps' exit statuses are recorded at once."""
    process, app_id = launcher("launch('exit ${replica_id}', 3); launch('true'); time.sleep(60)")
    assert process.stdout is not None
    other = process.stdout.readline().split()[-1]
    eventually(lambda: scheduler.describe(app_id).state in ENDED and scheduler.describe(other).state in ENDED)
    process.kill()
    process.wait()
    described = scheduler.describe(app_id)
    assert described.state == AppState.FAILED
    assert described.msg == "w/1 exited with 1; w/2 exited with 2"
    assert scheduler.describe(other).state == AppState.SUCCEEDED
    states = {one.app_id: one.state for one in scheduler.list()}
    assert states == {app_id: AppState.FAILED, other: AppState.SUCCEEDED}


def test_cancel_from_another_process(scheduler: Any, launcher: Launcher, tmp_path: Path) -> None:
    process, app_id = launcher(
        "a = launch('sleep 60', 2)\n"
        "while not os.path.exists('go'): time.sleep(0.02)\n"
        "print(scheduler.describe(a).state.name, flush=True)"
    )
    before = pids(app_id)
    scheduler.cancel(app_id)
    assert scheduler.describe(app_id).state == AppState.CANCELLED
    assert not any(alive(pid) for pid in before)
    (tmp_path / "go").touch()
    assert process.stdout is not None
    assert process.stdout.readline() == "CANCELLED\n"
    scheduler.cancel(app_id)
    assert scheduler.describe(app_id).state == AppState.CANCELLED


def test_cancel_of_an_app_that_is_being_launched_waits_for_its_processes(
    scheduler: Any, launcher: Launcher, tmp_path: Path
) -> None:
    process, app_id = launcher(
        "begin = scheduler._popen\n"
        "def popen(role, k, params):\n"
        "    if k:\n"
        "        print('APP', params.stdout.split('/')[-4], flush=True)\n"
        "        while not os.path.exists('go'): time.sleep(0.02)\n"
        "    return begin(role, k, params)\n"
        "scheduler._popen = popen\n"
        "launch('sleep 60', 2); time.sleep(60)"
    )
    assert scheduler.describe(app_id).state == AppState.PENDING
    cancel = threading.Thread(target=scheduler.cancel, args=(app_id,))
    cancel.start()
    cancel.join(0.2)
    (tmp_path / "go").touch()
    cancel.join(60)
    assert scheduler.describe(app_id).state == AppState.CANCELLED
    assert not any(alive(pid) for pid in pids(app_id))
    process.kill()


def test_cancel_of_an_app_whose_processes_were_not_recorded_says_so(
    scheduler: Any, launcher: Launcher, tmp_path: Path
) -> None:
    """Its launcher was killed between starting them and saying which they are."""
    process, app_id = launcher(
        "begin = scheduler._popen\n"
        "def popen(role, k, params):\n"
        "    begin(role, k, params)\n"
        "    print('APP', params.stdout.split('/')[-4], flush=True)\n"
        "    time.sleep(60)\n"
        "scheduler._popen = popen\n"
        "launch('while [ ! -e go ]; do sleep 0.02; done')"
    )
    process.kill()
    process.wait()
    try:
        with pytest.raises(RuntimeError, match=f"{app_id} .* before it recorded"):
            scheduler.cancel(app_id)
        assert scheduler.describe(app_id).state == AppState.PENDING
    finally:
        (tmp_path / "go").touch()


def test_cancel_of_another_users_app_names_it_and_leaves_no_mark(
    scheduler: Any, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, app_id = launcher("launch('sleep 60'); time.sleep(60)")
    (pid,) = pids(app_id)
    with monkeypatch.context() as patched:
        patched.setattr(os, "killpg", mock.Mock(side_effect=PermissionError(errno.EPERM, "not permitted")))
        with pytest.raises(PermissionError, match=f"{app_id} is another user's"):
            scheduler.cancel(app_id)
    assert scheduler.describe(app_id).state == AppState.RUNNING
    os.kill(pid, signal.SIGTERM)
    list(scheduler.log_iter(app_id, "w", should_tail=True))
    assert scheduler.describe(app_id).state == AppState.FAILED


def test_cancel_of_an_orphan_that_ignores_sigterm(
    scheduler: Any, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[end.__module__], "PATIENCE", 0.3)
    process, app_id = launcher(
        "launch(\"trap '' TERM; echo up; while :; do sleep 0.1; done\"); time.sleep(60)"
    )
    assert next(iter(scheduler.log_iter(app_id, "w", should_tail=True))) == "up\n"
    process.kill()
    process.wait()
    scheduler.cancel(app_id)
    assert not any(alive(pid) for pid in pids(app_id))
    assert scheduler.describe(app_id).state == AppState.CANCELLED


def test_cancel_of_an_ended_app_changes_nothing(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually
) -> None:
    app_id = launch("true")
    eventually(lambda: scheduler.describe(app_id).state in ENDED)
    scheduler.cancel(app_id)
    create_scheduler("test").cancel(app_id)
    assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert create_scheduler("test").describe(app_id).state == AppState.SUCCEEDED


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the kernel tells of no exits here")
def test_a_reader_elsewhere_is_rung_by_the_last_exit(scheduler: Any, launcher: Launcher) -> None:
    from logdex.jobs.ending import Ending

    _, app_id = launcher("launch('sleep 60', 3); time.sleep(60)")
    endings = [Ending(scheduler.record_of(app_id), lambda: None) for _ in range(2)]
    rings = [threading.Event() for _ in endings]
    for ending, ring in zip(endings, rings, strict=True):
        ending.ring_with(ring.set)
        assert not ending()
        assert ending.every >= 1
    *others, last = pids(app_id)
    for pid in others:
        os.kill(pid, signal.SIGKILL)
    assert not rings[0].wait(0.3)
    os.kill(last, signal.SIGKILL)
    assert all(ring.wait(60) for ring in rings)
    assert all(ending() for ending in endings)


def test_own_cancel_is_remembered(scheduler: Any, launch: Callable[..., str]) -> None:
    app_id = launch("sleep 60", replicas=2)
    scheduler.cancel(app_id)
    for one in (scheduler, create_scheduler("another")):
        described = one.describe(app_id)
        assert described.state == AppState.CANCELLED
        assert [len(role.replicas) for role in described.roles_statuses] == [2]


def test_delete_ends_and_forgets_and_leaves_the_logs(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually
) -> None:
    if not hasattr(scheduler, "delete"):
        pytest.skip("this TorchX cannot delete")
    app_id = launch("echo hi; sleep 60")
    log_dir = scheduler.record_of(app_id).log_dir
    assert next(iter(scheduler.log_iter(app_id, "w", should_tail=True, streams="stdout"))) == "hi\n"
    # The launcher learns of the end when all that another process knew of the app is gone.
    with scheduler._launched._lock:
        create_scheduler("test").delete(app_id)
    eventually(lambda: scheduler.describe(app_id).state == AppState.CANCELLED)
    assert create_scheduler("test").describe(app_id) is None
    assert Path(log_dir, "w", "0", "stdout.log").read_text() == "hi\n"


def test_a_launcher_that_closes_ends_its_apps_and_says_so(scheduler: Any, launcher: Launcher) -> None:
    process, app_id = launcher("launch('echo started; sleep 60')")
    assert process.wait(60) == 0
    described = scheduler.describe(app_id)
    assert described.state == AppState.CANCELLED
    assert described.msg == "its launcher closed"


@pytest.mark.parametrize("how", ["os._exit(0)", "sys.exit(0)"])
def test_a_fork_of_the_launcher_leaves_its_apps_alone(scheduler: Any, launcher: Launcher, how: str) -> None:
    code = f"""
import warnings; warnings.simplefilter("ignore")
a = launch("sleep 60")
if os.fork() == 0:
    print(scheduler.describe(a).state.name, len(scheduler.list()), flush=True)
    {how}
os.wait()
print(scheduler.describe(a).state.name, flush=True)
scheduler.close()
"""
    process, app_id = launcher(code)
    assert process.stdout is not None
    assert process.stdout.read().split("\n")[:2] == ["RUNNING 1", "RUNNING"]
    assert scheduler.describe(app_id).state == AppState.CANCELLED


def test_many_threads_see_one_end(scheduler: Any, launch: Callable[..., str]) -> None:
    app_id = launch("sleep 0.3; exit ${replica_id}", replicas=3)
    answers: list[Any] = []

    def watch() -> None:
        while (described := scheduler.describe(app_id)).state not in ENDED:
            time.sleep(0.001)
        answers.append((described.state, described.msg))

    threads = [threading.Thread(target=watch) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert answers == [(AppState.FAILED, "w/1 exited with 1; w/2 exited with 2")] * 8


def test_many_threads_launch_at_once(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually
) -> None:
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(launch("echo hi"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(set(ids)) == 8
    eventually(lambda: all(scheduler.describe(one).state == AppState.SUCCEEDED for one in ids))
    assert {one.app_id for one in create_scheduler("test").list()} == set(ids)


def test_a_terminal_answer_is_remembered_and_nothing_is_signalled_again(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_id = launch("true", replicas=2)
    eventually(lambda: scheduler.describe(app_id).state in ENDED)
    success = Path(scheduler.record_of(app_id).log_dir, "SUCCESS")
    written = success.stat().st_mtime_ns
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("signalled a group that has ended"))
    for _ in range(10):
        assert scheduler.describe(app_id).state == AppState.SUCCEEDED
        assert create_scheduler("test").describe(app_id).state == AppState.SUCCEEDED
    scheduler.close()
    assert success.stat().st_mtime_ns == written


@pytest.mark.parametrize("said", [b"garbage", b"", b"[" * 100_000, b"\xff"])
def test_an_error_file_that_is_no_json_harms_nobody(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually, said: bytes, tmp_path: Path
) -> None:
    (tmp_path / "said").write_bytes(said)
    app_id = launch(f"cp {tmp_path}/said $TORCHELASTIC_ERROR_FILE; exit 3")
    other = launch("exec sleep 60")
    eventually(lambda: scheduler.describe(app_id).state == AppState.FAILED)
    assert scheduler.describe(app_id).structured_error_msg == "<NONE>"
    scheduler.close()
    assert create_scheduler("test").describe(other).state == AppState.CANCELLED


def test_close_ends_every_app_where_there_is_no_room_to_say_so(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    apps = [launch("exec sleep 60") for _ in range(2)]
    for app_id in apps:
        Path(scheduler.record_of(app_id).log_dir, "SUCCESS").mkdir()
    scheduler.close()
    assert {create_scheduler("test").describe(app_id).state for app_id in apps} == {AppState.CANCELLED}


def test_an_app_of_no_replicas_has_succeeded(
    scheduler: Any, launch: Callable[..., str], eventually: Eventually
) -> None:
    app_id = launch("true", replicas=0)
    eventually(lambda: scheduler.describe(app_id).state in ENDED)
    assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert create_scheduler("test").describe(app_id).state == AppState.SUCCEEDED


@pytest.mark.skipif(not FIRST_THREAD_ENDS, reason="the number of this machine's system call is not known")
@pytest.mark.parametrize(("code", "state"), [(0, AppState.SUCCEEDED), (4, AppState.FAILED)])
def test_replicas_of_which_the_first_thread_ends_first_have_not_ended(
    scheduler: Any,
    launch: Callable[..., str],
    eventually: Eventually,
    tmp_path: Path,
    code: int,
    state: AppState,
) -> None:
    """Whoever looks in between neither calls them ended nor guesses how they did."""
    (tmp_path / "app.py").write_text(FIRST_THREAD_ENDS or "")
    app_id = launch(f"exec {sys.executable} {tmp_path}/app.py {tmp_path}/go {code}", replicas=3)
    eventually(
        lambda: all(Path(f"/proc/{pid}/stat").read_text().split(") ")[-1][0] == "Z" for pid in pids(app_id))
    )
    assert scheduler.describe(app_id).state == AppState.RUNNING
    assert create_scheduler("test").describe(app_id).state == AppState.RUNNING
    lines = scheduler.log_iter(app_id, "w", 2, should_tail=True)
    (tmp_path / "go").touch()
    assert list(lines) == ["last words\n"]
    eventually(lambda: scheduler.describe(app_id).state in ENDED)
    assert scheduler.describe(app_id).state == state
    assert [one.exit for _, _, one in scheduler.record_of(app_id).replicas()] == [code] * 3


def test_a_stopped_launcher_is_no_obstacle(
    scheduler: Any, launcher: Launcher, eventually: Eventually, tmp_path: Path
) -> None:
    """Its children are zombies, which tell how they ended."""
    process, app_id = launcher(f"launch('{WAIT}; exit 4'); time.sleep(60)")
    os.kill(process.pid, signal.SIGSTOP)
    try:
        assert scheduler.describe(app_id).state == AppState.RUNNING
        (tmp_path / "go").touch()
        eventually(lambda: scheduler.describe(app_id).state in ENDED)
        assert scheduler.describe(app_id).msg == "w/0 exited with 4"
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_what_another_process_saw_of_an_end_stays(
    scheduler: Any, launcher: Launcher, eventually: Eventually, tmp_path: Path
) -> None:
    """The exit status of a zombie is gone with it; who has told it to somebody writes it down."""
    process, app_id = launcher(f"launch('{WAIT}'); time.sleep(60)")
    os.kill(process.pid, signal.SIGSTOP)
    (tmp_path / "go").touch()
    eventually(lambda: scheduler.describe(app_id).state == AppState.SUCCEEDED)
    process.kill()
    process.wait()
    assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert create_scheduler("test").describe(app_id).state == AppState.SUCCEEDED


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # TorchX leaves its files open
def test_a_launch_that_fails_half_way_leaves_nothing_running(
    scheduler: Any, tmp_path: Path, eventually: Eventually
) -> None:
    from torchx.specs import AppDef, Role

    mark = str(tmp_path / "first")
    wait = ["-c", "sleep 60; exit 0", mark]  # of two commands, so that bash stays, and with it the mark
    first = Role("first", image="", entrypoint="bash", args=wait)
    with subprocess.Popen(
        ["bash", *wait], start_new_session=True
    ) as seen:  # `running` does see such a process
        eventually(lambda: running(mark) == [seen.pid])
        os.killpg(seen.pid, signal.SIGKILL)
    second = Role("second", image="", entrypoint=str(tmp_path / "missing"), args=[])
    with pytest.raises(FileNotFoundError):
        scheduler.submit(AppDef("app", [first, second]), {})
    listed = scheduler.list()
    assert [one.state for one in listed] == [AppState.FAILED]
    assert "launch failed" in scheduler.describe(listed[0].app_id).msg
    # What bash had forked and was about to become `sleep` was told to end too, and nobody here waits for it.
    eventually(lambda: running(mark) == [])


def test_an_app_that_is_launched_again_is_refused_and_stays_known(scheduler: Any) -> None:
    from torchx.specs import AppDef, Role

    app = AppDef("app", [Role("w", image="", entrypoint="sleep", args=["60"])])
    dryrun = scheduler.submit_dryrun(app, {})
    app_id = scheduler.schedule(dryrun)
    with pytest.raises(AssertionError):
        scheduler.schedule(dryrun)
    with pytest.raises(FileExistsError):
        create_scheduler("test").schedule(dryrun)
    assert create_scheduler("test").describe(app_id).state == AppState.RUNNING
    scheduler.close()
    assert create_scheduler("test").describe(app_id).state == AppState.CANCELLED


def test_ctrl_c_in_log_iter(scheduler: Any, launcher: Launcher, launch: Callable[..., str]) -> None:
    """A reader gets KeyboardInterrupt, at once, and the app of another process lives on."""
    app_id = launch("echo begun; sleep 60")
    reader, _ = launcher(
        f"""
try:
    lines = iter(scheduler.log_iter({app_id!r}, "w", should_tail=True))
    print("READ", next(lines), end="", flush=True)
    next(lines)
except KeyboardInterrupt:
    print("INTERRUPTED", flush=True)
"""
    )
    time.sleep(0.2)
    reader.send_signal(signal.SIGINT)
    assert reader.stdout is not None
    assert reader.stdout.read() == "INTERRUPTED\n"
    # The app had not ended, so that the reader had still to wait.
    assert scheduler.describe(app_id).state == AppState.RUNNING


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_launcher_ends_its_apps(
    scheduler: Any, tmp_path: Path, number: int, eventually: Eventually
) -> None:
    command = [sys.executable, "-m", "torchx.cli.main", "run", "-s", "local_persistent"]
    launcher = subprocess.Popen(
        [*command, "utils.sh", "sh", "-c", "echo up; exec sleep 60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    )
    assert launcher.stdout is not None
    app_id = launcher.stdout.readline().strip().rpartition("/")[2]
    eventually(lambda: scheduler.describe(app_id).state == AppState.RUNNING)
    (pid,) = pids(app_id)
    # TorchX's handler raises an Exception, and its records of events swallow those: then a person presses ^C once more.
    for _ in range(3):
        launcher.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            launcher.wait(10)
            break
    launcher.stdout.close()
    assert launcher.wait(60) != 0
    assert not alive(pid)
    assert scheduler.describe(app_id).state == AppState.CANCELLED


def test_handlers_are_installed_by_the_first_launch_and_never_by_a_reader(launch: Callable[..., str]) -> None:
    before = signal.default_int_handler, signal.SIG_DFL
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGTERM, before[1])
    scheduler = create_scheduler("test")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    try:
        app_id = launch("true", on=scheduler)
        installed = signal.getsignal(signal.SIGINT)
        assert installed is not before[0]
        signal.signal(signal.SIGINT, before[0])
        launch("true", on=scheduler)
        assert signal.getsignal(signal.SIGINT) is before[0]
        list(create_scheduler("test").log_iter(app_id, "w"))
        assert signal.getsignal(signal.SIGINT) is before[0]
    finally:
        scheduler.close()
