"""`logdex ranks`: who failed first and why in a few lines, then a line for each rank with its history as a heat map."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from itertools import count
from typing import TypeAlias

from logdex import _when
from logdex._core import Question
from logdex._question import zone_of
from logdex._resolve import called, found_of
from logdex._when import moment
from logdex.command import hints
from logdex.command.asked import clock, elsewhere, options, words
from logdex.command.complain import UNUSABLE, complain, complain_of_output, complain_of_regex, hush
from logdex.command.ranks.live import Live
from logdex.command.ranks.screen import MOST_ROWS, show
from logdex.inputs.input import Input, Wish, is_stream
from logdex.inputs.skew import of_words
from logdex.inputs.source import Source
from logdex.ranks import CLOCKS, Named, Ranks, summarize
from logdex.regex.join import join

_Streams: TypeAlias = dict[int, list[tuple[Input, str]]]
"""Of a follow what can be read only once, by the place of its argument, with what its source is called by itself."""

_EPILOG = """\
examples:
  logdex ranks runs/llama/
  logdex ranks runs/llama/ slurm-77.out --html answer.html
  logdex ranks runs/llama/ -e 'loss=nan|Traceback' --svg ranks.svg

exit status: 0 no rank failed, 1 a failure is named, 2 something went wrong,
3 the job was told to stop, 4 the logs do not tell
"""


def parser(prog: str = "logdex ranks") -> argparse.ArgumentParser:
    """The options of `logdex ranks`."""
    made = argparse.ArgumentParser(
        prog,
        description="Say which rank failed first and why, which are silent, and who wrote when.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    made.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="a file, directory, glob, handle, or -; of ranks, launchers, schedulers",
    )
    made.add_argument(
        "-e", "--errors", action="append", default=[], metavar="RE", help="what is an error; several: any"
    )
    made.add_argument("-i", "--ignore-case", action="store_true", help="RE in any case")
    made.add_argument(
        "-f", "--follow", action="store_true", help="say so when it is known, and again at the end"
    )
    made.add_argument("--since", metavar="WHEN", help="only lines of this moment or later")
    made.add_argument("--until", metavar="WHEN", help="only lines of this moment or earlier")
    made.add_argument("--tz", metavar="ZONE", help="zone of stamps without one; default the machine's")
    made.add_argument(
        "--clocks",
        type=_seconds,
        default=CLOCKS,
        metavar="SECONDS",
        help=f"by how much clocks of two hosts may differ that nothing measures (default {CLOCKS:g})",
    )
    options.add_skew(made)
    made.add_argument("--all", action="store_true", help=f"all ranks, where {MOST_ROWS} and more are folded")
    made.add_argument("--json", action="store_true", help="the answer as JSON, and nothing else")
    made.add_argument("--html", metavar="FILE", help="write a page to hand on, too")
    made.add_argument("--svg", metavar="FILE", help="write the heat map as a picture, too")
    made.add_argument("--color", choices=["auto", "always", "never"], default="auto")
    return made


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def main(argv: Sequence[str], prog: str = "logdex ranks") -> int:
    """Runs `logdex ranks`; returns its exit status."""
    made = parser(prog)
    args = words.parse(made, argv, "--errors")
    args.sources = options.sources_or_stdin(made, args.sources)
    trouble: list[Exception] = []
    try:
        if (status := elsewhere.run(args, ["ranks", *argv])) is not None:
            return status
        with warnings.catch_warnings():
            # See `cli.run`.
            warnings.simplefilter("ignore", FutureWarning)
            told = _follow(args, trouble) if args.follow else _ask(args, trouble, None, _when.now())[0]
        for error in trouble:
            complain(error, follows=not args.follow)
        if told.ranks:
            _show_as_far_as_it_is_read(told, args)
    except UNUSABLE as error:
        complain_of_regex(error)
        return 2
    except OSError as error:
        complain_of_output(error)
        return 2
    except ValueError as error:
        complain(error)
        return 2
    return 2 if trouble else told.diagnosis.status


def _ask(
    args: argparse.Namespace,
    trouble: list[Exception],
    states: dict[str, bytes] | None,
    now: int,
    *,
    again: bool = False,
    streams: _Streams | None = None,
) -> tuple[Ranks, list[Input]]:
    """What the ranks did as far as the logs go now, and the files that were read.

    `now` is the moment at which it was asked first, `again` whether that was before, and `streams` what is open since.
    """
    found = _found(args, trouble, Wish(follow=args.follow), streams)
    if (skews := of_words(args.skew)) is not None:
        skews.settle(found, more=args.follow)
    if not again:
        clock.settle(args, found)
    named = [_named(one, args, now) for one in found]
    errors = join(args.errors, ignore_case=args.ignore_case) if args.errors else None
    told = summarize(named, errors, clocks=args.clocks, tolerate=trouble.append, states=states)
    if (args.since or args.until) and not args.follow and not any(one.lines for one in told.ranks):
        hints.say_of_empty_range(args, found)
    return told, found


def _follow(args: argparse.Namespace, trouble: list[Exception]) -> Ranks:
    """Looks again whenever a log has grown; says the answer when it is another, and returns the last."""
    # A moment stays the one that it was taken for: what failed ten minutes ago did so an hour later, too.
    now = _when.now()
    looks = count()
    streams: _Streams = {}

    def look(states: dict[str, bytes]) -> tuple[Ranks, list[Input]]:
        trouble.clear()
        return _ask(args, trouble, states, now, again=next(looks) > 0, streams=streams)

    def find() -> list[Input]:
        # What cannot be had now is told when the logs are looked at.
        return _found(args, [], Wish(follow=True), streams)

    def tell(told: Ranks) -> None:
        sys.stdout.write(
            (json.dumps(told.diagnosis.to_dict()) if args.json else told.diagnosis.text + "\n") + "\n"
        )
        sys.stdout.flush()

    return Live(look, find, tell).run()


def _found(
    args: argparse.Namespace, trouble: list[Exception], wish: Wish, streams: _Streams | None = None
) -> list[Input]:
    """The files to read, those that are spooled whole; what cannot be had is `trouble`."""
    whole = []
    for one in called(_given(args.sources, trouble, wish, streams), wish):
        try:
            # To a follow, what comes through a pipe has no end.
            one.check() if wish.follow else one.settle()
        except OSError as error:
            # How its rank ended may be what is missing of it.
            trouble.append(error)
        else:
            whole.append(one)
    return whole


def _given(
    sources: Sequence[str], trouble: list[Exception], wish: Wish, streams: _Streams | None
) -> list[tuple[str, list[Input]]]:
    """Each argument with its files; what comes through a pipe is read by whoever opened it first, and nobody else."""
    given = []
    for place, argument in enumerate(sources):
        for one, label in (opened := (streams or {}).get(place, [])):
            one.call(label)
        found = (
            [(argument, [one for one, _ in opened])] if opened else found_of([argument], wish, trouble.append)
        )
        if streams is not None and found and (argument == "-" or is_stream(argument)):
            streams[place] = [(one, one.label) for one in found[0][1]]
        given += found
    return given


def _named(one: Input, args: argparse.Namespace, now: int) -> Named:
    zone = zone_of(args.tz)
    question = Question(
        path=one.path,
        zone=zone,
        index=one.stays,
        name=one.alias,
        keep=one,
        since=moment(args.since, "since", zone, now),
        until=moment(args.until, "until", zone, now),
        skew=one.skew,
        strict=False,
    )
    return Named(question, one.source or Source(one.label, ()), one.name, one.exit, one.said)


def _show_as_far_as_it_is_read(told: Ranks, args: argparse.Namespace) -> None:
    try:
        show(told, args)
    except BrokenPipeError:
        # The exit status is an answer too, and the same whether the screen was read to its end.
        hush()
