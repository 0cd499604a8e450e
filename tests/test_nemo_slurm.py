"""NeMo-Run's jobs on Slurm, read by logdex: in place, and through a tunnel by new bytes only."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nemo_run", exc_type=ImportError)

import logdex.nemo
import real_slurm
from fake_slurm import FakeCommands, stand_in
from logdex.slurm import ask, ending, mirror
from logdex.torchx_backend import rebind
from nemo_run.core.tunnel.client import LocalTunnel, SSHTunnel

JOB = "1000"


@pytest.fixture
def slurm() -> Any:
    """NeMo-Run's module, read by logdex as `enable` makes it."""
    import importlib

    assert rebind.bind_slurm()
    return importlib.import_module(rebind.SLURM_MODULE)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    """A Slurm that tells of the job 1000, which NeMo-Run submitted as the role `llama` of the account `acct`."""
    fake = stand_in(tmp_path, monkeypatch)
    monkeypatch.setattr(ask, "EVERY", 0.0)
    monkeypatch.setattr(mirror, "EVERY", 0.01)
    monkeypatch.setattr(ending.JobEnding, "every", 0.01)
    return fake


def replay(commands: FakeCommands, state: str) -> None:
    commands.replays(state)
    said = (commands.root / "scontrol.out").read_text().replace("JobName=long", "JobName=acct-acct.llama")
    commands.says("scontrol", said)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The directory of the job where it runs."""
    directory = tmp_path / "cluster" / "e_1" / "llama"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def noted(slurm: Any, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Has NeMo-Run remember the job behind a tunnel, and gives its scheduler."""
    monkeypatch.setattr(slurm, "SLURM_JOB_DIRS", str(tmp_path / "nemo" / ".slurm_jobs"))

    def note(tunnel: Any) -> Any:
        slurm._save_job_dir(JOB, str(tmp_path / "nemo/e/e_1/llama"), tunnel, "")
        return slurm.create_scheduler("nemo_run")

    return note


def write(there: Path, name: str, *seconds: int) -> None:
    with (there / name).open("a") as file:
        file.writelines(f"2026-11-22 02:00:{second:02} {name}\n" for second in seconds)


def names(lines: Any) -> list[str]:
    return [line.split()[-1] for line in lines]


ALL = (
    "log-acct-acct.llama_1000_0.out",
    "log-acct-acct.llama_1000_1.out",
    "log-acct-acct.eval_1000_1.out",
    "sbatch_acct-acct.llama_1000.out",
)


def test_all_attempts_and_groups_are_read_in_place(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands
) -> None:
    replay(commands, "cancelled")
    scheduler = noted(LocalTunnel(job_dir=str(there.parent)))
    for second, name in enumerate(ALL):
        write(there, name, second)
    write(there, "log-acct-acct.llama_999_0.out", 9)
    first, second, group, _ = ALL
    assert names(scheduler.log_iter(JOB, "llama")) == [first, second, group]
    assert names(scheduler.log_iter(JOB, "llama", regex="eval")) == [group]
    assert names(
        scheduler.log_iter(JOB, "llama", since="2026-11-22 02:00:01", until="2026-11-22 02:00:01")
    ) == [second]
    assert names(scheduler.log_iter(JOB, "llama", streams="stdout")) == [first, second, group]
    assert not list((there.parent.parent.parent / "logdex").rglob("*.out"))


def test_a_job_that_failed_before_it_began_shows_its_script(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands
) -> None:
    replay(commands, "cancelled")
    scheduler = noted(LocalTunnel(job_dir=str(there.parent)))
    with pytest.raises(RuntimeError, match="app 1000 has no log of role 'llama'"):
        scheduler.log_iter(JOB, "llama")
    write(there, ALL[3], 1)
    assert names(scheduler.log_iter(JOB, "llama")) == [ALL[3]]


def test_unknown_jobs_and_bad_arguments_are_said(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands
) -> None:
    replay(commands, "cancelled")
    scheduler = noted(LocalTunnel(job_dir=str(there.parent)))
    write(there, ALL[0], 1)
    with pytest.raises(KeyError, match="4711"):
        scheduler.log_iter("4711", "llama")
    with pytest.raises(KeyError, match="stdlog"):
        scheduler.log_iter(JOB, "llama", streams="stdlog")
    with pytest.raises(Exception, match="unterminated"):
        scheduler.log_iter(JOB, "llama", regex="(")


def test_a_follow_lives_through_a_requeue(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands
) -> None:
    replay(commands, "running")
    scheduler = noted(LocalTunnel(job_dir=str(there.parent)))
    write(there, ALL[0], 1)
    lines = iter(scheduler.log_iter(JOB, "llama", should_tail=True))
    assert names([next(lines)]) == [ALL[0]]
    replay(commands, "requeued")
    replay(commands, "restarted")
    write(there, ALL[1], 2)
    assert names([next(lines)]) == [ALL[1]]
    replay(commands, "cancelled")
    assert list(lines) == []


class Shell:
    """What stands in for SSH: runs commands here, and counts what they print."""

    def __init__(self) -> None:
        self.printed = 0

    def run(self, tunnel: Any, command: str, hide: bool = True, warn: bool = False, **_: Any) -> Any:
        from invoke.runners import Result

        # The other side has no directory that is named as here.
        command = command.replace("/behind/", f"{tunnel.pre_command}/")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        self.printed += len(done.stdout)
        return Result(stdout=done.stdout, stderr=done.stderr, exited=done.returncode)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    one = Shell()
    monkeypatch.setattr(SSHTunnel, "run", lambda tunnel, *args, **more: one.run(tunnel, *args, **more))
    return one


