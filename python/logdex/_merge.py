"""`merge`: many logs in one order of time."""

from __future__ import annotations

from logdex import _core
from logdex.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from logdex._when import When
    from logdex.log import Regex

    Label = TypeVar("Label")


def merge(
    sources: Mapping[Label, str | os.PathLike[str] | Log],
    regex: Regex | None = None,
    *,
    since: When | None = None,
    until: When | None = None,
    follow: bool = False,
    patience: float | None = None,
    strict: bool = True,
    ended: Callable[[], bool] | None = None,
    keep: object = None,
) -> _core.Merged[Label]:
    """Many logs in one order of time.

    What is there at the start comes in the order of time, exactly, however the stamps stand in each file. Of equal
    times the first source's lines come first; within a source, ties keep the file's order, and a line without a
    stamp comes right after the line whose time it has.

    Args:
        sources: The logs by what they shall be called; paths, or `Log`s with a `tz` and `reference` of their own.
        regex: As for `Log.lines`; so are since, until, strict, ended and keep.
        since: Only lines of this moment or later.
        until: Only lines of this moment or earlier.
        follow: Go on with what is written, as it arrives.
        patience: In a follow, give what is written in the order of time too: a line waits so many seconds for earlier
            ones of other sources. What comes later still is given late, and counted in `stats.late`.
        strict: With a range of time over a source in which no line has a time, raise.
        ended: In a follow, whether nobody will write to any source any more.
        keep: Something that shall live as long as the answer.

    Returns:
        An iterator of (label, `Record`), and a context manager.

    Raises:
        re.error: `regex` is not one.
        ValueError: `patience` is negative, or as for `Log.lines`.
        OSError: As for `Log.lines`.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "0.log").write_text("2026-11-22 02:10:00 a\\n2026-11-22 02:10:02 c\\n")
        >>> _ = (folder / "1.log").write_text("2026-11-22 02:10:01 b\\n")
        >>> [(rank, record.text[-2]) for rank, record in merge({0: folder / "0.log", 1: folder / "1.log"})]
        [(0, 'a'), (1, 'b'), (0, 'c')]
    """
    asked = []
    for label, source in sources.items():
        log = source if isinstance(source, Log) else Log(source)
        question = log._ask(regex, since, until, follow=follow, strict=strict, ended=ended, keep=keep)
        asked.append((label, question.but(records=True)))
    return _core.Merged(asked, patience=patience)
