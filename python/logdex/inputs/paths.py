"""What paths, directories and globs stand for: files to read, with their names, and until when."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.compression import compression, is_named_tar
from logdex.inputs.frames import LiveTail, kind_of
from logdex.inputs.framing import kinds
from logdex.inputs.input import Input, Wish, is_stream
from logdex.inputs.kept import unframed
from logdex.inputs.layouts import base_of
from logdex.inputs.rotation import Pinned, pinned
from logdex.inputs.source import Part, Source
from logdex.inputs.sources import find, may_grow, of_file, sources


def of_path(argument: str, wish: Wish) -> list[Input]:
    """The files that a path, directory, glob or `-` stands for which is not one plain file; see `_resolve.inputs`."""
    if argument == "-":
        return [of_stream(0)]
    if is_named_tar(argument):
        from logdex.inputs.archive import is_archive

        if is_archive(argument):
            return list(_of_archive(argument, wish))
    if wish.follow and may_grow(argument):
        found = find(argument, streams=wish.streams, follow=True).sources
    else:
        found = sources(argument, streams=wish.streams, follow=wish.follow)
    return [one for source in found for one in of_source(source, wish)]


def of_set(path: str, wish: Wish) -> list[Input]:
    """The file at `path` and its rotations, the oldest first."""
    return list(_of_set(of_file(path), path, pinned(path), wish)) or [Input(path, of_file(path).label)]


def of_source(source: Source, wish: Wish, **more: Any) -> Iterator[Input]:
    """The files of a source, each as it has to be read: as it is, decompressed, or as it comes.

    Those of a rotated set are held open: they are called otherwise after the next rotation.
    """
    parts = list(source.parts)
    while parts:
        base = base_of(parts[0])
        of_base = [part for part in parts if base_of(part) == base]
        if any(part.rotated for part in of_base):
            last = of_base[-1] is source.parts[-1]
            files = pinned(base, numbered_inside=False)
            yield from _of_set(source, base, files, wish, of_base[0].name, last=last, **more)
        else:
            yield from _of_parts(source, of_base, wish, **more)
        parts = [part for part in parts if base_of(part) != base]


def _of_set(
    source: Source,
    base: str,
    files: list[Pinned],
    wish: Wish,
    name: str = "",
    *,
    last: bool = True,
    **more: Any,
) -> Iterator[Input]:
    """The files of a rotated set; what containers wrote, as one text."""
    kind = kind_of(files)
    if kind is not None:
        yield _unframed(source, base, files, kind, name, follow=wish.follow and last, **more)
        return
    for one in files:
        text = None if wish.follow and wish.last and one.is_compressed() else one.text()
        is_live = wish.follow and last and one is files[-1] and text == one.path
        if is_live:
            # The one that has the name now, or had it until just now; then its writer may not know that yet.
            live = {**more, "begun": one.path, "keep": (one, more.get("keep"))}
            yield Input(base, source.label, source, name, **live)
        elif text is not None:
            yield Input(
                text, source.label, source, name, wish.follow, spool=one.spool, alias=one.name, keep=one
            )
    if wish.follow and last and files and files[-1].is_compressed():
        yield Input(base, source.label, source, name, **more)


def _unframed(
    source: Source, base: str, files: list[Pinned], kind: str, name: str, *, follow: bool, **more: Any
) -> Input:
    """The files of a log of a container as one text, which goes on with what comes to `base`, if it is followed."""
    live = None
    if follow and not files[-1].is_compressed():
        live = LiveTail(base, _core.Zone(None), more.get("ended"))
    text = unframed(files, kind, live)
    more = {**more, "ended": text.spool.has_ended, "keep": (text, more.get("keep"))}
    more["index"] = text.index
    return Input(text.spool.path, source.label, source, name, spool=text.spool, stamp=text.format, **more)


def _of_parts(source: Source, parts: list[Part], wish: Wish, **more: Any) -> Iterator[Input]:
    for part in parts:
        finished = wish.follow and (part is not source.parts[-1] or part.rotated)
        kind, framed = kinds(part.path)
        if framed is not None and not is_stream(part.path):
            files = [Pinned(part.path)]
            yield _unframed(
                source, part.path, files, framed, part.name, follow=wish.follow and not finished, **more
            )
            continue
        if kind is not None and not (finished and wish.last):
            text = spool.of_compressed(part.path, kind)
            # One after the other. Whoever reads it says what went wrong: it is one of many.
            text.join()
            yield Input(text.path, source.label, source, part.name, True, text.has_ended, text)
        elif kind is None and is_stream(part.path):
            text = spool.of_chunks(part.path, partial(spool.from_stream, part.path))
            yield Input(text.path, source.label, source, part.name, False, text.has_ended, text)
        elif kind is None:
            yield of_part(source, part, finished=finished, **more)


def _of_archive(path: str, wish: Wish) -> Iterator[Input]:
    """The logs in a tar; nobody writes to them any more."""
    from logdex.inputs.archive import Unpacked

    unpacked = Unpacked(path)
    try:
        found = sources(unpacked.directory, streams=wish.streams)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise type(error)(error.errno, "no logs in this tar; unpack it, and name a log file", path) from None
    for source in found:
        for one in of_source(source, Wish(streams=wish.streams), keep=unpacked):
            one.finished, one.member = True, unpacked.member(one.alias or one.path)
            yield one


def of_new(source: Source, part: Part) -> Iterator[Input]:
    """One file of a source that has come while that is followed."""
    yield from _of_parts(replace(source, parts=(part,)), [part], Wish(follow=True))


def of_part(source: Source, part: Part, **more: Any) -> Input:
    """One file of a source, as it is."""
    return Input(part.path, source.label, source, part.name, **more)


def of_stream(fd: int) -> Input:
    """What comes from the descriptor of standard input, or from a copy of that."""
    path = f"/dev/fd/{fd}"
    # Of a file whose reader has begun already, the rest is meant.
    if compression(path) is None and os.path.isfile(path) and os.lseek(fd, 0, os.SEEK_CUR) == 0:
        return Input(path, "stdin")
    text = spool.of_chunks("standard input", partial(spool.from_stream, fd))
    return Input(text.path, "stdin", ended=text.has_ended, spool=text)
