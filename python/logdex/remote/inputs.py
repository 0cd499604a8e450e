"""What an address of a file elsewhere stands for: a copy here, as much of it as is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from logdex.inputs import framing, spool
from logdex.inputs.compression import MAGIC, compression_of
from logdex.inputs.input import Input, Wish
from logdex.inputs.source import Source
from logdex.inputs.sources import of_file
from logdex.remote.copy import Copy
from logdex.remote.elsewhere import Elsewhere

_TAIL = 256 << 10
"""So many bytes are fetched for the last lines at first."""
_GLANCE = 16
"""By so many bytes most logs are known not to be those of containers."""
_EVERY = 1.0
"""How often it is looked whether a log that is followed has grown, in seconds."""


def of_address(address: str, wish: Wish) -> list[Input]:
    """The log behind an address, as a file here.

    Of the last lines only those are fetched, and of a follow what comes; for anything else, the whole log, once: the
    filter of times is exact for stamps in any order. The copy is kept, with its index, and a log that grew is fetched
    from where it ended.

    Raises:
        OSError: It cannot be reached, or is not there.
        ValueError: The address is not written as one, or nobody here can read such addresses.
    """
    if wish.rotated:
        raise ValueError(
            f"{address}: what was rotated away of it is found by the logdex there alone, of this version; "
            "name its files, or leave out --rotated"
        )
    copy = Copy(_elsewhere(address))
    source = of_file(urlsplit(address).path or address)
    if compression_of(copy.read(0, MAGIC)) is not None:
        return [_decompressed(copy, source)]
    # A line of a container's may stand in several parts, and be of another stream.
    tail = wish.tail if wish.tail is not None and not _is_framed(copy) else None
    if wish.follow:
        begin, past = 0 if tail is None else _of_last(copy, tail), threading.Event()
        text = spool.of_chunks(address, lambda: _follow(copy, begin, past))
        # The last lines are those of what is there now.
        text.past = past
        return [Input(text.path, source.label, source, ended=text.has_ended, spool=text)]
    if tail is not None:
        begin = _of_last(copy, tail)
        text = spool.of_chunks(address, lambda: iter([copy.read(begin, copy.state.size)]))
        text.wait()
        return [Input(text.path, source.label, source, ended=text.has_ended, spool=text)]
    copy.fetch()
    return [Fetched(copy.path, source.label, source, keep=copy, address=address)]


def _is_framed(copy: Copy) -> bool:
    """Whether it is a container's log, of which no more is fetched than tells that."""
    return framing.is_open(copy.read(0, _GLANCE)) and framing.told_by(copy.read(0, framing.HEAD)) is not None


def _decompressed(copy: Copy, source: Source) -> Input:
    copy.fetch()
    kind = compression_of(copy.read(0, MAGIC))
    text = spool.of_chunks(copy.address, lambda: spool.decompressed(copy.path, kind or ""))
    text.wait()
    return Input(text.path, source.label, source, finished=True, ended=text.has_ended, spool=text)


class Fetched(Input):
    """The copy of a file elsewhere, which messages call by its address."""

    def __init__(self, *args: object, address: str, **more: object) -> None:
        """As `Input`, and the `address`."""
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self._address = address

    @property
    def alias(self) -> str | None:
        """See `Input`."""
        return self._address


def _elsewhere(address: str) -> Elsewhere:
    if address.lower().startswith("ssh://"):
        from logdex.remote.ssh import SshFile

        return SshFile(address)
    from logdex.remote.objects import ObjectFile

    return ObjectFile(address)


def _of_last(copy: Copy, lines: int) -> int:
    """Where the last so many lines begin."""
    # Of a short log too: a follow may begin before anything is here, and then shows all that comes.
    size, span = copy.state.size, _TAIL
    while True:
        start = max(size - span, 0)
        tail = copy.read(start, size)
        # A line that is not ended counts, and the line before the first must be seen to end.
        ends = tail.count(b"\n") - tail.endswith(b"\n")
        if ends >= lines:
            at = len(tail) - tail.endswith(b"\n")
            for _ in range(lines):
                at = tail.rfind(b"\n", 0, at)
            return start + at + 1 if lines else size
        if start == 0:
            return 0
        span *= 4


def _follow(copy: Copy, begin: int, past: threading.Event) -> Iterator[bytes]:
    """What is there from `begin` on, and what comes; `past` is set between the two."""
    while True:
        while begin < copy.state.size:
            got = copy.read(begin, begin + (4 << 20))
            begin += len(got)
            yield got
        past.set()
        time.sleep(_EVERY)
        copy.grow()
