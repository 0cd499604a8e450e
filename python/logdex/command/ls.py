"""`logdex ls`: the apps that are known here, the newest first, and what became of them."""

from __future__ import annotations

import argparse
import fnmatch
import gc
import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

from logdex.command import hints
from logdex.command.asked import options
from logdex.jobs import home
from logdex.jobs.appdef import what_ran
from logdex.jobs.listing import Listed, Looked, apps, newest_first
from logdex.slurm.listing import jobs

_EPILOG = """\
examples:
  logdex ls                        the newest 50 apps
  logdex ls llama --state failed   those with "llama" in the handle that failed
  logdex ls -v -n 1                what the newest one ran
  logdex "$(logdex ls --handles llama | head -1)"   the log of the newest one

exit status: 0 an app is listed, 1 none is, 2 something went wrong
"""
_MOST = 50
_STATES = ("pending", "running", "succeeded", "failed", "cancelled", "unknown")
_HEAD = ("STATE", "STARTED", "ENDED", "EXIT", "REPLICAS", "SIZE", "HANDLE", "DIRECTORY")
_NUMBERS = frozenset({"EXIT", "REPLICAS", "SIZE"})


def parser(prog: str = "logdex ls") -> argparse.ArgumentParser:
    """The options of `logdex ls`."""
    made = argparse.ArgumentParser(
        prog,
        description="List the apps that are known here, of all sessions, the newest first.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    made.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="list apps of which the handle, or a Slurm job's name, has NAME in it or matches it as a glob; "
        "of several, any counts",
    )
    made.add_argument(
        "--state",
        type=_states,
        metavar="STATE",
        help=f"list apps in this state: {', '.join(_STATES)}; several with commas",
    )
    made.add_argument(
        "-n",
        "--last",
        type=options.positive,
        default=_MOST,
        metavar="N",
        help=f"list the newest N (default {_MOST})",
    )
    made.add_argument("-a", "--all", action="store_true", help="list them all")
    made.add_argument("-v", "--verbose", action="store_true", help="say what each ran, and why it ended")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="show one JSON object a line")
    how.add_argument("--handles", action="store_true", help="show the handles only")
    return made


def main(given: Sequence[str], prog: str = "logdex ls") -> int:
    """Runs the command; returns its exit status."""
    args = parser(prog).parse_args(given)
    wanted = partial(_is_named, names=args.names)
    # Of a hundred thousand records none goes before the last is shown; to look for some that do takes long.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _list(args, newest_first([apps(wanted, args.state), jobs(wanted, args.state)]))
    finally:
        if collects:
            gc.enable()


def _list(args: argparse.Namespace, known: Iterator[Listed]) -> int:
    limit = None if args.all else args.last
    shown = [(one, None if args.handles else one.look()) for one in itertools.islice(known, limit)]
    if not shown:
        hints.say(_of_none(args))
        return 1
    _write(shown, args)
    # Where the next one is there already, it costs nothing to say that there are more.
    if not (args.all or args.handles) and next(known, None) is not None:
        hints.say(f"there are more than these {len(shown)} apps; -n N lists more, -a all")
    return 0


def _write(shown: Iterable[tuple[Listed, Looked | None]], args: argparse.Namespace) -> None:
    if args.handles:
        out: Iterable[str] = (one.handle for one, _ in shown)
    else:
        looked = [(one, look) for one, look in shown if look is not None]
        out = map(_json, looked) if args.json else _table(looked, verbose=args.verbose)
    for line in out:
        # A path may be no text, and its bytes are to be used again.
        sys.stdout.buffer.write(os.fsencode(f"{line}\n"))
    sys.stdout.buffer.flush()


def _is_named(handle: str, names: Sequence[str]) -> bool:
    return not names or any(
        fnmatch.fnmatchcase(handle, f"*{name}*") if any(mark in name for mark in "*?[") else name in handle
        for name in names
    )


def _of_none(args: argparse.Namespace) -> str:
    if args.names or args.state:
        return "no app is so; `logdex ls` lists them all"
    return (
        f"no app is known here: {home.records_dir()} has no record; "
        "launch one by `torchx run -s local_persistent`, or set LOGDEX_HOME to where the records are"
    )


def _table(shown: Sequence[tuple[Listed, Looked]], *, verbose: bool) -> Iterator[str]:
    rows = [_row(one, look) for one, look in shown]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = [_aligned(row, widths) for row in rows]
    yield _aligned(_HEAD, widths)
    for line, (_, look) in zip(lines, shown, strict=True):
        yield line
        if verbose:
            yield from (f"    {said}" for said in _said(look))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
        for name, cell, width in zip(_HEAD, row, widths, strict=True)
    )
    return "  ".join(cells).rstrip()


def _row(one: Listed, look: Looked) -> tuple[str, ...]:
    return (
        _visible(look.state),
        _local(one.started),
        _local(look.ended),
        exit_of(look.exits),
        str(sum(map(len, look.exits.values()))),
        _bytes(one.size()),
        _visible(one.handle),
        _visible(one.directory),
    )


def _said(look: Looked) -> Iterator[str]:
    """What an app ran, and why it ended."""
    if look.message:
        yield _visible(look.message)
    for ran in what_ran(look.app):
        image = f" in {ran.image}" if ran.image else ""
        yield _visible(f"{ran.role} x{ran.replicas}{image}: {ran.command}")
        if ran.env:
            yield _visible("  env " + " ".join(f"{name}={value}" for name, value in ran.env.items()))


def _visible(text: str) -> str:
    """Text of others for a terminal: a control character, which a file's name may have, as its escape."""
    if text.isprintable():
        return text  # As nearly all are: letter by letter takes ten times as long.
    return "".join(
        one if one.isprintable() or "\udc80" <= one <= "\udcff" else ascii(one)[1:-1] for one in text
    )


def exit_of(exits: Mapping[str, Sequence[int | None]]) -> str:
    """The exit statuses of all replicas as one cell: `0`, `1`, `1,-9`, or `-` where one is not known."""
    codes = [code for many in exits.values() for code in many]
    failed = sorted({code for code in codes if code}, key=lambda code: (-codes.count(code), code))
    if failed:
        return ",".join(map(str, failed[:3])) + (",..." if len(failed) > 3 else "")
    return "-" if None in codes or not codes else "0"


def _json(one: tuple[Listed, Looked]) -> str:
    listed, look = one
    scheme, _, rest = listed.handle.partition("://")
    session, _, name = rest.partition("/")
    told: dict[str, Any] = {
        "handle": listed.handle,
        "scheduler": scheme,
        "session": session,
        "name": name,
        "state": look.state,
        "message": look.message,
        "started": _utc(listed.started),
        "ended": _utc(look.ended),
        "exits": look.exits,
        "replicas": sum(map(len, look.exits.values())),
        "directory": listed.directory,
        "bytes": listed.size(),
        "app": look.app,
    }
    return json.dumps(told)


def _moment(seconds: float | None) -> datetime | None:
    try:
        return None if not seconds else datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None  # A record may say anything.


def _local(seconds: float | None) -> str:
    moment = _moment(seconds)
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _utc(seconds: float | None) -> str | None:
    moment = _moment(seconds)
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("", "K", "M", "G", "T"):
        if size < 1000:
            return f"{size:.0f}{unit}" if not unit or size >= 10 else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.0f}P"


def _states(text: str) -> frozenset[str]:
    states = frozenset(one.strip().lower() for one in text.split(","))
    if wrong := sorted(states - set(_STATES)):
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is no state; there are {', '.join(_STATES)}")
    return frozenset(one.upper() for one in states)
