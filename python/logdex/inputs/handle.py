"""A handle as TorchX writes it, `scheduler://session/app`, and behind it the roles and replicas that are meant.

`slurm:12345` is short for the job 12345 of Slurm, whoever submitted it.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

_HANDLE = re.compile(
    r"(?P<scheduler>\w+)://(?P<session>[^/]*)/(?P<app>[^/]+)(?:/(?P<role>[^/]+)(?:/(?P<replicas>[\d,-]+))?)?/?$"
)


_JOB = re.compile(
    r"slurm:(?P<app>[0-9]+(?:_[0-9]+)?(?:\+[0-9]+)?)(?:/(?P<role>[^/]+)(?:/(?P<replicas>[\d,-]+))?)?/?$"
)

_REMOTE = (
    *(
        "ssh",
        "s3",
        "s3a",
        "gs",
        "gcs",
        "az",
        "abfs",
        "abfss",
        "adl",
        "oci",
        "hdfs",
        "webhdfs",
        "http",
        "https",
    ),
    *("ftp", "sftp", "smb", "hf", "memory"),
)
"""What an address begins with that is of a file elsewhere, and not of an app."""


class Handle(NamedTuple):
    """The parts of a handle."""

    text: str
    """As it was given, for messages."""
    scheduler: str
    session: str
    app: str
    role: str | None
    """The one role that is meant; None for all."""
    replicas: list[range] | None
    """The replicas of each role that are meant, of which the app may have fewer; None for all."""


def is_address(text: str) -> bool:
    """Whether an argument is the address of a file elsewhere, such as `ssh://host/path` or `s3://bucket/key`."""
    kind, mark, _ = text.partition("://")
    return bool(mark) and kind.lower() in _REMOTE and not os.path.lexists(text)


def is_handle(text: str) -> bool:
    """Whether an argument is `scheduler://session/app` or `slurm:12345`, and no path."""
    return ("://" in text or text.startswith("slurm:")) and not os.path.lexists(text)


def parse(text: str) -> Handle:
    """The parts of the handle `text`.

    Raises:
        ValueError: It is not written as a handle is, or is the address of a file elsewhere.
    """
    if "://" not in text:
        return _of_job(text)
    if text.lower().startswith("file://"):
        raise ValueError(f"{text}: this file is here; name its path")
    match = _HANDLE.match(text)
    if match is None:
        raise ValueError(
            f"{text}: not a handle; write scheduler://session/app, with /role and /role/0,1 if need be"
        )
    session = match["session"] or "default"
    return Handle(text, match["scheduler"], session, match["app"], match["role"], _numbers(match["replicas"]))


def _of_job(text: str) -> Handle:
    match = _JOB.match(text)
    if match is None:
        raise ValueError(
            f"{text}: not a job; write slurm:12345, slurm:12345_7 for a task of an array, slurm:12345+1 for a component"
        )
    return Handle(text, "slurm", "default", match["app"], match["role"], _numbers(match["replicas"]))


_NUMBER = re.compile(r"[0-9]{1,18}")
"""A replica's number: no more digits than a 64-bit number has."""


def _numbers(text: str | None) -> list[range] | None:
    """`0,2-4` as ranges, for nobody knows yet how many replicas there are."""
    if not text:
        return None
    numbers: list[range] = []
    for item in text.split(","):
        first, dash, last = item.partition("-")
        if not _NUMBER.fullmatch(first) or (dash and not _NUMBER.fullmatch(last)):
            raise ValueError(f"{text}: not replicas; write 0,2 or 0-3")
        found = range(int(first), int(last or first) + 1)
        if not found:
            raise ValueError(f"{text}: {item} ends before it begins; write {last}-{first}")
        numbers.append(found)
    return numbers
