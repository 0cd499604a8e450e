"""Several ranks that fail alike: whether that is theirs, or the same on all and nobody's own."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import logdex
import pytest
from diagnosis_cases import Form
from hypothesis import given
from hypothesis import strategies as st
from logdex.diagnosis import Diagnosis
from logdex.diagnosis.records import taxonomy
from logdex.diagnosis.records.events import Event
from logdex.diagnosis.records.exits import Exit
from logdex.diagnosis.steps.candidates import Alike, _is_beside

_FORMS = (
    Form(),
    Form(stamps="none"),
    Form("one", stamps="c10", prefix="rank"),
    Form("hosts", prefix="default"),
)
_LACKING = (
    "ImportError: No module named numpy",
    "h1: Test CUDA failure common.cu:1045 'CUDA driver version is insufficient for CUDA runtime version'",
    "OSError: libcudart.so.12: cannot open shared object file: No such file or directory",
)
_LAUNCHER = "  Process name: [[40318,1],5]"


def _case(text: str, further: list[int]) -> dict[str, object]:
    """Ranks 4 to 7 of the second host fail at once; of the others, those of `further` had written something more."""
    lines: list[list[object]] = [
        [1 + rank / 100, f"r{rank}", f"process {rank} begins", "I"] for rank in range(8)
    ]
    lines += [[2 + rank / 100, f"r{rank}", f"device {rank} selected", "I"] for rank in further]
    lines += [[2 + rank / 100, f"r{rank}", text, "E"] for rank in range(4, 8)]
    lines += [[3.0, "mpirun@h0", _LAUNCHER, "E"], [3.0, "mpirun@h0", "  Exit code:    1", "E"]]
    hosts = {f"r{rank}": f"h{rank // 4}" for rank in range(8)} | {"mpirun@h0": "h0"}
    answers = [{"kind": "rank", "ranks": ["4", "5", "6", "7"]}, {"kind": "host", "hosts": ["h1"]}]
    return {"id": "?", "world": 8, "hosts": hosts, "answers": answers, "lines": lines}


@pytest.mark.parametrize("text", _LACKING)
@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form.name)
def test_what_half_of_them_lack_is_theirs_where_the_rest_had_got_further(
    tmp_path: Path, form: Form, text: str
) -> None:
    verdict, answer = cases.judge(_case(text, [0, 1, 2, 3]), str(tmp_path), form)
    assert verdict == "right", answer.text
    assert answer.certainty != "certain"


@pytest.mark.parametrize("further", [[], [0]], ids=["nobody", "rank 0"])
def test_who_was_ended_on_the_way_to_the_same_failure_is_not_told_from_it(
    tmp_path: Path, further: list[int]
) -> None:
    # What rank 0 alone writes may be the banner of the job.
    verdict, answer = cases.judge(_case(_LACKING[0], further), str(tmp_path), Form())
    assert verdict != "right", answer.text
    assert answer.certainty != "certain"


def _ask(folder: Path, logs: dict[str, str]) -> Diagnosis:
    for name, text in logs.items():
        (folder / f"{name}.log").write_text(text)
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def _run(end: str, silent: int) -> dict[str, str]:
    steps = "".join(f"2026-09-14 01:58:{at:02},000 step {at} loss 2.5\n" for at in range(1, 7))
    return {f"rank{rank}": steps + ("" if rank == silent else end) for rank in range(6)}


@pytest.mark.parametrize("silent", [0, 4])
def test_where_all_but_one_end_with_words_that_nobody_knows_nothing_is_called_well(
    tmp_path: Path, silent: int
) -> None:
    answer = _ask(tmp_path, _run("2026-09-14 01:58:09,000 the zorp of a friend has quuxed\n" * 3, silent))
    assert (answer.kind, answer.ranks) == ("unknown", (str(silent),)), answer.text


@pytest.mark.parametrize(
    ("end", "silent"),
    [
        ("2026-09-14 01:58:09,000 the zorp of a friend is fine\n", -1),
        ("2026-09-14 01:58:09,000 training completed\n", 4),
        ("", 4),
    ],
    ids=["all say it", "they came to their end", "nobody says more"],
)
def test_what_all_or_none_end_with_is_no_failure(tmp_path: Path, end: str, silent: int) -> None:
    answer = _ask(tmp_path, _run(end, silent))
    assert answer.kind == "none", answer.text


@pytest.mark.parametrize(
    "text",
    [
        "Using distributed PyTorch with gloo backend",
        "init_process_group(backend='gloo', timeout=0:30:00)",
        "Gloo backend selected for 8 ranks",
    ],
)
def test_the_choice_of_a_backend_makes_no_victim(text: str) -> None:
    assert taxonomy.classify(text) is None


def test_a_cache_that_was_flushed_makes_no_victim() -> None:
    assert taxonomy.classify("TP0 Cache flushed successfully!") is None
    told = taxonomy.classify(
        "h0:41:42 [0] NCCL WARN Got completion from peer with status=5 opcode=0 (Work Request Flushed)"
    )
    assert told is not None
    assert told[0].role == "victim"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        (
            "Ignore import error when loading sglang.srt.models.x: cannot import name 'Y' from 'transformers'",
            "harmless",
        ),
        ("INFO ignoring errors of the cache", "harmless"),
        ("ImportError: cannot ignore import error in x: cannot import name 'Y'", "cause"),
        ("Will not ignore errors: cannot import name 'Y' from 'transformers'", "cause"),
        ("[E0914 01:58:08 run.cpp:71] Loading shards:  57%|###   | 4/7 [00:09<00:07, 2.31s/it]", "harmless"),
        (
            "57%|###  | 4/7 [00:09<00:07, 2.31s/it] RuntimeError: CUDA out of memory. Tried to allocate 2 GiB",
            "cause",
        ),
        ("Received SIGINT. Gracefully aborting the training run — this may take a few seconds.", "outside"),
        ("Training time: 31.42s", "context"),
        (
            "nvidia-container-cli: initialization error: nvml error: driver/library version mismatch: unknown",
            "cause",
        ),
        (
            "h1:308:318 [0] NCCL WARN Failed to bind NVLink SHARP (NVLS) Multicast memory : CUDA error 401",
            "cause",
        ),
        ("RuntimeError: Gloo connectFullMesh failed with timeout", "victim"),
        ("RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:598] bad news", "victim"),
        ("failed to create a process group of Gloo", "victim"),
        ("TimeoutError: Timeout(status: DeadlineExceeded, message: Timeout expired)", "victim"),
        ("Warning  DeadlineExceeded  job/x  Job was active longer than specified deadline", "outside"),
        ("An MPI communication peer process has unexpectedly disconnected.  This", "victim"),
    ],
)
def test_what_tells_of_others_and_of_an_order(text: str, role: str) -> None:
    known = taxonomy.classify(text)
    assert known is not None
    assert known[0].role == role


_EXITS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([None, -9, -11, 1]),
        st.none() | st.integers(0, 24).map(lambda at: at / 4),
    ),
    max_size=12,
)


@given(_EXITS, st.data())
def test_exits_beside_a_root_are_those_that_a_look_at_each_finds(
    told: list[tuple[str, int | None, float | None]], data: st.DataObject
) -> None:
    row = taxonomy.rows()[0]
    exits = [
        Exit(Event(path, at, at, 0.0, 0.0, True, "x", row, None), at, code=code, time=time)
        for at, (path, code, time) in enumerate(told)
    ]
    alike, taken = Alike(exits), set[int]()
    for root in data.draw(st.permutations(exits)):
        beside = [one for one in exits if one.rank not in taken and _is_beside(one, root)]
        assert [one.rank for one in alike.take_beside(root)] == [one.rank for one in beside]
        taken |= {one.rank for one in beside if one.rank is not None}


def _raised(folder: Path, logs: dict[str, list[str]]) -> Diagnosis:
    """The answer for ranks each of which raises something, with a stamp on the head of the traceback alone."""
    folder.mkdir()
    for name, (at, error) in logs.items():
        began = f"2026-11-22 02:00:01 {name} is up\n2026-11-22 02:00:09 step 1 loss 2.0\n"
        head = f"2026-11-22 02:{at} Traceback (most recent call last):\n"
        frames = '  File "train.py", line 3, in main\n    step()\n'
        (folder / f"{name}.log").write_text(f"{began}{head}{frames}{error}\n")
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def test_what_was_raised_has_the_time_on_the_head_of_its_traceback(tmp_path: Path) -> None:
    first, later = ["01:00", "KeyError: 'input_ids'"], ["01:20", "ValueError: batch of 0"]
    answer = _raised(tmp_path / "a", {"rank3": first, "rank5": later})
    assert (answer.kind, answer.ranks) == ("rank", ("3",)), answer.text
    answer = _raised(tmp_path / "b", {"rank3": [later[0], first[1]], "rank5": [first[0], later[1]]})
    assert (answer.kind, answer.ranks) == ("rank", ("5",)), answer.text


def test_what_says_more_is_not_named_before_what_was_raised_earlier(tmp_path: Path) -> None:
    fault = "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"
    answer = _raised(tmp_path / "a", {"rank3": ["01:00.000", "KeyError: 'x'"], "rank5": ["01:00.400", fault]})
    assert answer.ranks != ("5",), answer.text


@pytest.mark.parametrize("more", [0, 900])
def test_what_all_wrote_long_before_their_end_is_not_certain(tmp_path: Path, more: int) -> None:
    lack = "ImportError: No module named numpy"
    words = ("the apples are ripe", "no wind today", "far from home", "grey stones and moss")
    logs = {
        f"rank{rank}.log": [(5, lack), *([(more, words[rank])] if more else [])] for rank in range(len(words))
    }
    assert (cases.asked(tmp_path, logs).certainty == "certain") == (more == 0)
