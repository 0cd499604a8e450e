#!/usr/bin/env python3
# ruff: noqa: E501 -- a line here is a line of the log
"""Write a log of a real shape, with thousands of distinct words, UUIDs, hexadecimal digests, addresses and floats.

    real_shapes.py SHAPE MEBIBYTES PATH [--seed N]

The shapes are those of systems whose logs an index of text must not choke on; the same arguments give the same bytes.
Each hides "needle-gamma" once at 99 % of the file, and counts a step up where the system has one.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

_ONSETS = "b br c ch cl d dr f fl g gr h j k kl l m n p pl pr qu r s sc sh sl sp st str t th tr v w z".split()  # noqa: SIM905
_VOWELS = "a e i o u ai ea ee io oa ou".split()  # noqa: SIM905
_CODAS = [
    "",
    "b",
    "ck",
    "d",
    "ft",
    "g",
    "l",
    "ll",
    "m",
    "n",
    "nd",
    "ng",
    "nt",
    "p",
    "r",
    "rd",
    "rk",
    "s",
    "st",
    "t",
    "x",
]
NEEDLE = "needle-gamma"


class Writer:
    """What a shape is made of: words by Zipf's law, identifiers, numbers and a clock."""

    def __init__(self, seed: int, words: int = 12_000) -> None:
        """`words`: how many distinct ones there are."""
        self.rng = rng = random.Random(seed)
        syllables = ["".join(parts) for parts in product(_ONSETS, _VOWELS, _CODAS)]
        self.words = ["".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3)))) for _ in range(words)]
        self._weights = [1 / (rank + 3) for rank in range(words)]
        self._pool: list[str] = []
        self.now = datetime(2026, 10, 1, 0, 5)
        self.step = 0

    def word(self) -> str:
        """One word."""
        if not self._pool:
            self._pool = self.rng.choices(self.words, self._weights, k=4096)
        return self._pool.pop()

    def text(self, least: int, most: int) -> str:
        """Some words."""
        return " ".join(self.word() for _ in range(self.rng.randint(least, most)))

    def path(self) -> str:
        """A file's name."""
        return "/" + "/".join(self.word() for _ in range(self.rng.randint(2, 5))) + ".py"

    def hex(self, digits: int) -> str:
        """A number of so many hexadecimal digits."""
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """A UUID."""
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def address(self) -> str:
        """An address of a private network."""
        return f"10.{self.rng.randrange(4)}.{self.rng.randrange(256)}.{self.rng.randrange(256)}"

    def float(self, digits: int = 6) -> str:
        """A positive number."""
        return f"{self.rng.random() * 10 ** self.rng.randrange(-3, 4):.{digits}f}"

    def stamp(self, form: str = "%Y-%m-%d %H:%M:%S,%f") -> str:
        """The time, a little later than the last one."""
        self.now += timedelta(milliseconds=self.rng.randrange(15))
        return self.now.strftime(form)[:-3]


def megatron(w: Writer) -> str:
    w.step += 1
    return (
        f" [{w.stamp('%Y-%m-%d %H:%M:%S.%f')}] iteration {w.step:8d}/  500000 | consumed samples: {w.step * 1024:12d} | "
        f"elapsed time per iteration (ms): {w.float(1)} | learning rate: {w.rng.random() / 1000:.6E} | global batch size:  1024 | "
        f"lm loss: {w.float()} | loss scale: 1.0 | grad norm: {w.float(3)} | number of skipped iterations:   0 |"
    )


def hdfs(w: Writer) -> str:
    block = w.rng.randrange(-(1 << 62), 1 << 62)
    return (
        f"{w.stamp('%y%m%d %H%M%S %f')} INFO dfs.DataNode$PacketResponder: {w.word()} block blk_{block} "
        f"src: /{w.address()}:{w.rng.randrange(30000, 60000)} dest: /{w.address()}:50010 of size {w.rng.randrange(1 << 26)}"
    )


def openstack(w: Writer) -> str:
    return (
        f"nova-compute.log.{w.now:%Y-%m-%d} {w.stamp('%Y-%m-%d %H:%M:%S.%f')} {w.rng.randrange(2000, 30000)} INFO nova.{w.word()} "
        f"[req-{w.uuid()} {w.hex(32)} {w.hex(32)} - - -] [instance: {w.uuid()}] {w.text(3, 9)}: {w.float(2)} seconds"
    )


