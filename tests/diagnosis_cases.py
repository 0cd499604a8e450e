"""Cases of failures, and the forms in which they are laid out as files; used by the tests and by
tools/diagnosis_table.py.

A case tells who wrote what when: `lines` are [seconds since the run began or null, who, text], where who is "r3" (a
rank), "agent@h1" (the launcher of a host), "sched" (the batch system) or "driver"; a fourth item is the level that
glog's stamps give a line, else `E`. `answers` are all that count as right.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import logdex
from logdex.diagnosis import Diagnosis

DATA = Path(__file__).parent / "data" / "diagnosis"
BEGIN = datetime(2026, 9, 14, 1, 58, 0, tzinfo=timezone.utc)
LAYOUTS = ("ranks", "one", "hosts", "torchx", "elastic")
STAMPS = ("python", "iso", "c10", "none")


def asked(folder: Path, logs: Mapping[str, Iterable[tuple[int, str]]]) -> Diagnosis:
    """The answer for logs of which each line is written so many seconds after two o'clock."""
    folder.mkdir(exist_ok=True)
    for name, lines in logs.items():
        stamped = [f"2026-11-22 02:{at // 60:02}:{at % 60:02} {line}\n" for at, line in lines]
        (folder / name).write_text("".join(stamped))
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


@dataclass(frozen=True)
class Form:
    """One way to lay a case out."""

    layout: str = "ranks"
    stamps: str = "python"
    prefix: str = "none"
    skew: float = 0.0
    noise: int = 0
    drop: frozenset[str] = frozenset()
    """Writers whose lines are left out."""

    @property
    def name(self) -> str:
        parts = [self.layout, self.stamps, self.prefix, f"{self.skew:g}s"]
        return "/".join([*parts, *([f"noise {self.noise}"] if self.noise else []), *sorted(self.drop)])


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def is_rank(who: str) -> bool:
    """Whether a writer is a rank, and not a launcher, a scheduler or a driver."""
    return who[0] == "r" and who[1:].isdecimal()


def forms(case: dict[str, Any], *, full: bool = False) -> Iterator[Form]:
    for layout in LAYOUTS:
        for stamps in STAMPS:
            for prefix in ("none", "rank", "default"):
                if prefix == "default" and layout != "hosts":
                    continue
                if prefix == "none" and layout in ("one", "hosts"):
                    continue
                for skew in (0.0, 3.0):
                    if skew and (stamps == "none" or len(set(case["hosts"].values())) < 2):
                        continue
                    yield Form(layout, stamps, prefix, skew)
        if full:
            yield Form(layout, prefix="rank", noise=100_000)


FEW = (
    Form("ranks", "python"),
    Form("one", "iso", "rank"),
    Form("hosts", "c10", "rank"),
    Form("hosts", "none", "default"),
    Form("torchx", "none"),
    Form("elastic", "iso", skew=3.0),
)
"""Some forms that differ in all: of each layout one, with and without stamps and tags."""


def stamp(seconds: float | None, style: str, level: str = "E") -> str:
    if seconds is None or style == "none":
        return ""
    t = BEGIN + timedelta(seconds=seconds)
    return {
        "python": t.strftime("%Y-%m-%d %H:%M:%S,") + f"{t.microsecond // 1000:03d} ",
        "iso": t.strftime("%Y-%m-%dT%H:%M:%S.%fZ "),
        "c10": f"[{level}{t.month:02}{t:%d %H:%M:%S}.{t.microsecond:06d}000 run.cpp:71] ",
    }[style]


def file_of(who: str, layout: str, host: str) -> str:
    name = who.replace("@", "-")
    if is_rank(who):
        number = who[1:]
        return {
            "ranks": f"rank{number}.log",
            "one": "job.log",
            "hosts": f"{host}.log",
            "torchx": f"trainer/{number}/stderr.log",
            "elastic": f"trainer/job_x/attempt_0/{number}/stderr.log",
        }[layout]
    return {"one": "job.log", "hosts": f"{host}.log"}.get(layout, f"{name}.log")


def render(case: dict[str, Any], folder: str, form: Form, seed: int = 7) -> None:
    """Writes the files of a case below `folder`."""
    rng = random.Random(seed)
    offsets: dict[str, float] = {}
    written: dict[str, list[str]] = {}
    for seconds, who, text, *level in _with_noise(case, form):
        host = case["hosts"].get(who, who.partition("@")[2] or "h0")
        offset = offsets.setdefault(host, rng.uniform(-form.skew, form.skew))
        if who in form.drop:
            continue
        at = None if seconds is None else seconds + offset
        head = ""
        if is_rank(who) and (form.prefix != "none" or form.layout in ("one", "hosts")):
            head = f"[rank{who[1:]}]: "
            if form.prefix == "default" and form.layout == "hosts":
                head = f"[default{int(who[1:]) % 8}]:"
        line = head + stamp(at, form.stamps, *level) + text + "\n"
        written.setdefault(file_of(who, form.layout, host), []).append(line)
    for name, lines in written.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines))


def _with_noise(case: dict[str, Any], form: Form) -> list[list[Any]]:
    if not form.noise:
        return case["lines"]
    ranks = sorted({who for _, who, *_ in case["lines"] if is_rank(who)})[:8]
    each = form.noise // max(len(ranks), 1)
    noise = [
        [-100 + 90 * at / each, who, f"fetch shard {at} of {each}"] for at in range(each) for who in ranks
    ]
    return [*noise, *case["lines"]]


def ask(folder: str) -> Diagnosis:
    return logdex.open(folder, tz="UTC", index=False).ranks().diagnosis


def judge(case: dict[str, Any], folder: str, form: Form) -> tuple[str, Diagnosis]:
    """Whether the answer is "right", "cannot tell" or "wrong", and the answer."""
    render(case, folder, form)
    answer = ask(folder)
    return verdict(case, answer, form), answer


def verdict(case: dict[str, Any], answer: Diagnosis, form: Form) -> str:
    ranks = {global_name(case, name, form) for name in answer.ranks}
    for right in case["answers"]:
        if right["kind"] != answer.kind:
            continue
        if right["kind"] == "rank" and ranks != set(right["ranks"]):
            continue
        if right["kind"] == "host" and set(answer.hosts) != set(right["hosts"]):
            continue
        return "right"
    if answer.kind == "unknown" or answer.certainty == "cannot tell":
        return "cannot tell"
    return "wrong"


def global_name(case: dict[str, Any], name: str, form: Form) -> str:
    """The global rank behind a name: `trainer/3`, `h1.log:3`."""
    if ":" in name:
        label, _, local = name.rpartition(":")
        host = label.removesuffix(".log")
        for who, where in case["hosts"].items():
            if is_rank(who) and where == host and int(who[1:]) % 8 == int(local):
                return who[1:]
        return local
    return name.rpartition("/")[2]
