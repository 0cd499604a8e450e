"""What paths, directories and globs stand for: files to read, with their names, and until when."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import PurePath
from typing import Any

from logdex import _core
from logdex.inputs import spool
from logdex.inputs.candidates import recognized
from logdex.inputs.compression import compression, is_named_tar
from logdex.inputs.frames import LiveTail, kind_of
from logdex.inputs.framing import kinds
from logdex.inputs.input import Input, PlainFile, Wish, is_stream
from logdex.inputs.kept import unframed
from logdex.inputs.layouts import base_of, is_rotated
from logdex.inputs.rotation import Pinned, may_be_read, pinned
from logdex.inputs.source import Part, Source
from logdex.inputs.sources import find, may_grow, of_file, sources
from logdex.inputs.tree import from_root


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
    return [one for source in found for one in of_source(source, wish, _belongs(argument, source, found))]


def _belongs(argument: str, source: Source, found: list[Source]) -> Callable[[str], bool]:
    """Whether a file that a set has is of this source: the glob means it, if it is one, and no other source has it.

    Names may have gone to other files since the sources were found, so those that it has are not all.
    """
    own = {os.path.abspath(part.path) for part in source.parts}
    others = {os.path.abspath(part.path) for one in found if one is not source for part in one.parts}

    def belongs(name: str) -> bool:
        if name in own or name in others:
            return name in own
        return os.path.isdir(argument) or _matches(name, argument)

    return belongs


def _matches(name: str, pattern: str) -> bool:
    """Whether a glob means a file, which need not be there, or a directory in which it is."""
    there = {os.path.abspath(one) for one in glob.iglob(pattern, recursive=True)}
    if name in there or any(str(above) in there for above in PurePath(name).parents):
        return True
    above, last = os.path.split(os.path.abspath(from_root(pattern)))
    directory, called = os.path.split(name)
    return fnmatchcase(called, last) and fnmatchcase(directory, above)


def of_set(path: str, wish: Wish) -> list[Input]:
    """The file at `path` and its rotations, the oldest first."""
    return list(_of_set(of_file(path), path, pinned(path), wish, named=True)) or [
        Input(path, of_file(path).label)
    ]


def of_source(
    source: Source, wish: Wish, belongs: Callable[[str], bool] = lambda _: True, **more: Any
) -> Iterator[Input]:
    """The files of a source, each as it has to be read: as it is, decompressed, or as it comes.

    Those of a rotated set are held open: they are called otherwise after the next rotation. `belongs` says of a file of
    such a set whether it is of the source. What may not be read hides nothing: whoever reads it says so.
    """
    parts = list(source.parts)
    while parts:
        base = base_of(parts[0])
        of_base = [part for part in parts if base_of(part) == base]
        if any(part.rotated for part in of_base):
            last = of_base[-1] is source.parts[-1]
            files = pinned(base, numbered_inside=False, belongs=belongs, strict=False)
            is_log = belongs(os.path.abspath(base)) and may_be_read(base)
            name, log = of_base[0].name, base if is_log else None
            refused = [part for part in of_base if not may_be_read(part.path)]
            yield from (of_part(source, part, finished=part.rotated, **more) for part in refused)
            yield from _of_set(source, log, files, wish, name, last=last, **more)
        else:
            yield from _of_parts(source, of_base, wish, **more)
        parts = [part for part in parts if base_of(part) != base]


def _of_set(
    source: Source,
    log: str | None,
    files: list[Pinned],
    wish: Wish,
    name: str = "",
    *,
    last: bool = True,
    named: bool = False,
    **more: Any,
) -> Iterator[Input]:
    """The files of a rotated set; what containers wrote, as one text.

    A follow goes on with what comes to `log`, the path of which they are rotations, if that is asked for. Where no file
    has that name, and nobody `named` it, they may be no rotations, but files of days or ranks: each of them may still
    be written to.
    """
    follow = wish.follow and last
    kind = kind_of(files)
    if kind is not None:
        yield _unframed(source, log, files, kind, name, follow=follow, **more)
        return
    alone = not named and (log is None or os.path.abspath(log) not in [one.name for one in files])
    for one in files:
        # Who asks for the set by its log's name wants what is compressed, too.
        text = None if wish.follow and wish.last and not named and one.is_compressed() else one.text()
        if follow and log is not None and one is files[-1] and text == one.path:
            # The one that has the name now, or had it until just now; then its writer may not know that yet.
            live = {**more, "begun": one.path, "keep": (one, more.get("keep"))}
            yield Input(log, source.label, source, name, **live)
        elif follow and alone and text == one.path:
            yield _of_held(source, one, name, **more)
        elif text is not None:
            yield Input(
                text, source.label, source, name, wish.follow, spool=one.spool, alias=one.name, keep=one
            )
    if follow and log is not None and files and files[-1].is_compressed():
        yield Input(log, source.label, source, name, **more)


def _of_held(source: Source, one: Pinned, name: str, **more: Any) -> Input:
    """A file that is followed whatever it is called by then: its name says nothing of the files that get it later."""
    more = {**more, "alias": one.name, "keep": (one, more.get("keep"))}
    return Input(one.path, source.label, source, name, **more)


def held_rotations(given: list[tuple[str, list[Input]]]) -> list[tuple[str, list[Input]]]:
    """What is followed, and of the files that were named the rotations of others held open.

    The name of a rotation goes to what was followed as its log until then, at the next rotation.
    """
    named = {
        os.path.abspath(one.path): one for _, found in given for one in found if isinstance(one, PlainFile)
    }
    held: dict[int, Input] = {}
    for path, one in named.items():
        known = recognized(path)
        if known is not None and is_rotated(known[1]) and base_of(Part(path, rotated=True)) in named:
            with suppress(OSError):  # Whoever reads it says so.
                held[id(one)] = _of_held(one.source, Pinned(path), one.name)
    return [(argument, [held.get(id(one), one) for one in found]) for argument, found in given]


def _unframed(
    source: Source, log: str | None, files: list[Pinned], kind: str, name: str, *, follow: bool, **more: Any
) -> Input:
    """The files of a log of a container as one text, which goes on with what comes to `log`, if it is followed."""
    live = None
    if follow and log is not None and not files[-1].is_compressed():
        live = LiveTail(log, _core.Zone(None), more.get("ended"))
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
    """One file of a source that has come while that is followed.

    Raises:
        FileNotFoundError: It has another name by now.
    """
    if part.rotated and may_be_read(part.path) and kinds(part.path) == (None, None):
        yield _of_held(source, Pinned(part.path), part.name)
        return
    yield from _of_parts(replace(source, parts=(part,)), [part], Wish(follow=True))


def of_part(source: Source, part: Part, **more: Any) -> Input:
    """One file of a source, as it is."""
    return Input(part.path, source.label, source, part.name, **more)


def of_stream(fd: int) -> Input:
    """What comes from the descriptor of standard input, or from a copy of that."""
    path = f"/dev/fd/{fd}"
    # Of a file whose reader has begun already, the rest is meant; by its path one may be refused that was handed over.
    whole = os.path.isfile(path) and os.lseek(fd, 0, os.SEEK_CUR) == 0
    if whole and may_be_read(path) and compression(path) is None:
        return Input(path, "stdin")
    text = spool.of_chunks("standard input", partial(spool.from_stream, fd))
    return Input(text.path, "stdin", ended=text.has_ended, spool=text)
