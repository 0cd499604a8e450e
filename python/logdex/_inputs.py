"""What paths, directories, globs and handles stand for: files to read, with their names, and until when."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from logdex import _spool as spool
from logdex._input import Input, Wish, compression, is_handle, is_stream
from logdex.layouts import Part, Source, arrange, find, may_grow, sources

if TYPE_CHECKING:
    from logdex.torchx_backend.jobs import JobRecord

_HANDLE = re.compile(
    r"(?P<scheduler>\w+)://(?P<session>[^/]*)/(?P<app>[^/]+)(?:/(?P<role>[^/]+)(?:/(?P<replicas>[\d,-]+))?)?/?$"
)


def others(argument: str, wish: Wish) -> list[Input]:
    """The files that an argument stands for which is no plain file; see `_input.inputs`."""
    if argument == "-":
        return [_stdin()]
    if is_handle(argument):
        return _of_handle(argument, wish)
    if wish.follow and may_grow(argument):
        found = find(argument, streams=wish.streams, follow=True).sources
    else:
        found = sources(argument, streams=wish.streams, follow=wish.follow)
    return [one for source in found for one in _of_source(source, wish)]


def _of_source(source: Source, wish: Wish, **more: Any) -> Iterator[Input]:
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
    # Of a file that somebody has begun to read, the rest is meant.
    if compression("/dev/fd/0") is None and os.path.isfile("/dev/fd/0") and os.lseek(0, 0, os.SEEK_CUR) == 0:
        return Input("/dev/fd/0", "stdin")
    text = spool.Spool("standard input", partial(spool.from_stream, 0))
    return Input(text.path, "stdin", ended=text.has_ended, spool=text)


def _of_handle(handle: str, wish: Wish) -> list[Input]:
    match = _HANDLE.match(handle)
    if match is None:
        raise ValueError(
            f"{handle}: not a handle; write scheduler://session/app, with /role and /role/0,1 if need be"
        )
    try:
        import logdex.torchx_backend
    except ImportError as error:
        raise ValueError(
            f"{handle}: handles need TorchX, which cannot be imported ({error}); pip install 'logdex[torchx]'"
        ) from error
    del logdex
    role, replicas = match["role"], _numbers(match["replicas"])
    if match["scheduler"] == "local_persistent":
        return _of_app(match["session"] or "default", match["app"], role, replicas, wish)
    return _of_runner(handle, match, role, replicas, wish)


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


def _of_app(
    session: str, app_id: str, role: str | None, replicas: list[range] | None, wish: Wish
) -> list[Input]:
    """An app of this package's own scheduler, read where it lies."""
    from logdex.torchx_backend.schedulers.local import create_scheduler

    scheduler = create_scheduler(session)
    record = scheduler._record(app_id)
    if record is None:
        raise LookupError(
            f"local_persistent://{session}/{app_id}: there is no such app; "
            "`torchx list -s local_persistent` shows those of this session"
        )
    found: list[Input] = []
    for name, k in _chosen({name: len(many) for name, many in record.roles.items()}, app_id, role, replicas):
        found += _of_replica(scheduler, record, name, k, wish)
    return found


def _of_replica(scheduler: Any, record: JobRecord, role: str, k: int, wish: Wish) -> list[Input]:
    from logdex.torchx_backend.schedulers.ending import Ending
    from logdex.torchx_backend.schedulers.logs import replica_dir

    directory = replica_dir(record, role, k)
    names = [os.path.join(directory, f"{stream}.log") for stream in ("stdout", "stderr", "combined")]
    ending = Ending(record, lambda: scheduler._record(record.app_id))
    live = wish.follow and not ending()
    there = [name for name in names if live or os.path.isfile(name)]
    if not there:
        raise FileNotFoundError(2, "this replica has written no log", directory)
    found = arrange(there, streams=wish.streams, follow=wish.follow)
    if not found:
        raise FileNotFoundError(2, f"this replica has no log of {wish.streams}", directory)
    several = len(found) > 1
    out = []
    for source in found:
        label = f"{role}/{k}" + (f" {source.stream}" if several and source.stream else "")
        named = Source(label, source.parts, role, k, None, None, source.stream)
        out += list(_of_source(named, wish, ended=ending, keep=[scheduler]))
    return out


def _of_runner(
    handle: str, match: re.Match[str], role: str | None, replicas: list[range] | None, wish: Wish
) -> list[Input]:
    """An app of another scheduler, whose lines come through TorchX."""
    from torchx.runner import get_runner

    runner = get_runner()
    schedulers = list(runner.scheduler_backends())
    if match["scheduler"] not in schedulers:
        raise LookupError(
            f"{handle}: there is no scheduler {match['scheduler']!r}; TorchX has {', '.join(schedulers)}"
        )
    app = f"{match['scheduler']}://{match['session'] or 'default'}/{match['app']}"
    try:
        known = runner.describe(app)
    except Exception as error:
        raise LookupError(
            f"{handle}: TorchX cannot describe it ({type(error).__name__}: {error}); "
            f"try `torchx status {app}`"
        ) from error
    if known is None:
        raise LookupError(
            f"{handle}: there is no such app; `torchx list -s {match['scheduler']}` shows those there are"
        )
    roles = {one.name: max(int(one.num_replicas), 1) for one in known.roles}
    found = []
    for name, k in _chosen(roles, match["app"], role, replicas):
        text = spool.Spool(handle, _through(runner, app, name, k, wish))
        label = f"{name}/{k}"
        source = Source(label, (), name, k)
        found.append(Input(text.path, label, source, ended=text.has_ended, spool=text, keep=[runner]))
    return found


def _through(runner: Any, app: str, role: str, k: int, wish: Wish) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        from torchx.schedulers.api import Stream

        streams = Stream(wish.streams) if wish.streams else None
        for line in runner.log_lines(app, role, k, should_tail=wish.follow, streams=streams):
            text = line if line.endswith("\n") else line + "\n"
            yield text.encode("utf-8", "surrogateescape")

    return chunks


def _chosen(
    roles: dict[str, int], app: str, role: str | None, replicas: list[range] | None
) -> list[tuple[str, int]]:
    if role is not None and role not in roles:
        raise LookupError(f"app {app} has no role {role!r}; it has {', '.join(sorted(roles)) or 'none'}")
    chosen = []
    for name, count in roles.items():
        if role in (None, name):
            for wanted in [range(count)] if replicas is None else replicas:
                if wanted.stop > count:
                    missing = max(wanted.start, count)
                    raise LookupError(f"app {app} has no replica {missing} of role {name!r}; it has {count}")
                chosen += [(name, k) for k in wanted]
    return chosen
