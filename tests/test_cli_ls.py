"""`logdex ls`: every app that is known, the newest first, with what it ran; and what it costs where there are many."""

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex.command.ls import exit_of
from logdex.jobs import JobRecord, JobStore, Replica, home, store
from logdex.jobs.appdef import as_stored, what_ran
from logdex.jobs.listing import apps
from logdex.jobs.processes import Host, identify, this_host
from shell import run

NOW = 1_795_000_000.0
_DAY = time.strftime("%Y-%m-%d", time.gmtime(NOW))
_APP = {
    "name": "llama",
    "roles": [
        {
            "name": "w",
            "image": "img",
            "entrypoint": "python",
            "args": ["train.py", "a b"],
            "env": {"A": "1"},
            "num_replicas": 2,
        }
    ],
}


def saved(
    app_id: str, *, session: str = "s", at: float = NOW, written: float | None = None, **fields: Any
) -> JobRecord:
    """An app that has ended, in the job store; `written` is when its file says it was written."""
    values: dict[str, Any] = {
        "log_dir": f"/nowhere/{app_id}",
        "roles": {"w": (Replica(exit=0),)},
        "launcher": None,
        "state": "SUCCEEDED",
        "scheduled_at": at,
        "ended_at": at + 60,
    }
    record = JobRecord(app_id, session, **{**values, **fields})
    jobs = JobStore(home.records_dir())
    jobs.save(record)
    path = jobs._path(session, app_id)
    os.utime(path, (at + 60, at + 60 if written is None else written))
    return record


def names(*args: str) -> list[str]:
    status, out, error = run("ls", "--handles", *args)
    assert (status, error) == (0 if out else 1, error if not out else "")
    return [line.strip().rpartition("/")[2] for line in out]


@pytest.fixture
def known() -> None:
    saved("old", at=NOW - 100, roles={"w": (Replica(exit=1), Replica(exit=-9))}, state="FAILED")
    saved("new", at=NOW + 100, session="other", app=_APP, message="fine")
    saved("mid", log_dir="/logs/mid", state="CANCELLED")


@pytest.mark.usefixtures("known")
def test_all_sessions_newest_first() -> None:
    status, out, error = run("ls", TZ="UTC")
    assert (status, error) == (0, "")
    assert [line.split() for line in out] == [
        ["STATE", "STARTED", "ENDED", "EXIT", "REPLICAS", "SIZE", "HANDLE", "DIRECTORY"],
        f"SUCCEEDED {_DAY} 11:08:20 {_DAY} 11:09:20 0 1 0 local_persistent://other/new /nowhere/new".split(),
        f"CANCELLED {_DAY} 11:06:40 {_DAY} 11:07:40 0 1 0 local_persistent://s/mid /logs/mid".split(),
        f"FAILED {_DAY} 11:05:00 {_DAY} 11:06:00 -9,1 2 0 local_persistent://s/old /nowhere/old".split(),
    ]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("args", "listed"),
    [
        ([], ["new", "mid", "old"]),
        (["-n", "2"], ["new", "mid"]),
        (["--all"], ["new", "mid", "old"]),
        (["//s/"], ["mid", "old"]),
        (["m[hi]d"], ["mid"]),
        (["old", "new"], ["new", "old"]),
        (["--state", "failed,CANCELLED"], ["mid", "old"]),
        (["//s/", "--state", "failed"], ["old"]),
        (["nothing"], []),
    ],
)
def test_filters(args: list[str], listed: list[str]) -> None:
    assert names(*args) == listed


@pytest.mark.usefixtures("known")
def test_json_says_all() -> None:
    status, out, error = run("ls", "--json", "-n", "1")
    assert (status, json.loads(out[0])) == (
        0,
        {
            "handle": "local_persistent://other/new",
            "scheduler": "local_persistent",
            "session": "other",
            "name": "new",
            "state": "SUCCEEDED",
            "message": "fine",
            "started": f"{_DAY}T11:08:20Z",
            "ended": f"{_DAY}T11:09:20Z",
            "exits": {"w": [0]},
            "replicas": 1,
            "directory": "/nowhere/new",
            "bytes": 0,
            "app": _APP,
        },
    )
    assert error == "logdex: there are more than these 1 apps; -n N lists more, -a all\n"


@pytest.mark.usefixtures("known")
def test_what_was_run() -> None:
    _, out, _ = run("ls", "-v", "other/")
    assert [line.strip() for line in out[2:]] == ["fine", "w x2 in img: python train.py 'a b'", "env A=1"]


def test_what_nobody_knows_is_said(tmp_path: Path) -> None:
    status, out, error = run("ls")
    assert (status, out) == (1, [])
    assert error.startswith(f"logdex: no app is known here: {tmp_path}/logdex/jobs has no record; ")
    status, _, error = run("ls", "--state", "lost")
    assert status == 2
    assert "'lost' is no state; there are pending, running" in error