def kubernetes(w: Writer) -> str:
    return (
        f"I{w.now:%m%d} {w.stamp('%H:%M:%S.%f')} {w.rng.randrange(1, 9):7d} {w.word()}.go:{w.rng.randrange(900)}] "
        f'"{w.text(2, 6)}" pod="{w.word()}/{w.word()}-{w.hex(10)}-{w.hex(5)}" containerID="containerd://{w.hex(64)}" '
        f'podIP="{w.address()}" err="{w.text(4, 12)}"'
    )


def nginx(w: Writer) -> str:
    return (
        f'{w.address()} - - [{w.stamp("%d/%b/%Y:%H:%M:%S %f")}] "GET /{w.word()}/{w.word()}?id={w.uuid()}&q={w.word()} HTTP/1.1" '
        f'{w.rng.choice((200, 200, 200, 304, 404, 500))} {w.rng.randrange(90000)} "https://{w.word()}.example/{w.word()}" '
        f'"Mozilla/5.0 ({w.word()}; {w.word()} {w.rng.randrange(20)}.{w.rng.randrange(9)})" {w.float(3)}'
    )


def spark(w: Writer) -> str:
    w.step += 1
    return (
        f"{w.stamp('%y/%m/%d %H:%M:%S %f')} INFO {w.word().title()}{w.word().title()}Manager: {w.text(2, 7)} broadcast_{w.step}_piece0 "
        f"in memory on {w.word()}-{w.rng.randrange(999)}.{w.word()}.internal:{w.rng.randrange(30000, 60000)} (size: {w.float(1)} KB, free: {w.float(1)} MB)"
    )


def nccl(w: Writer) -> str:
    rank = w.rng.randrange(64)
    return (
        f"[default{rank % 8}]:gpu-{w.rng.randrange(512):03d}:{w.rng.randrange(99999)}:{w.rng.randrange(99999)} [{rank % 8}] NCCL INFO "
        f"comm 0x{w.hex(12)} rank {rank} nranks 64 busId {w.hex(4)} commId 0x{w.hex(16)} - {w.text(2, 8)} {w.address()}<{w.rng.randrange(65535)}>"
    )


def structured(w: Writer) -> str:
    w.step += 1
    return json.dumps(
        {
            "level": "info", "msg": w.text(2, 9), "trace_id": w.hex(32), "span_id": w.hex(16), "step": w.step // 64,
            "rank": w.rng.randrange(64), "loss": float(w.float()), "lr": w.rng.random() / 1000, "file": w.path(),
            "ts": w.stamp("%Y-%m-%dT%H:%M:%S.%f") + "Z",
        }
    )  # fmt: skip


def traceback(w: Writer) -> str:
    frames = "".join(
        f'  File "{w.path()}", line {w.rng.randrange(900)}, in {w.word()}_{w.word()}\n    {w.word()} = {w.word()}.{w.word()}({w.word()}, {w.word()}={w.float(3)})\n'
        for _ in range(w.rng.randint(2, 9))
    )
    return f"{w.stamp()} ERROR {w.word()}.{w.word()}: {w.text(3, 8)}\nTraceback (most recent call last):\n{frames}{w.word().title()}Error: {w.text(3, 12)}"


def hashes(w: Writer) -> str:
    return f"{w.stamp()} INFO store: put sha256:{w.hex(64)} md5:{w.hex(32)} as {w.uuid()} from {w.address()} took {w.float(9)} s"


SHAPES: dict[str, Callable[[Writer], str]] = {
    made.__name__: made
    for made in (megatron, hdfs, openstack, kubernetes, nginx, spark, nccl, structured, traceback, hashes)
}


def main() -> None:
    """Writes what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("mebibytes", type=float)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    write(args.shape, int(args.mebibytes * (1 << 20)), args.path, args.seed)


def write(shape: str, size: int, path: Path, seed: int = 1) -> None:
    """Writes `size` bytes or a little more of a shape to `path`."""
    writer, line, written, hidden = Writer(seed), SHAPES[shape], 0, False
    with path.open("w") as file:
        while written < size:
            text = line(writer) + "\n"
            if not hidden and written > size * 0.99:
                text, hidden = f"{writer.stamp()} INFO {NEEDLE}\n{text}", True
            written += file.write(text)


if __name__ == "__main__":
    main()
