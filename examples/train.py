"""One replica of the demo's job: a trainer that trains nothing, and logs as trainers do.

Log lines go to stdout, a progress bar and the tracebacks of failed steps to stderr.
"""

import argparse
import random
import sys
import time
import traceback
from datetime import datetime

AT_ONCE = 100


def stamp() -> str:
    """Now, as Python's own logging writes it but to the microsecond."""
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S,%f")


def step_line(rank: int, step: int) -> str:
    """What nearly every line of a training log says."""
    loss = 9.0 / (1 + step / 2000) + random.random() / 10
    return (
        f"{stamp()} INFO [rank{rank}] step={step} loss={loss:.4f} lr=3.0e-04 tokens/s={48000 + step % 977}\n"
    )


def progress(step: int, steps: int, began: float) -> str:
    """A bar that repaints itself, as tqdm draws it."""
    seconds = time.monotonic() - began
    bar = ("█" * (20 * step // steps)).ljust(20)
    rate = step / max(seconds, 1e-9)
    return f"\rEpoch 0: {100 * step // steps:3d}%|{bar}| {step}/{steps} [{seconds:.1f}s, {rate:.0f}it/s]"


def fail(rank: int, step: int) -> None:
    """Reports a step that went wrong: a line on stdout, the traceback on stderr."""
    try:
        {}[f"shard-{step}"]
    except KeyError:
        sys.stdout.write(f"{stamp()} ERROR [rank{rank}] step={step} NCCL timeout, step skipped\n")
        sys.stderr.write(f"\n{stamp()} ERROR [rank{rank}] step={step}\n{traceback.format_exc()}")


def train(rank: int, steps: int, seconds: float) -> None:
    """Writes `steps` lines, spread over `seconds`, with a failure now and then on rank 2."""
    random.seed(rank)
    began = time.monotonic()
    for first in range(0, steps, AT_ONCE):
        last = min(first + AT_ONCE, steps)
        sys.stdout.write("".join(step_line(rank, step) for step in range(first, last)))
        sys.stderr.write(progress(last, steps, began))
        if rank == 2 and (first // AT_ONCE) % 60 == 30:
            fail(rank, first)
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(max(0.0, began + seconds * last / steps - time.monotonic()))
    sys.stderr.write("\n")
    sys.stdout.write(f"{stamp()} INFO [rank{rank}] done\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rank", type=int)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    train(args.rank, args.steps, args.seconds)