def test_the_size_is_that_of_the_logs(tmp_path: Path) -> None:
    saved("one", log_dir=str(tmp_path / "app"))
    (tmp_path / "app" / "w" / "0" / ".logdex").mkdir(parents=True)
    (tmp_path / "app" / "w" / "0" / "stdout.log").write_bytes(b"x" * 2000)
    (tmp_path / "app" / "w" / "0" / ".logdex" / "index").write_bytes(b"x" * 5000)
    (tmp_path / "app" / "w" / "0" / "away").symlink_to("/")
    assert json.loads(run("ls", "--json")[1][0])["bytes"] == 2000


def test_one_that_runs_and_one_whose_launcher_is_gone() -> None:
    living = {"launcher": identify(os.getpid()), "roles": {"w": (Replica(identify(os.getpid())),)}}
    gone = {"roles": {"w": (Replica(),)}, "host": Host(this_host().name, "another boot", "")}
    saved("running", at=NOW + 1, state="RUNNING", ended_at=None, host=this_host(), **living)
    saved("lost", state="RUNNING", ended_at=None, **gone)
    told = [json.loads(line) for line in run("ls", "--json")[1]]
    assert [(one["state"], one["ended"]) for one in told] == [("RUNNING", None), ("FAILED", None)]
    assert "launcher lost, exit status unknown: the host was restarted" in told[1]["message"]
    assert names("--state", "running") == ["running"]


def test_an_end_that_is_recorded_while_the_list_is_made_is_what_it_is() -> None:
    process = subprocess.Popen(["sleep", "600"])
    roles = {"w": (Replica(identify(process.pid)),)}
    running = saved("a", state="RUNNING", ended_at=None, host=this_host(), roles=roles)
    one = next(apps())
    process.kill()
    process.wait()
    assert one.look().state == "FAILED"
    ended = replace(running, roles={"w": (Replica(exit=0),)}).ended("SUCCEEDED")
    JobStore(home.records_dir()).save(ended)
    look = one.look()
    assert (look.state, look.message, look.ended) == ("SUCCEEDED", "", ended.ended_at)
    assert look.exits == {"w": [0]}


def test_jobs_of_nemos_file_come_with_the_times_of_their_directories(tmp_path: Path) -> None:
    saved("both", at=NOW)
    jobs = {}
    for name, at in (("first", NOW - 50), ("second", NOW + 50), ("gone", None), ("both", None)):
        log_dir = tmp_path / "s" / name
        jobs[name] = ["SUCCEEDED", name, str(log_dir), ["w"]]
        if at is not None:
            (log_dir / "w" / "0").mkdir(parents=True)
            (log_dir / "w" / "1").mkdir()
            (log_dir / "SUCCESS").write_text(
                json.dumps({"roles": {"w": [{"replica_id": k, "exitcode": k} for k in (0, 1)]}})
            )
            os.utime(log_dir / "SUCCESS", (at + 9, at + 9))
            os.utime(log_dir / "w", (at, at))
    (tmp_path / "nemo").mkdir()
    (tmp_path / "nemo" / ".local_jobs.json").write_text(json.dumps(jobs))
    told = [json.loads(line) for line in run("ls", "--json")[1]]
    assert [one["name"] for one in told] == ["second", "both", "first", "gone"]
    assert (told[0]["started"], told[0]["ended"], told[0]["exits"]) == (
        f"{_DAY}T11:07:30Z",
        f"{_DAY}T11:07:39Z",
        {"w": [0, 1]},
    )
    assert told[3]["started"] is None


def test_what_a_stranger_wrote_is_shown_as_text_and_what_is_no_record_is_left_out(tmp_path: Path) -> None:
    saved("\x1b]0;evil\x07", message="\x1b[2J", app={"roles": [7, {"name": 3, "args": "x", "env": 5}]})
    saved("far", scheduled_at=1e300, at=NOW)
    directory = Path(home.records_dir()) / "s"
    (directory / "torn.json").write_text('{"app_id": ')
    (directory / "list.json").write_text("[]")
    os.mkfifo(directory / "pipe.json")
    status, out, error = run("ls", "-v")
    assert status == 0
    assert "\x1b" not in "".join(out) + error
    assert "local_persistent://s/\\x1b]0;evil\\x07" in "".join(out)
    assert "torn.json: " in error
    assert "list.json: " in error


