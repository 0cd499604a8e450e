"""What CPython's own `test_re` asks of `re`, asked of the engine.

Its methods are run while every pattern and subject that they hand to `re` is written down; each pattern is
then tried on its own subjects as lines of a file, and on lines of many kinds.
"""

from __future__ import annotations

import io
import re
import unittest
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import pytest
from regex_oracle import SUBJECTS, by_engine, by_re

test_re = pytest.importorskip("test.test_re", reason="this Python comes without its test package")

# Their patterns or subjects are large to see how much memory `re` needs, or take it seconds.
TOO_LARGE = {
    "test_large_search",
    "test_large_subn",
    "test_search_dot_unicode",
    "test_possible_set_operations",
}
FUNCTIONS = ("match", "fullmatch", "search", "findall", "finditer", "split", "sub", "subn", "compile")


@contextmanager
def written_down() -> Iterator[dict[tuple[str, int], set[str]]]:
    """Collects the patterns, with their flags, and the subjects that are handed to the functions of `re`."""
    seen: dict[tuple[str, int], set[str]] = {}
    originals = {name: getattr(re, name) for name in FUNCTIONS}

    def recording(name: str) -> Any:
        def call(pattern: Any, *args: Any, **kwargs: Any) -> Any:
            result = originals[name](pattern, *args, **kwargs)
            compiled = originals["compile"](
                pattern, kwargs.get("flags", args[0] if name == "compile" and args else 0)
            )
            if isinstance(compiled.pattern, str):
                subjects = seen.setdefault((compiled.pattern, compiled.flags), set())
                subjects.update(text for text in args if isinstance(text, str) and len(text) < 10_000)
            return result

        return call

    try:
        for name in FUNCTIONS:
            setattr(re, name, recording(name))
        yield seen
    finally:
        for name, original in originals.items():
            setattr(re, name, original)


def asked_by_cpython() -> dict[tuple[str, int], set[str]]:
    suite = unittest.TestSuite(
        test_re.ReTests(name)
        for name in unittest.defaultTestLoader.getTestCaseNames(test_re.ReTests)
        if name not in TOO_LARGE
    )
    with (
        written_down() as seen,
        warnings.catch_warnings(),
        redirect_stderr(io.StringIO()),
        redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return seen


@pytest.mark.filterwarnings("ignore")
def test_every_pattern_of_cpythons_test_re() -> None:
    asked = asked_by_cpython()
    assert len(asked) > 400
    wrong = []
    for (pattern, flags), subjects in asked.items():
        if len(pattern) > 10_000:
            continue
        compiled = re.compile(pattern, flags & ~re.DEBUG)
        data = SUBJECTS + b"\n" + b"\n".join(text.encode("utf-8", "replace") for text in sorted(subjects))
        if by_engine(compiled, data) != by_re(compiled, data):
            wrong.append(compiled)
    assert not wrong
