"""What `enable` and `disable` do to NeMo-Run's module, and what its own tests take hold of there."""

import importlib
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

pytest.importorskip("nemo_run", exc_type=ImportError)


from logdex.torchx_backend import rebind
from logdex.torchx_backend.schedulers import local
from nemo_run.core.execution.local import LocalExecutor
from torchx.schedulers.api import AppDryRunInfo, DescribeAppResponse
from torchx.schedulers.local_scheduler import LocalScheduler, _LocalAppDef
from torchx.specs import AppDef, AppState, Role

LOCAL = "nemo_run.run.torchx_backend.schedulers.local"


@pytest.fixture(autouse=True)
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """NeMo-Run's module, with its file in the test's own place, enabled, and given back at the end."""
    import logdex.nemo

    module = importlib.import_module(LOCAL)
    monkeypatch.setattr(module, "LOCAL_JOB_DIRS", str(tmp_path / "nemo" / ".local_jobs.json"))
    logdex.nemo.enable()
    yield module
    logdex.nemo.disable()


def saved(module: Any) -> dict[str, list[Any]]:
    return json.loads(Path(module.LOCAL_JOB_DIRS).read_text())


def executor(tmp_path: Path) -> LocalExecutor:
    return LocalExecutor(job_dir=str(tmp_path / "job"))


def app(script: str = "echo hi") -> AppDef:
    return AppDef("app", [Role("w", image="", entrypoint="bash", args=["-c", f"'{script}'"])])


def wait_for(path: Path) -> str:
    return f"for i in $(seq 3000); do [ -e {path} ] && break; sleep 0.02; done"


def test_enable_and_disable_are_each_others_inverse(theirs: Any) -> None:
    import logdex.nemo

    assert theirs.PersistentLocalScheduler is local.PersistentLocalScheduler
    assert logdex.nemo.enable() is True
    logdex.nemo.disable()
    assert theirs.PersistentLocalScheduler.__module__ == LOCAL
    assert theirs.create_scheduler.__module__ == LOCAL
    assert type(theirs.create_scheduler("s")).__module__ == LOCAL
    logdex.nemo.disable()
    assert logdex.nemo.enable() is True
    assert isinstance(theirs.create_scheduler("s", experiment=None), local.PersistentLocalScheduler)


def test_an_unknown_nemo_run_is_left_alone() -> None:
    rebind.unbind()
    other = types.ModuleType("other")
    other.PersistentLocalScheduler = type("PersistentLocalScheduler", (), {})  # type: ignore[attr-defined]
    before = dict(vars(other))
    with pytest.warns(RuntimeWarning, match="does not know this nemo-run"):
        assert rebind.bind(other) is False
    assert vars(other) == before


