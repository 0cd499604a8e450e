"""`regex` selects what Python's `re.search` selects: CPython's own cases, and a row for each feature."""

from __future__ import annotations

import re
import sys
import threading
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logdex.regex import charset, pattern
from logdex.regex.exclude import excluded
from logdex.regex.pattern import compile_pattern
from logdex.regex.sre import parse
from logdex.regex.translate import translate
from regex_oracle import SUBJECTS, by_engine, by_re, split, undecided

re_tests = pytest.importorskip("test.re_tests", reason="this Python comes without its test package")


def agree(regex: str | re.Pattern[str], data: bytes) -> None:
    assert by_engine(regex, data) == by_re(regex, data)


def as_lines(subject: str) -> bytes:
    """The subject as lines: alone, in the midst of others, and at the end of a file without a newline."""
    own = subject.encode("utf-8", "replace")
    return own + b"\n" + SUBJECTS + b"\n" + own


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", re_tests.tests, ids=lambda case: ascii(case[0])[:60])
def test_every_pattern_of_cpythons_own_tests(case: tuple[object, ...]) -> None:
    pattern, subject, outcome = case[:3]
    if outcome == re_tests.SYNTAX_ERROR:
        with pytest.raises(re.error):
            compile_pattern(pattern)
        return
    for flags in (0, re.IGNORECASE, re.MULTILINE, re.DOTALL, 0 if "(?u)" in pattern else re.ASCII):
        agree(re.compile(pattern, flags), as_lines(subject))


