"""From the options to standard output: the engine reads, merges and writes; this says what."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

from logdex import _core
from logdex._resolve import growing, inputs, plain_file
from logdex.command import clock, hints
from logdex.command.complain import complain
from logdex.command.rows import Rows, Shown
from logdex.inputs.input import Input, Wish
from logdex.regex.join import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex._ended import AllEnded
    from logdex._question import Newcomers
    from logdex.command.place import Place
    from logdex.inputs.newcomers import Lookout
    from logdex.inputs.skew import Skews

SELECTED, NONE_SELECTED, TROUBLE = 0, 1, 2
"""Exit statuses, as grep's."""


def run(args: Namespace) -> int:
    """Does what the command line asks for; returns the exit status."""
    if args.cursor_file and (wrong := _beside_cursor(args)):
        complain(
            ValueError(f"--cursor-file keeps one place behind all lines that were shown; leave out {wrong}")
        )
        return TROUBLE
    regex = join(args.regex, ignore_case=args.ignore_case)
    if misread := hints.misread(args):
        hints.say(misread)
        return TROUBLE
    wish = Wish(
        streams=args.streams,
        follow=args.follow,
        last=args.last is not None,
        tail=_tail(args),
        rotated=args.rotated,
    )
    found, failed = _resolve(args.sources, wish)
    lookout = _lookout(args.sources, wish, found) if args.follow else None
    if not found and (failed or lookout is None):
        return TROUBLE
    try:
        # Before moments are settled by the times of the logs.
        skews = _skews(args, found)
        _settle_clocks(args, found)
        command = _Command(args, regex, found, lookout, skews)
    except (OSError, ValueError) as error:
        complain(error)
        return TROUBLE
    status = command.run()
    if status == NONE_SELECTED and not args.follow:
        command.explain()
    return TROUBLE if failed or command.failed else status


def _skews(args: Namespace, found: list[Input]) -> Skews | None:
    """By how much clocks were behind, told to each source.

    Raises:
        ValueError: What was said is no amount of time, or names no source.
    """
    if not args.skew:
        return None
    from logdex.inputs.skew import of_words

    skews = of_words(args.skew)
    if skews is not None:
        skews.settle(found, more=args.follow)
    return skews


def _tail(args: Namespace) -> int | None:
    """How many last lines are all that is asked of one source: what else is asked may need those before them."""
    chosen = args.regex or args.exclude or args.level or args.where or args.invert
    timed = args.since or args.until or args.step or args.steps or args.time != "none"
    whole = args.line_number or args.json or args.count or args.histogram or args.records or args.cursor_file
    around = args.before or args.after
    return None if len(args.sources) > 1 or chosen or timed or whole or around else args.last


def _beside_cursor(args: Namespace) -> str | None:
    """The first option that shows lines out of their order, more than once, or not to the end."""
    options = {
        "-n": args.last is not None,
        "-c": args.count,
        "--files-with-matches": args.files_with_matches,
        "--no-merge": not args.merge and len(args.sources) > 1,
        "-A, -B and -C": bool(args.before or args.after or args.context),
        "--records": args.records,
        "-m": args.max_count is not None,
    }
    return next((option for option, said in options.items() if said), None)


def _resolve(arguments: Sequence[str], wish: Wish) -> tuple[list[Input], bool]:
    """The files to read; what cannot be is complained about and left out."""
    found: list[Input] = []
    failed = False
    for argument in arguments:
        try:
            there = inputs(argument, wish)
        except (OSError, ValueError, LookupError) as error:
            complain(error)
            failed = True
            continue
        if not there:
            complain(FileNotFoundError(2, "no logs yet; waiting for the first", argument))
        found += there
    return found, failed


def _settle_clocks(args: Namespace, found: list[Input]) -> None:
    """Gives clock times their day, once for all files."""
    if not any(map(clock.is_clock, (args.since, args.until))):
        return
    if args.follow:
        # What is still written to a pipe has no end to settle; its moments are today's.
        found = [one for one in found if one.spool is None]
    for one in found:
        one.settle()
    if spans := hints.spans_of(found, args.tz):
        for note in clock.settle(args, spans, hints.in_zone(datetime.now().astimezone(), args.tz)):
            hints.say(note)


