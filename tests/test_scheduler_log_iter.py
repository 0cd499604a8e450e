"""`log_iter`: each row of the table of what to match and what to mend, on real apps."""

import gc
import gzip
import os
import re
import threading
import warnings
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torchx")

import logdex
from logdex.torchx_backend.schedulers import compat
from logdex.torchx_backend.schedulers.asking import ask
from logdex.torchx_backend.schedulers.local import PersistentLocalScheduler, create_scheduler
from torchx.schedulers.api import Stream
from torchx.schedulers.local_scheduler import CWDImageProvider, LocalScheduler
from torchx.specs import AppState

SAY = "echo out; echo err >&2"


def ended(scheduler: Any, app_id: str) -> bool:
    return scheduler.describe(app_id).state in (AppState.SUCCEEDED, AppState.FAILED, AppState.CANCELLED)


@pytest.fixture
def said(scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]) -> str:
    """An app of two replicas that has said `out` and `err`, and ended."""
    app_id = launch(SAY, replicas=2)
    eventually(lambda: ended(scheduler, app_id))
    return app_id


@pytest.mark.parametrize(
    ("streams", "lines"),
    [
        (Stream.STDOUT, ["out\n"]),
        ("stdout", ["out\n"]),
        (Stream.STDERR, ["err\n"]),
        ("stderr", ["err\n"]),
        (Stream.COMBINED, ["err\n", "out\n"]),
        ("combined", ["err\n", "out\n"]),
        (None, ["err\n", "out\n"]),
    ],
)
def test_a_stream_by_name_or_enum(scheduler: Any, said: str, streams: Any, lines: list[str]) -> None:
    assert sorted(scheduler.log_iter(said, "w", 1, streams=streams)) == lines


@pytest.mark.parametrize("streams", ["STDOUT", "log", 3, []])
def test_an_unknown_stream_is_a_key_error_at_the_call(scheduler: Any, said: str, streams: Any) -> None:
    with pytest.raises(KeyError):
        scheduler.log_iter(said, "w", streams=streams)


@pytest.mark.parametrize("app_id", ["nope", "", "../app", "a/b", "x" * 300, ".", "\0", "\ud800", 1, b"app"])
def test_an_unknown_app_is_a_key_error_at_the_call(scheduler: Any, said: str, app_id: Any) -> None:
    with pytest.raises(KeyError) as caught:
        scheduler.log_iter(app_id, "w")
    assert caught.value.args == (app_id,)
    assert scheduler.describe(app_id) is None


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize(("role", "k"), [("trainer", 0), ("w", 2), ("w", -1)])
def test_an_unknown_role_or_replica_names_what_there_is(
    scheduler: Any, said: str, role: str, k: int, tail: bool
) -> None:
    with pytest.raises(RuntimeError, match="'w' with 2 replica") as caught:
        scheduler.log_iter(said, role, k, should_tail=tail)
    assert os.path.join(said, role, str(k)) in str(caught.value)


def test_a_log_that_is_gone_is_named(scheduler: Any, said: str) -> None:
    record = next(iter(scheduler._launched.all()))
    path = os.path.join(record.log_dir, "w", "0", "stdout.log")
    os.unlink(path)
    with pytest.raises(RuntimeError, match=re.escape(path)):
        scheduler.log_iter(said, "w", streams="stdout")
    with pytest.raises(RuntimeError, match=re.escape(path)):
        scheduler.log_iter(said, "w", streams="stdout", should_tail=True)


@pytest.mark.parametrize(("gone", "left"), [("stdout", "err\n"), ("stderr", "out\n")])
@pytest.mark.parametrize("should_tail", [False, True])
def test_of_two_logs_of_which_one_is_gone_the_other_is_read(
    scheduler: Any, said: str, gone: str, left: str, should_tail: bool
) -> None:
    directory = Path(scheduler.record_of(said).log_dir, "w", "1")
    for name in (gone, "combined"):
        (directory / f"{name}.log").unlink()
    assert list(scheduler.log_iter(said, "w", 1, should_tail=should_tail)) == [left]


