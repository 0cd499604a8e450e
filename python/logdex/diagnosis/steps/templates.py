"""Templates: what some ranks printed that others did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from logdex.diagnosis.records.events import Speaker

_FULL = 256


def own_words(named: Speaker, speakers: Sequence[Speaker], most: int = 2) -> list[tuple[str, int]]:
    """Lines of a rank whose template no other rank printed, with their offsets; the last ones of the file first."""
    others = [one for one in speakers if one.is_rank and one.name != named.name and one.templates]
    if len(others) < 2 or not named.templates or len(named.templates) >= _FULL:
        return []
    heard = Counter(template for one in others for template in one.templates)
    alone = [offset for template, offset in named.templates.items() if not heard[template]]
    lines = [(_line(named.path, offset), offset) for offset in sorted(alone, reverse=True)[:most]]
    return [(text, offset) for text, offset in lines if text]


def share_words(these: Sequence[Speaker], others: Sequence[Speaker]) -> bool:
    """Whether all of these, which are several, printed one thing that none of the others did, of whom all is known."""
    if len(these) < 2 or any(len(one.templates) >= _FULL for one in others):
        return False
    alike = set(these[0].templates).intersection(*(one.templates for one in these[1:]))
    return bool(alike.difference(*(one.templates for one in others)))


def _line(path: str, offset: int) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.readline(400).decode("utf-8", "replace").rstrip()
    except OSError:
        return ""