def _lookout(arguments: Sequence[str], wish: Wish, found: list[Input]) -> Lookout | None:
    """Who looks for logs that come later, where some may."""
    if all(plain_file(argument) for argument in arguments):
        return None
    from logdex.inputs.newcomers import Lookout

    grows = growing(arguments, wish)
    return Lookout(grows, found) if grows else None


def _needs_all(args: Namespace) -> bool:
    """Whether the answer is only known at the end of what is spooled."""
    ranged = args.since or args.until or args.step or args.steps
    return bool(ranged or args.last is not None or args.count or args.files_with_matches)


class _Command:
    """One call of the command, its files known."""

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
        several = len(found) > 1 or lookout is not None
        self._in_one_order = (
            several
            and (args.follow or (args.merge and not self._is_one_set()))
            and not (args.count or args.files_with_matches)
        )
        # A range of time, a last line or a merge is only known at the end of what is spooled.
        if not args.follow and (self._in_one_order or _needs_all(args)):
            for one in found:
                one.settle()
        if len(found) > 1 and not (args.follow or args.reference):
            from logdex._question import zone_of
            from logdex.inputs.years import settle_years

            settle_years(found, zone_of(args.tz))
        many_labels = lookout is not None or (len(found) > 1 and len({one.label for one in found}) > 1)
        self._rows = Rows(args, regex, several=self._in_one_order, many_labels=many_labels, found=found)
        self._found = [one for one in found if not self._in_one_order or self._can_be_read(one)]
        self._shown = [self._row(one) for one in self._found]
        self._place = self._resume(args.cursor_file) if args.cursor_file else None

    def _is_one_set(self) -> bool:
        """Whether the lines of all files come in their order, one file behind the other."""
        return self._args.rotated and len(self._args.sources) == 1 and self._args.last is None

    def run(self) -> int:
        if self._args.files_with_matches:
            return self._names()
        if self._args.count:
            return self._count()
        if self._args.histogram:
            return self._histogram()
        sink = _core.Sink()
        if self._in_one_order:
            hits = self._show_last(self._shown, sink)
        else:
            hits = sum(self._show_last([one], sink) for one in self._shown)
        self._check_spools()
        return SELECTED if hits else NONE_SELECTED

    def _histogram(self) -> int:
        from logdex.command.arguments import columns
        from logdex.command.histogram import rows

        def records() -> Iterator[_core.Record]:
            for shown in self._shown:
                try:
                    with _core.Records(
                        shown.question.but(records=True, levels=True, last=self._args.last)
                    ) as answer:
                        yield from answer
                except (OSError, ValueError) as error:
                    self._complain(error)

        shown = False
        for row in rows(records(), width=columns(), color=self._rows.color):
            sys.stdout.write(row)
            shown = True
        return SELECTED if shown else NONE_SELECTED

    def _resume(self, path: str) -> Place:
        """Has each file gone on with behind the place that `path` holds."""
        from logdex.command.place import Place
        from logdex.inputs.resume import resume_many

        place = Place(path)
        cursor = place.load()
        if cursor is not None:
            rows = {one.question.path: one for one in self._shown}
            questions = resume_many([one.question for one in self._shown], cursor, "raise")
            # What was rotated comes first, in the order of time.
            several = len(questions) > 1
            self._in_one_order = self._in_one_order or several
            self._shown = [
                rows.get(one.path, self._shown[0]).but(question=one.but(records=one.records or several))
                for one in questions
            ]
        return place

    def _row(self, one: Input) -> Shown:
        return self._rows.of(one, one.ended if not self._in_one_order else self._all_ended)

    @cached_property
    def _all_ended(self) -> AllEnded | None:
        from logdex._ended import AllEnded

        if self._lookout is not None:
            return self._lookout.ended(self._found)
        return AllEnded(one.ended for one in self._found)

    def _can_be_read(self, one: Input) -> bool:
        """Whether a file can be read and, for a range, has times; if not, that is said and the others go on."""
        try:
            # What is compressed, though its name does not say so, is decompressed by this.
            question = self._rows.of(one, None).question
            with open(one.path, "rb"):
                pass
            ranged = (self._args.since or self._args.until) and not self._args.follow
            if ranged and _core.span(question) is None:
                next(_core.Lines(question), None)  # says why not
        except FileNotFoundError as error:
            # A follow waits for it.
            if not self._args.follow:
                self._complain(error)
            return bool(self._args.follow)
        except (OSError, ValueError) as error:
            self._complain(error)
            return False
        return True

    def _show_last(self, shown: list[Shown], sink: _core.Sink) -> int:
        """Shows the lines, or the last so many of them all."""
        last: int | None = self._args.last
        if last is None:
            return self._show(shown, sink)
        if all(one.is_plain for one in shown):
            shown = [one.but(question=one.question.but(last=last)) for one in shown]
            return self._show(shown, sink, last=last)
        plain = [one.question.but(follow=False, partial=False) for one in shown]
        there = [one.but(question=question) for one, question in zip(shown, plain, strict=True)]
        return self._show(shown, sink, skip=max(self._show(there, None) - last, 0))

    def _show(
        self, shown: list[Shown], sink: _core.Sink | None, *, skip: int = 0, last: int | None = None
    ) -> int:
        show = _core.Show(
            shown,
            paint=self._rows.paint if sink else None,
            picks=self._rows.picks,
            scout=self._scout() if sink else None,
            skip=skip,
            last=last,
            most=self._args.max_count,
            keeps_place=self._place is not None,
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
                from logdex.command import stats

                sys.stderr.write(stats.describe(show.stats))
        for left_out in show.errors:
            self._complain(left_out)
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
        come, directories = self._lookout.look()
        if self._skews is not None:
            self._skews.settle(come, more=True)
        come = [one for one in come if self._can_be_read(one)]
        return [self._row(one) for one in come], directories

    def _count(self) -> int:
        total = 0
        out = []
        for one, shown in zip(self._found, self._shown, strict=True):
            count = self._counted(shown)
            if count is None:
                continue
            limits = [one for one in (self._args.last, self._args.max_count) if one is not None]
            count = min(count, *limits) if limits else count
            total += count
            out.append(f"{one.label}:{count}\n" if self._rows.labels else f"{count}\n")
        # Bytes, for the name of a file may be no text.
        sys.stdout.buffer.write(os.fsencode("".join(out)))
        return SELECTED if total else NONE_SELECTED

    def _counted(self, shown: Shown) -> int | None:
        if self._args.stats or not shown.is_plain:
            return self._show([shown.but(before=0, after=0)], None)
        try:
            return _core.count(shown.question.but(records=False))
        except (OSError, ValueError) as error:
            self._complain(error)
            return None

    def _names(self) -> int:
        """Writes the name of each file that has a line that is meant."""
        names = [
            one.alias or one.path
            for one, shown in zip(self._found, self._shown, strict=True)
            if self._has(shown)
        ]
        sys.stdout.buffer.write(os.fsencode("".join(f"{name}\n" for name in names)))
        return SELECTED if names else NONE_SELECTED

    def _has(self, shown: Shown) -> bool:
        try:
            return _core.Show([shown.but(before=0, after=0, whole_records=False)], most=1).run(None) > 0
        except (OSError, ValueError) as error:
            self._complain(error)
            return False

    def explain(self) -> None:
        """Where nothing was selected because no line lies in the range of time: says what there is."""
        if not (self._args.since or self._args.until) or self.failed:
            return
        for shown in self._shown:
            question = shown.question.but(pattern=None, last=None)
            with _core.Lines(question) as lines:
                if next(lines, None) is not None:
                    return
        if spans := hints.spans_of(self._found, self._args.tz):
            hints.say(hints.of_empty_range(self._args, spans))

    def _check_spools(self) -> None:
        for one in self._found:
            if one.spool is not None and one.spool.error is not None:
                self._complain(one.spool.error)

    def _complain(self, error: BaseException) -> None:
        self.failed = True
        complain(error)
