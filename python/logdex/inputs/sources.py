"""The sources that a path stands for: a file, a directory or a glob, now and as it grows."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable

from logdex.inputs.candidates import SourceFiles, by_itself, grouped, in_sets, recognized
from logdex.inputs.copies import choose_streams, without_copies
from logdex.inputs.labels import labelled
from logdex.inputs.layouts import LAYOUTS
from logdex.inputs.source import Found, Source
from logdex.inputs.tree import Tree, identity, tree, where_it_may_match


def sources(path: str, *, streams: str | None = None, follow: bool = False) -> list[Source]:
    """The sources that `path` stands for.

    Args:
        path: A file, a directory or a glob.
        streams: "stdout", "stderr" or "combined", where there are several. Combined, which is the default, is stdout
            and stderr where both are there: a copy of both in one file, as TorchX makes it, has torn lines. It is read
            where one of them is missing.
        follow: The logs will be followed, so a combined copy, which lags behind, is not taken.

    Raises:
        FileNotFoundError: Nothing matches a glob, or there is no such stream.
        IsADirectoryError: There is no log in a directory.
    """
    found = find(path, streams=streams, follow=follow).sources
    if found:
        return found
    if streams is not None and find(path, follow=follow).sources:
        raise FileNotFoundError(
            2, f"no log of {streams} here; leave --streams out to see what there is", path
        )
    if not os.path.isdir(path):
        raise FileNotFoundError(2, "no file matches this pattern", path)
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise IsADirectoryError(
        21,
        f"no logs in this directory; name a log file, or a glob such as {path.rstrip('/')}/* (layouts known: {known})",
        path,
    )


def may_grow(path: str) -> bool:
    """Whether `path` may stand for more later: it is a directory, or a glob."""
    return os.path.isdir(path) or (glob.has_magic(path) and not os.path.lexists(path))


def find(path: str, *, streams: str | None = None, follow: bool = False) -> Found:
    """As `sources`, but finding nothing is no error.

    Raises:
        FileNotFoundError: There is no directory in which a glob could match.
    """
    if not may_grow(path):
        return Found([of_file(path)], [])
    if os.path.isdir(path):
        below = tree(path)
        inside = _inside(below, streams=streams, follow=follow)
        return Found(labelled(inside), below.directories)
    directories = list(where_it_may_match(path))
    if not directories:
        raise FileNotFoundError(2, "no file matches this pattern", path)
    names = sorted(glob.glob(path, recursive=True))
    # What a glob names is wanted, whatever it is called; only directories are searched for logs, and what is named
    # itself is not looked for there again.
    below = tree(*(name for name in names if os.path.isdir(name)))
    named = _each_once(name for name in names if not os.path.isdir(name))
    if named:
        below.files = [one for one in below.files if identity(one) not in named]
    inside = _inside(below, streams=streams, follow=follow)
    return Found(labelled(in_sets([*named.values()]) + inside), directories + below.directories)


def _each_once(names: Iterable[str]) -> dict[object, str]:
    """The files by what they are, in the order of their names; of a file with several that which is no link."""
    kept: dict[object, str] = {}
    for name in names:
        there = identity(name) or name
        if there not in kept or (os.path.islink(kept[there]) and not os.path.islink(name)):
            kept[there] = name
    return dict(sorted(kept.items(), key=lambda one: one[1]))


def of_file(path: str) -> Source:
    """The source that one file is."""
    (source,) = labelled([by_itself(path, rotated=False)])
    return source


def arrange(
    paths: Iterable[str],
    *,
    streams: str | None = None,
    follow: bool = False,
    at_their_word: Iterable[str] = (),
) -> list[Source]:
    """The sources among `paths`, as `sources` says; other files are left out, but for those known to be logs."""
    there = set(paths)
    unknown = {one for one in at_their_word if one in there and recognized(one) is None}
    chosen = _chosen(there - unknown, streams=streams, follow=follow)
    return labelled([*chosen, *map(by_itself, sorted(unknown))])


def _inside(below: Tree, *, streams: str | None, follow: bool) -> list[SourceFiles]:
    """The logs below directories; and those of these that cannot be read, so that whoever opens them hears of it."""
    return [*_chosen(below.files, streams=streams, follow=follow), *map(by_itself, below.unreadable)]


def _chosen(paths: Iterable[str], *, streams: str | None, follow: bool) -> list[SourceFiles]:
    return choose_streams(without_copies(grouped(paths), follow), streams, follow)