@pytest.mark.parametrize("role", ["../other/w", "/etc", "..", ".", "", "a/b", "w\0"])
def test_a_role_name_cannot_lead_elsewhere(scheduler: Any, said: str, role: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a role"):
        scheduler.log_iter(said, role)


def test_a_bad_pattern_is_an_error_at_the_call(scheduler: Any, said: str) -> None:
    with pytest.raises(re.error):
        scheduler.log_iter(said, "w", regex="(")


def test_empty_filters_are_none(scheduler: Any, said: str) -> None:
    lines = scheduler.log_iter(said, "w", regex="", since=0, until="", streams="stdout")
    assert list(lines) == ["out\n"]


def test_no_time_at_all_is_a_time(tmp_path: Path) -> None:
    """`timedelta(0)` is now, as for `Log.lines`, though it is as false as what asks nothing."""
    path = tmp_path / "old.log"
    path.write_text("2020-01-01 00:00:00 old\n")
    log = logdex.open(path, tz="UTC")
    for since, until, expected in (
        (timedelta(0), None, 0),
        (None, timedelta(0), 1),
        ("0s", None, 0),
        (None, None, 1),
        (0, "", 1),
    ):
        question = ask(log, None, since, until, follow=False, ended=None)
        assert len(list(log._lines(question))) == expected


@pytest.mark.parametrize("streams", [Stream.STDOUT, Stream.COMBINED])
def test_an_iterator_hands_out_the_place_behind_its_lines(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None], streams: Any
) -> None:
    app_id = launch("for i in 1 2 3 4 5; do echo 2026-11-22 02:10:0$i line $i; done")
    eventually(lambda: ended(scheduler, app_id))
    lines = scheduler.log_iter(app_id, "w", regex="line [24]", streams=streams)
    assert next(lines) == "2026-11-22 02:10:02 line 2\n"
    run = os.path.join(next(iter(scheduler._launched.all())).log_dir, "w", "0")
    log = logdex.open(os.path.join(run, "stdout.log") if streams is Stream.STDOUT else run)
    place = lines.cursor
    rest = [f"2026-11-22 02:10:0{i} line {i}\n" for i in (3, 4, 5)]
    assert list(log.lines(after=place)) == rest
    assert next(lines) == rest[1]
    assert list(log.lines(after=lines.cursor)) == rest[2:]