def behind(there: Path) -> SSHTunnel:
    return SSHTunnel(job_dir="/behind/e_1", host="far", user="me", pre_command=str(there.parent.parent))


def test_only_new_bytes_come_through_the_tunnel(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands, shell: Shell
) -> None:
    replay(commands, "cancelled")
    scheduler = noted(behind(there))
    for second, name in enumerate(ALL):
        write(there, name, second)
    (there / ALL[0]).write_bytes(os.urandom(300_000).hex().encode() + b"\n2026-11-22 02:00:00 x\n")
    assert names(scheduler.log_iter(JOB, "llama", regex="^2026")) == ["x", *ALL[1:3]]
    first, shell.printed = shell.printed, 0
    write(there, ALL[1], 5)
    assert names(scheduler.log_iter(JOB, "llama", regex="^2026")) == ["x", ALL[1], ALL[2], ALL[1]]
    assert first > 300_000 > 10_000 > shell.printed


def test_a_follow_through_the_tunnel_has_all_lines_once(
    noted: Callable[[Any], Any], there: Path, commands: FakeCommands, shell: Shell
) -> None:
    replay(commands, "running")
    scheduler = noted(behind(there))
    lines = iter(scheduler.log_iter(JOB, "llama", should_tail=True))
    for second, name in ((1, ALL[0]), (2, ALL[0]), (3, ALL[1]), (4, ALL[1])):
        write(there, name, second)
        assert names([next(lines)]) == [name]
    write(there, ALL[1], 5, 6)
    replay(commands, "cancelled")
    assert names(lines) == [ALL[1]] * 2


def test_enable_and_disable(slurm: Any) -> None:
    ours = slurm.SlurmTunnelScheduler.log_iter
    assert ours.__module__ == "logdex.torchx_backend.schedulers.nemo_slurm"
    logdex.nemo.disable()
    assert slurm.SlurmTunnelScheduler.log_iter.__module__ == slurm.__name__
    assert logdex.nemo.enable()
    assert slurm.SlurmTunnelScheduler.log_iter is ours


def test_a_scheduler_that_is_not_known_is_left_alone(slurm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    logdex.nemo.disable()

    def other(self: Any, app_id: str) -> list[str]:
        return []

    with monkeypatch.context() as changed:
        changed.setattr(slurm.SlurmTunnelScheduler, "log_iter", other)
        with pytest.warns(RuntimeWarning, match="does not know this nemo-run's scheduler for Slurm"):
            assert not rebind.bind_slurm()
        assert slurm.SlurmTunnelScheduler.log_iter is other
    assert logdex.nemo.enable()


def test_nemo_run_is_what_this_was_written_against(slurm: Any) -> None:
    """A canary, as `test_slurm_upstream.py` is for TorchX."""
    from test_slurm_upstream import hash_of

    logdex.nemo.disable()
    try:
        hashes = {name: hash_of(slurm.__name__, name) for name in KNOWN}
    finally:
        logdex.nemo.enable()
    assert hashes == KNOWN


KNOWN = {
    "SlurmTunnelScheduler.log_iter": "28d7f54ee6ac646d",
    "TunnelLogIterator": "3f010483f2793bee",
    "_save_job_dir": "1e491b5aafa79830",
    "_get_job_dirs": "c3e644e6d690fddd",
}


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Callable[..., SSHTunnel]]:
    """A real SSH to this machine, by a server that takes one key."""
    server = shutil.which("sshd", path=real_slurm.PATH)
    if server is None or shutil.which("ssh-keygen") is None or os.geteuid() != 0:
        pytest.skip(
            "no real SSH here: it needs root, and openssh-server (on Debian: apt-get install openssh-server)"
        )
    home = tmp_path / "sshd"
    home.mkdir(mode=0o700)
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    (port,) = real_slurm.free_ports(1)
    config = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": home / "host",
        "AuthorizedKeysFile": home / "key.pub",
        "PidFile": home / "pid",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
    }
    (home / "config").write_text("".join(f"{name} {value}\n" for name, value in config.items()))
    os.makedirs("/run/sshd", exist_ok=True)
    process = subprocess.Popen([server, "-D", "-e", "-f", str(home / "config")], stderr=subprocess.DEVNULL)
    _until_answered(port)
    tunnels: list[SSHTunnel] = []

    def tunnel(**more: Any) -> SSHTunnel:
        one = SSHTunnel(
            host="127.0.0.1", user=getpass.getuser(), port=port, identity=str(home / "key"), **more
        )
        tunnels.append(one)
        return one

    yield tunnel
    for one in tunnels:
        one.cleanup()
    process.terminate()
    process.wait(60)


def _until_answered(port: int) -> None:
    import socket

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError("sshd did not come up")


def test_over_a_real_ssh(
    ssh: Callable[..., SSHTunnel],
    noted: Callable[[Any], Any],
    there: Path,
    commands: FakeCommands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from logdex.torchx_backend.schedulers import nemo_slurm

    # The directory of the job is here too, but shall not be found.
    monkeypatch.setattr(nemo_slurm, "_bears", lambda directory, number: False)
    replay(commands, "running")
    scheduler = noted(ssh(job_dir=str(there.parent), pre_command=f"export PATH={commands.path}:$PATH"))
    write(there, ALL[0], 1)
    lines = iter(scheduler.log_iter(JOB, "llama", should_tail=True))
    assert names([next(lines)]) == [ALL[0]]
    replay(commands, "restarted")
    write(there, ALL[1], 2)
    assert names([next(lines)]) == [ALL[1]]
    replay(commands, "cancelled")
    assert list(lines) == []
    assert names(scheduler.log_iter(JOB, "llama")) == [ALL[0], ALL[1]]
    scheduler.tunnel.cleanup()
