"""Who is alive on this host: processes that cannot be mistaken for a later one with the same pid."""

import os
import select
import socket
import subprocess
import sys
import weakref
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

_PROC = sys.platform.startswith("linux")
_OTHERS_LIVE = "S"


class Host(NamedTuple):
    """A place where a pid means something: one boot of one machine, one pid namespace."""

    name: str
    boot_id: str
    pid_namespace: str


class Process(NamedTuple):
    """A process for good: the kernel reuses a pid, but not a pid with its start time."""

    pid: int
    started: str


class _Seen(NamedTuple):
    """What the kernel says of a pid right now."""

    started: str
    state: str
    wait_status: int


@lru_cache(maxsize=1)
def _host_of(pid: int) -> Host:
    return Host(socket.gethostname(), _boot_id(), _pid_namespace())


def this_host() -> Host:
    """Where this process runs. A fork asks anew, since it may be in another namespace."""
    return _host_of(os.getpid())


def _boot_id() -> str:
    if _PROC:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    return subprocess.run(
        ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
    ).stdout.strip()


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def identify(pid: int) -> Process | None:
    """The process that has `pid` now, or None when there is none (a zombie still is one)."""
    seen = _look(pid)
    return Process(pid, seen.started) if seen else None


def is_alive(process: Process) -> bool:
    """Whether this very process runs. A zombie is dead, and so is one whose pid another process has now."""
    seen = _look(process.pid)
    return seen is not None and _same(process, seen) and seen.state not in "ZXx"


class Lifeline:
    """A process, asked again and again whether it lives: a microsecond each, where the kernel has pidfds.

    One descriptor for all who hold on to the same process; see `lifeline`.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._pidfd = -1
        with suppress(OSError, AttributeError):
            self._pidfd = os.pidfd_open(process.pid)
        # The pidfd is of whoever had the pid when it was opened; that it is the right one is seen once, after that.
        self._was_alive = is_alive(process)

    @property
    def can_ring(self) -> bool:
        """Whether the kernel tells of the process's end."""
        return self._pidfd >= 0

    def is_alive(self) -> bool:
        """As the function of this name."""
        if self._pidfd < 0:
            return is_alive(self._process)
        poll = select.poll()  # one of its own, since other threads may be asking
        poll.register(self._pidfd, select.POLLIN)
        return self._was_alive and not poll.poll(0)

    def __del__(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)


_lifelines: "weakref.WeakValueDictionary[Process, Lifeline]" = weakref.WeakValueDictionary()


def lifeline(process: Process) -> Lifeline:
    """The `Lifeline` of a process, shared with whoever has one."""
    return _lifelines.get(process) or _lifelines.setdefault(process, Lifeline(process))


def zombie_exit(process: Process) -> int | None:
    """The exit status, as `Popen.returncode` has it, of a process that ended and was not reaped; None if hidden."""
    if not _shows_exit(process.pid):
        return None
    seen = _look(process.pid)
    if seen is None or not _same(process, seen) or seen.state != "Z" or seen.wait_status < 0:
        return None
    return os.waitstatus_to_exitcode(seen.wait_status)


def _shows_exit(pid: int) -> bool:
    """Whether the kernel tells us the wait status of a process: to whoever may not trace it, it says 0.

    The link is asked of the same check (`PTRACE_MODE_READ_FSCREDS`: its user and group, or a capability), and, unlike
    others, is there for a zombie too. Of a pid that is gone nothing is read later.
    """
    try:
        os.readlink(f"/proc/{pid}/ns/user")
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def child_exit(pid: int) -> int | None:
    """The exit status of our own child, which is not reaped; None while it runs or is not ours."""
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if ended is None:
        return None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def has_writer(directory: str) -> bool:
    """Whether some process that we may look at writes its stdout or stderr into a file under `directory`."""
    prefix = os.path.realpath(directory) + os.sep
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return False
    return any(_output(pid, fd).startswith(prefix) for pid in pids for fd in "12")


def _output(pid: str, fd: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return ""


def _same(process: Process, seen: _Seen) -> bool:
    return seen.started in (process.started, "")


def _look(pid: int) -> _Seen | None:
    return _look_proc(pid) if _PROC else _look_ps(pid)


def _look_proc(pid: int) -> _Seen | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return _look_hidden(pid)
    # The second field, the command, may hold anything, so count from its closing parenthesis: the state is field 3,
    # the number of threads field 20, the start time in ticks since boot field 22, the wait status field 52
    # (proc_pid_stat(5)).
    fields = stat[stat.rindex(b")") + 2 :].split()
    status = int(fields[49]) if len(fields) > 49 else -1
    return _Seen(fields[19].decode(), _state_of_all(fields[0].decode(), int(fields[17])), status)


def _state_of_all(first: str, threads: int) -> str:
    """The state of a process, of which `/proc` tells that of its first thread.

    That one is a zombie while the others still end, or go on: a process of many threads, as every job with a framework
    is, has neither ended nor a status to wait for before the last of them is gone (`delay_group_leader` in the kernel's
    `exit.c`).
    """
    return _OTHERS_LIVE if first == "Z" and threads > 1 else first


def _look_hidden(pid: int) -> _Seen | None:
    """With `hidepid` other users' processes cannot be read, but a signal still tells that they are there."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return _Seen("", "?", -1)
    except OSError:
        pass
    return None


def _look_ps(pid: int) -> _Seen | None:
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    state, _, started = shown.strip().partition(" ")
    return _Seen(started.strip(), state[0], -1) if state else None
