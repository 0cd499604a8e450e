"""`open`: which kind of `Log` a path, a directory, a glob, a handle or a list of these is."""

from __future__ import annotations

import os

from logdex._resolve import stands_for_many
from logdex.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from logdex.inputs.skew import Skew

    Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def open(
    path: Path | Sequence[Path],
    *,
    tz: str | None = None,
    reference: datetime | None = None,
    index: bool | str | os.PathLike[str] = True,
    stamp: str | None = None,
    prefix: str = "",
    rotated: bool = False,
    skew: Skew | None = None,
    streams: str | None = None,
) -> Log:
    """Names a log, to be asked. Nothing of it is read before an answer is.

    Args:
        path: The file: a plain-text log of any size, which may be growing, and need not be there yet; or one in gzip,
            zstd, xz, bzip2 or lz4 (with `pip install lz4`), whatever its name, whose text goes into a temporary file
            when it is asked. Or a directory, a tar of one (also compressed, by its name), a glob, a handle
            (`scheduler://session/app[/role[/replicas]]`, or `slurm:12345` for a job of Slurm), or a list of any of
            these: then the answer's lines are those of all their logs, in one order.
        tz: The zone of stamps that name none, by its IANA name such as "Europe/Berlin"; default the machine's.
        reference: A moment near the log's end, for stamps without a year; default the file's last modification.
        index: Whether to keep an index of times in the user's cache, or the directory to keep it in.
        stamp: A format of the log's stamps that is looked for before those that are known, in `strptime`'s directives
            (`%d.%m.%Y %H:%M:%S`; `%s` for seconds since 1970), at the first place of a line where it fits.
        prefix: The text right before such a stamp, blanks aside; then it is looked for nowhere else.
        rotated: What was rotated away of the file (`app.log.1`, `app.log.2.gz`, `app.log-20261122`,
            `app-2026-11-22.log`) comes before it, as one log. Directories and globs take rotations in anyway.
        skew: By how much the clock was behind that wrote the stamps: a timedelta, or a text such as "+2.4s",
            "-150ms" (it was ahead) or "1m30s". Of several sources a mapping of their names to such amounts: labels
            (`Logs.sources`), parts of their paths, patterns of a shell. The time of a line is its stamp and that,
            wherever it is shown, compared or put in order. A cursor of several sources is taken up with the same skew.
        streams: "stdout", "stderr" or "combined": only this stream, where a process has several, each in a file of its
            own or told by the frames of a container's log. Default: what there is, in one order.

    Returns:
        A `Log`; a `Logs`, which is one, where there may be several files, and a `Rotated` of a file and its rotations.

    Raises:
        ValueError: `tz` is no time zone, `stamp` says no time, `skew` no amount of time, `streams` no stream, or
            `rotated` is asked of what is not one file. At a question: `skew` names a source that there is not.
        TypeError: `path` is not a path.

    Examples:
        >>> import logdex
        >>> logdex.open("train.log", tz="UTC")
        logdex.open('train.log')
    """
    if streams not in (None, "stdout", "stderr", "combined"):
        raise ValueError(f"streams={streams!r}: give stdout, stderr or combined")
    given = [path] if isinstance(path, str | bytes | os.PathLike) else _several(path)
    names = [os.fsdecode(one) for one in given]
    one = given == [path] and not stands_for_many(names[0])
    if rotated:
        if not one:
            raise ValueError(
                f"rotated=True: {path!r} is not one file; directories and globs take in what was rotated by themselves"
            )
        from logdex.rotated.log import Rotated

        kind: Callable[..., Log] = Rotated
    elif one:
        kind = Log
    else:
        from logdex.many import Logs

        kind = Logs
    return kind(
        names[0] if one else names,
        tz=tz,
        reference=reference,
        index=index,
        stamp=stamp,
        prefix=prefix,
        skew=skew,
        streams=streams,
    )


def _several(paths: Sequence[Path]) -> list[Path]:
    if hasattr(paths, "read"):
        # Iterating it gives lines, which are no paths; and it cannot be read twice, nor from its end.
        raise TypeError(
            f"path={paths!r}: this is an open file; give its path, or write its text to a file and give that one's"
        )
    try:
        return list(paths)
    except TypeError:
        raise TypeError(f"path={paths!r}: give a path, or a list of paths") from None
