"""A real openssh on this machine, for the tests of logs that are read through it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """A server of our own, with keys of its own: the beginning of addresses behind it, the command for `ssh`, and the
    first directory of programs there, which is empty."""
    server = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if server is None or shutil.which("ssh") is None:
        pytest.skip("openssh's server is not installed: apt-get install openssh-server")
    home = tmp_path_factory.mktemp("ssh")
    (home / "bin").mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    (home / "authorized").write_bytes((home / "user.pub").read_bytes())
    port = free_port()
    (home / "sshd").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/authorized\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"SetEnv PATH={home}/bin:/usr/local/bin:/usr/bin:/bin\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (home / "said").open("w") as said:
        process = subprocess.Popen([server, "-D", "-e", "-f", home / "sshd"], stderr=said)
    command = (
        f"ssh -F none -i {home}/user -o UserKnownHostsFile={home}/known -o StrictHostKeyChecking=accept-new"
    )
    try:
        for _ in range(600):
            done = subprocess.run(
                [*command.split(), "-o", "BatchMode=yes", "-p", str(port), "127.0.0.1", "true"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                break
            if process.poll() is not None:
                pytest.skip(f"no server of ours can be started here: {(home / 'said').read_text()}")
            time.sleep(0.05)
        else:
            pytest.skip(f"nobody can log in here: {done.stderr.decode()}")
        yield f"ssh://127.0.0.1:{port}", command, home / "bin"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def by_ssh(sshd: tuple[str, str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOGDEX_SSH", sshd[1])
    return sshd[0]