@given(
    apps=st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.sampled_from("abc")), min_size=1, max_size=20
    ),
    states=st.none() | st.just({"SUCCEEDED"}),
)
@settings(max_examples=60)
def test_however_long_they_ran_the_order_is_that_of_their_launch(
    apps: list[tuple[int, int, str]], states: set[str] | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The twin reads all of them and sorts."""
    jobs = JobStore(str(tmp_path_factory.mktemp("jobs")))
    for number, (at, lasted, session) in enumerate(apps):
        state = "FAILED" if lasted % 3 else "SUCCEEDED"
        record = JobRecord(f"app{number}", session, "/x", {}, None, state=state, scheduled_at=NOW + at)
        jobs.save(record)
        os.utime(jobs._path(session, record.app_id), (NOW, NOW + at + lasted))
    every = [one for session in "abc" for one in jobs.of_session(session)]
    expected = sorted(
        (one.scheduled_at for one in every if states is None or one.state in states), reverse=True
    )
    assert [one.scheduled_at for one in jobs.newest_first(states=states)] == expected


def test_the_newest_of_many_cost_their_own_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        saved(f"app{number}", at=NOW - 1000 * number)
    read = []
    whole = store._whole
    monkeypatch.setattr(store, "_whole", lambda descriptor: read.append(descriptor) or whole(descriptor))
    newest = JobStore(home.records_dir()).newest_first()
    assert [next(newest).app_id for _ in range(3)] == ["app0", "app1", "app2"]
    assert len(read) <= 5
    read.clear()
    assert [
        one.app_id for one in JobStore(home.records_dir()).newest_first(lambda _, app: app == "app7")
    ] == ["app7"]
    assert len(read) == 1


@pytest.mark.parametrize(
    ("exits", "said"),
    [
        ({}, "-"),
        ({"a": [0, 0]}, "0"),
        ({"a": [0, None]}, "-"),
        ({"a": [None, 1, 1], "b": [-9]}, "1,-9"),
        ({"a": [1, 2, 3, 4, 4]}, "4,1,2,..."),
    ],
)
def test_exits_as_one_cell(exits: dict[str, list[int | None]], said: str) -> None:
    assert exit_of(exits) == said


def test_secrets_are_not_kept() -> None:
    specs = pytest.importorskip("torchx.specs")
    args = [
        "--hf-token",
        "s3cret",
        "--api_key=s3cret",
        "--api-keys",
        "s3cret,other",
        "--db-pass",
        "s3cret",
        "--bypass",
        "x",
        "--max-tokens",
        "5",
        "--pad_token",
        "x",
        "--auth",
        "--lr=1",
    ]
    env = {"WANDB_API_KEY": "s3cret", "HF_TOKEN": "s3cret", "TOKENIZERS_PARALLELISM": "true"}
    env |= {"DB_PASS": "s3cret", "SSHPASS": "s3cret", "APP_SECRETS": "s3cret", "STATE_KEYS": "a,b"}
    env["DB"] = "postgres://me:s3cret@host/db"
    role = specs.Role("w", image="i", entrypoint="x" * 20_000, args=args, env=env, metadata={"k": object()})
    kept = as_stored(specs.AppDef("a", [role], {"password": "s3cret"}))
    assert kept is not None
    assert "s3cret" not in json.dumps(kept)
    (ran,) = what_ran(kept)
    assert "--bypass x --max-tokens 5 --pad_token x --auth --lr=1" in ran.command
    assert ran.env["TOKENIZERS_PARALLELISM"] == "true"
    assert ran.env["STATE_KEYS"] == "a,b"
    assert ran.env["DB"] == "postgres://me:***@host/db"
    assert len(ran.command) < 17_000
    assert "(20000 characters)" in ran.command
    assert as_stored(None) is None
    assert as_stored({"a": 1}) is None


def test_torchx_says_what_was_run_and_so_does_ls(tmp_path: Path) -> None:
    specs = pytest.importorskip("torchx.specs")
    from logdex.torchx_backend.schedulers.local import create_scheduler

    role = specs.Role(
        "w", image=str(tmp_path), entrypoint="echo", args=["hello world"], env={"A": "1"}, num_replicas=2
    )
    role.resource = specs.Resource(cpu=2, gpu=1, memMB=3)
    role.retry_policy = specs.RetryPolicy.REPLICA
    launching = create_scheduler("mine")
    app_id = launching.submit(specs.AppDef("hello", [role]), {"log_dir": str(tmp_path / "logs")})
    launching.close()
    told = create_scheduler("mine").describe(app_id)
    assert told is not None
    (again,) = told.roles
    assert (again.entrypoint, again.args, again.env["A"]) == ("echo", ["hello world"], "1")
    assert (again.image, again.num_replicas, again.resource) == (str(tmp_path), 2, role.resource)
    assert again.retry_policy == specs.RetryPolicy.REPLICA
    assert "echo 'hello world'" in "".join(run("ls", "-v")[1])


@pytest.mark.parametrize("app", [None, [], {"roles": 5}, {"roles": [5, {"name": []}, {"num_replicas": "x"}]}])
def test_a_record_that_tells_it_badly_still_describes_its_roles(app: Any) -> None:
    pytest.importorskip("torchx")
    from logdex.torchx_backend.schedulers.local import create_scheduler

    saved("app", app=app)
    told = create_scheduler("s").describe("app")
    assert told is not None
    assert [(one.name, one.num_replicas) for one in told.roles] == [("w", 1)]
