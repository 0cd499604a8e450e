"""Random patterns over random lines: the engine against `re`.

The grammar reaches every kind of node that CPython's parser knows. The longer profile, by hand:

    LOGDEX_FUZZ=1000000 pytest tests/test_regex_random.py --timeout 0
"""

from __future__ import annotations

import os
import random
import re
import sys
import warnings

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from regex_oracle import by_engine, by_re

# A case is a pattern over a block of lines; each pattern is run over one of ASCII and one of anything.
CASES = int(os.environ.get("LOGDEX_FUZZ", "20000"))

# Letters that fold oddly, digits and blanks of several scripts, what ends lines elsewhere, and U+FFFD itself.
CHARS = "aabbcABkKsSiI\u0131\u0130\u017f\u212aéÉßµ\u03bc_-. 10\u0663中"
CHARS += "\r\t\x00\x0b\x0c\x1c\x1f\x85\xa0\u2028\ufffd\U0001f600"
ESCAPED = [
    "\\n",
    "\\r",
    "\\t",
    "\\x1c",
    "\\x00",
    "\\.",
    "\\u00e9",
    "\\U0001F600",
    "\\N{BULLET}",
    "\\012",
    "\n",
]
CLASSES = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S"]
PLACES = ["^", "$", "\\A", "\\Z", "\\b", "\\B"]
COUNTS = ["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{,2}", "{2,}", "{0}", "{1}", "{0,0}"]
ENDS = ["", "?"] + (["+"] if sys.version_info >= (3, 11) else [])
OPENINGS = [
    "(",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?i:",
    "(?s:",
    "(?m:",
    "(?-i:",
    "(?a:",
    "(?u:",
    "(?x:",
    "(?i-s:",
]
OPENINGS += ["(?>"] if sys.version_info >= (3, 11) else []
BROKEN = [
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\x80",
    b"\xf4\x90\x80\x80",
]

chars = st.sampled_from(CHARS).map(re.escape)


@st.composite
def char_sets(draw: st.DrawFn) -> str:
    members = draw(
        st.lists(
            st.one_of(
                chars,
                st.sampled_from(CLASSES + ESCAPED[:-1]),
                st.tuples(st.sampled_from(CHARS), st.sampled_from(CHARS)).map(
                    lambda pair: "-".join(map(re.escape, sorted(pair)))
                ),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return "[" + draw(st.sampled_from(["", "^"])) + "".join(members) + "]"


atoms = st.one_of(
    chars, chars, st.sampled_from(ESCAPED + CLASSES), st.sampled_from(PLACES), st.just("."), char_sets()
)
names = st.sampled_from("xyz")


def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(st.sampled_from(OPENINGS), inner).map(lambda part: part[0] + part[1] + ")"),
        st.tuples(inner, st.sampled_from(COUNTS), st.sampled_from(ENDS)).map(
            lambda part: f"(?:{part[0]}){part[1]}{part[2]}"
        ),
        st.tuples(atoms, st.sampled_from(COUNTS), st.sampled_from(ENDS)).map("".join),
        st.tuples(inner, inner).map(lambda part: f"({part[0]}){part[1]}\\1"),
        st.tuples(names, inner, inner).map(lambda part: f"(?P<{part[0]}>{part[1]}){part[2]}(?P={part[0]})"),
        st.tuples(inner, inner, inner).map(lambda part: f"({part[0]})?(?(1){part[1]}|{part[2]})"),
        st.tuples(inner, inner).map(lambda part: f"({part[0]})?{part[1]}(?(1)b)"),
        inner.map(lambda part: part + "(?#note)"),
        st.tuples(inner, st.sampled_from(["", ".*", ".*$", "a"])).map(
            lambda part: f"^(?!.*{part[0]}){part[1]}"
        ),
        inner.map(lambda part: f"^((?!{part}).)*$"),
    )


patterns = st.tuples(
    st.sampled_from(["", "", "", "(?i)", "(?m)", "(?s)", "(?x)", "(?a)", "(?ims)", "(?ia)"]),
    st.recursive(atoms, grow, max_leaves=6),
    st.sampled_from(["", "", "", "|", "|b", "$", "\\Z", "\\n", "\\s"]),
).map("".join)

LINE_PARTS = (
    [c.encode() for c in CHARS]
    + [b"a", b"b", b"ab", b"aa", b"1", b" "] * 4
    + BROKEN * 2
    + [b"\n", b"\r\n"] * 8
)
ASCII_PARTS = [bytes([c]) for c in b"aaaabbbbcckKsSiI_-. 10\r\t\x00\x0b\x1c\x1f\n\n\n\n\n"]


def block(parts: list[bytes], seed: int) -> bytes:
    """Some lines made of `parts`; drawing them from a seed is what makes 20,000 cases affordable."""
    rng = random.Random(seed)
    return b"".join(rng.choices(parts, k=rng.randrange(60)))


@settings(
    max_examples=(CASES + 1) // 2,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(patterns, st.integers(0, 2**32))
def test_random_patterns_select_what_re_selects(regex: str, seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = re.compile(regex)
        except re.error:
            assume(False)
    for parts in (ASCII_PARTS, LINE_PARTS):
        data = block(parts, seed)
        assert by_engine(compiled, data) == by_re(compiled, data)


@settings(max_examples=max(CASES // 10, 500), database=None)
@given(st.binary(max_size=40) | st.lists(st.sampled_from(LINE_PARTS), max_size=12).map(b"".join))
def test_broken_text_reads_as_cpython_decodes_it(data: bytes) -> None:
    """The engine's view of invalid UTF-8 is CPython's, character by character."""
    line = data.replace(b"\n", b"")
    if not line:
        return
    text = line.decode("utf-8", "replace")
    for regex in (re.escape(text) + r"\Z", r"\A" + "." * len(text) + r"\Z", r"\A[^\ufffd]*\Z"):
        assert by_engine(regex, line + b"\n" + line) == by_re(regex, line + b"\n" + line), regex
