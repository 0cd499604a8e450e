"""Which rank a file's lines are by, where only some of them say it."""

from __future__ import annotations

from pathlib import Path

import logdex
import pytest

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"


def write(folder: Path, prefixed: dict[int, int | None]) -> None:
    """The logs of replicas, each with lines of the program, and one behind the prefix of the rank that is given."""
    for replica, rank in prefixed.items():
        path = folder / f"trainer/{replica}/stderr.log"
        path.parent.mkdir(parents=True)
        lines = [f"2026-11-22 02:00:0{second} step {second} loss 2.1\n" for second in range(6)]
        if rank is not None:
            lines.append(f"[rank{rank}]: 2026-11-22 02:00:07 WARNING slow\n")
        if replica == 1:
            lines.append(f"2026-11-22 02:00:08 {OOM}")
        path.write_text("".join(lines))


@pytest.mark.parametrize(
    ("prefixed", "names"),
    [
        # One process a replica: the number of the replica is the rank, also of one that never said so.
        ({0: 0, 1: 1, 2: 2}, {"0", "1", "2"}),
        ({0: 0, 1: None, 2: 2}, {"0", "1", "2"}),
        # Several processes in each, or another order: nobody knows whose the other lines are.
        ({0: 0, 1: 8, 2: 16}, {"0", "8", "16", "trainer/1"}),
        ({0: 2, 1: None, 2: 0}, {"0", "2", "trainer/1"}),
        # The first of several processes would say the same.
        ({0: 0, 1: None, 2: None}, {"0", "trainer/1", "trainer/2"}),
        ({0: None, 1: None, 2: None}, {"trainer/0", "trainer/1", "trainer/2"}),
    ],
)
def test_a_replica_is_the_rank_of_its_number_where_the_lines_agree(
    tmp_path: Path, prefixed: dict[int, int | None], names: set[str]
) -> None:
    write(tmp_path, prefixed)
    told = logdex.open(tmp_path, tz="UTC").ranks()
    assert {rank.name for rank in told.ranks} >= names - {"trainer/1"}
    if "1" in names:
        assert {rank.name for rank in told.ranks} == names
        assert (told.diagnosis.ranks, told.diagnosis.cause) == (("1",), "gpu_oom"), told.diagnosis.text
        assert {rank.name: rank.lines for rank in told.ranks}["1"] == (7 if prefixed[1] is None else 8)
    else:
        assert told.diagnosis.ranks != ("1",)
