"""What stands behind the public methods of `Log`: arguments in, a `Question` out, and who answers it."""

from __future__ import annotations

import os

from logdex import _core, _when
from logdex._core import Question
from logdex._filters import with_filters
from logdex._question import format_of, index_beside, last_of, pattern_of, reference_of, steps_of, zone_of
from logdex._when import moment
from logdex.inputs.framing import kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import datetime

    from logdex._ended import Ended
    from logdex._question import Lost, Newcomers
    from logdex._step import Step
    from logdex._when import When
    from logdex.inputs.compressed import Text
    from logdex.inputs.skew import Skew, Skews
    from logdex.ranks import Named
    from logdex.regex.pattern import Regex


class LogBase:
    """What a `Log` was opened with, and the way of a question from its arguments to the engine.

    `_ask` makes a `Question` of arguments, once for all files. `_lines`, `_records`, `_count` and `_table` have it
    answered: here by the one file, in `Logs` by all that there are, in `Rotated` by the files of the set, one behind
    the other. `_question` and `_followed` say what is asked of: the file, or the text made of it.
    """

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
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
        kept = index if isinstance(index, bool) else os.fsdecode(index)
        zone = zone_of(tz)
        self._plain = Question(
            os.fsdecode(path),
            zone=zone,
            reference=reference_of(reference, zone),
            stamp=format_of(stamp, prefix),
            index=kept,
            stream=None if streams == "combined" else streams,
        )
        self._tz = tz
        self._streams = streams
        self._skews = None if skew is None else self._skewed(skew)

    _skews: Skews | None = None
    """By how much the clocks of its sources were behind, if that was told."""

    def _skewed(self, skew: Skew) -> Skews:
        from logdex.inputs.input import PlainFile
        from logdex.inputs.skew import Skews

        skews, one = Skews(skew), PlainFile(self._plain.path)
        skews.settle([one])
        self._plain = self._plain.but(skew=one.skew)
        return skews

    _text: Text | None = None
    """What a compressed file says, once that was asked."""

    def __getstate__(self) -> dict[str, object]:
        # Another process makes a text of its own.
        return {name: value for name, value in self.__dict__.items() if name != "_text"}

    @property
    def _question(self) -> Question:
        """What every question to this log has in common; of its text, where the file turns out to be compressed.

        Raises:
            OSError: What is compressed is damaged or cut off, or its text is more than `$LOGDEX_SPOOL` MiB.
        """
        path = self._plain.path
        kind, framed = kinds(path)
        if kind is framed is None:
            return self._plain
        made = self._text
        if made is None or not made.is_of(path):
            from logdex.inputs.compressed import Text

            # What nobody holds any more is gone on with in place.
            made = self._text = None
            self._text = made = Text(path, kind)
        text = made.spool
        # Nobody writes to it: a follow ends with it.
        return self._plain.but(
            path=text.path,
            name=path,
            index=index_beside(self._plain, made.index),
            origin=self._origin,
            ended=text.has_ended,
            keep=made,
            stamp=made.format or self._plain.stamp,
        )

    @property
    def _origin(self) -> tuple[str, int | None, str]:
        """What its lines say of where they come from, where they are read from another file than that of its name."""
        from logdex.inputs.input import text_of

        return text_of(self._plain.path), None, ""

    def _followed(self, ended: Ended | None, *, whole: bool) -> Question:
        """As `_question`, for a follow: the text of a container's log goes on as that does.

        Where `whole`, all of it is there that was written before: a place is looked for in that, and its end.
        """
        path = self._plain.path
        _, kind = kinds(path)
        if kind is None:
            return self._question
        from logdex.inputs.frames import LiveTail
        from logdex.inputs.kept import unframed
        from logdex.inputs.rotation import Pinned

        text = unframed([Pinned(path)], kind, LiveTail(path, self._plain.zone, ended))
        if whole:
            text.spool.catch_up()
        return self._plain.but(
            path=text.spool.path,
            name=path,
            index=False,
            origin=self._origin,
            ended=text.spool.has_ended,
            keep=text,
            stamp=text.format,
        )

    def _ask(
        self,
        regex: Regex | None,
        since: When | None,
        until: When | None,
        *,
        last: int | None = None,
        follow: bool = False,
        partial: bool = False,
        strict: bool = True,
        ended: Ended | None = None,
        step: Step | None = None,
        steps: str | bool | None = None,
        level: str | _core.Level | None = None,
        where: str | Sequence[str] = (),
        exclude: Regex | None = None,
        now: int | None = None,
        after: str | None = None,
        lost: Lost = "raise",
    ) -> Question:
        """The question that the arguments of `lines` make.

        `now` is when it is asked, in nanoseconds since 1970 UTC, where it is asked of several logs.
        """
        pattern = pattern_of(regex)
        if not isinstance(after, str | None):
            raise TypeError(f"after={after!r}: give the text of a cursor, as lines.cursor says it")
        if after is not None and last is not None:
            raise ValueError("last and after exclude each other: say from where on, or how many from the end")
        steps_asked = steps_of(step, steps)
        filters = (pattern, since, until, steps_asked)
        if partial and any(asked is not None for asked in filters):
            raise ValueError(
                "partial=True shows text before its line is whole, so regex, since, until and step cannot be tested "
                "on it; leave one of them out"
            )
        # Where the range has an end, that may be past before any of the text is there.
        whole = after is not None or last is not None or until is not None
        common = self._followed(ended, whole=whole) if follow else self._question
        is_framed = follow and common.path != self._plain.path
        now = _when.now() if now is None else now
        question = common.but(
            pattern=pattern,
            since=moment(since, "since", common.zone, now),
            until=moment(until, "until", common.zone, now),
            steps=steps_asked,
            last=last_of(last),
            follow=bool(follow),
            partial=bool(partial),
            strict=bool(strict),
            ended=common.ended if is_framed else ended or common.ended,
            cursor=after,
            policy=lost,
        )
        return with_filters(question, regex, level, where, exclude)

    def _lines(self, question: Question) -> _core.Answer[str]:
        return _core.Lines(resumed(question))

    def _records(self, question: Question) -> _core.Answer[_core.Record]:
        return _core.Records(resumed(question))

    def _count(self, question: Question) -> int:
        return _core.count(resumed(question))

    def _table(
        self, question: Question, columns: _core.Columns, sources: Container[str] | None = None
    ) -> _core.Table:
        """The answer as a table, of these sources only."""
        if sources is not None and self._origin[0] not in sources:
            return _core.Table([], columns, merged=True)
        return _core.Table([with_columns(resumed(question), columns)], columns)

    def _files(self, question: Question) -> tuple[list[Question], Newcomers | None]:
        """What `question` comes to, put to each file, and who finds those that come later in a follow.

        They will be put in one order: what was written before to a log that is text within frames is in that text.
        """
        text = getattr(question.keep, "spool", None)
        if text is not None:
            text.catch_up()
        return [resumed(question)], None

    def _named(self) -> list[Named]:
        """What every question to each of its files has in common, and what their names tell."""
        from logdex.inputs.sources import of_file
        from logdex.ranks import Named

        return [Named(self._question, of_file(self._plain.path))]


def with_columns(question: Question, columns: _core.Columns) -> Question:
    """The question, with what its columns ask of each line."""
    steps = question.steps or ((None, None, None) if columns.stepped else None)
    return question.but(records=columns.timed, steps=steps)


def resumed(question: Question) -> Question:
    """The question, from the place of its cursor on."""
    if question.cursor is None:
        return question
    from logdex.inputs.resume import resume

    return resume(question, question.cursor, question.policy or "raise")
