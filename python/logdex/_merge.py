"""`merge`: many logs in one order of time."""

from __future__ import annotations

from logdex import _core, _when
from logdex._open import open as open_log
from logdex.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeVar

    from logdex._core import Question
    from logdex._ended import Ended
    from logdex._open import Path
    from logdex._question import Lost, Newcomers
    from logdex._step import Step
    from logdex._when import When
    from logdex.regex.pattern import Regex

    Label = TypeVar("Label")


def merge(
    sources: Mapping[Label, Path | Sequence[Path] | Log],
    regex: Regex | None = None,
    *,
    since: When | None = None,
    until: When | None = None,
    step: Step | None = None,
    steps: str | bool | None = None,
    follow: bool = False,
    patience: float | None = None,
    strict: bool = True,
    ended: Ended | None = None,
    level: str | _core.Level | None = None,
    where: str | Sequence[str] = (),
    exclude: Regex | None = None,
    after: str | None = None,
    lost: Lost = "raise",
) -> _core.Merged[tuple[Label, _core.Record]]:
    """Many logs in one order of time.

    What is there at the start comes in the order of time, exactly, however the stamps stand in each file. Of equal
    times the first source's lines come first; within a source, ties keep the file's order, and a line without a
    stamp comes right after the line whose time it has.

    Args:
        sources: The logs by what they shall be called: what `logdex.open` takes, or `Log`s with a `tz` and `reference`
            of their own. All files of a directory or a list have its label; `Record.source` tells them apart.
        regex: As for `Log.lines`; so are since, until, strict, ended, level, where and exclude.
        since: Only lines of this moment or later.
        until: Only lines of this moment or earlier.
        step: Only lines of these training steps, and `steps` what a step is, as for `Log.lines`.
        steps: See `step`.
        follow: Go on with what is written, as it arrives.
        patience: In a follow, give what is written in the order of time too: a line waits so many seconds for earlier
            ones of other sources. What comes later still is given late, and counted in `stats.late`.
        strict: With a range of time over a source in which no line has a time, raise.
        ended: In a follow, whether nobody will write to any source any more; default until all have ended of which
            that can be known, and for ever where it cannot.
        level: Only lines of this level or a graver one.
        where: Only lines of which fields are so.
        exclude: No lines in which this is found.
        after: The `cursor` of an earlier merge of these sources: only lines that it had not given by then.
        lost: What to do where a log of `after` is not to be found again, as for `Log.lines`.

    Returns:
        An iterator of (label, `Record`), and a context manager.

    Raises:
        re.error: `regex` is not one.
        TypeError: `sources` is no mapping, or as for `Log.lines`.
        ValueError: `patience` is negative, or as for `Log.lines`.
        OSError: As for `Log.lines`.

    Examples:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "0.log").write_text("2026-11-22 02:10:00 a\\n2026-11-22 02:10:02 c\\n")
        >>> _ = (folder / "1.log").write_text("2026-11-22 02:10:01 b\\n")
        >>> [(rank, record.text[-2]) for rank, record in merge({0: folder / "0.log", 1: folder / "1.log"})]
        [(0, 'a'), (1, 'b'), (0, 'c')]
    """
    if not hasattr(sources, "items"):
        raise TypeError(
            f"sources={sources!r}: give a mapping of labels to logs, or the list to logdex.open, which takes one"
        )
    asked: list[tuple[Label, Question]] = []
    scouts: list[tuple[Label, Newcomers]] = []
    now = _when.now()
    for label, source in sources.items():
        log = source if isinstance(source, Log) else open_log(source)
        question = log._ask(
            regex,
            since,
            until,
            follow=follow,
            strict=strict,
            ended=ended,
            step=step,
            steps=steps,
            level=level,
            where=where,
            exclude=exclude,
            now=now,
        )
        files, scout = log._files(question.but(records=True, levels=True))
        asked += [(label, one) for one in files]
        if scout is not None:
            scouts.append((label, scout))
    if after is not None:
        asked = _behind(asked, after, lost)
    if step is not None:
        from logdex._step import among

        asked = list(zip([label for label, _ in asked], among([one for _, one in asked]), strict=True))
    if follow and ended is None:
        asked = _until_all_end(asked, scouts)
    return _core.Merged(asked, patience=patience, scout=_together(scouts) if scouts else None)


def _behind(asked: list[tuple[Label, Question]], after: str, lost: Lost) -> list[tuple[Label, Question]]:
    """The questions, each from the place of its log on; what was rotated away is called as its log is."""
    from logdex.inputs.fit import name_of
    from logdex.inputs.resume_many import resume_many

    labels = {name_of(one): label for label, one in reversed(asked)}
    first = asked[0][0] if asked else None
    resumed = resume_many([one for _, one in asked], after, lost)
    # What was rotated away comes before the files that were asked of, of which one may be there under several labels.
    away = len(resumed) - len(asked)
    called = [labels.get(name_of(one), first) for one in resumed[:away]] + [label for label, _ in asked]
    # Before its first line the place is still that of the cursor.
    return [(label, one.but(cursor=after)) for label, one in zip(called, resumed, strict=True)]  # type: ignore[misc]


def _until_all_end(
    asked: list[tuple[Label, Question]], scouts: list[tuple[Label, Newcomers]]
) -> list[tuple[Label, Question]]:
    """The questions, with the end of all of them, and of all that may come, in place of that of each."""
    from logdex._ended import AllEnded

    each = [one.ended for _, one in asked] + [scout.asked.ended for _, scout in scouts]
    ended = None if None in each else AllEnded(each)
    return [(label, one.but(ended=ended)) for label, one in asked]


def _together(scouts: list[tuple[Label, Newcomers]]) -> Newcomers:
    """One scout that speaks for all."""
    from logdex._question import Newcomers

    def look() -> tuple[list[tuple[Label, Question]], list[str]]:
        found, directories = [], []
        for label, scout in scouts:
            come, where = scout.look()
            found += [(label, one) for _, one in come]
            directories += where
        return found, directories

    return Newcomers(asked=scouts[0][1].asked, look=look)
