"""Text for a person: what a terminal would obey, as what it is."""

from __future__ import annotations

CONTROLS = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}
"""Of each such character how JSON writes it."""
CONTROLS |= {0x0A: "\\n", 0x0D: "\\r"}


def legible(name: str) -> str:
    r"""A name in one line: a file may be called `a\nb.log`."""
    return name if name.isprintable() else name.translate(CONTROLS)
