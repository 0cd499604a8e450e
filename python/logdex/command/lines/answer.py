"""From the files to standard output: the engine reads, merges and writes; this says what."""

from __future__ import annotations

import os
import stat
from argparse import Namespace
from functools import cached_property, partial
from itertools import groupby

from logdex import _core
from logdex._filters import of_every_line, of_nothing
from logdex._resolve import stands_for_many
from logdex.command import dated, hints
from logdex.command.complain import complain, tell
from logdex.command.lines.rows import Rows, Shown
from logdex.inputs.input import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex._core import Question
    from logdex._ended import AllEnded
    from logdex._question import Newcomers
    from logdex.command.lines.place import Place
    from logdex.inputs.newcomers import Lookout
    from logdex.inputs.skew import Skews
    from logdex.inputs.spool import Spool

SELECTED, NONE_SELECTED, TROUBLE = 0, 1, 2
"""Exit statuses, as grep's."""


class CommandAnswer:
    """One call of the command, its files known: the way from them to standard output."""

    def __init__(
        self,
        args: Namespace,
        regex: str | None,
        found: list[Input],
        lookout: Lookout | None,
        skews: Skews | None,
    ) -> None:
        self._args = args
        self._skews = skews
        self._lookout = lookout
        self.failed = False
        self._told: set[Spool] = set()
        self._refused: set[str] = set()
        """What may not be read, as far as that was said."""
        several = len(found) > 1 or lookout is not None
        self._in_one_order = (
            several
            and not self._is_one_set()
            and (args.follow or args.merge)
            # Which lines are the first or the last of all only their order tells.
            and (_is_limited(args) or not (args.count or args.files_with_matches))
        )
        # A range of time, a last line or a merge is only known at the end of what is spooled, or was there at first.
        if self._in_one_order or _needs_all(args):
            for one in found:
                one.catch_up() if args.follow else one.join()
        if not (self._in_one_order and args.follow):
            for one in found:
                one.await_head()
        dated.settle_years(args, found)
        many_labels = lookout is not None or (len(found) > 1 and len({one.label for one in found}) > 1)
        self._rows = Rows(args, regex, several=self._in_one_order, many_labels=many_labels, found=found)
        if len(found) > 1:
            # What is wrong with the question is said once, and not of each file.
            self._rows.of(Input("", ""), None)
        self._found = found
        ready = [(one, shown) for one in found if (shown := self._ready(one)) is not None]
        self._found = [one for one, _ in ready]
        self._shown = [shown for _, shown in ready]
        if args.step is not None:
            from logdex._step import among

            asked = among([shown.question for shown in self._shown])
            self._shown = [shown.but(question=one) for shown, one in zip(self._shown, asked, strict=True)]
        self._place = self._resume(args.cursor_file) if args.cursor_file else None

    def _is_one_set(self) -> bool:
        """Whether the lines of all files come in their order, one file behind the other.

        A directory and a glob are as many logs as there are, each with its rotations whether they are asked for or not.
        """
        args = self._args
        one = args.rotated and len(args.sources) == 1 and not stands_for_many(args.sources[0])
        return one and args.cursor_file is None

    def run(self) -> int:
        """Answers; returns the exit status."""
        try:
            any_selected = self._answer()
        finally:
            self._complain_of_texts()
        if (fields := self._rows.fields) is not None and any_selected:
            hints.say_of_fields(fields.missing, fields.lines)
            any_selected = fields.shown > 0
        return SELECTED if any_selected else NONE_SELECTED

    def _answer(self) -> bool:
        """Answers in the way that the options ask for; whether a line was selected."""
        if self._args.files_with_matches or self._args.count or self._args.histogram:
            from logdex.command.lines.summary import Summary

            asked = list(zip(self._found, self._shown, strict=True))
            pass_over = partial(self._show, sink=None, most=self._args.max_count)
            summary = Summary(
                self._args,
                self._rows,
                asked,
                pass_over,
                self._complain,
                in_one_order=self._in_one_order,
                is_one_set=self._is_one_set(),
            )
            return summary.write()
        sink = _core.Sink()
        if self._in_one_order:
            return self._show_last(self._shown, sink, most=self._args.max_count) > 0
        if self._is_one_set() and self._args.last is not None:
            return self._show_end(self._shown, sink) > 0
        if not _is_limited(self._args):
            return sum(self._show([one], sink) for one in self._shown) > 0
        files = zip(self._found, self._shown, strict=True)
        sources = groupby(files, lambda pair: pair[0].label)
        return sum(self._show_source([shown for _, shown in source], sink) for _, source in sources) > 0

    def _resume(self, path: str) -> Place:
        """Has each file gone on with behind the place that `path` holds."""
        from logdex.command.lines.place import Place, behind

        place = Place(path)
        cursor = place.load()
        alone = set() if self._args.rotated else {os.path.abspath(one) for one in self._args.sources}
        self._shown, resumed = behind(cursor, path, self._shown, alone)
        # What was rotated comes first, in the order of time.
        self._in_one_order = self._in_one_order or len(self._shown) > 1
        for error in resumed.damaged:
            self._complain(error)
        place.begin(resumed.begun, resumed.marks)
        return place

    def _row(self, one: Input) -> Shown:
        return self._rows.of(one, one.ended if not self._in_one_order else self._all_ended)

    @cached_property
    def _all_ended(self) -> AllEnded | None:
        from logdex._ended import AllEnded

        if self._lookout is not None:
            return self._lookout.ended(self._found)
        return AllEnded(one.ended for one in self._found)

    def _ready(self, one: Input) -> Shown | None:
        """How a file is shown; None where it cannot be read, or for a range has no times: the others go on.

        The row is made once. A file that is being written may be plain text at one look, and at the next compressed
        and damaged.
        """
        try:
            # What is compressed, though its name does not say so, is decompressed by this.
            shown = self._row(one)
            if self._in_one_order:
                shown = self._checked(one, shown)
            if self._args.follow:
                # That may be long before it ends.
                self._complain_of_text(one)
        except PermissionError as error:
            self._refuse(one, error)
            return None
        except (OSError, ValueError) as error:
            self._complain(error)
            return None
        return shown

    def _refuse(self, one: Input, error: PermissionError) -> None:
        """Says once that a file may not be read; where logs are looked for, it is found again once it may."""
        if one.path not in self._refused:
            self._refused.add(one.path)
            self._complain(error)
        if self._lookout is not None:
            self._lookout.forget(one)

    def _checked(self, one: Input, shown: Shown) -> Shown:
        """A file of many as it is shown; one without times, which a range leaves out, has its place kept in a cursor.

        Raises: as `_check`.
        """
        try:
            self._check(one, shown.question)
        except ValueError as error:
            if self._args.cursor_file is None:
                raise
            self._complain(error)
            return shown.but(question=of_nothing(shown.question))
        return shown

    def _check(self, one: Input, question: Question) -> None:
        """Says at once of a file of many, and what it is asked, what would otherwise end the answer about all.

        Raises:
            OSError: It cannot be read.
            ValueError: A range is asked for, and it has no times.
        """
        try:
            with open(one.path, "rb"):
                pass
            ranged = (self._args.since or self._args.until) and not self._args.follow
            if ranged and _core.span(question) is None:
                next(_core.Lines(question), None)  # says why not
        except (FileNotFoundError, PermissionError):
            # A follow waits for it, also where it has nothing and may not be read yet.
            if not self._args.follow or _has_text(one.path):
                raise

    def _show_last(self, shown: list[Shown], sink: _core.Sink, *, most: int | None = None) -> int:
        """Shows the lines, `most` of them, or the last so many of them all."""
        last: int | None = self._args.last
        if last is None:
            return self._show(shown, sink, most=most)
        if all(one.is_plain for one in shown):
            shown = [one.but(question=one.question.but(last=last)) for one in shown]
            return self._show(shown, sink, last=last, most=most)
        there = [one.but(question=asked) for one in shown if (asked := _of_what_is_there(one.question))]
        skip = max(self._show(there, None) - last, 0)
        return self._show(shown if self._args.follow else there, sink, skip=skip, most=most)

    def _show_end(self, files: list[Shown], sink: _core.Sink) -> int:
        """Shows the last so many lines of files that are one log, one file behind the other."""
        left, chosen = self._args.last, []
        for one in reversed(files):
            held = one.question.but(path=one.question.begun or one.question.path, begun=None)
            asked = _of_what_is_there(held)
            count = 0
            if asked is not None:
                last = left if one.is_plain else None
                count = self._show([one.but(question=asked.but(last=last))], None)
            if one.is_plain and count >= left:
                chosen.append((one.but(question=one.question.but(last=left)), 0))
            else:
                chosen.append((one, max(count - left, 0)))
            left -= count
            if left <= 0:
                break
        shown, most = 0, self._args.max_count
        for one, skip in reversed(chosen):
            shown += self._show([one], sink, skip=skip, most=None if most is None else most - shown)
            if shown == most:
                break
        return shown

    def _show_source(self, files: list[Shown], sink: _core.Sink) -> int:
        """Shows the first or the last so many lines of the files of one source, one file behind the other."""
        if self._args.last is not None and len(files) > 1:
            return self._show_end(files, sink)
        if self._args.max_count is None:
            return self._show_last(files, sink)
        left: int = self._args.max_count
        for one in files:
            if left <= 0:
                break
            left -= self._show_last([one], sink, most=left)
        return int(self._args.max_count) - left

    def _show(
        self,
        shown: list[Shown],
        sink: _core.Sink | None,
        *,
        skip: int = 0,
        last: int | None = None,
        most: int | None = None,
    ) -> int:
        show = _core.Show(
            shown,
            paint=self._rows.paint if sink else None,
            picks=self._rows.picks,
            paints_around=self._args.pretty,
            scout=self._scout() if sink else None,
            complain=self._complain,
            skip=skip,
            last=last,
            most=most,
            keeps_place=self._place is not None,
            merges=self._in_one_order,
            folds=self._rows.folds and sink is not None,
            status=self._rows.status if sink else None,
        )
        if self._place is not None:
            self._place.attend(show)
        try:
            hits: int = show.run(sink, live=any(one.question.follow for one in shown) or self._args.follow)
        except (OSError, ValueError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            self._complain(error)
            return 0
        finally:
            if self._place is not None:
                self._place.finish(show)
            if self._args.stats and (sink is not None or self._args.count):
                from logdex.command.lines import stats

                tell(stats.describe(show.stats))
        return hits

    def _scout(self) -> Newcomers | None:
        if self._lookout is None:
            return None
        from logdex._question import Newcomers

        nothing = self._rows.of(Input("", ""), self._all_ended)
        return Newcomers(asked=nothing.question.but(keep=None), look=self._look)

    def _look(self) -> tuple[list[Shown], list[str]]:
        """The logs that have come since the last look, and where more may come."""
        assert self._lookout is not None
        self._complain_of_texts()
        come, directories = self._lookout.look()
        self._found += [one for one in come if one.spool is not None]
        if self._skews is not None:
            self._skews.settle(come, more=True)
        return [shown for one in come if (shown := self._ready(one)) is not None], directories

    def explain(self) -> None:
        """Where nothing was selected because no line lies in the range of time: says what there is."""
        if not (self._args.since or self._args.until) or self.failed:
            return
        for shown in self._shown:
            with _core.Lines(of_every_line(shown.question).but(steps=None)) as lines:
                if next(lines, None) is not None:
                    return
        hints.say_of_empty_range(self._args, self._found)

    def _complain_of_texts(self) -> None:
        for one in self._found:
            self._complain_of_text(one)

    def _complain_of_text(self, one: Input) -> None:
        """Says once what went wrong with the text of what is no file of its own; as far as that goes it is shown."""
        if one.spool is not None and one.spool.error is not None and one.spool not in self._told:
            self._told.add(one.spool)
            self._complain(one.spool.error)

    def _complain(self, error: BaseException) -> None:
        self.failed = True
        # Who follows need not be told to follow.
        complain(error, follows=not self._args.follow)


def _of_what_is_there(question: Question) -> Question | None:
    """The question of what its file holds now, however it grows; None where a follow finds nothing yet."""
    try:
        size = os.path.getsize(question.path)
    except OSError:
        # Whoever reads it says so.
        return None if question.follow else question
    # How much of both logs of a combined stream is there only their reader knows.
    return question.but(follow=False, partial=False, size=None if question.beside else size)


def _is_limited(args: Namespace) -> bool:
    """Whether only the first or the last of the lines are meant."""
    return args.last is not None or args.max_count is not None


def _needs_all(args: Namespace) -> bool:
    """Whether the answer is only known at the end of what is spooled."""
    ranged = args.since or args.until or args.step or args.steps
    summed_up = args.count or args.files_with_matches or args.histogram
    return bool(ranged or args.last is not None or summed_up)


def _has_text(path: str) -> bool:
    """Whether something stands in what is called so."""
    try:
        there = os.stat(path)
    except OSError:
        return False
    return not stat.S_ISREG(there.st_mode) or there.st_size > 0
