"""Which files a part of a job was told to write: Slurm's patterns, and the files there are that fit them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from logdex.slurm.rows import Row
from logdex.slurm.states import ENDED, plain

_LIKE_A_LOG = re.compile(r"%[AaJj]|\.(?:out|err|log)$")
_HAS_NUMBER = re.compile(r"%\d*[AaJj]")
_PATTERN = re.compile(r"%(\d*)([\\%AaJjNnstuxbr])")
_ANY = {"t": r"\d+", "n": r"\d+", "r": r"\d+", "b": r"\d+", "a": r"\d+", "j": r"\d+"}
_ANY |= {"s": r"(?:\d+|batch|interactive|extern)", "J": r"\d+(?:\.\w+)?"}
_ANY |= {"N": r"[A-Za-z][\w.-]*", "u": r"[\w.-]+"}
"""What Slurm puts where only the step, the task or the host tells."""
_SLACK = 60.0
"""Seconds by which the clocks of hosts that share files may differ."""

_WITHOUT_VALUE = frozenset(
    (
        "contiguous",
        "disable-stdout-job-summary",
        "exact",
        "exclusive",
        "get-user-env",
        "help",
        "hold",
        "ignore-pbs",
        "kill-on-bad-exit",
        "label",
        "multi-prog",
        "nice",
        "no-kill",
        "no-requeue",
        "no-shell",
        "overcommit",
        "overlap",
        "oversubscribe",
        "parsable",
        "preserve-env",
        "propagate",
        "pty",
        "quiet",
        "reboot",
        "requeue",
        "share",
        "spread-job",
        "stepmgr",
        "test-only",
        "unbuffered",
        "usage",
        "use-min-nodes",
        "verbose",
        "version",
        "wait",
        "whole",
    )
)
_FLAGS = frozenset("EHIKOQVWXZhklsuv")
"""The options of `sbatch`, `salloc` and `srun` behind which no value stands as a word of its own."""


@dataclass(frozen=True)
class Output:
    """A file, or several of one pattern, that a part of a job was told to write."""

    path: str
    """Absolute where the directory is known; what Slurm fills in at each step is `*`."""
    fits: re.Pattern[str] | None
    """Which names in its directory fit; None where it is one file."""
    row: Row

    def there(self) -> list[str]:
        """The files there are."""
        if os.path.isfile(self.path):
            return [self.path]
        if self.fits is None:
            return []
        found = [
            one for one in files(os.path.dirname(self.path)) if self.fits.fullmatch(os.path.basename(one))
        ]
        return found if self._bears_number() else [one for one in found if self._was_written_then(one)]

    def _bears_number(self) -> bool:
        """Whether the files of another job would be called otherwise."""
        return not {self.row.id.job, self.row.own}.isdisjoint(map(int, re.findall(r"\d+", self.path)))

    def _was_written_then(self, path: str) -> bool:
        """Whether a file was written to last while the part ran; the cluster's times are taken for this host's."""
        with suppress(OSError, ValueError):
            written = os.stat(path).st_mtime
            if written < datetime.fromisoformat(self.row.start).timestamp() - _SLACK:
                return False
            over = plain(self.row.state) in ENDED and self.row.end
            return not over or written <= datetime.fromisoformat(self.row.end).timestamp() + _SLACK
        return False


def outputs(row: Row) -> list[Output]:
    """What a part was told to write."""
    named = [row.stdout, row.stderr]
    if row.submitted and not row.stdout:
        named = [name for name in _in_words(row.submitted.split()) if _LIKE_A_LOG.search(name)]
    found = [_expanded(name, row) for name in dict.fromkeys(named) if name and name != "/dev/null"]
    # Slurm tells a task that has not begun by the greatest number there is.
    return [one for one in found if "4294967294" not in one.path]


def _in_words(words: list[str]) -> Iterator[str]:
    """The values of `-o` and `-e` on a command line, which the accounts give without quotes.

    What stands behind the script is the script's own. A value with blanks looks like a script, so that a name with
    the number of the job in it, which only Slurm puts there, is taken behind that, too.
    """
    ours, at = True, 1
    while at < len(words):
        name, value, used = _option(words[at], words[at + 1] if at + 1 < len(words) else "")
        if _says_where(name) and value and (ours or _HAS_NUMBER.search(value)):
            yield value
        # A colon stands between the components of a heterogeneous job.
        ours = ours and (bool(name) or words[at] == ":")
        at += used


def _says_where(name: str) -> bool:
    """Whether an option says where to write. Long ones may be cut, down to where another begins alike."""
    return name in ("o", "e") or (len(name) > 1 and ("output".startswith(name) or "error".startswith(name)))


def _option(word: str, behind: str) -> tuple[str, str, int]:
    """The name of an option, its value, and how many words both are; no name where a word is none."""
    if word.startswith("--"):
        name, is_joined, value = word[2:].partition("=")
        if is_joined or name in _WITHOUT_VALUE:
            return name, value, 1
    elif word.startswith("-") and len(word) > 1:
        name, value = word[1], word[2:].removeprefix("=")
        if value or name in _FLAGS:
            return name, value, 1
    else:
        return "", "", 1
    return (name, "", 1) if behind.startswith("-") else (name, behind, 2)


def _expanded(name: str, row: Row) -> Output:
    """A name as Slurm makes it of a pattern."""
    job, own = row.id.job, row.own
    known: dict[str, int | str | None] = {
        "j": own,
        "A": job,
        "a": row.id.task,
        "x": row.name,
        "%": "%",
        "\\": "",
    }
    if row.id.task is not None:
        known["b"] = row.id.task % 10
    text, fits, at, is_one = "", "", 0, True
    for match in _PATTERN.finditer(name):
        between, kind, value = name[at : match.start()], match[2], known.get(match[2])
        at = match.end()
        if value is not None:
            put = str(value).zfill(min(int(match[1] or 0), 10)) if kind in "jAab" else str(value)
            written, regex = put, re.escape(put)
        elif kind == "J" and own is not None:
            written, regex, is_one = f"{own}*", rf"{own}(?:\.\w+)?", False
        else:
            written, regex, is_one = "*", _ANY[kind], False
        text, fits = f"{text}{between}{written}", f"{fits}{re.escape(between)}{regex}"
    path = os.path.join(row.directory, text + name[at:])
    # What is put for a pattern has no slash, so that what is behind the last is the file's name.
    last = (fits + re.escape(name[at:])).rpartition("/")[2]
    return Output(path, None if is_one else re.compile(last), row)


def files(directory: str) -> list[str]:
    """The files in a directory; none where it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.path for entry in entries if entry.is_file())
    except OSError:
        return []
