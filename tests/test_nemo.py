"""NeMo-Run's experiments with logdex, in the real NeMo-Run: each process is one of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("nemo_run", exc_type=ImportError)

LAUNCH = """
import sys, time
import nemo_run as run
import logdex.nemo
with run.Experiment("mine", executor=run.LocalExecutor()) as exp:
    {add}
    exp.run()
    print("ID", exp._id, flush=True)
    {then}
"""


def python(code: str, cwd: Path) -> str:
    """Runs code in a process of its own and gives what it printed, wherever to."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def script(text: str) -> str:
    return f"run.Script(inline={text!r})"


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Launchers that outlive the call, and are killed at the end."""
    processes = []

    def start(code: str) -> "subprocess.Popen[str]":
        out = open(tmp_path / "launcher.out", "w")  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=out, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
        )
        out.close()
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def experiment_id(tmp_path: Path, eventually: Callable[..., None]) -> str:
    out = tmp_path / "launcher.out"
    eventually(lambda: re.search(r"^ID \S+$", out.read_text(), re.MULTILINE))
    return re.findall(r"^ID (\S+)$", out.read_text(), re.MULTILINE)[0]


def look(exp: str, what: str, cwd: Path) -> str:
    code = f"import nemo_run as run, logdex.nemo; exp = run.Experiment.from_id({exp!r}); {what}"
    return python(code, cwd)


STATUS = "print({k: v['status'].name for k, v in exp.status(return_dict=True).items()})"


def test_a_task_is_tailed_and_then_found_by_another_process(tmp_path: Path) -> None:
    add = (
        f"exp.add({script('for i in 1 2 3; do echo loss=$i; sleep 0.1; done')}, name='train', tail_logs=True)"
    )
    out = python(LAUNCH.format(add=add, then=""), tmp_path)
    assert re.findall(r"train/0.* (loss=\d)", out) == ["loss=1", "loss=2", "loss=3"]
    exp = re.findall(r"^ID (\S+)$", out, re.MULTILINE)[0]
    out = look(exp, f"{STATUS}; exp.logs('train', regex='=[23]$')", tmp_path)
    assert "{'train': 'SUCCEEDED'}" in out
    assert re.findall(r"loss=\d", out) == ["loss=2", "loss=3"]
    command = [sys.executable, "-m", "logdex.nemo", "experiment", "logs", exp, "0"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path)
    assert re.findall(r"loss=\d", done.stdout) == ["loss=1", "loss=2", "loss=3"]
    # Uninstalled, NeMo-Run finds the task and its log by its own file.
    code = f"import nemo_run as run; exp = run.Experiment.from_id({exp!r}); {STATUS}; exp.logs('train')"
    out = python(code, tmp_path)
    assert "{'train': 'SUCCEEDED'}" in out
    assert "loss=3" in out


def test_run_run_tails_through_the_engine(tmp_path: Path) -> None:
    code = (
        "import nemo_run as run, logdex.nemo\n"
        f"run.run({script('echo hello; sleep 0.3; echo bye')}, executor=run.LocalExecutor(), name='one',"
        " tail_logs=True)"
    )
    assert re.findall(r"(hello|bye)$", python(code, tmp_path), re.MULTILINE) == ["hello", "bye"]


def test_one_ended_app_ends_its_group(tmp_path: Path) -> None:
    add = (
        f"exp.add([{script('echo a; sleep 0.5')}, {script('echo b; sleep 60')}],"
        " executor=[run.LocalExecutor(), run.LocalExecutor()], name='group')"
    )
    then = (
        "exp._wait_for_jobs(exp.jobs);"
        "print('STATES', [exp._runner.status(h).state.name for h in exp.jobs[0].handles])"
    )
    out = python(LAUNCH.format(add=add, then=then), tmp_path)
    assert "STATES ['SUCCEEDED', 'CANCELLED']" in out


def test_another_process_sees_cancels_and_reads_a_running_task(
    tmp_path: Path, background: Callable[..., object], eventually: Callable[..., None]
) -> None:
    add = f"exp.add({script('echo begun; sleep 60')}, name='train')"
    background(LAUNCH.format(add=add, then="time.sleep(60)"))
    exp = experiment_id(tmp_path, eventually)
    assert "{'train': 'RUNNING'}" in look(exp, f"{STATUS}; exp.cancel('train')", tmp_path)
    out = look(exp, f"{STATUS}; exp.logs('train')", tmp_path)
    assert "{'train': 'CANCELLED'}" in out
    assert "begun" in out


def test_a_task_outlives_its_killed_launcher(
    tmp_path: Path,
    background: Callable[[str], "subprocess.Popen[str]"],
    eventually: Callable[..., None],
) -> None:
    go = tmp_path / "go"
    wait = f"for i in $(seq 3000); do [ -e {go} ] && break; sleep 0.02; done"
    lines = "for i in $(seq 60); do echo line $i; sleep 0.01; done"
    add = f"exp.add({script(f'{wait}; {lines}')}, name='train')"
    launcher = background(LAUNCH.format(add=add, then="time.sleep(60)"))
    exp = experiment_id(tmp_path, eventually)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    tail = (
        "handle = exp.jobs[0].handle;"
        "print(len(list(exp._runner.log_lines(handle, 'train', should_tail=True, streams='stdout'))))"
    )
    out = look(exp, f"{STATUS}; open({str(go)!r}, 'w').close(); {tail}; {STATUS}", tmp_path)
    assert "{'train': 'RUNNING'}" in out
    assert "\n60\n" in out
    assert "{'train': 'FAILED'}" in out


def test_torchx_runs_beside_nemo_run(tmp_path: Path) -> None:
    torchx = [sys.executable, "-m", "torchx.cli.main"]
    command = [*torchx, "run", "-s", "local_persistent", "utils.sh", "sh", "-c", "echo beside"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    handle = ran.stdout.split()[-1]
    log = subprocess.run([*torchx, "log", handle], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert "beside" in log.stdout, log.stderr
