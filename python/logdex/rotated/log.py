"""`Rotated`: a log and its rotations as one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from logdex import _core
from logdex._question import index_beside
from logdex._step import among
from logdex.inputs.frames import LiveTail, kind_of
from logdex.inputs.kept import unframed
from logdex.inputs.rotation import Pinned, pinned
from logdex.inputs.source import Part, Source
from logdex.inputs.sources import of_file
from logdex.log import Log
from logdex.log.base import with_columns

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from logdex._core import Question
    from logdex._ended import Ended
    from logdex._question import Newcomers
    from logdex.ranks import Named


class Rotated(Log):
    """A log and what was rotated away of it, as one log; made by `logdex.open(path, rotated=True)`.

    The lines come in the order in which they were written: those of the oldest file first, those of `path` last,
    whether a file is compressed or not. Which files there are is looked up at each question and holds for it, whatever
    is renamed meanwhile. Each file keeps what is its own: `Record.offset` and `Record.number` count in it, and a line
    without a stamp has its time from a line of its own file.

    Examples:
        >>> import logdex, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "app.log.1").write_text("2026-11-22 02:10:00 old\\n")
        >>> _ = (folder / "app.log").write_text("2026-11-22 02:10:01 new\\n")
        >>> [line[-4:-1] for line in logdex.open(folder / "app.log", rotated=True).lines()]
        ['old', 'new']
    """

    @property
    def parts(self) -> list[str]:
        """The names of the files that there are now, the oldest first."""
        return [one.name for one in pinned(self.path)]

    def span(self) -> tuple[datetime, datetime] | None:
        """See `Log.span`; of all files."""
        spans = [span for _, span in self._spans(self._parts(self._plain)) if span is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None

    def _lines(self, question: Question) -> _core.Answer[str]:
        return _core.Lines(self._chained(question))

    def _records(self, question: Question) -> _core.Answer[_core.Record]:
        return _core.Records(self._chained(question))

    def _count(self, question: Question) -> int:
        return _core.count(self._chained(question))

    def _table(
        self, question: Question, columns: _core.Columns, sources: Container[str] | None = None
    ) -> _core.Table:
        if sources is not None and self._origin[0] not in sources:
            return _core.Table([], columns, merged=True)
        return _core.Table([self._chained(with_columns(question, columns))], columns)

    def _files(self, question: Question) -> tuple[list[Question], Newcomers | None]:
        return self._asked(question, in_order=True), None

    def _named(self) -> list[Named]:
        from logdex.ranks import Named

        like = of_file(self.path)
        parts = self._parts(self._plain)
        source = Source(
            like.label, tuple(Part(one.name or one.path) for one in parts), like.role, like.replica, like.rank
        )
        return [Named(one, source, os.path.basename(one.name or one.path)) for one in parts]

    @property
    def _question(self) -> Question:
        # What is compressed or framed is a part like the others.
        return self._plain.but(origin=self._origin)

    def _followed(self, ended: Ended | None, *, whole: bool) -> Question:
        return self._question

    def __repr__(self) -> str:
        """The path."""
        return f"logdex.open({self.path!r}, rotated=True)"

    def _chained(self, question: Question) -> Question:
        """The question to the last file, and where to go on in those that come before it."""
        asked = self._asked(question)
        return _chain(asked) if asked else question

    def _asked(self, question: Question, *, in_order: bool = False) -> list[Question]:
        """The question, put to each file of the set that can have a line of the answer, the oldest first.

        Where they are put `in_order` with others, all is there that was written before.
        """
        if (cursor := question.cursor) is not None:
            from logdex.inputs.resume import marks_of, resume

            if not marks_of(cursor, question.policy or "raise"):
                # Nothing was handed out: all files come.
                return self._asked(question.but(cursor=None), in_order=in_order)

            files = pinned(self.path)
            kind = kind_of(files) if files else None
            if kind is not None:
                question = self._unframed(files, kind, question, whole=True)
            # The rest of the file in which its place is, and those that came after.
            return [_chain(self._meant(_unchained(resume(question, cursor, question.policy or "raise"))))]
        asked = self._meant(self._parts(question, whole=in_order or question.last is not None))
        return asked if question.last is None else _last(asked, question.last)

    def _parts(self, question: Question, *, whole: bool = False) -> list[Question]:
        """The question, put to each file of the set; see `_unframed`."""
        files = pinned(self.path)
        kind = kind_of(files) if files else None
        if kind is not None:
            return [self._unframed(files, kind, question, whole=whole)]
        if not question.follow:
            return [_of(one, question) for one in files] or [question]
        live = next((one for one in files if one.name == os.path.abspath(self.path)), None)
        before = [one for one in files if one is not live]
        # Its writer may not have noticed yet that the name has gone, so that file is followed too.
        if (live is None or not live.head()) and before and before[-1].text() == before[-1].path:
            live = before.pop()
        own = question if live is None else question.but(begun=live.path, keep=(question.keep, live))
        return [*(_of(one, question.but(follow=False, partial=False)) for one in before), own]

    def _unframed(self, files: list[Pinned], kind: str, question: Question, *, whole: bool) -> Question:
        """The question, put to the one text that all files of a container's log make up.

        Where `whole`, all of it is there that was written before, also in a follow.
        """
        live = LiveTail(self.path, question.zone, question.ended) if question.follow else None
        text = unframed(files, kind, live)
        if live is None or whole:
            text.spool.catch_up()
        return question.but(
            path=text.spool.path,
            name=self.path,
            index=index_beside(question, text.index),
            stamp=text.format,
            ended=text.spool.has_ended,
            keep=(question.keep, text),
        )

    def _spans(self, asked: list[Question]) -> list[tuple[Question, tuple[datetime, datetime] | None]]:
        return [(one, _core.span(one)) for one in asked]

    def _meant(self, asked: list[Question]) -> list[Question]:
        """The files of which a range of time or of steps speaks: there is no complaint of one without beside others."""
        ranged = any(one.since is not None or one.until is not None for one in asked)
        if ranged:
            asked = self._with_times(asked)
        return among(asked) if any(one.steps is not None for one in asked) else asked

    def _with_times(self, asked: list[Question]) -> list[Question]:
        """The files in which a line has a time, and what is followed, which may have times yet; all, where none has."""
        there = [
            one.but(follow=False, partial=False) for one in asked if os.path.exists(one.begun or one.path)
        ]
        timed = {one.begun or one.path for one, span in self._spans(there) if span is not None}
        kept = [one for one in asked if one.follow or (one.begun or one.path) in timed]
        return kept if timed else asked


def _chain(asked: list[Question]) -> Question:
    """One question about several files, one behind the other."""
    *before, own = asked
    return own.but(
        earlier=[*((one.begun or one.path, one.after) for one in before), *own.earlier],
        keep=(own.keep, [one.keep for one in before]),
    )


def _unchained(question: Question) -> list[Question]:
    """The questions that `_chain` makes one."""
    alone = question.but(earlier=[])
    before = alone.but(begun=None, follow=False, partial=False)
    return [*(before.but(path=path, after=after) for path, after in question.earlier), alone]


def _of(one: Pinned, question: Question) -> Question:
    text = one.text()
    one.check()
    return question.but(
        path=text,
        name=one.name,
        index=question.index if text == one.path else False,
        keep=(question.keep, one),
    )


def _last(asked: list[Question], last: int) -> list[Question]:
    """The questions without `last`, from where the last so many lines begin that are there now."""
    chosen: list[Question] = []
    for one in reversed(asked):
        offsets = _last_offsets(one, last)
        whole = one.but(last=None)
        last -= len(offsets)
        chosen.append(whole.but(after=offsets[0]) if last <= 0 else whole)
        if last <= 0:
            break
    return chosen[::-1]


def _last_offsets(one: Question, last: int) -> list[int]:
    """Where the last lines begin that are there now, `last` at most; none where a follow has yet to find its file."""
    path = one.begun or one.path
    if one.follow and not os.path.exists(path):
        return []
    # A line of a follow that is not finished is one of those that come.
    plain = one.but(
        path=path, begun=None, follow=False, partial=False, last=last + int(one.follow), records=True
    )
    with _core.Records(plain) as records:
        found = [record.offset for record in records if not one.follow or record.text.endswith("\n")]
    return found[-last:]
