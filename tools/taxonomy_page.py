"""Writes docs/taxonomy.md from the tables of the taxonomy: `python tools/taxonomy_page.py [--check]`."""

from __future__ import annotations

import sys
from pathlib import Path

from logdex.diagnosis.records import taxonomy

PAGE = Path(__file__).parent.parent / "docs" / "taxonomy.md"
ROLES = {
    "harmless": "Lines with words of errors that mean nothing. Never an answer.",
    "advice": "Explanations that programs print with every error. Never an answer.",
    "outside": "Somebody ordered the end. The answer is then that the job was told to stop.",
    "victim": "A rank that waits for another, or loses it. Never an answer.",
    "exit": "A parent says how a child ended. The answer, if the child gave no cause of its own.",
    "cause": "A mechanism in this process, or on this host. The answer, if it came first.",
    "link": "A pair of hosts in trouble. The answer as a link or a host, never as a rank.",
    "named": "A witness names who did not come: the one who is named may be the answer, not the one who speaks.",
    "teardown": "What comes of ending. Never an answer.",
    "announce": "Says that something failed, and not what: the record behind it says that.",
    "context": "Who is who, how many ranks there are, and where an attempt begins.",
    "exception": "Any other exception. The answer, if nothing else is.",
    "error": "A level alone. The answer, if there is not even an exception, and no rank tells of another.",
}
HEAD = """# The taxonomy of failures

Made from `python/logdex/diagnosis/records/taxonomy.tsv` and `classes.tsv` by `make docs/taxonomy.md`. A record has one
role: that of the first row, from the top, whose shape is found in it. [How a rule makes an answer of
them](diagnosis.md) is told elsewhere.
"""


def page() -> str:
    """The page as it must be."""
    out = [HEAD]
    shown: list[str] = []
    for row in taxonomy.rows():
        if row.role not in shown:
            shown.append(row.role)
    for role in shown:
        out.append(f"## {role.capitalize()}\n\n{ROLES[role]}\n")
        out.append("| class | what may be said | for example |\n|---|---|---|")
        for row in (row for row in taxonomy.rows() if row.role == role):
            known = taxonomy.classes().get(row.class_)
            example = row.example.strip().replace("|", "\\|").replace("`", "'")
            out.append(f"| {row.class_} | {known.says if known else ''} | `{example[:160]}` |")
        out.append("")
    out.append("## What to do next\n\n| class | next |\n|---|---|")
    out += [f"| {name} | {one.next} |" for name, one in taxonomy.classes().items()]
    return "\n".join([*out, ""])


def main() -> int:
    """Writes the page, or with `--check` says whether it is as it must be."""
    if "--check" in sys.argv:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