FEATURES = [
    row
    for row in (Path(__file__).parent / "data/regex_features.txt").read_text("utf-8").split("\n")
    if row and not row.startswith("## ")
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("regex", FEATURES)
def test_each_feature(regex: str) -> None:
    try:
        re.compile(regex)
    except re.error:
        assert sys.version_info < (3, 11), "possessive and atomic groups came with Python 3.11"
        return
    agree(regex, SUBJECTS)
    agree(regex, SUBJECTS + b"\n")
    for line in split(SUBJECTS):
        agree(regex, line)


@pytest.mark.parametrize(
    "regex", ["(", "a**", "[", "(?P<a>", "\\", "(?<=a*)b", "(?(2)a)", "(?L)a", "*", "\\q", "(?i", "x{2,1}"]
)
def test_a_bad_pattern_is_pythons_error(regex: str) -> None:
    with pytest.raises((re.error, ValueError)) as expected:
        re.compile(regex)
    with pytest.raises(type(expected.value), match=re.escape(str(expected.value))):
        compile_pattern(regex)


def test_a_bytes_pattern_is_a_type_error() -> None:
    for regex in (b"a", re.compile(b"a")):
        with pytest.raises(TypeError, match="bytes"):
            compile_pattern(regex)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        compile_pattern(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "regex", ["", "a*", "^", "$", "(?:)", ".*", "\\Z", "x?|y", "(a)*", "\\A.*", "(?i)(k*)"]
)
def test_a_pattern_that_selects_every_line_is_no_pattern(regex: str) -> None:
    assert compile_pattern(regex) is None
    assert by_re(regex, SUBJECTS) == split(SUBJECTS)


def test_compiled_patterns_are_cached() -> None:
    assert compile_pattern("cached") is compile_pattern(re.compile("cached"))
    assert compile_pattern("cached") is not compile_pattern(re.compile("cached", re.I))


DECIDED = [
    "ERROR",
    "(?i)cuda out of memory",
    r"\bshard \d{4}\b",
    r"[0-9]{4} \([a-z]+\)",
    r"ERROR(?=.*worker 6[0-3])",
    r"^\[rank\d\]:",
    r"loss=\d+\.\d+$",
    r"(?<=rank)\d",
    r"error:\s",
    r"^(?!.*ERROR)",
    r"^((?!ERROR).)*$",
]


@pytest.mark.parametrize("regex", DECIDED)
def test_common_patterns_are_decided_without_re(regex: str) -> None:
    lines = b"[rank3]: ERROR worker 61 shard 1234 (lease) loss=3.5\nerror:\nCUDA out of memory\nloss=1.0\n"
    assert by_engine(regex, lines)
    assert undecided(regex, lines) == 0


def test_ascii_in_other_text_is_decided_without_re() -> None:
    lines = "损失 step=12 loss=3.5\n█ \u0661 loss=x\n".encode() + b"\xff step=7 loss=1.0\n"
    for regex in (r"step=\d+", r"loss=[\d.]+", r"\w+=\d", r"(?i)STEP"):
        agree(regex, lines)
        assert undecided(regex, lines) == 0
    agree(r"\d", lines)
    assert undecided(r"\d", lines) == 1


def test_huge_patterns_are_answered() -> None:
    words = [f"word{i * 7919 % 100_003}x" for i in range(10_000)]
    data = b"nothing\nword7919x here\nword 1\n"
    agree("|".join(words), data)
    agree("(?i)" + "|".join(words), data)
    agree("a" * 1_000_000, b"a" * 1_000_001 + b"\n" + b"a" * 10 + b"\n")
    agree("[ab]" * 60_000, b"ab" * 20_000 + b"\nab\n")
    agree("(?:(?:a{1,999}){1,999}){1,99}", b"a\nb\n")
    agree("(?:[ab]{500}[^x]{500}){500}", b"ab\n")
    agree("(?:(?:(?:x|y){50,}){50,}){2,}z", b"xyz\n")
    agree("a{4294967294}", b"aaa\n")


@pytest.mark.parametrize("depth", [50, 150, 250])
def test_deeply_nested_patterns_are_answered(depth: int) -> None:
    data = b"ab\nb\naaa\n"
    for opening, closing in (("(?:a|", "b)"), ("(", ")?"), ("(?:", "a)*")):
        try:
            regex = re.compile(opening * depth + "b" + closing * depth)
        except RecursionError:
            continue
        agree(regex, data)


def test_many_lines_and_long_ones() -> None:
    line = b"step=123 loss=8.5 " + "é".encode() * 1000
    data = (
        b"\n".join(line if i % 7 else b"step=77 loss=8." + b"x" * i for i in range(2000))
        + b"\n"
        + b"y" * 3_000_000
    )
    for regex in (r"step=\d+7 loss=8\.", r"x{50}", r"y$", "é$", r"\bx+$", r"^(?!.*x)", r"s\w+=7"):
        agree(regex, data)


def test_threads_share_a_pattern() -> None:
    pattern = compile_pattern(r"\w+ (?:b|c)\d$")
    assert pattern is not None
    data = b"".join(b"word b%d\nword d%d\n" % (i % 10, i) for i in range(3000))
    expected = pattern.select(data)
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(pattern.select(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4
    assert len(expected) == 3000


def test_compiling_warns_no_more_than_re_does() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        compiled = re.compile("[[a]x")
        count = len(seen)
        compile_pattern(compiled)
        assert len(seen) == count
        assert warnings.filters[0][0] == "always"


def test_what_re_raises_while_it_judges_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    from logdex import _core

    def search(text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _core.Pattern(search, None, None).select(b"a\n")


def test_the_letters_that_fold_into_ascii_are_all_in_the_first_planes() -> None:
    everything = "".join(map(chr, [*range(0x80, 0xD800), *range(0xE000, 0x110000)]))
    assert charset.folding_to_ascii() == "".join(re.findall(r"(?i)[\x00-\x7f]", everything))


@pytest.mark.parametrize(
    "regex",
    ["[a-zé-ü]", "[^a-z]", "(?a)[\\W]", "(?i)[k-s]", "(?i)[^k-s]", "(?i)k", "(?ia)[é-ü]", "[^\\ud800é]", "."],
)
def test_sets_hold_what_re_takes_over_all_of_unicode(regex: str) -> None:
    everything = [*range(0x0A), *range(0x0B, 0xD800), *range(0xE000, 0x110000)]
    data = "\n".join(map(chr, everything)).encode() + b"\n"
    assert undecided(regex, data) == 0
    agree(regex, data)


@pytest.mark.filterwarnings("ignore")
@given(st.text(st.characters(max_codepoint=127), max_size=12), st.sampled_from([0, re.I, re.A, re.X, re.M]))
def test_what_is_but_text_is_translated_as_any_pattern(text: str, flags: int) -> None:
    try:
        compiled = re.compile(text, flags)
    except (re.error, OverflowError):
        return
    said = pattern._literal(compiled)
    assert said is None or flags == 0
    if said is not None:
        tree = parse(compiled.pattern, compiled.flags)
        assert excluded(tree, compiled.flags) is None
        for foreign in (False, True):
            assert pattern._parts(translate(tree, compiled.flags, text=foreign)) == said
    elif flags == 0 and text.isalnum():
        raise AssertionError(f"{text!r} is but text")


@pytest.mark.parametrize(
    "regex", ["abc", "(?i)ab+c", r"\bNCCL\b.*(?P<rank>\d+)", "(?x) a b # c", "^(?!.*ok).*$", "x*", "é|\\w"]
)
def test_a_pattern_whose_search_is_not_ready_says_what_the_compiled_one_says(regex: str) -> None:
    data = "abc\nABBC\nNCCL rank 7\nab\nx\né ok\n\n".encode()
    asked: list[str] = []

    def search(text: str) -> object:
        asked.append(text)
        return re.search(regex, text)

    late, ready = pattern.compile_said(pattern.said_of(regex, 0), search), pattern.compile_pattern(regex)
    assert (late is None) == (ready is None)
    if late is not None and ready is not None:
        assert late.select(data) == ready.select(data)
        assert late.undecided(data) == ready.undecided(data) >= 0
        assert len(asked) >= late.undecided(data)
