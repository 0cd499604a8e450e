"""Whom launchers and schedulers speak of in words of their own, and what is only a passing trouble."""

from __future__ import annotations

from pathlib import Path

import diagnosis_cases as cases
import pytest
from diagnosis_cases import Form
from logdex.diagnosis import Diagnosis

_SAYS_ONE = (
    "zorpd: FATAL: rank 5 on host h0 exited, the grace of 30 s is over",
    "quuxctl: no answer from worker 5 for 900 secs, it may be dead",
    "lost executor 5: the lattice is gone",
    "['5'] timed out; nodes are ['5']",
)
_FORMS = (Form(), Form(stamps="c10"), Form("one", prefix="rank"), Form("hosts", prefix="default"))


def _ask(
    folder: Path, said: list[tuple[float, str]], *, form: Form, steps: int = 4, ends: str | None = None
) -> Diagnosis:
    lines: list[list[object]] = [[1 + r / 100, f"r{r}", f"member {r} ready", "I"] for r in range(8)]
    lines += [
        [10 * k + r / 100, f"r{r}", f"step {k} loss 2.5", "I"] for k in range(1, steps) for r in range(8)
    ]
    lines += [[at, "agent@h0", text, "E"] for at, text in said]
    lines += [[10 * steps + 5, f"r{r}", ends, "I"] for r in range(8)] if ends else []
    lines.sort(key=lambda line: float(str(line[0])))
    hosts = {f"r{r}": "h0" for r in range(8)}
    case = {"id": "?", "world": 8, "hosts": hosts, "answers": [], "lines": lines}
    cases.render(case, str(folder), form)
    return cases.ask(str(folder))


@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("text", _SAYS_ONE)
def test_the_one_of_whom_a_launcher_speaks_at_the_end_is_named(tmp_path: Path, text: str, form: Form) -> None:
    answer = _ask(tmp_path, [(70, text)], form=form)
    assert answer.kind == "rank", answer.text
    assert answer.ranks[0].rpartition(":")[2] == "5"
    assert answer.certainty == "likely"


@pytest.mark.parametrize("form", _FORMS, ids=lambda form: form.name)
def test_what_all_ranks_outlived_is_nobodys_failure(tmp_path: Path, form: Form) -> None:
    answer = _ask(tmp_path, [(25, text) for text in _SAYS_ONE], form=form, steps=12)
    assert answer.kind in ("none", "unknown"), answer.text


def test_of_two_nobody_is_named(tmp_path: Path) -> None:
    answer = _ask(tmp_path, [(70, "zorpd: lost executor 5"), (70, "zorpd: lost executor 2")], form=Form())
    assert answer.certainty == "cannot tell", answer.text


def test_trouble_in_words_that_name_nobody_is_not_called_none(tmp_path: Path) -> None:
    answer = _ask(tmp_path, [(70, "zorpd: the lattice crashed, giving up")], form=Form())
    assert answer.certainty == "cannot tell", answer.text
    done = tmp_path / "done"
    done.mkdir()
    assert (
        _ask(done, [(70, "zorpd: the lattice crashed")], form=Form(), ends="Training complete").kind == "none"
    )


def test_a_number_that_no_rank_can_have_names_none(tmp_path: Path) -> None:
    answer = _ask(tmp_path, [(70, "worker 79862 died unexpectedly")], form=Form())
    assert "79862" not in answer.ranks, answer.text


def test_a_log_of_several_processes_under_unknown_tags_is_no_rank(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    raised = "ValueError: zone 4"
    lines = [f"worker-{r}  | step {k} loss 2.5" for k in range(4) for r in range(1, 5)]
    lines += ["worker-2  | Traceback (most recent call last):", f"worker-2  | {raised}"]
    log.write_text("\n".join(lines) + "\n")
    assert cases.ask(str(tmp_path)).certainty == "cannot tell"


def test_one_line_again_and_again_after_the_last_step_is_a_sign_of_life(tmp_path: Path) -> None:
    lines: list[list[object]] = [
        [10 * k + r / 100, f"r{r}", f"step {k} loss 2.5", "I"] for k in range(1, 4) for r in range(8)
    ]
    lines += [[40 + 60 * k + r / 100, f"r{r}", "zorp hums", "I"] for k in range(15) for r in range(8)]
    case = {"id": "?", "world": 8, "hosts": {f"r{r}": "h0" for r in range(8)}, "answers": [], "lines": lines}
    cases.render(case, str(tmp_path), Form())
    assert cases.ask(str(tmp_path)).kind == "stalled"