def test_regex_selects_as_re_search_does(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    app_id = launch(r"printf 'hello\nerror: x\nerror:\n\nlast hello'")
    eventually(lambda: ended(scheduler, app_id))

    def read(regex: str) -> list[str]:
        return list(scheduler.log_iter(app_id, "w", regex=regex, streams="stdout"))

    assert read("hello$") == ["hello\n", "last hello"]
    assert read(r"error:\s") == ["error: x\n", "error:\n"]
    assert read(r"hello\Z") == ["last hello"]


def test_since_and_until_are_honoured_without_a_warning(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    app_id = launch("for m in 10 11 12 13; do echo 2026-11-22 02:$m:00 step; echo '  more'; done")
    eventually(lambda: ended(scheduler, app_id))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = scheduler.log_iter(
            app_id,
            "w",
            since=datetime(2026, 11, 22, 2, 11),
            until=datetime(2026, 11, 22, 2, 12),
            streams="stdout",
        )
        read = list(lines)
    assert read == ["2026-11-22 02:11:00 step\n", "  more\n", "2026-11-22 02:12:00 step\n", "  more\n"]


def test_the_zone_of_the_log_is_that_of_the_scheduler(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    app_id = launch("for h in 10 11 12; do echo 2026-11-22 $h:00:00 step; done")
    eventually(lambda: ended(scheduler, app_id))
    for tz, hour in [("UTC", 11), ("Asia/Tokyo", 2)]:
        zoned = create_scheduler("test", tz=tz)
        moment = datetime(2026, 11, 22, hour, tzinfo=timezone.utc)
        lines = zoned.log_iter(app_id, "w", since=moment, until=moment, streams="stdout")
        assert list(lines) == ["2026-11-22 11:00:00 step\n"]


@pytest.mark.parametrize(
    ("stored", "lines"),
    [
        (b"", []),
        (b"\0" * 10_000, []),
        (b"a\0b\n", ["a\0b\n"]),
        (b"\xff\xe2\x82 x\n\xe4\xbd", ["\ufffd\ufffd x\n", "\ufffd"]),
        (b"one\r\ntwo\rthree\n\nno newline", ["one\r\n", "two\rthree\n", "\n", "no newline"]),
    ],
)
@pytest.mark.parametrize("tail", [False, True])
def test_whatever_an_app_wrote(
    scheduler: Any, said: str, stored: bytes, lines: list[str], tail: bool
) -> None:
    Path(scheduler.record_of(said).log_dir, "w", "0", "stdout.log").write_bytes(stored)
    assert list(scheduler.log_iter(said, "w", streams="stdout", should_tail=tail)) == lines


def test_a_compressed_log_is_read(scheduler: Any, said: str) -> None:
    path = Path(scheduler.record_of(said).log_dir, "w", "0", "stdout.log")
    path.write_bytes(gzip.compress(b"hello\n" * 100))
    assert list(scheduler.log_iter(said, "w", streams="stdout")) == ["hello\n"] * 100
    path.write_bytes(gzip.compress(b"hello\n" * 100)[:-9])
    with pytest.raises(OSError, match=re.escape(str(path))):
        list(scheduler.log_iter(said, "w", streams="stdout"))


def test_a_log_that_is_a_directory_is_no_log(scheduler: Any, said: str) -> None:
    path = Path(scheduler.record_of(said).log_dir, "w", "0", "stdout.log")
    path.unlink()
    path.mkdir()
    with pytest.raises(RuntimeError, match=re.escape(str(path))):
        scheduler.log_iter(said, "w", streams="stdout")


def test_long_lines_come_whole(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    app_id = launch("for i in 1 2 3; do head -c 150000 /dev/zero | tr '\\0' $i; echo; done")
    lines = list(scheduler.log_iter(app_id, "w", should_tail=True, streams="stdout"))
    assert [len(line) for line in lines] == [150001] * 3


@pytest.mark.parametrize("streams", ["stdout", None])
def test_tailing_a_live_app_gives_every_line_and_ends(
    scheduler: Any, launch: Callable[..., str], streams: Any
) -> None:
    app_id = launch("for i in $(seq 40); do echo line $i; sleep 0.01; done")
    lines = scheduler.log_iter(app_id, "w", should_tail=True, streams=streams)
    assert "".join(lines) == "".join(f"line {i}\n" for i in range(1, 41))


def test_tailing_ends_with_the_app_and_not_with_the_replica(
    scheduler: Any, launch: Callable[..., str]
) -> None:
    app_id = launch("echo hi; [ ${replica_id} = 0 ] || sleep 0.7", replicas=2)
    assert list(scheduler.log_iter(app_id, "w", 0, should_tail=True)) == ["hi\n"]
    assert scheduler.describe(app_id).state == AppState.SUCCEEDED


def test_not_tailing_a_running_app_does_as_the_installed_torchx(
    scheduler: Any, launch: Callable[..., str], eventually: Callable[..., None], tmp_path: Path
) -> None:
    app_id = launch(f"echo first; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo second")
    eventually(lambda: "first\n" in _stdout(scheduler, app_id))
    strict = create_scheduler("test", strict_tail=True)
    assert list(strict.log_iter(app_id, "w", streams="stdout")) == ["first\n"]
    lines = scheduler.log_iter(app_id, "w", streams="stdout")
    if compat.follows_running_apps():
        assert next(iter(lines)) == "first\n"
        (tmp_path / "go").touch()
        assert list(lines) == ["second\n"]
    else:
        assert list(lines) == ["first\n"]
        (tmp_path / "go").touch()


def _stdout(scheduler: Any, app_id: str) -> str:
    record = next(one for one in scheduler._launched.all() if one.app_id == app_id)
    return Path(record.log_dir, "w", "0", "stdout.log").read_text()


def test_the_probe_agrees_with_torchx_itself(launch: Callable[..., str], tmp_path: Path) -> None:
    """Ask the installed scheduler for the log of a running app, untailed: does reading end before the app?"""
    with compat.no_signal_handlers():
        theirs = LocalScheduler("theirs", CWDImageProvider)
    app_id = launch("echo hi; sleep 60", on=theirs, log_dir=str(tmp_path))
    reader = threading.Thread(target=lambda: list(theirs.log_iter(app_id, "w")))
    reader.start()
    reader.join(1.0 if compat.follows_running_apps() else 10.0)
    assert reader.is_alive() == compat.follows_running_apps()
    theirs.close()
    theirs.describe(app_id)
    reader.join(60)
    assert not reader.is_alive()


def test_an_iterator_holds_its_scheduler(launch: Callable[..., str]) -> None:
    scheduler = create_scheduler("held")
    app_id = launch("sleep 0.3; echo late", on=scheduler)
    lines = scheduler.log_iter(app_id, "w", should_tail=True, streams="stdout")
    alive = weakref.ref(scheduler)
    del scheduler
    gc.collect()
    assert alive() is not None
    assert list(lines) == ["late\n"]
    del lines
    gc.collect()
    assert alive() is None


def test_reading_needs_no_record_of_the_torchx_cache(
    launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    scheduler = create_scheduler("small", cache_size=1)
    first = launch("echo first", on=scheduler)
    eventually(lambda: ended(scheduler, first))
    second = launch("echo second", on=scheduler)
    eventually(lambda: ended(scheduler, second))
    third = launch("echo third", on=scheduler)
    assert list(scheduler._apps) == [third]
    assert list(scheduler.log_iter(first, "w", streams="stdout")) == ["first\n"]
    assert scheduler.describe(second).state == AppState.SUCCEEDED
    scheduler.close()


def test_a_temporary_log_directory_is_told_of_as_torchx_does_and_only_that_is_removed(
    launch: Callable[..., str], tmp_path: Path
) -> None:
    scheduler = PersistentLocalScheduler("plain", CWDImageProvider)
    if not hasattr(scheduler, "_created_tmp_log_dir"):
        pytest.skip("this TorchX does not say whether a log directory is temporary")
    launch("true", on=scheduler)
    temporary = Path(scheduler._base_log_dir)
    assert scheduler._created_tmp_log_dir
    launch("true", on=scheduler, log_dir=str(tmp_path / "named"))
    assert scheduler._created_tmp_log_dir
    scheduler.close()
    assert (temporary.exists(), (tmp_path / "named").exists()) == (False, True)


def test_the_class_without_a_log_root_does_as_torchx(
    launch: Callable[..., str], eventually: Callable[..., None]
) -> None:
    scheduler = PersistentLocalScheduler("plain", CWDImageProvider)
    app_id = launch(SAY, on=scheduler)
    assert sorted(scheduler.log_iter(app_id, "w", should_tail=True)) == ["err\n", "out\n"]
    log_dir = next(one.log_dir for one in scheduler._launched.all())
    scheduler.close()
    assert not os.path.exists(log_dir)


def test_closing_keeps_a_directory_that_the_user_named(
    launch: Callable[..., str], eventually: Callable[..., None], tmp_path: Path
) -> None:
    scheduler = PersistentLocalScheduler("plain", CWDImageProvider)
    launch(SAY, on=scheduler)
    named = launch(SAY, on=scheduler, log_dir=str(tmp_path / "mine"))
    eventually(lambda: ended(scheduler, named))
    scheduler.close()
    assert (tmp_path / "mine" / "plain" / named / "w" / "0" / "stdout.log").read_text() == "out\n"
    assert list(scheduler.log_iter(named, "w", streams="stdout")) == ["out\n"]


@pytest.mark.parametrize("named", [{"log_dir": "mine"}, {}])
def test_a_log_dir_is_found_from_another_directory(
    launch: Callable[..., str],
    eventually: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    scheduler = create_scheduler("plain", log_root="root")
    app_id = launch(SAY, on=scheduler, **named)
    monkeypatch.chdir("/")
    eventually(lambda: ended(scheduler, app_id))
    assert list(create_scheduler("plain").log_iter(app_id, "w", streams="stdout")) == ["out\n"]
    scheduler.close()
