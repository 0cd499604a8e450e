"""Whose numbers the names of files tell: the job's, or those of the processes of each host.

`rank0.log` in one directory is by rank 0. Where each host has a directory with a `rank0.log`, at most one of them is,
and the others are by processes that their launchers number so. To take them for one rank would put two under one name.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from logdex.diagnosis.who.identity import File, differences

_STREAMS = frozenset(("stdout", "stderr", "out", "err", "logs", "log"))
"""Directories that are no host's: a process may have a file in each of them."""
_AGAIN = re.compile(
    r"(?i)(?:attempt|re(?:start|try|sume)|run|try|trial|version|v|exp\w*|seed|job|step|epoch)[-_.]?\d+$"
)
"""What is numbered when something is done again, and no host is: the same rank may write anew."""
_DATE = re.compile(r"20\d\d[-_.]?[01]\d[-_.]?[0-3]\d")


def tell_apart(files: Sequence[File]) -> None:
    """Takes the ranks in the names of files for local ones, where each directory numbers anew."""
    of_number: defaultdict[int, set[str]] = defaultdict(set)
    for file in files:
        if file.source.rank is not None:
            of_number[file.source.rank].add(_directory(file))
    directories = {one for many in of_number.values() if len(many) > 1 for one in many}
    if not directories:
        return
    numbered = [file for file in files if file.source.rank is not None and _directory(file) in directories]
    if are_hosts(directories) or _contradict(numbered):
        for file in numbered:
            file.source = replace(file.source, rank=None, local_rank=file.source.rank)


def in_doubt(files: Iterable[File]) -> set[str]:
    """The ranks under whose name files of several directories stand, which may be by several processes."""
    directories: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        if file.source.rank is not None or file.source.local_rank is not None:
            for name in filter(None, file.names):
                directories[name].add(_directory(file))
    return {name for name, many in directories.items() if len(many) > 1}


def _directory(file: File) -> str:
    """The directory of a file by its label, without one that only says which stream it is."""
    directory = os.path.dirname(file.label)
    while os.path.basename(directory).lower() in _STREAMS:
        directory = os.path.dirname(directory)
    return directory


def are_hosts(directories: Iterable[str]) -> bool:
    """Whether directories are called alike but for numbers, as hosts are: `a100-03` and `a100-17`."""
    parts = [one.split("/") for one in directories]
    if len({len(one) for one in parts}) != 1:
        return False
    differing = [set(names) for names in zip(*parts, strict=True) if len(set(names)) > 1]
    names = [name for many in differing for name in many]
    patterns = [{re.sub(r"\d+", "0", name) for name in many} for many in differing]
    return (
        all(len(one) == 1 for one in patterns)
        and all(re.search(r"[A-Za-z].*\d", name) for name in names)
        and not any(_AGAIN.search(name) or _DATE.search(name) for name in names)
    )


def _contradict(files: Iterable[File]) -> bool:
    """Whether the lines of a file speak for another rank than its name."""
    return any(
        told for file in files for voice in file.voices for told in differences(voice, file.source.rank)
    )
