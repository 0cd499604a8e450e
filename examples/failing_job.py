"""A job of 8 real processes that ends badly: rank 2 hangs, rank 5 dies first, the other six die of it.

    python examples/failing_job.py DIRECTORY [--seconds 8]

Each rank writes DIRECTORY/rank<k>.log as a trainer does: stamped steps, progress bars, and at the end a
traceback. Nobody tells the ranks what the others do: they notice a missing peer as NCCL's watchdog does, by
waiting too long.
"""

import argparse
import logging
import os
import random
import subprocess
import sys
import time

RANKS, HANGS, DIES = 8, 2, 5


def train(rank: int, directory: str, seconds: float) -> None:
    """One rank: steps of a few milliseconds, until its fate or its patience ends it."""
    sys.stderr = sys.stdout = open(os.path.join(directory, f"rank{rank}.log"), "w", buffering=1)  # noqa: SIM115
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s %(levelname)s [rank{rank}] %(message)s"
    )
    # As a process group does: nobody begins before all are there, however long one takes to start.
    while len(os.listdir(directory)) < RANKS:
        time.sleep(0.01)
    log, begun, step = logging.getLogger(), time.monotonic(), 0
    hang_at, die_at = 0.15 * seconds, 0.25 * seconds
    while time.monotonic() - begun < die_at:
        step += 1
        if rank == HANGS and time.monotonic() - begun > hang_at:
            log.info("step %d: all_reduce", step)
            time.sleep(seconds - hang_at)  # the others cannot know; the launcher kills it in the end
            return
        log.info("step %d: loss=%.4f", step, 2.0 + random.random() / step)
        if step % 50 == 0:
            print(f"  {step}it [00:{step // 60:02}, 59.8it/s]", end="\r", flush=True)
        time.sleep(0.005 + random.random() * 0.01)
    if rank == DIES:
        log.error("step %d failed", step)
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    log.info("step %d: waiting for peers", step)
    while time.monotonic() - begun < 0.95 * seconds:
        log.info("heartbeat: step %d is still waiting", step)
        time.sleep(0.05)
    time.sleep(random.random() * 0.02 * seconds)
    log.error(
        "[c10d] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=%d, OpType=ALLREDUCE)", step
    )
    raise ConnectionError("NCCL communicator was aborted")


def main() -> None:
    """Launches the ranks and waits for them; or is one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rank is not None:
        train(args.rank, args.directory, args.seconds)
        return
    os.makedirs(args.directory, exist_ok=True)
    me = [sys.executable, __file__, args.directory, "--seconds", str(args.seconds), "--rank"]
    ranks = [subprocess.Popen([*me, str(rank)]) for rank in range(RANKS)]
    codes = [rank.wait() for rank in ranks]
    print(f"{RANKS} ranks ended with {codes}; their logs are in {args.directory}")


if __name__ == "__main__":
    main()
