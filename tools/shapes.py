"""Writes `docs/shapes.md`: the shapes of stamps that are known, from the tables that the tests read."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLES = (
    "line_times.tsv",
    "more_times.tsv",
    "program_times.tsv",
    "everyday_times.tsv",
    "fresh_times.tsv",
    "real_times.tsv",
)
PAGE = ROOT / "docs" / "shapes.md"
_HEAD = """\
# Shapes of stamps

What stands on a line, and the time that is read of it where the zone is UTC and the year, if none stands there, 2026. A
shape that might be something else counts only where it is the format of most of a file's first lines. This page is made
by `tools/shapes.py` from the tables of the tests.

| name | line | time | counts |
|---|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    rows = [
        row.split("\t")
        for table in TABLES
        for row in (ROOT / "tests" / "data" / table).read_text().splitlines()[1:]
        if row
    ]
    return _HEAD + "".join(
        f"| {name.replace('_', ' ')} | {_code(line)} | {time} | {_when(flags)} |\n"
        for name, line, time, flags in rows
    )


def _code(line: str) -> str:
    short = line if len(line) <= 90 else f"{line[:89]}…"
    fence = "``" if "`" in short else "`"
    return f"{fence}{short}{fence}".replace("|", "\\|")


def _when(flags: str) -> str:
    return "by vote" if "vote" in flags else "always"


if __name__ == "__main__":
    PAGE.write_text(page())