def test_what_was_imported_before_enable_makes_our_scheduler() -> None:
    code = (
        f"import importlib; m = importlib.import_module({LOCAL!r}); make = m.create_scheduler;"
        "import logdex.nemo; print(type(make('s', cache_size=10)).__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split()[-1] == "logdex.torchx_backend.schedulers.local", done.stderr


def test_local_job_dirs_is_nemo_runs_file(theirs: Any) -> None:
    assert theirs.LOCAL_JOB_DIRS == local.LOCAL_JOB_DIRS


def test_a_dryrun_of_an_executor_is_as_nemo_runs_own(tmp_path: Path) -> None:
    scheduler = local.create_scheduler("s")
    ran = []

    def pre_proc(backend: str, info: AppDryRunInfo) -> AppDryRunInfo:
        ran.append(backend)
        return info

    one = app()
    one.roles[0].pre_proc = pre_proc  # type: ignore[method-assign]
    info = scheduler.submit_dryrun(one, executor(tmp_path))
    assert ran == ["local"]
    assert info._app is one
    assert info.request.log_dir.startswith(str(tmp_path / "job"))
    assert info.request.role_params["w"][0].args == ["bash", "-c", "echo hi"]
    assert "role_params" in str(info)


def test_no_signal_handlers_under_nemo_run(
    tmp_path: Path, eventually: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchx.schedulers import local_scheduler

    registered = mock.Mock()
    monkeypatch.setattr(local_scheduler, "_register_termination_signals", registered)
    scheduler = local.create_scheduler("s")
    app_id = scheduler.schedule(scheduler.submit_dryrun(app(), executor(tmp_path)))
    eventually(lambda: scheduler.describe(app_id).state == AppState.SUCCEEDED)
    registered.assert_not_called()
    scheduler.close()


def test_the_file_is_written_at_schedule_and_at_the_end_only(
    tmp_path: Path, eventually: Callable[..., None], theirs: Any
) -> None:
    scheduler = local.create_scheduler("s")
    with mock.patch("logdex.jobs.nemo_file.save", wraps=local.nemo_file.save) as save:
        info = scheduler.submit_dryrun(app(wait_for(tmp_path / "go")), executor(tmp_path))
        app_id = scheduler.schedule(info)
        assert saved(theirs)[app_id][0] == "PENDING"
        for _ in range(10):
            assert scheduler.describe(app_id).state == AppState.RUNNING
        assert save.call_count == 1
        (tmp_path / "go").touch()
        eventually(lambda: scheduler.describe(app_id).state == AppState.SUCCEEDED)
        for _ in range(10):
            scheduler.describe(app_id)
        assert save.call_count == 2
    assert saved(theirs)[app_id] == ["SUCCEEDED", app_id, info.request.log_dir, ["w"]]
    scheduler.close()


def test_nemo_runs_own_class_reads_what_we_saved(tmp_path: Path, eventually: Callable[..., None]) -> None:
    import logdex.nemo

    scheduler = local.create_scheduler("s")
    app_id = scheduler.schedule(scheduler.submit_dryrun(app(), executor(tmp_path)))
    eventually(lambda: scheduler.describe(app_id).state == AppState.SUCCEEDED)
    logdex.nemo.disable()
    own = importlib.import_module(LOCAL).create_scheduler("s")
    assert own.describe(app_id).state == AppState.SUCCEEDED
    assert list(own.log_iter(app_id, "w")) == ["hi\n"]
    scheduler.close()


def test_we_read_what_nemo_runs_own_class_saved(tmp_path: Path, eventually: Callable[..., None]) -> None:
    import logdex.nemo

    logdex.nemo.disable()
    own = importlib.import_module(LOCAL).create_scheduler("nemo_run")
    one = app(f"echo hi; {wait_for(tmp_path / 'go')}")
    one.roles[0].num_replicas = 3
    app_id = own.schedule(own.submit_dryrun(one, executor(tmp_path)))
    assert own.describe(app_id).state == AppState.RUNNING
    scheduler = local.create_scheduler("nemo_run")
    described = scheduler.describe(app_id)
    assert described.state == AppState.RUNNING
    assert [(role.name, role.num_replicas) for role in described.roles] == [("w", 3)]
    assert app_id in [one.app_id for one in scheduler.list()]
    with pytest.raises(RuntimeError, match="NeMo-Run without logdex"):
        scheduler.cancel(app_id)
    (tmp_path / "go").touch()
    eventually(lambda: own.describe(app_id).state == AppState.SUCCEEDED)
    assert scheduler.describe(app_id).state == AppState.SUCCEEDED
    assert list(scheduler.log_iter(app_id, "w", 2, streams="stdout")) == ["hi\n"]


def test_schedule_calls_through_the_names_that_tests_patch(tmp_path: Path) -> None:
    scheduler = local.create_scheduler("s")
    info = scheduler._submit_dryrun(app(), executor(tmp_path))
    with (
        mock.patch(f"{LOCAL}._save_job_dir") as save,
        mock.patch.object(LocalScheduler, "schedule") as theirs,
    ):
        theirs.return_value = "an_id"
        assert scheduler.schedule(info) == "an_id"
    theirs.assert_called_once_with(dryrun_info=info)
    save.assert_called_once()


def test_describe_calls_through_the_names_that_tests_patch() -> None:
    scheduler = local.create_scheduler("s")
    expected = DescribeAppResponse(app_id="an_id")
    with (
        mock.patch(f"{LOCAL}._save_job_dir") as save,
        mock.patch.object(LocalScheduler, "describe") as theirs,
    ):
        theirs.return_value = expected
        assert scheduler.describe("an_id") == expected
    theirs.assert_called_once_with(app_id="an_id")
    save.assert_called_once()


def test_what_get_job_dirs_gives_is_described(tmp_path: Path) -> None:
    scheduler = local.create_scheduler("s")
    one = _LocalAppDef(id="an_id", log_dir=str(tmp_path))
    one.role_replicas = {"role": []}
    one.set_state(AppState.SUCCEEDED)
    with mock.patch(f"{LOCAL}._get_job_dirs", return_value={"an_id": one}):
        described = scheduler.describe("an_id")
    assert described.state == AppState.SUCCEEDED
    assert [role.name for role in described.roles] == ["role"]
    assert described.ui_url == f"file://{tmp_path}"


def test_save_and_get_job_dirs_are_nemo_runs_pair(tmp_path: Path, theirs: Any) -> None:
    one = _LocalAppDef(id="an_id", log_dir="/somewhere")
    one.role_replicas = {"role": []}
    one.set_state(AppState.SUCCEEDED)
    path = tmp_path / "empty.json"
    path.touch()
    with mock.patch(f"{LOCAL}.LOCAL_JOB_DIRS", str(path)):
        theirs._save_job_dir({"an_id": one})
        loaded = theirs._get_job_dirs()
    assert list(loaded) == ["an_id"]
    assert (loaded["an_id"].id, loaded["an_id"].log_dir) == ("an_id", "/somewhere")
    assert loaded["an_id"].state == AppState.SUCCEEDED
    assert "role" in loaded["an_id"].role_replicas


def test_a_group_answers_for_the_app_that_was_asked_for(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    """Upstream answers with the last of the group. One ended app ends the others, also those of another."""
    group = mock.Mock(handles=[])
    scheduler = local.create_scheduler("s", experiment=mock.Mock(jobs=[group]))
    elsewhere = local.create_scheduler("s")
    ids = [
        one.schedule(one.submit_dryrun(app(script), executor(tmp_path)))
        for one, script in [(scheduler, "sleep 60"), (elsewhere, "sleep 60"), (scheduler, "exit 3")]
    ]
    group.handles = [f"local_persistent://s/{app_id}" for app_id in ids]
    eventually(lambda: scheduler.describe(ids[2]).state == AppState.FAILED)
    answers = [scheduler.describe(app_id) for app_id in ids]
    assert [one.app_id for one in answers] == ids
    assert [one.state for one in answers] == [AppState.CANCELLED, AppState.CANCELLED, AppState.FAILED]
    assert "exited with 3" in answers[2].msg
    assert not os.path.exists(f"/proc/{elsewhere._launched.all()[0].replicas()[0][2].process.pid}/fd/1")
    scheduler.close()
    elsewhere.close()
