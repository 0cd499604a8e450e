"""A file as the options have it dated: its stamps, zone, years and clock, the same for all that is asked of it."""

from __future__ import annotations

from argparse import Namespace

from logdex import _when
from logdex._question import zone_of
from logdex.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logdex.inputs.input import Input


def settle_years(args: Namespace, found: list[Input]) -> None:
    """Gives logs without years those of the logs beside them, unless the options say by what moment they go."""
    if len(found) > 1 and not (args.follow or getattr(args, "reference", None)):
        from logdex.inputs import years

        years.settle_years(found, zone_of(args.tz))


def log_of(one: Input, args: Namespace, now: int | None = None) -> Log:
    """The log in a file, to be asked `now`; of a command whose options are fewer, what they do not say is as always.

    Raises:
        ValueError: An option says no zone, no format, or no moment.
    """
    log = Log(
        one.path,
        tz=args.tz,
        index=one.stays,
        stamp=getattr(args, "stamp", None),
        prefix=getattr(args, "prefix", ""),
        streams=getattr(args, "streams", None),
    )
    plain, said = log._plain, getattr(args, "reference", None)
    reference = _when.moment(said, "reference", plain.zone, now) if said else one.reference
    log._plain = plain.but(
        reference=reference if reference is not None else plain.reference,
        # What the runtime of a container says goes before what a person teaches.
        stamp=one.stamp or plain.stamp,
        skew=one.skew,
    )
    return log
