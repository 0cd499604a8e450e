"""Fields, conditions on them, and what must not be on a line: exact beside a naive twin."""

import json
import random
import re
from pathlib import Path

import logdex
import pytest

_PAIR = re.compile(r'"(?:[^"\\]|\\.)*"|([^\s="]+)=("(?:[^"\\]|\\.)*"|\S*)')
_OPERATORS = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "!=": lambda a, b: a != b,
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def _object(line: str) -> dict[str, object] | None:
    for match in re.finditer(r"\{", line):
        try:
            found = json.loads(line[match.start() :])
        except ValueError:
            continue
        return found if isinstance(found, dict) else None
    return None


def _field(line: str, key: str) -> str | None:
    """The text of a field, the slow way."""
    found = _object(line)
    if found is not None:
        value = found.get(key)
        if value is None and key not in found:
            return None
        return value if isinstance(value, str) else json.dumps(value)
    pairs = {m[1]: m[2] for m in _PAIR.finditer(line) if m[1]}
    value = pairs.get(key)
    if value is not None and len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def _number(text: str) -> float | None:
    try:
        return (
            float(text)
            if re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?|[-+]?(?i:nan|inf|infinity)", text)
            else None
        )
    except ValueError:
        return None


def _holds(line: str, key: str, sign: str, value: str) -> bool:
    theirs = _field(line, key)
    if theirs is None:
        return False
    ours, found = _number(value), _number(theirs)
    if ours is not None and found is not None:
        return bool(_OPERATORS[sign](found, ours))
    if ours is not None and sign not in ("=", "!="):
        return False
    return bool(_OPERATORS[sign](theirs, value))


def _line(rng: random.Random) -> str:
    value = rng.choice(
        [0, 1, 2.5, -3, 500, 503.0, "500", "12ms", "a b", 'q"t', "é", "", None, True, float("nan"), 1e9]
    )
    other = rng.choice(["x", 7, {"a": 1}, [1, 2]])
    record = {"a": value, "b": other}
    kind = rng.randrange(7)
    if kind == 0:
        return json.dumps(record)
    if kind == 1:
        return "INFO prefix: " + json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    if kind == 2:
        return json.dumps(record) + rng.choice([" tail", "}", ","])
    if kind == 3:
        return f"2026-11-22 INFO a={value} b=7 done"
    if kind == 4:
        return f'level=info a="{value}" c={rng.randrange(9)} a={rng.randrange(600)}'
    if kind == 5:
        return "{" + json.dumps(record)
    return "no fields at all"


@pytest.mark.parametrize("seed", range(5))
def test_conditions_select_what_the_twin_selects(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = [_line(rng) + "\n" for _ in range(2_000)]
    path = tmp_path / "x.log"
    path.write_text("".join(lines))
    log = logdex.open(path)
    for _ in range(60):
        key, sign = rng.choice(["a", "b", "c", "missing"]), rng.choice(list(_OPERATORS))
        value = rng.choice(["0", "2.5", "500", "12ms", "a b", "x", "7", "true", "null", "nan", "1e3"])
        expected = [line for line in lines if _holds(line[:-1], key, sign, value)]
        assert list(log.lines(where=f"{key} {sign} {value}")) == expected, (key, sign, value)
        assert log.count(where=f"{key}{sign}{value}") == len(expected)


def test_several_conditions_must_all_hold_and_go_with_all_else(tmp_path: Path) -> None:
    lines = [
        json.dumps({"time": f"2026-11-22T06:47:{n:02}Z", "level": "warn" if n % 2 else "info", "n": n}) + "\n"
        for n in range(60)
    ]
    path = tmp_path / "x.log"
    path.write_text("".join(lines))
    log = logdex.open(path, tz="UTC")
    asked = {"where": ["n>=10", "n<50"], "level": "warning", "since": "2026-11-22T06:47:20Z", "exclude": "3"}
    expected = [line for n, line in enumerate(lines) if 20 <= n < 50 and n % 2 and "3" not in line]
    assert list(log.lines(**asked)) == expected  # type: ignore[arg-type]
    assert list(log.lines(**asked, last=3)) == expected[-3:]  # type: ignore[arg-type]
    assert [record.text for record in log.records(**asked)] == expected  # type: ignore[arg-type]


def test_named_groups_are_fields(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("step 1 loss 2.5\nstep 2 loss 3.5\nstep 3 loss nan\nstep 10 x\nstep 4 loss 30 rank=1\n")
    log = logdex.open(path)
    regex = r"step (?P<step>\d+)(?: loss (?P<loss>\S+))?"
    assert list(log.lines(regex, where="loss>3")) == ["step 2 loss 3.5\n", "step 4 loss 30 rank=1\n"]
    assert log.count(regex, where=["loss>3", "step<4"]) == 1
    assert log.count(regex, where=["loss>3", "rank=1"]) == 1
    assert log.count(regex, where="loss!=0") == 4


@pytest.mark.parametrize("exclude", ["INFO", r"\bb", r"(?i)info", r"a$", r"(\w)\1", "", "é"])
def test_what_is_excluded_is_what_re_finds(tmp_path: Path, exclude: str) -> None:
    rng = random.Random(exclude)
    words = ["INFO", "info", "a", "b", "bb", "é", "x"]
    lines = [" ".join(rng.choices(words, k=rng.randrange(1, 5))) + "\n" for _ in range(3_000)]
    path = tmp_path / "x.log"
    path.write_text("".join(lines))
    log = logdex.open(path)
    expected = [line for line in lines if not re.search(exclude, line)]
    assert list(log.lines(exclude=exclude)) == expected
    assert log.count(exclude=exclude) == len(expected)
    assert list(log.lines(r"x|\bb", exclude=exclude)) == [e for e in expected if re.search(r"x|\bb", e)]
    assert list(log.lines(exclude=exclude, last=5)) == expected[-5:]


@pytest.mark.parametrize("where", ["", "status", "=3", ["a=1", "b"]])
def test_what_is_no_condition_is_refused(tmp_path: Path, where: str | list[str]) -> None:
    if where == "":
        assert logdex.open(tmp_path / "x.log").lines(where=where) is not None
        return
    with pytest.raises(ValueError, match="give a field"):
        logdex.open(tmp_path / "x.log").lines(where=where)


def test_more_than_nothing_is_no_comparison(tmp_path: Path) -> None:
    """What stands behind the sign may have been lost in a shell."""
    with pytest.raises(ValueError, match="give a value to compare with, such as loss>3"):
        logdex.open(tmp_path / "x.log").lines(where="loss >")


def test_partial_text_cannot_be_filtered(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leave one of them out"):
        logdex.open(tmp_path / "x.log").lines(partial=True, follow=True, level="info")
