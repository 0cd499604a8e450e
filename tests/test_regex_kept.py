"""Translations that an earlier process kept are those that this one would make, or are made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from logdex import _core
from logdex.diagnosis.records import taxonomy
from logdex.regex import kept, pattern

REGEXES = ["error", "(?i:fail)", "a.*", "", "(?!x).", r"\bé", "(?=a)b|c"]


def test_what_is_kept_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("\n".join(REGEXES))
    asked: list[str] = []

    def said_of(regex: str, flags: int) -> object:
        asked.append(regex)
        return pattern.said_of(regex, flags)

    monkeypatch.setattr(kept, "said_of", said_of)
    plain = [pattern.said_of(regex, 0) for regex in REGEXES]
    assert kept.said_of_all(REGEXES, table) == plain
    assert kept.said_of_all(REGEXES, table) == plain
    assert asked == REGEXES
    # Others, another table, and one that was written anew are not taken for it.
    assert kept.said_of_all(REGEXES[:2], table) == plain[:2]
    table.write_text("\n".join(REGEXES) + " ")
    assert kept.said_of_all(REGEXES, table) == plain
    assert asked == [*REGEXES, *REGEXES[:2], *REGEXES]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"7", b"[[1, 2, 3]]", b"[[[1, null, true, true], null, false]]", b"[]", b"\xff"]
)
def test_what_is_no_translation_is_made_again(tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "table.tsv"
    table.write_text("error")
    expected = [pattern.said_of("error", 0)]
    assert kept.said_of_all(["error"], table) == expected
    part = f"regex.{kept._depends_on(['error'])}"
    assert json.loads(_core.kept(table, part) or b"")
    _core.keep(table, part, content)
    assert _core.kept(table, part) == content
    assert kept.said_of_all(["error"], table) == expected


def test_nothing_is_kept_where_indexes_are_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGDEX_INDEX", "off")
    table = tmp_path / "table.tsv"
    table.write_text("error")
    assert kept.said_of_all(["error"], table) == [pattern.said_of("error", 0)]
    assert _core.kept(table, f"regex.{kept._depends_on(['error'])}") is None


def test_the_taxonomy_is_said_the_same_again() -> None:
    regexes = [row.regex for row in taxonomy.rows()]
    table = Path(taxonomy.__file__).with_name("taxonomy.tsv")
    assert kept.said_of_all(regexes, table) == [pattern.said_of(regex, 0) for regex in regexes]
    assert kept.said_of_all(regexes, table) == [pattern.said_of(regex, 0) for regex in regexes]
