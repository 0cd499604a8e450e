"""What paths, directories and globs stand for: files to read, with their names, and until when."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from logdex.inputs import spool
from logdex.inputs.compression import compression
from logdex.inputs.input import Input, Wish, is_stream
from logdex.inputs.layouts import Part, Source, find, may_grow, sources


def of_path(argument: str, wish: Wish) -> list[Input]:
    """The files that a path, directory, glob or `-` stands for which is not one plain file; see `_resolve.inputs`."""
    if argument == "-":
        return [_stdin()]
    if wish.follow and may_grow(argument):
        found = find(argument, streams=wish.streams, follow=True).sources
    else:
        found = sources(argument, streams=wish.streams, follow=wish.follow)
    return [one for source in found for one in of_source(source, wish)]


def of_source(source: Source, wish: Wish, **more: Any) -> Iterator[Input]:
    """The files of a source, each as it has to be read: as it is, decompressed, or as it comes."""
    for part in source.parts:
        finished = wish.follow and (part is not source.parts[-1] or part.rotated)
        kind = compression(part.path)
        if kind is not None and not (finished and wish.last):
            text = spool.of_compressed(part.path, kind)
            text.wait()
            yield Input(text.path, source.label, source, part.name, True, text.has_ended, text)
        elif kind is None and is_stream(part.path):
            text = spool.Spool(part.path, partial(spool.from_stream, part.path))
            yield Input(text.path, source.label, source, part.name, False, text.has_ended, text)
        elif kind is None:
            yield of_part(source, part, finished=finished, **more)


def of_part(source: Source, part: Part, **more: Any) -> Input:
    """One file of a source, as it is."""
    return Input(part.path, source.label, source, part.name, **more)


def _stdin() -> Input:
    # Of a file whose reader has begun already, the rest is meant.
    if compression("/dev/fd/0") is None and os.path.isfile("/dev/fd/0") and os.lseek(0, 0, os.SEEK_CUR) == 0:
        return Input("/dev/fd/0", "stdin")
    text = spool.Spool("standard input", partial(spool.from_stream, 0))
    return Input(text.path, "stdin", ended=text.has_ended, spool=text)
