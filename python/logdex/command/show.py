"""From the options to standard output: the engine reads, merges and writes; this says what."""

from __future__ import annotations

import os
import re
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from logdex import _core
from logdex._ended import AllEnded
from logdex._inputs import Input, Wish, inputs
from logdex.command import patterns
from logdex.command.complain import complain
from logdex.log import Log, Question

_LABEL_COLORS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
_HIT = "\x1b[1;31m"
_DIM = "\x1b[2m"
_OFF = "\x1b[0m"

SELECTED, NONE_SELECTED, TROUBLE = 0, 1, 2
"""Exit statuses, as grep's."""


@dataclass(frozen=True)
class Shown:
    """A question, and how its answer is shown; `src/python/show.rs` reads these fields."""

    question: Question
    invert: bool = False
    before: int = 0
    after: int = 0
    whole_records: bool = False
    skip: int = 0
    label: bytes = b""
    heading: bytes = b""
    gap: bytes = b"--\n"
    json: tuple[str, int | None] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the engine alone picks the lines, and the last of them can be found from the end."""
        return not (self.invert or self.before or self.after or self.whole_records)


def run(args: Namespace) -> int:
    """Does what the command line asks for; returns the exit status."""
    regex = patterns.join(args.regex, ignore_case=args.ignore_case)
    found, failed = _resolve(args)
    if not found:
        return TROUBLE
    command = _Command(args, regex, found)
    status = command.run()
    return TROUBLE if failed or command.failed else status


def _resolve(args: Namespace) -> tuple[list[Input], bool]:
    """The files to read; what cannot be is complained about and left out."""
    wish = Wish(args.streams, args.follow)
    found: list[Input] = []
    failed = False
    for argument in args.sources:
        try:
            found += inputs(argument, wish)
        except (OSError, ValueError, LookupError) as error:
            complain(error)
            failed = True
    return found, failed


class _Command:
    """One call of the command, its files known."""

    def __init__(self, args: Namespace, regex: str | None, found: list[Input]) -> None:
        self._args = args
        self._found = found
        self._color = _wants_color(args.color)
        self._labels = len({one.label for one in found}) > 1 if args.labels is None else args.labels
        self._paint = _painter(regex) if self._color and regex is not None and not args.invert else None
        self._merge = not args.follow and args.merge and len(found) > 1
        self._regex = regex
        self.failed = False
        # A range of time, a last line or a merge is only known at the end of what is spooled.
        if not args.follow and (self._merge or args.last or args.since or args.until or args.count):
            for one in found:
                one.settle()
        if self._merge:
            found = self._found = [one for one in found if self._can_merge(one)]
        self._shown = [self._one(one) for one in found]

    def run(self) -> int:
        if self._args.count:
            return self._count()
        sink = _core.Sink()
        if self._args.follow and len(self._shown) > 1:
            if all(one.is_plain for one in self._shown):
                hits = self._show([self._last(one) for one in self._shown], sink)
            else:
                hits = self._side_by_side(sink)
        elif self._merge:
            surplus = self._surplus()
            hits = self._show(self._shown, sink, skip=surplus)
        else:
            hits = sum(self._show([self._last(one)], sink) for one in self._shown)
        self._check_spools()
        return SELECTED if hits else NONE_SELECTED

    def _can_merge(self, one: Input) -> bool:
        """Whether a file can be read and, for a range, has times; if not, that is said and the others go on."""
        log = Log(one.path, tz=self._args.tz, index=one.spool is None)
        try:
            if (self._args.since or self._args.until) and log.span is None:
                next(log.lines(since="1970-01-01"), None)  # says why not
            with open(one.path, "rb"):
                return True
        except (OSError, ValueError) as error:
            self._complain(error)
            return False

    @cached_property
    def _all_ended(self) -> AllEnded:
        return AllEnded(one.ended for one in self._found)

    def _one(self, one: Input) -> Shown:
        args = self._args
        live = args.follow or (one.spool is not None and not one.spool.has_ended())
        log = Log(one.path, tz=args.tz, index=one.spool is None)
        question = log._ask(
            self._regex,
            args.since,
            args.until,
            follow=live,
            partial=live and self._is_bare(),
            ended=one.ended if len(self._found) == 1 or not live else self._all_ended,
            keep=one,
        )
        source = one.source
        return Shown(
            replace(question, records=args.json or args.records or self._merge or self._arrives()),
            invert=args.invert,
            before=args.before,
            after=args.after,
            whole_records=args.records and self._regex is not None,
            label=self._label(one),
            heading=self._heading(one),
            gap=f"{_DIM}--{_OFF}\n".encode() if self._color else b"--\n",
            json=(one.label, source.rank if source else None) if args.json else None,
        )

    def _arrives(self) -> bool:
        return bool(self._args.follow and len(self._found) > 1)

    def _is_bare(self) -> bool:
        """Whether text goes out as it comes, before its line is whole."""
        args = self._args
        filtered = self._regex is not None or args.since or args.until or args.json or args.invert
        return not filtered and len(self._found) == 1 and not self._labels

    def _label(self, one: Input) -> bytes:
        if not self._labels:
            return b""
        if not self._color:
            return f"{one.label} ".encode("utf-8", "surrogateescape")
        labels = list(dict.fromkeys(other.label for other in self._found))
        color = _LABEL_COLORS[labels.index(one.label) % len(_LABEL_COLORS)]
        return f"\x1b[{color}m{one.label}{_OFF} ".encode("utf-8", "surrogateescape")

    def _heading(self, one: Input) -> bytes:
        if not one.name or self._args.json:
            return b""
        text = f"--- {one.label}: {one.name} ---"
        return (f"{_DIM}{text}{_OFF}\n" if self._color else f"{text}\n").encode("utf-8", "surrogateescape")

    def _last(self, one: Shown) -> Shown:
        """The same, cut to the last so many of its lines."""
        last: int | None = self._args.last
        if not last:
            return one
        if one.is_plain:
            return replace(one, question=replace(one.question, last=last))
        plain = replace(one.question, follow=False, partial=False)
        there = self._show([replace(one, question=plain)], None)
        return replace(one, skip=max(there - last, 0))

    def _surplus(self) -> int:
        """How many of the merged lines come before the last so many; each source is cut to as many before."""
        last: int | None = self._args.last
        if not last:
            return 0
        if all(one.is_plain for one in self._shown):
            self._shown = [self._last(one) for one in self._shown]
        return max(self._show(self._shown, None) - last, 0)

    def _show(self, shown: list[Shown], sink: _core.Sink | None, skip: int = 0) -> int:
        show = _core.Show(shown, paint=self._paint if sink else None, skip=skip)
        try:
            hits: int = show.run(sink, live=any(one.question.follow for one in shown))
        except (OSError, ValueError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            self._complain(error)
            return 0
        for left_out in show.errors:
            self._complain(left_out)
        if self._args.stats and (sink is not None or self._args.count):
            sys.stderr.write(describe_stats(show.stats))
        return hits

    def _side_by_side(self, sink: _core.Sink) -> int:
        """Follows many files at once, in order of arrival: a thread each, which sleeps in the engine."""
        shows = [
            _core.Show([replace(shown, question=replace(shown.question, ended=one.ended))], paint=self._paint)
            for one, shown in zip(self._found, map(self._last, self._shown), strict=True)
        ]
        hits = [0] * len(shows)
        errors: list[Exception] = []
        over = threading.Event()

        def follow(at: int) -> None:
            try:
                hits[at] = shows[at].run(sink, live=True)
            except Exception as wrong:  # raised again below, in the main thread
                errors.append(wrong)
                if isinstance(wrong, BrokenPipeError):
                    over.set()

        threads = [threading.Thread(target=follow, args=(at,), daemon=True) for at in range(len(shows))]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads) and not over.wait(0.05):
                pass
        finally:
            for show in shows:
                show.close()
            for thread in threads:
                thread.join()
            if self._args.stats:
                for one, show in zip(self._found, shows, strict=True):
                    sys.stderr.write(describe_stats(show.stats, one.label))
        for error in errors:
            if not isinstance(error, OSError | ValueError) or isinstance(error, BrokenPipeError):
                raise error
            self._complain(error)
        return sum(hits)

    def _count(self) -> int:
        total = 0
        out = []
        for one, shown in zip(self._found, self._shown, strict=True):
            count = self._counted(shown)
            if count is None:
                continue
            count = min(count, self._args.last or count)
            total += count
            out.append(f"{one.label}:{count}\n" if self._labels else f"{count}\n")
        sys.stdout.write("".join(out))
        sys.stdout.flush()
        return SELECTED if total else NONE_SELECTED

    def _counted(self, shown: Shown) -> int | None:
        if self._args.stats or not shown.is_plain:
            return self._show([replace(shown, before=0, after=0)], None)
        try:
            return _core.count(replace(shown.question, records=False))
        except (OSError, ValueError) as error:
            self._complain(error)
            return None

    def _check_spools(self) -> None:
        for one in self._found:
            if one.spool is not None and one.spool.error is not None:
                self._complain(one.spool.error)

    def _complain(self, error: BaseException) -> None:
        self.failed = True
        complain(self._named(error))

    def _named(self, error: BaseException) -> BaseException:
        """An error about a temporary file, said of what it holds."""
        for one in self._found:
            if one.spool is not None and isinstance(error, ValueError) and one.path in str(error):
                return ValueError(str(error).replace(one.path, one.label))
        return error


def _wants_color(said: str) -> bool:
    if said != "auto":
        return said == "always"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _painter(regex: str) -> Callable[[str], str]:
    search = re.compile(regex)

    def paint(line: str) -> str:
        body = line[:-1] if line.endswith("\n") else line
        end = line[len(body) :]
        found = search.sub(
            lambda match: f"{_HIT}{match[0]}{_OFF}" if match[0].strip("\n") else match[0], body
        )
        return found + end

    return paint


def describe_stats(stats: _core.Stats, label: str = "") -> str:
    """What is known about an answer, for a person."""
    parts = [f"{stats.lines:,} lines"]
    counts: Iterable[tuple[int, str]] = (
        (stats.own, "with a stamp"),
        (stats.inherited, "with another line's time"),
        (stats.by_arrival, "by arrival"),
        (stats.untimed, "without a time"),
        (stats.holes, "holes"),
        (stats.truncations, "truncations"),
        (stats.rotations, "rotations"),
        (stats.late, "late"),
    )
    parts += [f"{count:,} {what}" for count, what in counts if count]
    if stats.steps_back:
        parts.append(f"{stats.steps_back:,} steps back, the largest {stats.largest_step_back:.3f} s")
    parts.append(f"{stats.bytes_read:,} bytes read")
    if stats.bytes_skipped:
        parts.append(f"{stats.bytes_skipped:,} skipped")
    head = f"logdex: {label}: " if label else "logdex: "
    return head + ", ".join(parts) + "\n" + "".join(f"{head}{note}\n" for note in stats.notes)
