"""Whether the lines of a file are of several processes, though no prefix is known that tells them apart.

A tool that follows many logs as one, or a driver, puts a tag before each line in a form of its own: `worker-3  | `,
`(TrainWorker pid=4103, ip=10.0.0.1) `. Such a file is none of one process, and not to be named as if it failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_STAMP = re.compile(
    r"^\[?(?:\d{2,4}[-/]\d\d[-/]\d\d[T _])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]? ?"
    r"|^\[?[IWEF]\d{4} [\d:.]+ [^\]\s]+ ?[^\]\s]*\] ?"
)
_TAG = re.compile(
    r"\[\d+,\d+\]<std(?:out|err)>:"
    r"|\[\d{1,6}\] "
    r"|\([A-Za-z][\w.<>-]* [^()]{0,60}pid=\d+[^()]{0,60}\) "
    r"|[A-Za-z][\w.-]*?[-_]?\d+ +\| "
    r"| {0,4}\d{1,5}: "
    r"|\[[\w./-]+[-_/]\d+(?:/[\w-]+)?\] "
)
"""What a tool puts before the lines of one process."""
_STREAM = re.compile(r"<std(?:out|err)>:$")
_SURE = re.compile(r"\[\d+,\d+\]|\([A-Za-z][\w.<>-]* [^()]{0,60}pid=\d+")
"""Those of mpirun and of Ray, which no process writes itself: the driver's own lines may be most of them."""
_BEYOND_FIRST = re.compile(r"\[\d+,[1-9]")
"""That of a process of mpirun's which is not the first: there are others."""
_LEAST = 0.6
"""From this share of the lines on that are looked at it is a tag."""


def are_several(texts: Iterable[str]) -> bool:
    """Whether most of these lines begin with tags of one form, and not with one tag, or some with such as tell it."""
    tags: list[str] = []
    count = 0
    for text in texts:
        count += 1
        if (tag := tag_of(text)) is not None:
            tags.append(tag)
    sure = {tag for tag in tags if _SURE.match(tag)}
    if len(sure) > 1 or any(_BEYOND_FIRST.match(tag) for tag in sure):
        return True
    forms = {re.sub(r"\d+", "#", tag) for tag in tags}
    return count > 2 and len(tags) >= _LEAST * count and len(forms) == 1 and len(set(tags)) > 1


def tag_of(text: str) -> str | None:
    """The tag before a line, behind its stamp perhaps; that of one process, whichever of its streams a line came by."""
    bare = text[len(found[0]) :] if (found := _STAMP.match(text)) else text
    tag = _TAG.match(bare) or _TAG.match(text)
    return _STREAM.sub("", tag[0]).strip() if tag else None
