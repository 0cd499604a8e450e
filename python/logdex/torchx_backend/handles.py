"""What a handle stands for: the logs of an app's roles and replicas, here or through TorchX."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from logdex.inputs import spool
from logdex.inputs.handle import Handle
from logdex.inputs.input import Input, Wish
from logdex.inputs.paths import of_source
from logdex.inputs.source import Source
from logdex.inputs.sources import arrange
from logdex.jobs import JobRecord
from logdex.jobs.ending import Ending
from logdex.torchx_backend.schedulers.local import create_scheduler
from logdex.torchx_backend.schedulers.logs import replica_dir


def of_handle(handle: Handle, wish: Wish) -> list[Input]:
    """The logs of the replicas that `handle` means.

    Raises:
        LookupError: There is no such app, role or replica.
        OSError: A replica has written no log; in a follow, that is waited for.
    """
    return _of_app(handle, wish) if handle.scheduler == "local_persistent" else _of_runner(handle, wish)


def _of_app(handle: Handle, wish: Wish) -> list[Input]:
    """An app of this package's own scheduler, read where it lies."""
    scheduler = create_scheduler(handle.session)
    record = scheduler.record_of(handle.app)
    if record is None:
        raise LookupError(
            f"local_persistent://{handle.session}/{handle.app}: there is no such app; "
            "`torchx list -s local_persistent` shows those of this session"
        )
    found: list[Input] = []
    for name, k in _chosen(handle, {name: len(many) for name, many in record.roles.items()}):
        found += _of_replica(scheduler, record, name, k, wish)
    return found


def _of_replica(scheduler: Any, record: JobRecord, role: str, k: int, wish: Wish) -> list[Input]:
    directory = replica_dir(record, role, k)
    names = [os.path.join(directory, f"{stream}.log") for stream in ("stdout", "stderr", "combined")]
    ending = Ending(record, lambda: scheduler.record_of(record.app_id))
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
        out += list(of_source(named, wish, ended=ending, keep=[scheduler], exit=record.roles[role][k].exit))
    return out


def _of_runner(handle: Handle, wish: Wish) -> list[Input]:
    """An app of another scheduler, whose lines come through TorchX."""
    from torchx.runner import get_runner

    runner = get_runner()
    schedulers = list(runner.scheduler_backends())
    if handle.scheduler not in schedulers:
        raise LookupError(
            f"{handle.text}: there is no scheduler {handle.scheduler!r}; TorchX has {', '.join(schedulers)}"
        )
    app = f"{handle.scheduler}://{handle.session}/{handle.app}"
    try:
        known = runner.describe(app)
    except Exception as error:
        raise LookupError(
            f"{handle.text}: TorchX cannot describe it ({type(error).__name__}: {error}); "
            f"try `torchx status {app}`"
        ) from error
    if known is None:
        raise LookupError(
            f"{handle.text}: there is no such app; `torchx list -s {handle.scheduler}` shows those there are"
        )
    roles = {one.name: max(int(one.num_replicas), 1) for one in known.roles}
    found = []
    for name, k in _chosen(handle, roles):
        text = spool.of_chunks(handle.text, _through(runner, app, name, k, wish))
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


def _chosen(handle: Handle, roles: dict[str, int]) -> list[tuple[str, int]]:
    """The roles and replicas that are meant, of `roles` with so many replicas each."""
    if handle.role is not None and handle.role not in roles:
        there = ", ".join(sorted(roles)) or "none"
        raise LookupError(f"app {handle.app} has no role {handle.role!r}; it has {there}")
    chosen: list[tuple[str, int]] = []
    for name, count in roles.items():
        if handle.role in (None, name):
            for wanted in [range(count)] if handle.replicas is None else handle.replicas:
                if wanted.stop > count:
                    missing = max(wanted.start, count)
                    raise LookupError(
                        f"app {handle.app} has no replica {missing} of role {name!r}; it has {count}"
                    )
                chosen += [(name, k) for k in wanted]
    # `0-3,2` means a set of replicas: none is read twice.
    return list(dict.fromkeys(chosen))
