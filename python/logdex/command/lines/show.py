"""From the options to the files that are read and the clocks they go by; `answer` goes on from there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from logdex._resolve import called, found_of, growing, plain_file
from logdex.command import hints
from logdex.command.asked import clock
from logdex.command.asked.contradictions import beside_cursor
from logdex.command.complain import complain
from logdex.command.lines.answer import NONE_SELECTED, TROUBLE, CommandAnswer
from logdex.inputs.input import Input, Wish
from logdex.regex.join import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex.inputs.newcomers import Lookout
    from logdex.inputs.skew import Skews


def run(args: Namespace) -> int:
    """Does what the command line asks for; returns the exit status."""
    if args.cursor_file and (wrong := beside_cursor(args)):
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
        clock.settle(args, found)
        answer = CommandAnswer(args, regex, found, lookout, skews)
    except (OSError, ValueError) as error:
        complain(error)
        return TROUBLE
    status = answer.run()
    if status == NONE_SELECTED and not args.follow:
        answer.explain()
    if status == NONE_SELECTED:
        hints.say_of_other_text(found)
    return TROUBLE if failed or answer.failed else status


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


def _resolve(arguments: Sequence[str], wish: Wish) -> tuple[list[Input], bool]:
    """The files to read; what cannot be is complained about and left out."""
    found = found_of(arguments, wish, complain)
    for argument, there in found:
        if not there:
            complain(FileNotFoundError(2, "no logs yet; waiting for the first", argument))
    return called(found, wish), len(found) < len(arguments)


def _lookout(arguments: Sequence[str], wish: Wish, found: list[Input]) -> Lookout | None:
    """Who looks for logs that come later, where some may."""
    if all(plain_file(argument) for argument in arguments):
        return None
    from logdex.inputs.newcomers import Lookout

    grows = growing(arguments, wish)
    return Lookout(grows, found) if grows else None
