"""A Slurm of two nodes on this machine, in a directory of its own, for the tests that want a real one.

`with cluster(directory) as environment:` starts munged, slurmctld and slurmd; with `accounting=True` also mariadbd and
slurmdbd. What they lack is said by `why_not`. Needs Debian's slurmctld, slurmd, slurm-client and munge, and root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
FOR_ACCOUNTS = ("slurmdbd", "sacct", "sacctmgr", "mariadbd", "mariadb-install-db")
NODES = ("n1", "n2")
"""Two, for the components of a heterogeneous job do not share one."""
PATH = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"


def why_not(*, accounting: bool = False) -> str:
    """What is missing for a Slurm here; empty where nothing is."""
    wanted = NEEDED + (FOR_ACCOUNTS if accounting else ())
    missing = [name for name in wanted if shutil.which(name, path=PATH) is None]
    if missing:
        packages = "slurmctld slurmd slurm-client munge" + (" slurmdbd mariadb-server" if accounting else "")
        return f"no real Slurm here: {', '.join(missing)} not found (on Debian: apt-get install {packages})"
    return "" if os.geteuid() == 0 else "a real Slurm is started by root only"


@contextmanager
def cluster(directory: Path, *, accounting: bool = False) -> Iterator[dict[str, str]]:
    """Runs a Slurm in `directory`, which all may enter; gives the environment in which its commands find it."""
    ports = free_ports(4)
    environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(directory / "slurm.conf")}
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        with open(directory / f"{Path(command[0]).name}.out", "ab") as out:
            running.append(
                subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment)
            )

    for name in ("state", "spool"):
        (directory / name).mkdir()
    try:
        _start_munge(directory, start)
        if accounting:
            _start_accounts(directory, ports[3], start, environment)
        _configure(directory, ports, accounting)
        if accounting:
            _until(lambda: _says(environment, "sacctmgr", "-i", "-n", "show", "cluster"))
            subprocess.run(["sacctmgr", "-i", "add", "cluster", "test"], env=environment, capture_output=True)
        start("slurmctld", "-D", "-f", environment["SLURM_CONF"])
        _until(lambda: _says(environment, "scontrol", "ping"))
        for node in NODES:
            start("slurmd", "-D", "-f", environment["SLURM_CONF"], "-N", node)
        _until(lambda: _told(environment, "sinfo", "-h", "-N", "-o", "%T").count("idle") == len(NODES))
        yield environment
    finally:
        _end_jobs(environment)
        for one in reversed(running):
            one.send_signal(signal.SIGTERM)
        for one in reversed(running):
            try:
                one.wait(10)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def _end_jobs(environment: dict[str, str]) -> None:
    """What a test that failed left running would outlive the daemons."""
    if _told(environment, "squeue", "-h"):
        _told(environment, "scancel", "--user", pwd.getpwuid(os.geteuid()).pw_name)
        with suppress(TimeoutError):
            _until(lambda: not _told(environment, "squeue", "-h"), 20)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _start_munge(directory: Path, start: Callable[..., None]) -> None:
    key = directory / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    files = {"key-file": key, "socket": directory / "munge.sock", "pid-file": directory / "munge.pid"}
    files |= {"log-file": directory / "munge.log", "seed-file": directory / "munge.seed"}
    start("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in files.items()))
    _until((directory / "munge.sock").exists)


def _start_accounts(
    directory: Path, port: int, start: Callable[..., None], environment: dict[str, str]
) -> None:
    data = directory / "mysql"
    user = pwd.getpwuid(os.geteuid()).pw_name
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--user={user}",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
        env=environment,
    )
    (database,) = free_ports(1)
    sock = directory / "mysql.sock"
    start(
        "mariadbd",
        "--no-defaults",
        f"--user={user}",
        f"--datadir={data}",
        f"--socket={sock}",
        f"--port={database}",
        "--bind-address=127.0.0.1",
        f"--pid-file={directory / 'mysql.pid'}",
        "--innodb-lock-wait-timeout=900",
    )
    _until(sock.exists)
    conf = directory / "slurmdbd.conf"
    conf.write_text(f"""AuthType=auth/munge
AuthInfo=socket={directory}/munge.sock
DbdHost=localhost
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=root
StorageLoc=slurm
PidFile={directory}/slurmdbd.pid
LogFile={directory}/slurmdbd.log
""")
    conf.chmod(0o600)
    start("env", f"SLURM_CONF={conf.parent / 'slurm.conf'}", "slurmdbd", "-D")


def _configure(directory: Path, ports: list[int], accounting: bool) -> None:
    host = socket.gethostname().split(".")[0]
    accounts = (
        f"""AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={ports[3]}
AccountingStoragePass={directory}/munge.sock
"""
        if accounting
        else "AccountingStorageType=accounting_storage/none\n"
    )
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=2000"
        for name, port in zip(NODES, ports[1:3], strict=True)
    )
    (directory / "slurm.conf").write_text(f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={directory}/munge.sock,cred_expire=5
CryptoType=crypto/munge
FirstJobId=1000
SlurmctldPort={ports[0]}
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool/%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd-%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=300
RebootProgram=/bin/true
{accounts}{nodes}
PartitionName=main Nodes={",".join(NODES)} Default=YES MaxTime=INFINITE State=UP
""")


def _told(environment: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _says(environment: dict[str, str], *command: str) -> bool:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "DOWN" not in done.stdout


def _until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the daemon of the real Slurm did not come up")
        time.sleep(0.05)
