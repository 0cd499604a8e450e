"""Which rank failed first, who is silent: on made-up logs, and on a job of real processes."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import logdex
import pytest
from logdex import _core
from logdex.command.cli import main
from logdex.command.ranks.live import Live
from logdex.diagnosis.page.cells import columns
from logdex.inputs.input import Input
from logdex.inputs.sources import of_file
from logdex.ranks import Named, Ranks, summarize
from shell import run

TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 7, in <module>\n    step()\n'
EXAMPLE = Path(__file__).parent.parent / "examples" / "failing_job.py"


def at(second: float) -> str:
    moment = datetime(2026, 11, 22, 2, 0) + timedelta(seconds=second)
    return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03}"


def ranks(*args: object, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "logdex", "ranks", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **env},
        check=False,
    )
    assert "Traceback (most" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def prefixed(tmp_path: Path) -> Path:
    """Three ranks in one file; rank 1 fails first, rank 2 stops at 3 s."""
    lines = []
    for tenth in range(300):
        for rank in range(3):
            if not (rank == 2 and tenth > 30) and not (rank == 1 and tenth > 200):
                lines.append(f"[rank{rank}]: {at(tenth / 10)} INFO step {tenth}\n")
    lines.insert(-20, f"[rank1]: {at(27)} ERROR boom\n[rank1]: Traceback (most recent call last):\n")
    lines.append(f"[rank0]: {at(30)} ERROR peer gone\n")
    lines.insert(0, "launching\n")
    path = tmp_path / "job.log"
    path.write_text("".join(lines))
    return path


def test_each_rank_of_one_file(prefixed: Path) -> None:
    told = logdex.open(prefixed, tz="UTC").ranks()
    one = {rank.name: rank for rank in told.ranks}
    assert sorted(one) == ["0", "1", "2", "job.log"]
    assert (one["0"].lines, one["0"].errors) == (301, 1)
    assert (one["1"].lines, one["1"].errors) == (203, 2)
    assert one["1"].first_error
    assert one["1"].first_error.text == f"[rank1]: {at(27)} ERROR boom"
    assert one["1"].first_error.time == datetime(2026, 11, 22, 2, 0, 27, tzinfo=timezone.utc)
    assert one["1"].last_error
    assert one["1"].last_error.text == "[rank1]: Traceback (most recent call last):"
    assert one["2"].last_line
    assert one["2"].last_line.text.endswith("INFO step 30")
    assert one["2"].silent == pytest.approx(27, abs=0.01)
    assert told.first_failure is one["1"]
    assert told.failed == (one["1"], one["0"])
    assert [rank.name for rank in told.silent] == ["2"]
    text = prefixed.read_text()
    assert sum(rank.lines for rank in told.ranks) == text.count("\n")
    for rank in told.ranks:
        assert sum(lines for _, _, lines, _ in rank.history) == rank.lines
        assert sum(errors for *_, errors in rank.history) == rank.errors


def test_what_is_an_error_is_the_callers(prefixed: Path) -> None:
    told = logdex.open(prefixed, tz="UTC").ranks("step 30$")
    assert [rank.name for rank in told.failed] == ["0", "1", "2"]
    status, out, _ = ranks(prefixed, "-e", "nothing of the kind")
    assert status == 0
    assert "first failure  none" in out
    assert ranks(prefixed, "-e", "(")[0] == 2


def test_whom_clocks_cannot_tell_apart_is_not_named(tmp_path: Path) -> None:
    errors = ("KeyError: 'a'", "IndexError: 7", "ValueError: x")
    for rank, second in enumerate((12.4, 10.0, 30.0)):
        text = f"{at(0)} INFO up\n{at(second)} {errors[rank]}\n"
        (tmp_path / f"rank{rank}.log").write_text(text)
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert (told.diagnosis.kind, told.diagnosis.ranks, told.diagnosis.certainty) == ("rank", ("1",), "likely")
    assert told.first_failure is told.ranks[1]
    assert "may not tell it from rank 0" in told.diagnosis.text
    (tmp_path / "rank0.log").write_text(f"{at(0)} INFO up\n{errors[0]}\n")
    (tmp_path / "rank1.log").write_text(f"{at(0)} INFO up\n{errors[1]}\n")
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert (told.diagnosis.kind, set(told.diagnosis.ranks)) == ("unknown", {"0", "1", "2"})


def test_the_prefixes_of_launchers_are_stacked(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_text(
        f"[0]:[rank2]: {at(1)} INFO x\n[1]:no rank of the job\n{at(2)} INFO [rank5] y\n"
        f"Failures:\n[0]:\n  rank 7: exit code 1\nRoot Cause (first observed failure):\n[0]:\n"
    )
    log = logdex.open(path, tz="UTC")
    named = [(record.rank, record.local_rank) for record in log.records()]
    assert named == [(2, 0), (None, 1), (5, None)] + [(None, None)] * 5
    assert [(rank.name, rank.lines) for rank in log.ranks().ranks] == [
        ("2", 1),
        # Where the process 0 is the rank 2 of the job, the process 1 of the same launcher is the rank 3.
        ("3", 1),
        ("5", 1),
        ("job.log", 5),
    ]


def test_streams_and_parts_of_one_rank_are_one_row(tmp_path: Path) -> None:
    for name in ("w/0/stdout.log", "w/0/stderr.log", "w/1/stdout.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{at(1)} INFO x\n[default3]:{at(2)} ERROR y\n")
    told = logdex.open(tmp_path).ranks()
    # A launcher's own lines are a witness's, and come last.
    assert [(rank.name, rank.lines, rank.is_witness) for rank in told.ranks] == [
        ("w/0:3", 2, False),
        ("w/1:3", 1, False),
        ("w/0", 2, True),
        ("w/1", 1, True),
    ]


@pytest.mark.parametrize("text", ["", "no time\nERROR without a time\n", "\x00\xff\n"])
def test_odd_logs_are_told_of_too(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.log"
    path.write_bytes(text.encode("latin-1"))
    status, out, _ = ranks(path)
    assert status == (1 if "ERROR" in text else 0)
    assert "first failure" in out


def test_a_rank_that_wrote_nothing_is_told_of(tmp_path: Path) -> None:
    for replica in (0, 1):
        (tmp_path / f"t/{replica}").mkdir(parents=True)
        (tmp_path / f"t/{replica}/stderr.log").touch()
        (tmp_path / f"t/{replica}/stdout.log").write_text("" if replica else "2026-11-22 02:00:00 x\n")
    told = logdex.open(tmp_path).ranks()
    assert [(rank.name, rank.lines) for rank in told.ranks] == [("t/0", 1), ("t/1", 0)]
    assert "no line        of t/1" in ranks(tmp_path)[1]


def test_one_bad_log_does_not_hide_the_others(prefixed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.log").write_bytes(b"PK\x03\x04 and so on")
    status, out, error = ranks(prefixed, tmp_path / "bad.log", tmp_path / "none.log")
    assert status == 2
    assert "first failure" in out
    assert "bad.log: a zip archive" in error
    assert "none.log: No such file" in error


def test_quotes_name_the_file_and_not_where_its_text_is_kept(prefixed: Path) -> None:
    path = prefixed.with_name("all.log.gz")
    path.write_bytes(gzip.compress(prefixed.read_bytes()))
    assert f"{path}:" in ranks(path)[1]
    for given in (path, [path]):
        failure = logdex.open(given).ranks().first_failure
        assert failure is not None
        assert failure.first_error is not None
        assert failure.first_error.path == str(path)


def test_a_picture_is_xml_whatever_files_are_called(tmp_path: Path) -> None:
    for name in (b"bad\xff.log", b"esc\x1b[31m.log", b"a\nb.log", b'<&">.log', b"long" * 30 + b".log"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write("2026-11-22 02:00:00 ERROR x\n")
    status, _, _ = ranks(tmp_path, "--svg", tmp_path / "picture.svg", PYTHONIOENCODING="ascii")
    assert status == 1
    texts = [node.text for node in ElementTree.parse(tmp_path / "picture.svg").iter() if node.text]
    assert "bad\ufffd.log" in texts
    assert '<&">.log' in texts


@pytest.mark.parametrize(
    ("env", "option", "is_red"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_colours_are_as_asked_for(prefixed: Path, env: dict[str, str], option: str, is_red: bool) -> None:
    import pty

    terminal, slave = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "logdex", "ranks", str(prefixed), "--color", option]
    with subprocess.Popen(command, stdout=slave, env={**plain, "TERM": "xterm", **env}) as process:
        os.close(slave)
        seen = b""
        try:
            while part := os.read(terminal, 1 << 16):
                seen += part
        except OSError:  # how a terminal ends on Linux
            pass
        process.wait(60)
    os.close(terminal)
    assert b"rank 1" in seen
    assert (b"\x1b[31m" in seen or b"\x1b[1;31m" in seen) == is_red


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "x"])
def test_clocks_differ_by_a_number_of_seconds(prefixed: Path, seconds: str) -> None:
    status, _, error = ranks(prefixed, f"--clocks={seconds}")
    assert status == 2
    assert "not a number of seconds" in error


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        ("2026-11-22 02:00:00 ERROR x", True),
        ("[rank3]: Traceback (most recent call last):", True),
        ("[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("[rank0]:[E1122 06:47:12.123456789 ProcessGroupNCCL.cpp:616] Watchdog caught collective", True),
        ("E1122 06:47:12.123456 77 api.py:826] failed (exitcode: -9)", True),
        ("Fatal Python error: Segmentation fault", True),
        ("Signal 9 (SIGKILL) received by PID 77", True),
        ("{'loss': nan, 'step': 7}", True),
        ("2026-11-22 02:00:00 INFO 0 errors so far, error_rate=0.0", False),
        ("epoch 3 terror error bars", False),
        ("finance: loss=1.0 nanoseconds=3", False),
        ("I1122 06:47:12.123456 77 api.py:826] fine", False),
    ],
)
def test_what_is_an_error_by_default(tmp_path: Path, line: str, is_error: bool) -> None:
    path = tmp_path / "rank3.log"
    path.write_text(f"{line}\n")
    assert logdex.open(path).ranks().ranks[0].errors == is_error


def test_the_cells_hold_every_line(prefixed: Path) -> None:
    told = logdex.open(prefixed).ranks()
    for width in (1, 7, 80, 500):
        for rank, cells in zip(told.ranks, columns(told.ranks, told.first, told.last, width), strict=True):
            assert sum(cell.lines for cell in cells) == pytest.approx(rank.lines)
            assert sum(cell.errors for cell in cells) == rank.errors


def test_two_hundred_ranks_fit_a_screen(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    lines = [f"[rank{rank}]: {at(second)} INFO x\n" for second in range(3) for rank in range(200)]
    path.write_text("".join([*lines, f"[rank177]: {at(2)} ERROR x\n"]))
    _, out, _ = ranks(path)
    assert len(out.splitlines()) < 60
    assert "\n177 " in out
    assert "0-176, 178-199 (199)" in out
    assert len(ranks(path, "--all")[1].splitlines()) > 200


def test_a_job_of_real_processes_tells_who_began(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, EXAMPLE, tmp_path / "job", "--seconds", "9"], check=True, stdout=subprocess.DEVNULL
    )
    picture = tmp_path / "ranks.svg"
    status, out, _ = ranks(tmp_path / "job", "--svg", picture)
    assert status == 1
    screen = out.splitlines()[:24]
    assert any(line.startswith("first failure  rank 5 at") for line in screen)
    assert any("CUDA error: an illegal memory access" in line for line in screen)
    assert any(line.startswith("victims        ranks") and "Watchdog caught" in line for line in screen)
    assert any(line.startswith("silent         rank 2 since") and "all_reduce" in line for line in screen)
    root = ElementTree.parse(picture).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "first failure: rank 5" in "".join(root.itertext())


def test_a_log_among_many_is_read_by_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(64 * _core.cores()):
        (tmp_path / f"rank{number}.log").write_text(f"{at(0)} INFO step {number % 10}\n" * 20)
    (tmp_path / "launcher.log").write_text(f"{at(0)} INFO waits\n" * 40 * 64 * _core.cores())
    gather, alone = _core.gather, {}

    def watched(question: _core.Question, *asked: Any, **how: Any) -> Any:
        alone[Path(question.path).name] = how["alone"]
        return gather(question, *asked, **how)

    monkeypatch.setattr("logdex._core.gather", watched)
    many = logdex.open(tmp_path, tz="UTC").ranks()
    assert not alone.pop("launcher.log")
    assert len(alone) == 64 * _core.cores()
    assert all(alone.values())
    monkeypatch.setattr("logdex.ranks._PARTS", 1 << 20)
    assert logdex.open(tmp_path, tz="UTC").ranks() == many
    assert not any(alone.values())


def test_a_log_that_has_not_changed_is_not_read_again_and_one_that_has_grown_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rank0.log"
    path.write_text(f"{at(0)} INFO up\n" * 600_000 + f"{at(9)} ERROR one\n")
    assert path.stat().st_size > 16 << 20
    gather, calls = _core.gather, []

    def watched(*asked: Any, **how: Any) -> Any:
        told, state = gather(*asked, **how)
        calls.append(state is not None)
        return told, state

    def kept(where: Path = tmp_path / "cache") -> list[Path]:
        return list(where.glob("*.r*.logdex"))

    monkeypatch.setattr("logdex._core.gather", watched)
    cold = logdex.open(path, tz="UTC").ranks()
    assert len(kept()) == 1
    assert logdex.open(path, tz="UTC").ranks() == cold
    # Known whole: the state was believed, and there was none to store.
    assert calls == [True, False]
    for other in (logdex.open(path, tz="UTC").ranks("INFO"), logdex.open(path, tz="Asia/Tokyo").ranks()):
        assert other != cold
    assert calls[2:] == [True, True]
    assert len(kept()) == 3
    with path.open("a") as file:
        file.write(f"{at(20)} ERROR two\n")
    grown = logdex.open(path, tz="UTC").ranks()
    assert calls[4:] == [True]
    assert grown == logdex.open(path, tz="UTC", index=False).ranks()
    assert grown.ranks[0].errors == 2
    for damage in (b"", b"{", b"[]", b"\0" * 4096, b"\xff"):
        for one in kept():
            one.write_bytes(damage)
        assert logdex.open(path, tz="UTC").ranks() == grown
    logdex.open(path, tz="UTC", index=tmp_path / "elsewhere").ranks()
    assert len(kept(tmp_path / "elsewhere")) == 1
    path.unlink()
    logdex.prune()
    assert not kept()
    path.write_text(f"{at(0)} INFO up\n" * 600_000)
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    logdex.open(path, tz="UTC").ranks()
    assert not kept()


def test_ranks_reads_what_is_piped_in_and_fits_the_columns_that_are_asked_for(prefixed: Path) -> None:
    data = prefixed.read_bytes()
    named = run("ranks", prefixed)[1]
    status, out, error = run("ranks", stdin=data, COLUMNS="90")
    assert (status, error) == (1, "")
    assert out[0] == named[0]
    table = [line for line in out if line.startswith("rank ")]
    assert table
    assert len(table[0].rstrip("\n")) <= 90 < len(next(line for line in named if line.startswith("rank ")))


def test_how_many_ranks_there_are_does_not_lengthen_their_repr(prefixed: Path) -> None:
    told = logdex.open(prefixed).ranks()
    first = told.first_failure
    assert first is not None
    many = len(told.ranks)
    assert repr(told) == (
        f"<Ranks: {many} ranks, {len(told.failed)} failed, {len(told.silent)} silent, "
        f"diagnosis='rank' [{first.name!r}] (likely)>"
    )


def test_exit_statuses_and_json(tmp_path: Path) -> None:
    def status(text: str, *more: object) -> tuple[int, dict[str, Any]]:
        (tmp_path / "rank0.log").write_text(text)
        code, out, _ = ranks(tmp_path / "rank0.log", "--json", *more)
        return code, json.loads(out)

    told = status(f"{at(0)} step 1\n{at(1)} step 2\n")
    assert (told[0], told[1]["kind"]) == (0, "none")
    told = status(f"{at(0)} step 1\n{at(1)} CUDA out of memory\n")
    assert (told[0], told[1]["kind"], told[1]["cause"]) == (1, "rank", "gpu_oom")
    told = status(f"{at(0)} step 1\n{at(1)} slurmstepd: error: JOB 1 CANCELLED AT x DUE TO TIME LIMIT\n")
    assert (told[0], told[1]["kind"], told[1]["cause"]) == (3, "outside", "time limit")
    told = status(f"{at(0)} step 1\n{at(1)} Connection reset by peer\n")
    assert (told[0], told[1]["kind"]) == (4, "unknown")
    told = status(f"{at(0)} CUDA out of memory\n{at(60)} up\n", "--since", at(30))
    assert (told[0], told[1]["kind"]) == (0, "none")
    assert ranks(tmp_path / "none.log")[0] == 2


def test_an_answer_is_told_as_soon_as_it_can_be_known_and_again_at_the_end(tmp_path: Path) -> None:
    """The writer is the wait itself: each time nothing is left to be read, the next part is written."""
    path = tmp_path / "rank0.log"
    path.write_text(f"{at(0)} step 1\n")
    parts = iter(
        [
            f"{at(1)} step 2\n",
            f"{at(2)} CUDA out of memory\n",
            f"{at(3)} bye\n",
        ]
    )
    has_ended = False

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        one = Input(str(path), "rank0.log", of_file(str(path)), ended=lambda: has_ended)
        question = logdex.open(path, tz="UTC")._question
        return summarize([Named(question, of_file(str(path)))], states=states), [one]

    def write(_: float) -> None:
        nonlocal has_ended
        part = next(parts, None)
        has_ended = part is None
        with path.open("a") as file:
            file.write(part or "")
        if has_ended:
            os.utime(path)

    shown: list[str] = []
    last = Live(look, lambda: look({})[1], lambda told: shown.append(told.diagnosis.kind), write).run()
    assert shown == ["rank"]
    assert last.diagnosis.cause == "gpu_oom"
    assert last.ranks[0].lines == 4


def test_a_follow_sees_what_was_written_while_it_looked(tmp_path: Path) -> None:
    """The look itself writes, when it has read; who waits for that waits in vain if it was not looked for."""
    path = tmp_path / "rank0.log"
    path.write_text(f"{at(0)} step 1\n")
    late = iter([f"{at(2)} CUDA out of memory\n"])
    turns, shown = 0, list[str]()

    def find() -> list[Input]:
        return [Input(str(path), "rank0.log", of_file(str(path)), ended=lambda: bool(shown))]

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        told = summarize([Named(logdex.open(path, tz="UTC")._question, of_file(str(path)))], states=states)
        with path.open("a") as file:
            file.write(next(late, ""))
        return told, find()

    def wait(_: float) -> None:
        nonlocal turns
        turns += 1
        assert turns < 100, "what was written meanwhile is not seen"

    last = Live(look, find, lambda told: shown.append(told.diagnosis.kind), wait).run()
    assert (shown, last.diagnosis.cause) == (["rank"], "gpu_oom")


@pytest.mark.parametrize("name", ["rank0.log", "rank1.log"])
def test_what_has_come_since_the_last_look_is_in_the_answer_of_a_follow_that_is_interrupted(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "rank0.log").write_text(f"{at(0)} step 1\n")

    def find() -> list[Input]:
        return [Input(str(path), path.name, of_file(str(path))) for path in sorted(tmp_path.glob("*.log"))]

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        found = find()
        asked = [Named(logdex.open(one.path, tz="UTC")._question, of_file(one.path)) for one in found]
        return summarize(asked, states=states), found

    def write(_: float) -> None:
        with (tmp_path / name).open("a") as file:
            file.write(f"{at(2)} CUDA out of memory\n")
        raise KeyboardInterrupt

    last = Live(look, find, lambda told: None, write).run()
    assert last.diagnosis.ranks == (name[4],)


def test_a_follow_sees_a_log_that_comes_though_no_other_grows(tmp_path: Path) -> None:
    """The writer is the wait itself, which also says that all have ended once the late log has been told of."""
    (tmp_path / "rank0.log").write_text(f"{at(0)} step 1\n")
    turns, shown = 0, list[tuple[str, ...]]()

    def find() -> list[Input]:
        return [
            Input(str(path), path.name, of_file(str(path)), ended=lambda: bool(shown))
            for path in sorted(tmp_path.glob("*.log"))
        ]

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        found = find()
        asked = [Named(logdex.open(one.path, tz="UTC")._question, of_file(one.path)) for one in found]
        return summarize(asked, states=states), found

    def write(_: float) -> None:
        nonlocal turns
        turns += 1
        assert turns < 100, "a log that came is not seen"
        if turns == 3:
            (tmp_path / "rank1.log").write_text(f"{at(2)} CUDA out of memory\n")

    last = Live(look, find, lambda told: shown.append(told.diagnosis.ranks), write).run()
    assert shown == [("1",)]
    assert last.diagnosis.ranks == ("1",)


def test_a_follow_ends_with_the_answer_when_it_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "rank0.log"
    path.write_text(f"{at(0)} step 1\n{at(2)} CUDA out of memory\n")
    command = [sys.executable, "-m", "logdex", "ranks", "-f", "--json", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["cause"] == "gpu_oom"
        process.send_signal(signal.SIGINT)
        (last,) = process.stdout.readlines()
        assert json.loads(last)["cause"] == "gpu_oom"
        assert process.wait(60) == 1


def test_a_follow_goes_on_from_the_moment_that_was_meant_when_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each look is an hour after the one before; ten minutes ago is what it was at the first."""
    path = tmp_path / "rank0.log"
    path.write_text(f"{at(0)} step 1\n{at(2)} CUDA out of memory\n")
    begun = int(datetime(2026, 11, 22, 2, 0, 5, tzinfo=timezone.utc).timestamp())
    moments = (second * 10**9 for second in range(begun, begun + 10**6, 3600))
    turns = 0

    def write(_: float) -> None:
        nonlocal turns
        turns += 1
        if turns > 2:
            raise KeyboardInterrupt
        with path.open("a") as file:
            file.write(f"{at(5 + turns)} INFO bye\n")

    monkeypatch.setattr("logdex._when.now", lambda: next(moments))
    monkeypatch.setattr("logdex.command.ranks.ranks.Live", partial(Live, wait=write))
    assert main(["ranks", "-f", "--since", "10m", "--tz", "UTC", "--json", str(path)]) == 1
    assert [json.loads(line)["cause"] for line in capsys.readouterr().out.splitlines()] == ["gpu_oom"] * 2


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
def test_a_follow_of_a_pipe_answers_for_all_that_came(name: str) -> None:
    command = [sys.executable, "-m", "logdex", "ranks", "-f", "--json", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"[rank0]: {at(0)} step 1\n[rank1]: {at(2)} CUDA out of memory\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["ranks"] == ["1"]
        process.stdin.write(f"[rank0]: {at(3)} bye\n")
        process.stdin.close()
        last = json.loads(process.stdout.readline())
        assert (last["ranks"], last["facts"][0]) == (["1"], ["ranks", "logs of 2, 3 lines"])
        assert process.wait(60) == 1


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for rank in range(3):
        (tmp_path / f"rank{rank}.log").write_text(
            f"2026-11-21 02:15:00 rank {rank} step 1\n2026-11-22 02:15:00 rank {rank} RuntimeError: CUDA error\n"
        )
    return tmp_path


def test_a_log_that_is_named_twice_is_read_once(three: Path) -> None:
    (three / "latest.log").symlink_to("rank1.log")
    (three / "slurm-77.out").write_text("srun: error: n1: task 1: Segmentation fault\n")
    once = ranks("--json", three)[1]
    for more in (["rank1.log"], ["."], ["latest.log", "slurm-77.out"]):
        assert ranks("--json", three, *(three / name for name in more))[1] == once
    assert json.loads(once)["facts"][0] == ["ranks", "logs of 3, 1 other log, 7 lines"]


def test_a_time_of_day_is_the_last_in_the_logs(three: Path) -> None:
    status, out, error = ranks("--since", "02:14", three)
    assert (status, "first failure  none" in out) == (1, False)
    assert "--since 02:14 is taken for 2026-11-22 02:14" in error
    assert (
        ranks("--since", "02:14", "--json", three)[1]
        == ranks("--since", "2026-11-22 02:14", "--json", three)[1]
    )


def test_where_no_line_lies_in_the_range_nothing_is_said_to_be_well(three: Path) -> None:
    status, out, error = ranks("--since", "2026-11-23", three)
    assert status == 4
    assert "the logs do not tell" in out
    assert (
        "no line lies in --since 2026-11-23: the logs have 2026-11-21 02:15:00 to 2026-11-22 02:15:00"
        in error
    )


@pytest.mark.parametrize(
    ("seconds", "certainty"),
    # The time of change, beside the last stamp: at the system's last tick, at once, later than all, and long before it.
    [(-0.008, "certain"), (0.001, "certain"), (3600.0, "likely"), (-10.0, "likely")],
)
def test_a_traceback_without_stamps_came_before_the_last_change_of_its_file(
    tmp_path: Path, seconds: float, certainty: str
) -> None:
    steps = "".join(f"{at(second)} INFO step {second}\n" for second in range(5))
    (tmp_path / "rank0.log").write_text(
        f"{steps}{at(12)} ERROR Watchdog caught collective operation timeout: WorkNCCL(SeqNum=225, OpType=ALLREDUCE)\n"
    )
    failed = tmp_path / "rank1.log"
    failed.write_text(
        f"{steps}{at(5)} ERROR failed\n{TRACEBACK}RuntimeError: CUDA error: device-side assert triggered\n"
    )
    (tmp_path / "rank2.log").write_text(f"{steps}")
    changed = datetime(2026, 11, 22, 2, 0, 5, tzinfo=timezone.utc).timestamp() + seconds
    os.utime(failed, (changed, changed))
    told = logdex.open(tmp_path, tz="UTC").ranks().diagnosis
    assert (told.ranks, told.certainty) == (("1",), certainty), told.text
