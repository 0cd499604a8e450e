"""`local_persistent` and `slurm_persistent` are there for TorchX, come last, and change nothing else."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torchx")

OTHERS_HIDE_THE_DEFAULTS = bool(importlib.metadata.entry_points(group="torchx.schedulers"))


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def torchx(*args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "torchx.cli.main", *args], capture_output=True, text=True, cwd=cwd, timeout=300
    )


def test_logdex_itself_imports_no_torchx() -> None:
    assert python("import logdex, sys; print('torchx' in sys.modules)") == "False"


@pytest.mark.skipif(OTHERS_HIDE_THE_DEFAULTS, reason="another package's entry points hide the defaults here")
def test_the_schedulers_come_last_and_the_default_stays() -> None:
    names = (
        "import torchx.schedulers as s; print(*s.get_scheduler_factories(), s.get_default_scheduler_name())"
    )
    before = python(names).split()
    after = python(f"import logdex.torchx_backend; {names}").split()
    assert after == [*before[:-1], "local_persistent", "slurm_persistent", before[-1]]


def test_the_wheel_declares_no_scheduler_of_its_own() -> None:
    groups = {one.group for one in importlib.metadata.distribution("logdex").entry_points}
    assert "torchx.schedulers" not in groups
    assert "torchx.cli.cmds" in groups


def test_the_hook_loads_nothing_but_itself() -> None:
    loaded = python(
        "import torchx.cli.main, sys; before = set(sys.modules);"
        "import logdex.torchx_backend.command;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(*(new - set(sys.stdlib_module_names)))"
    )
    assert loaded == "logdex"


def test_registering_twice_is_registering_once() -> None:
    code = "import logdex.torchx_backend as b; import torchx.schedulers as s; b.register(); b.register();"
    assert python(code + "print(list(s.DEFAULT_SCHEDULER_MODULES).count('local_persistent'))") == "1"


def test_run_in_one_shell_and_look_in_another(tmp_path: Path, eventually: Callable[..., None]) -> None:
    script = "echo hello; echo trouble >&2"
    ran = torchx("run", "-s", "local_persistent", "utils.sh", "sh", "-c", script, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    handle = ran.stdout.split()[-1]
    assert handle.startswith("local_persistent://torchx/sh-")
    assert "hello" in ran.stderr
    logged = torchx("log", handle, cwd=tmp_path)
    assert sorted(line.split(" ", 1)[1] for line in logged.stdout.splitlines()) == ["hello", "trouble"]
    assert torchx("log", "--regex", "^trou", f"{handle}/sh/0", cwd=tmp_path).stdout.count("\n") == 1
    assert "SUCCEEDED" in torchx("status", handle, cwd=tmp_path).stdout
    assert handle in torchx("list", "-s", "local_persistent", cwd=tmp_path).stdout
    assert torchx("logdex", "-e", "hell", handle, cwd=tmp_path).stdout == "sh/0 stdout hello\n"


def test_look_and_cancel_from_another_shell(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "torchx.cli.main",
        "run",
        "-s",
        "local_persistent",
        "utils.sh",
        "sh",
        "-c",
    ]
    with subprocess.Popen(
        [*command, "echo up; exec sleep 60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    ) as launcher:
        assert launcher.stdout is not None
        handle = launcher.stdout.readline().strip()
        assert "RUNNING" in torchx("status", handle, cwd=tmp_path).stdout
        cancelled = torchx("cancel", handle, cwd=tmp_path)
        assert cancelled.returncode == 0, cancelled.stderr
        assert launcher.wait(60) == 1
    assert "CANCELLED" in torchx("status", handle, cwd=tmp_path).stdout
    assert "CANCELLED" in torchx("list", "-s", "local_persistent", cwd=tmp_path).stdout
    assert "up" in torchx("log", handle, cwd=tmp_path).stdout


def test_an_app_that_fails_fails_the_command(tmp_path: Path) -> None:
    ran = torchx("run", "-s", "local_persistent", "utils.sh", "sh", "-c", "exit 3", cwd=tmp_path)
    assert ran.returncode == 1
    assert "exited with 3" in ran.stderr


def test_the_command_takes_all_that_logdex_takes(tmp_path: Path) -> None:
    (tmp_path / "rank0.log").write_text("2026-11-22 02:00:00 -x\n2026-11-22 02:00:01 y\n")
    assert torchx("logdex", "-e", "-x", "-c", "rank0.log", cwd=tmp_path).stdout == "1\n"
    told = torchx("logdex", "ranks", "rank0.log", "--svg", "ranks.svg", "-e", "-x", cwd=tmp_path)
    assert (told.returncode, "first failure  rank 0" in told.stdout) == (1, True)
    assert (tmp_path / "ranks.svg").exists()
    assert torchx("logdex", "--help", cwd=tmp_path).stdout.startswith("usage: torchx logdex ")


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    unknown = torchx("logdex", "local_persistent://torchx/nope", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "local_persistent://torchx/nope: there is no such app" in unknown.stderr
    assert "Traceback" not in unknown.stderr
