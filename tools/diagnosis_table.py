"""Counts how often `logdex ranks` is right, cannot tell, or is wrong: `python tools/diagnosis_table.py [CASES.jsonl
...]`.

Each case (tests/data/diagnosis/: retold after public failures, recalled, and written for the tests) is laid out in
every layout, with every kind of stamps, prefixes and skewed clocks, and asked. Prints tables in Markdown, and how each
set was answered when it was first asked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import diagnosis_cases as cases
from logdex.diagnosis import Diagnosis

_READINGS = cases.DATA / "first_readings.tsv"
_NOW = """
The sets of cases are in `tests/data/diagnosis/`; what each is stands further down. A case is laid out in its forms, all
or some: layouts of directories, stamps, prefixes, and clocks that are 3 s apart. An answer is right where the case has
it among those that count; "cannot tell" is right only where no log can decide it.
"""
_FIRST = """## How each set was answered at first

The rule is mended by each set in turn, so the tables above say little of failures that it has not seen. These do: how
each set was answered when it was first asked, in percent, in the order in which they came. Answers were decided before
any was tried; of each set from `posted` on, by an author who did not know the rule.
"""
_EXPECT = """\
Expect failures of usual kinds to be told as those of `usual`, `latest` and `told` were, others as those of the other
sets, and quiet runs with alarming lines as those of `calm` and `dawn`. Where words of all errors of ranks are replaced
by such as no language has, and times, exits and orders stay, 66 % of the cases are right, 28 % cannot be told and 6 %
are wrong (`tests/test_diagnosis_ends.py`).

On a console, one log without tags of all ranks and their launcher, 64 % of the cases are right, 18 % cannot be told, of
15 % the log and the line are named and not the rank, and 3 % are wrong, none with certainty
(`tests/test_diagnosis_console.py`).

Authors shorten what exceptions say, and so did those of all these: a whole message of PyTorch's that ends in advice was
taken for advice, which no set had shown. `raised.tsv` has whole ones (`tests/test_diagnosis_raised.py`).

No retold failure is in `tests/data/real/`: there are the logs of 91 small jobs that really ran and failed in known
ways. Of 49 of JAX, three MPIs and torchrun 24 were right at first, 21 could not be told and 4 were wrong; of 42 more,
of Slurm, PyTorch and frameworks on it, Ray, Dask, XGBoost and LightGBM, 27, 10 and 5. Now 76 of all are right and 15
cannot be told (`tests/test_diagnosis_real.py`).
"""
_VERDICTS = ("right", "cannot tell", "wrong")


def main() -> int:
    """Counts, and prints; 1 if an answer is wrong and said to be certain."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", type=Path, default=sorted(cases.DATA.glob("*.jsonl")))
    parser.add_argument("--full", action="store_true", help="noise and larger worlds too; takes some minutes")
    parser.add_argument(
        "--few", action="store_true", help="six forms of each case; takes a tenth of the time"
    )
    parser.add_argument("--wrong", action="store_true", help="name what is wrong, and what cannot be told")
    parser.add_argument("--only", help="only the case of this name")
    asked = parser.parse_args()
    by_set: dict[str, Counter[str]] = {}
    by_form: dict[str, Counter[str]] = {}
    certain = 0
    for path in asked.cases:
        of_set = by_set[path.stem] = Counter()
        for case, form, verdict, answer in _judged(path, asked.only, full=asked.full, few=asked.few):
            of_set[verdict] += 1
            for row in _rows(form):
                by_form.setdefault(row, Counter())[verdict] += 1
            certain += verdict == "wrong" and answer.certainty == "certain"
            if asked.wrong and verdict != "right":
                told = f"{answer.kind} {answer.ranks} {answer.hosts} {answer.cause} {answer.certainty}"
                print(f"{verdict:12} {case['id']:6} {form.name}: {told}", file=sys.stderr)
    print("# How often a diagnosis is right\n")
    how = f"`python tools/{Path(__file__).name} --few`" if asked.few else "`make diagnosis-table`"
    print(f"Counted on {date.today():%Y-%m-%d} by {how}.\n{_NOW}")
    print(f"Wrong, and said to be certain: {certain}.\n")
    _print_counts("set", by_set)
    _print_counts("form", by_form)
    _print_first_readings()
    return int(certain > 0)


def _judged(
    path: Path, only: str | None, *, full: bool, few: bool
) -> Iterator[tuple[dict[str, Any], cases.Form, str, Diagnosis]]:
    """What became of each case of a set in each of its forms."""
    chosen = [case for case in cases.read(path) if only in (None, case["id"])]
    with ProcessPoolExecutor() as pool:
        for case, judged in zip(chosen, pool.map(_judge, chosen, repeat(full), repeat(few)), strict=True):
            for form, verdict, answer in judged:
                yield case, form, verdict, answer


def _judge(case: dict[str, Any], full: bool, few: bool) -> list[tuple[cases.Form, str, Diagnosis]]:
    judged = []
    for form in cases.FEW if few else cases.forms(case, full=full):
        with tempfile.TemporaryDirectory() as folder:
            judged.append((form, *cases.judge(case, folder, form)))
    return judged


def _rows(form: cases.Form) -> tuple[str, ...]:
    """The rows of the table of forms in which one is counted."""
    return f"{form.layout}, stamps {form.stamps}", f"prefix {form.prefix}", f"skew {form.skew:g} s"


def _print_counts(what: str, counts: Mapping[str, Counter[str]]) -> None:
    """A table of how many were right, cannot be told and were wrong; the last row is that of all, where all are in."""
    print(f"| {what} | {' | '.join(_VERDICTS)} | share right |\n|---|---|---|---|---|")
    rows = sorted(counts.items())
    if what == "set":
        rows.append(("all", sum(counts.values(), Counter())))
    for name, count in rows:
        told = " | ".join(str(count[verdict]) for verdict in _VERDICTS)
        print(f"| {name} | {told} | {count['right'] / max(1, count.total()):.1%} |")
    print()


def _print_first_readings() -> None:
    with _READINGS.open(encoding="utf-8") as file:
        head, *rows = (line.rstrip("\n").split("\t") for line in file if not line.startswith("#"))
    print(_FIRST)
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(f"\n{_EXPECT}", end="")


if __name__ == "__main__":
    raise SystemExit(main())
