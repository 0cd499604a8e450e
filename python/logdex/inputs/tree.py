"""What lies below a directory, each file and directory once, however many links lead to it."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

_DEPTH = 12


def identity(path: str) -> tuple[int, int] | None:
    """What a file or directory is known by under all its names; None where the system does not say."""
    with contextlib.suppress(OSError):
        stat = os.stat(path)
        return stat.st_dev, stat.st_ino
    return None


@dataclass
class Tree:
    """The regular files and the directories below a directory, that one included; absolute, in order of names.

    `unreadable` are the directories of which the system does not say what is in them.
    """

    files: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def _walk(self, directory: str, depth: int) -> list[str]:
        """Takes in what lies below; returns the links, for what they lead to may lie below too."""
        links: list[str] = []
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except FileNotFoundError:  # it was removed just now
            return links
        except OSError:
            self.unreadable.append(directory)
            return links
        self.directories.append(directory)
        below = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                links.append(entry.path)
            elif entry.is_dir():
                below.append(entry.path)
            elif entry.is_file():
                self._note(entry.path)
                self.files.append(entry.path)
        for path in below if depth < _DEPTH else []:
            links += self._enter(path, depth + 1)
        return links

    def _enter(self, directory: str, depth: int) -> list[str]:
        return self._walk(directory, depth) if self._note(directory) else []

    def _note(self, path: str) -> bool:
        """Takes note of what is there; whether it was not met before."""
        there = identity(path)
        if there is None or there in self._seen:
            return False
        self._seen.add(there)
        return True


def tree(*directories: str) -> Tree:
    """What lies below `directories`; hidden names are left out, and what lies more than 12 directories deep.

    Where a link leads to what is there under its own name (`latest -> run-3`), its own name counts.
    """
    found = Tree()
    # Absolute, so that what stands above the directory tells role and replica.
    roots = [os.path.abspath(one) for one in directories]
    own = [root for root in roots if len(roots) == 1 or not os.path.islink(root)]
    links = [(link, root) for root in own for link in found._enter(root, 0)]
    links += [(root, root) for root in roots if root not in own]
    while links:
        link, root = links.pop(0)
        if os.path.isdir(link):
            links += [(one, root) for one in found._enter(link, link.count(os.sep) - root.count(os.sep))]
        elif os.path.isfile(link) and found._note(link):
            found.files.append(link)
    return found


def from_root(pattern: str) -> str:
    """A glob's pattern as it is from the root, where what the current directory is called is no pattern."""
    return os.path.join(glob.escape(os.getcwd()), pattern)


def where_it_may_match(pattern: str) -> Iterator[str]:
    """The directories there are in which a name may come that a glob's `pattern` matches."""
    parts = os.path.abspath(from_root(pattern)).split(os.sep)
    for at in range(1, len(parts)):
        above, part = os.sep.join(parts[:at]) or os.sep, parts[at]
        if part == "**":
            for base in glob.glob(above):
                yield from tree(base).directories
            return
        if at == len(parts) - 1 or glob.has_magic(part):
            yield from filter(os.path.isdir, glob.glob(above))
