"""How the lines of each file are asked for, and how they look."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from logdex import _core, _when
from logdex._core import Question
from logdex._fields import Fields
from logdex._filters import with_filters
from logdex._question import zone_of
from logdex.command.asked.elsewhere import runs_for_another
from logdex.command.dated import log_of
from logdex.command.legible import legible
from logdex.command.lines.names import ShortNames
from logdex.inputs.input import Input
from logdex.regex.join import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex.command.lines.fields import Chooser

_LABEL_COLORS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)
_HIT = "\x1b[1;31m"
_DIM = "\x1b[2m"
_OFF = "\x1b[0m"


class Shown(Fields):
    """A question, and how its answer is shown; `src/python/show.rs` reads these fields."""

    question: Question
    before: int = 0
    after: int = 0
    whole_records: bool = False
    label: bytes = b""
    heading: bytes = b""
    gap: bytes = b"--\n"
    json: tuple[str, int | None, str] | None = None
    numbers: bool = False
    clock: _core.Clock | None = None
    colors: bool = False
    frames: bool = False
    member: bytes = b""

    @property
    def is_plain(self) -> bool:
        """Whether the engine alone picks the lines, and the last of them can be found from the end."""
        return not (self.before or self.after or self.whole_records)


class Rows:
    """What the options say about every file of one call."""

    def __init__(
        self,
        args: Namespace,
        regex: str | None,
        *,
        several: bool,
        many_labels: bool,
        found: Sequence[Input] = (),
    ) -> None:
        """`several` files, `found` now or later, are shown in one order; `many_labels` says whether labels help."""
        self._args = args
        # One moment for all files, those included that come later.
        self._now = _when.now()
        # What says no moment is said once, and not for each file.
        for name in ("since", "until"):
            _when.moment(getattr(args, name), name, zone_of(args.tz), self._now)
        if args.invert and not args.regex:
            raise ValueError("-v shows what -e RE does not match: give one")
        self._groups = _with_groups(args)
        _refuse_groups_around(args, self._groups)
        # What is not meant is left out: the engine knows no other way, so the order and the last lines are as always.
        unwanted = [*args.regex, *args.exclude] if args.invert else args.exclude
        self._unwanted = join(unwanted, ignore_case=args.ignore_case)
        self._regex = None if args.invert else regex
        self._several = several
        self.color = _wants_color(args.color)
        self.labels: bool = many_labels if args.labels is None else args.labels
        self.picks: bool = args.only_matching or args.group is not None or args.fields is not None
        self.fields = self._chooser()
        self.paint = self._paint()
        self.folds = several and args.follow and self._folds()
        self.status = zone_of(args.tz) if several and args.follow and _shows_status(args) else None
        self._names = ShortNames(found) if self.folds or self.status else None
        self._clock = _clock(args.time)
        self._colored: dict[str, int] = {}

    def of(self, one: Input, ended: Callable[[], bool] | None) -> Shown:
        """One file, which is followed until it has `ended`."""
        args = self._args
        spooled = one.spool is not None and not one.spool.has_ended()
        live = (args.follow and not one.finished) or spooled
        log = log_of(one, args, self._now)
        question = log._ask(
            self._regex,
            args.since,
            args.until,
            follow=live,
            partial=live and self._is_bare() and args.frames != "last",
            ended=ended,
            step=args.step,
            steps=args.steps,
            now=self._now,
        )
        question = with_filters(
            question, self._regex, args.level, args.where, self._unwanted, groups=self._groups
        )
        text = getattr(question.keep, "spool", None)
        if live and text is not None:
            # Of a container's: the last lines are those of what is there now, and a range may end with it.
            text.catch_up()
        # Text that goes out before its line is whole has no level yet.
        colors = self.color and not question.partial and not self.picks and not args.pretty
        return Shown(
            question=question.but(
                records=args.json
                or args.records
                or args.line_number
                or self._several
                or self._clock is not None,
                levels=args.json or colors or self.status is not None,
                name=one.alias,
                begun=one.begun,
                keep=(question.keep, one),
            ),
            before=args.before,
            after=args.after,
            whole_records=args.records
            and bool(self._regex is not None or args.level or args.where or self._unwanted is not None),
            label=self._label(one),
            heading=self._heading(one),
            gap=f"{_DIM}--{_OFF}\n".encode() if self.color else b"--\n",
            json=one.origin if args.json else None,
            numbers=args.line_number,
            clock=self._clock,
            colors=colors,
            frames=self._shows_last_frames(live),
            member=os.fsencode(legible(self._names.of(one))) if self._names else b"",
        )

    def _folds(self) -> bool:
        """Whether what many sources say alike is one line: on a terminal, if nothing is asked of single ones."""
        args = self._args
        if args.fold is not None:
            return bool(args.fold)
        of_lines = args.json or self.picks or args.pretty or args.max_count or args.cursor_file
        return not (of_lines or args.before or args.after or args.records) and is_on_terminal()

    def _shows_last_frames(self, live: bool) -> bool:
        """Whether of a progress bar its end is shown: a terminal shows that by itself, if nothing stands before it."""
        args = self._args
        if args.frames is not None or args.json or self.picks:
            return bool(args.frames == "last")
        alone = not (self._several or self.labels or args.line_number or self._clock is not None)
        return not (alone and (is_on_terminal() or (live and self._is_bare())))

    def _paint(self) -> Callable[[str], str] | None:
        """What makes a row of a line that is meant, where it is not the line as it is."""
        if self.fields is not None:
            return self.fields
        if self._args.pretty:
            from logdex.command.lines.fields import prettier

            return prettier(color=self.color)
        if self.picks:
            from logdex.command.lines.only import picker

            return picker(self._args.regex, self._args.group, ignore_case=self._args.ignore_case)
        return _painter(self._regex) if self.color and self._regex is not None else None

    def _chooser(self) -> Chooser | None:
        """What shows only some fields of a line, where those are asked for."""
        if self._args.fields is None:
            return None
        from logdex.command.lines.fields import Chooser

        return Chooser(self._args.fields.split(","), self._groups)

    def _is_bare(self) -> bool:
        """Whether text goes out as it comes, before its line is whole."""
        args = self._args
        filtered = (
            self._regex is not None
            or args.level
            or args.where
            or args.exclude
            or args.streams in ("stdout", "stderr")
            or args.time != "none"
            or args.since
            or args.until
            or args.step
            or args.steps
            or args.json
            or args.invert
            or args.line_number
        )
        # Around a last line stand whole lines.
        around = args.before or args.after
        return not (filtered or around or args.max_count or self._several or self.labels)

    def _label(self, one: Input) -> bytes:
        if not self.labels:
            return b""
        name = legible(self._names.padded(one) if self._names and self.folds else one.label)
        if not self.color:
            return f"{name} ".encode("utf-8", "surrogateescape")
        number = self._colored.setdefault(one.label, len(self._colored))
        color = _LABEL_COLORS[number % len(_LABEL_COLORS)]
        return f"\x1b[{color}m{name}{_OFF} ".encode("utf-8", "surrogateescape")

    def _heading(self, one: Input) -> bytes:
        if not one.name or self._args.json:
            return b""
        text = f"--- {legible(one.label)}: {legible(one.name)} ---"
        return (f"{_DIM}{text}{_OFF}\n" if self.color else f"{text}\n").encode("utf-8", "surrogateescape")


def is_on_terminal() -> bool:
    """Whether a person sees what is written, as it is written: here, or where `logdex` there was asked from."""
    return sys.stdout.isatty() or runs_for_another()


def _shows_status(args: Namespace) -> bool:
    """Whether it is told below the lines where the follow stands: on a terminal that lines alone are shown on."""
    return bool(args.status and sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _with_groups(args: Namespace) -> list[re.Pattern[str]]:
    """The regexes whose named groups are fields, each by itself: joined they have no names."""
    if not (args.where or args.fields):
        return []
    compiled = [re.compile(one, re.IGNORECASE if args.ignore_case else 0) for one in args.regex]
    return [one for one in compiled if one.groupindex]


def _refuse_groups_around(args: Namespace, groups: Sequence[re.Pattern[str]]) -> None:
    """Of lines that a regex does not select, its groups say nothing."""
    if not (args.invert or args.after or args.before or args.records):
        return
    names = {name for one in groups for name in one.groupindex}
    if asked := [one for one in args.where if _core.field_of(one) in names]:
        raise ValueError(
            f"-w {asked[0]!r} asks for a group of -e, and -v, -A, -B, -C and --records show lines that have none; "
            "leave one of them out"
        )


def _clock(said: str) -> _core.Clock | None:
    """What shows the time before each line, as `--time` says."""
    if said == "none":
        return None
    return (
        _core.Clock()
        if said == "delta"
        else _core.Clock(zone_of({"local": None, "utc": "UTC"}.get(said, said)))
    )


def _wants_color(said: str) -> bool:
    if said != "auto":
        return said == "always"
    return is_on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


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
