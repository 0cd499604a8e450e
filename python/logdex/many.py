"""`Logs`: many sources as one log, their lines in one order."""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from datetime import datetime
from typing import TYPE_CHECKING

from logdex import _core
from logdex._core import Question
from logdex._ended import AllEnded
from logdex._filters import of_nothing
from logdex._question import Newcomers, index_beside
from logdex._resolve import growing, inputs_of
from logdex._step import among
from logdex.inputs.input import Input, Wish
from logdex.inputs.newcomers import Growing, Lookout
from logdex.inputs.skew import Skews
from logdex.inputs.source import Source
from logdex.inputs.years import settle_years
from logdex.log import Log
from logdex.log.base import with_columns

if TYPE_CHECKING:
    from logdex._ended import Ended
    from logdex.inputs.skew import Skew
    from logdex.ranks import Named
    from logdex.slurm.inputs import Job


class Logs(Log):
    """Many sources, to be asked as one `Log`: a directory, a glob, a handle, or a list of such.

    What they stand for is looked up at each question. Records say from which source and rank they come. A range of
    time leaves out with a warning those in which no line has a time.

    Raises:
        OSError: At a question: there is no such file, no log in a directory, or what the system says of one.
        ValueError: At a question: a handle that is not one, `partial=True`, or a range of time over logs without times.
        LookupError: At a question: there is no such app, role or replica.

    Examples:
        >>> import logdex, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "rank0.log").write_text("2026-11-22 02:10:00 a\\n2026-11-22 02:10:02 c\\n")
        >>> _ = (folder / "rank1.log").write_text("2026-11-22 02:10:01 b\\n")
        >>> [(one.rank, one.text[-2]) for one in logdex.open(folder).records()]
        [(0, 'a'), (1, 'b'), (0, 'c')]
    """

    def __init__(
        self,
        paths: list[str],
        *,
        tz: str | None = None,
        reference: datetime | None = None,
        index: bool | str | os.PathLike[str] = True,
        stamp: str | None = None,
        prefix: str = "",
        skew: Skew | None = None,
        streams: str | None = None,
    ) -> None:
        """See `logdex.open`."""
        super().__init__(
            paths[0] if paths else "",
            tz=tz,
            reference=reference,
            index=index,
            stamp=stamp,
            prefix=prefix,
            skew=skew,
            streams=streams,
        )
        self._paths = paths

    def _skewed(self, skew: Skew) -> Skews:
        # Which sources there are is looked up at each question.
        return Skews(skew)

    @property
    def paths(self) -> list[str]:
        """What was given."""
        return list(self._paths)

    @property
    def sources(self) -> list[str]:
        """The labels of the sources that there are now."""
        return list(dict.fromkeys(one.label for one in self._found()))

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last time in any of the logs; None where no line has a time."""
        spans = [span for one in _settled(self._found()) if (span := _core.span(_of(one, self._question)))]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def _lines(self, question: Question) -> _core.Merged[str]:
        files, scout = self._files(question.but(records=True))
        return _core.Merged([(None, one) for one in files], gives="lines", last=question.last, scout=scout)

    def _records(self, question: Question) -> _core.Merged[_core.Record]:
        files, scout = self._files(question.but(records=True))
        return _core.Merged([(None, one) for one in files], gives="records", last=question.last, scout=scout)

    def _count(self, question: Question) -> int:
        if question.cursor is not None:
            # Which lines were handed out hangs on the order of all.
            return sum(1 for _ in self._lines(question))
        total, timeless, timed = 0, [], False
        found = _settled(self._found())
        question = _among(found, question)
        for one in found:
            try:
                total += _core.count(_of(one, question))
                timed = timed or not _is_empty(one)
            except ValueError as error:
                timeless.append(error)
        if timeless and not timed:
            raise timeless[0]
        for one_without in timeless:
            _warn("%s", one_without)
        return total

    def _table(
        self, question: Question, columns: _core.Columns, sources: Container[str] | None = None
    ) -> _core.Table:
        files, _ = self._files(with_columns(question, columns).but(records=True))
        if sources is not None:
            files = [one for one in files if one.origin is not None and one.origin[0] in sources]
        return _core.Table(files, columns, merged=True, last=question.last)

    def __repr__(self) -> str:
        """What was given."""
        return f"logdex.open({self._paths!r})"

    def _named(self) -> list[Named]:
        from logdex.ranks import Named

        found = _settled(self._found())
        return [
            Named(_of(one, self._question), one.source or Source(one.label, ()), one.name, one.exit, one.said)
            for one in found
        ]

    @property
    def _question(self) -> Question:
        # What is asked of all; each file is made ready by `inputs`.
        return self._plain

    def _followed(self, ended: Ended | None, *, whole: bool) -> Question:
        return self._plain

    def _found(self, wish: Wish | None = None) -> list[Input]:
        wish = wish or Wish(streams=self._streams)
        found = inputs_of(self._paths, wish)
        if self._question.reference is None and not wish.follow:
            settle_years(found, self._question.zone)
        if self._skews is not None:
            self._skews.settle(found, more=wish.follow)
        return found

    def _growing(self) -> list[Growing]:
        return growing(self._paths, Wish(streams=self._streams, follow=True))

    def _files(self, question: Question) -> tuple[list[Question], Newcomers | None]:
        if question.partial:
            raise ValueError(
                "partial=True shows text before its line is whole: give it one file, not many sources"
            )
        wish = Wish(streams=self._streams, follow=question.follow, last=question.last is not None)
        found = self._found(wish)
        without: set[Input] = set()
        if question.follow:
            for one in found:
                # What was there at the start comes in one order.
                one.catch_up()
            _check(found)
        else:
            found = _settled(found)
            question = _among(found, question)
            if question.since is not None or question.until is not None:
                without = self._without_times(found, strict=question.strict)
        grows = self._growing() if question.follow else []
        lookout = Lookout(grows, found) if grows else None
        if question.ended is None:
            ended = lookout.ended(found) if lookout else AllEnded(one.ended for one in found)
            question = question.but(ended=ended)
        if question.cursor is None:
            found = [one for one in found if one not in without]
        # Of those that are left out the cursor knows places, too, which the next one keeps.
        asked = [of_nothing(_of(one, question)) if one in without else _of(one, question) for one in found]
        if question.cursor is not None:
            from logdex.inputs.resume_many import resume_many

            for one in found:
                if one.spool is not None:
                    one.spool.catch_up()
            asked = resume_many(asked, question.cursor, question.policy or "raise")
        return asked, _scout(lookout, question, self._skews) if lookout else None

    def _without_times(self, found: list[Input], *, strict: bool) -> set[Input]:
        """Those in which no line has a time: a range leaves them out with a warning, unless all are so."""
        if not strict:
            return set()
        without = [one for one in found if _core.span(_of(one, self._question)) is None]
        if len(without) == len(found):
            return set()
        for one in without:
            if not _is_empty(one):
                _warn(
                    "%s: no line has a time that is understood; it is left out of the range",
                    one.alias or one.path,
                )
        return set(without)


class JobLogs(Logs):
    """The logs of one job, which says itself what they are, and when no more will come."""

    def __init__(self, name: str, job: Callable[[Wish], Job], *, tz: str | None = None) -> None:
        """`job` makes the job, to be read as is wished."""
        super().__init__([name], tz=tz)
        self._job = job

    def _found(self, wish: Wish | None = None) -> list[Input]:
        return self._job(wish or Wish()).inputs()

    def _growing(self) -> list[Growing]:
        return [self._job(Wish(follow=True))]


def _warn(text: str, *said: object) -> None:
    # Imported when there is something to say: it takes longer to import than all of this.
    import logging

    logging.getLogger("logdex").warning(text, *said)


def _settled(found: list[Input]) -> list[Input]:
    """What was found, once all of it is there: what is no file of its own is on its way into a spool."""
    for one in found:
        one.settle()
    return found


def _among(found: list[Input], question: Question) -> Question:
    """The question, as it is put to one of several logs: which of them have steps is found out where that is asked."""
    if question.steps is None or question.stepless:
        return question
    return question.but(stepless=any(one.stepless for one in among([_of(one, question) for one in found])))


def _check(found: list[Input]) -> None:
    """Raises what is known by now to be wrong with what was found: nobody shall take a part of a log for all of it."""
    for one in found:
        one.check()


def _is_empty(one: Input) -> bool:
    """Whether nothing was written to it, as to the stderr of a job that made no errors: it lacks no times."""
    return os.path.getsize(one.path) == 0


def _of(one: Input, question: Question) -> Question:
    """The question, put to one file."""
    return question.but(
        path=one.path,
        name=one.alias,
        begun=one.begun,
        stamp=one.stamp or question.stamp,
        skew=one.skew,
        index=question.index if one.stays else index_beside(question, one.index),
        follow=question.follow and not one.finished,
        origin=one.origin,
        reference=question.reference if question.reference is not None else one.reference,
        keep=(one, question.keep),
    )


def _scout(lookout: Lookout, asked: Question, skews: Skews | None) -> Newcomers:
    def look() -> tuple[list[tuple[None, Question]], list[str]]:
        come, directories = lookout.look()
        if skews is not None:
            skews.settle(come, more=True)
        _check(come)
        # All of what they hold is new.
        return [(None, _of(one, asked.but(last=None))) for one in come], directories

    return Newcomers(asked=asked.but(keep=None), look=look)
