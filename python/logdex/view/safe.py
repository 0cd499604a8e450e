"""What a log says, as text that a terminal shows and does not obey."""

from __future__ import annotations

import re
import unicodedata

TAB = 8
_COLOR = re.compile(r"\x1b\[[0-9;:]*m")
_PLAIN = re.compile(r"[ -~]*")
_ODD = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is no picture of its own: controls, marks of direction, what is not assigned."""


def last_frame(text: str) -> str:
    r"""What a terminal would show in the end of a line with `\r` in it: a progress bar as it was last."""
    if "\r" not in text:
        return text
    return next((frame for frame in reversed(text.split("\r")) if frame.strip()), "")


def safe(text: str, most: int) -> str:
    """At most `most` characters of a line, without anything that a terminal obeys.

    Colours are left out. Other controls become pictures (`␛`, `␀`), tabs blanks, and other characters that show nothing
    or turn the order of the rest around `·`.
    """
    cut = _COLOR.sub("", text[: most * 4])
    if _PLAIN.fullmatch(cut):
        return cut[:most]
    shown: list[str] = []
    for char in cut:
        if char == "\t":
            shown.extend(" " * (TAB - len(shown) % TAB))
        elif char < " ":
            shown.append(chr(0x2400 + ord(char)))
        elif char == "\x7f":
            shown.append("\u2421")
        elif unicodedata.category(char) in _ODD:
            shown.append("·")
        else:
            shown.append(char)
        if len(shown) >= most:
            break
    return "".join(shown[:most])
