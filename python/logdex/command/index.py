"""`logdex index`: builds the indexes before a question waits for them, and says what there is."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from logdex import _core
from logdex._resolve import inputs
from logdex.command.asked import options
from logdex.command.complain import complain, name_output, tell
from logdex.command.legible import legible
from logdex.inputs.input import Input, Wish
from logdex.log import Log

_EPILOG = """\
examples:
  logdex index runs/llama/           so that a range of time is a seek
  logdex index --text runs/llama/    so that a regex is one, too
  logdex index --status runs/llama/  what there is, and how large it is

exit status: 0 all was indexed, 2 something went wrong
"""
_EVERY = 0.1
"""How often progress is shown, in seconds."""
_WIDTH = 30


def parser(prog: str = "logdex index") -> argparse.ArgumentParser:
    """The options of `logdex index`."""
    made = argparse.ArgumentParser(
        prog,
        description="Build the indexes of logs now, or say what is stored of them.",
        epilog=_EPILOG,
        formatter_class=options.Formatter,
    )
    made.add_argument("sources", nargs="+", metavar="SOURCE", help="a file, directory, glob or handle")
    made.add_argument("--text", action="store_true", help="the index of text as well, for regexes")
    made.add_argument("--status", action="store_true", help="build nothing; say what is stored")
    return made


def main(given: Sequence[str], prog: str = "logdex index") -> int:
    """Runs the command; returns its exit status."""
    args = parser(prog).parse_args(given)
    status = 0
    for argument in args.sources:
        try:
            for one in inputs(argument, Wish()):
                status = max(status, _treat(one, args))
        except BrokenPipeError:
            raise
        except (OSError, ValueError, LookupError) as error:
            complain(error, follows=False)
            status = 2
    return status


def _treat(one: Input, args: argparse.Namespace) -> int:
    if one.spool is not None:
        complain(
            ValueError(
                f"{one.label}: what is decompressed or piped in is gone afterwards; index a plain file"
            )
        )
        return 2
    question = Log(one.path)._question
    if not args.status:
        with _Bar(one.path, text=args.text) as told:
            _core.build_index(question, text=args.text, told=told)
    size, times, text = _core.index_status(question)
    is_small = size < _core.INDEXED_FROM
    why = f" (too small: from {_bytes(_core.INDEXED_FROM)} on)" if is_small else ""
    _write(
        f"{legible(one.path)}: {_bytes(size)}; times: {_kept(size, *times)}; text: {_kept(size, *text)}{why}\n"
    )
    # Questions do without an index that cannot be kept; who asks for it wants to know.
    if not (args.status or is_small or times[0]):
        where = os.environ.get("LOGDEX_CACHE") or "the cache directory, which LOGDEX_CACHE names"
        off = "LOGDEX_INDEX=off keeps none" if _core.indexes_are_off() else None
        complain(OSError(5, off or f"no index could be kept; make {where} writable, with room", one.path))
        return 2
    return 0


def _write(row: str) -> None:
    try:
        sys.stdout.write(row)
        sys.stdout.flush()
    except OSError as error:
        name_output(error)
        raise


def _kept(size: int, covered: int, taken: int) -> str:
    if not covered:
        return "none"
    return f"{covered / size:.0%} in {_bytes(taken)} ({taken / covered:.1%})"


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


class _Bar:
    """A bar on a terminal's stderr, for as long as one log takes."""

    def __init__(self, path: str, *, text: bool) -> None:
        self._path = path
        self._rounds = 2 if text else 1
        self._shown = 0.0

    def __enter__(self) -> Callable[[int], None] | None:
        if not sys.stderr.isatty():
            return None
        size, _, _ = _core.index_status(Log(self._path)._question)
        return lambda done: self._tell(done / max(size * self._rounds, 1))

    def __exit__(self, *_: object) -> None:
        if self._shown:
            tell("\r\x1b[K")

    def _tell(self, share: float) -> None:
        now = time.monotonic()
        if now - self._shown < _EVERY:
            return
        self._shown = now
        filled = int(share * _WIDTH)
        bar = "#" * filled + "." * (_WIDTH - filled)
        tell(f"\r\x1b[Klogdex: {bar} {share:4.0%} {legible(self._path)}")
