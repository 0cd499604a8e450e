"""A process that writes a log and cuts it, again and again: `python faults_storm.py PATH HOW TIMES SEED`.

HOW is `nothing` (cut to 0, appending), `middle` (cut to some line, appending) or `offset` (cut to 0 by another
descriptor, the writer keeps its offset). All lines have 64 bytes, so no cut tears one, and say their round and number.
"""

from __future__ import annotations

import os
import random
import sys
import time
import zlib

LENGTH = 64


def line(round_: int, number: int) -> bytes:
    """A line that can be told from any other text."""
    body = f"{round_:07d} {number:07d} ".encode()
    return (body + b"%08x " % zlib.crc32(body)).ljust(LENGTH - 1, b".") + b"\n"


def parse(text: str) -> tuple[int, int]:
    """Round and number of a line; an assertion fails if it is not one that was written."""
    round_, number = int(text[:7]), int(text[8:15])
    assert text.encode() == line(round_, number), text
    return round_, number


def storm(path: str, how: str, times: int, seed: int) -> None:
    """Writes and cuts."""
    rng = random.Random(seed)
    out = os.open(path, os.O_WRONLY | (0 if how == "offset" else os.O_APPEND))
    for round_ in range(times):
        if round_:
            size = os.fstat(out).st_size
            # A cut within the remembered beginning of the file counts as one to nothing.
            os.truncate(path, rng.randrange(8, size // LENGTH) * LENGTH if how == "middle" else 0)
        count, at = rng.choice([150, 300, 3000]), 0
        while at < count:
            piece = rng.choice([1, 20, 200])
            os.write(out, b"".join(line(round_, n) for n in range(at, min(count, at + piece))))
            at += piece
            if rng.random() < 0.05:
                time.sleep(rng.random() / 500)


if __name__ == "__main__":
    storm(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
