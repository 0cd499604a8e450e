"""What a handle or a file may ask for is bounded, and what is wrong is told the same way everywhere."""

import os
import random
import subprocess
import sys
from pathlib import Path

import logdex
import pytest
from logdex.inputs.handle import Handle, parse
from logdex.torchx_backend.handles import _chosen


def handle(replicas: str) -> Handle:
    return parse(f"local_persistent://session/a/r/{replicas}")


@pytest.mark.parametrize("text", ["0-99999999999", "7", "0,99999999999", "1,0-999999999999999999"])
def test_a_range_beyond_the_replicas_is_told_and_takes_no_memory(text: str) -> None:
    with pytest.raises(LookupError, match=r"app a has no replica (2|7|99999999999) of role 'r'; it has 2"):
        _chosen(handle(text), {"r": 2})


@pytest.mark.parametrize("text", ["9" * 5000, "0-" + "9" * 30, "1-", "-1", "٣"])
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="not replicas; write 0,2 or 0-3"):
        handle(text)


def test_a_range_that_ends_before_it_begins_is_told() -> None:
    with pytest.raises(ValueError, match="3-1 ends before it begins; write 1-3"):
        handle("0,3-1")


def test_ranges_are_in_the_order_in_which_they_were_given() -> None:
    assert _chosen(handle("3,0-2"), {"q": 9, "r": 5}) == [
        ("r", 3),
        ("r", 0),
        ("r", 1),
        ("r", 2),
    ]


def test_a_replica_that_is_meant_twice_is_read_once() -> None:
    assert _chosen(handle("2,0-2,0"), {"q": 9, "r": 5}) == [("r", 2), ("r", 0), ("r", 1)]


@pytest.mark.parametrize(
    "magic",
    [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh91AY&SY", b"\x04\x22\x4d\x18"],
    ids=["gzip", "zstd", "xz", "bzip2", "lz4"],
)
@pytest.mark.parametrize("name", ["x.log", "x.gz", "x.zst"])
def test_a_file_that_only_begins_as_if_compressed_is_told_the_same_by_all(
    name: str, magic: bytes, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(magic + random.Random(1).randbytes(5000))
    log = logdex.open(path)
    told = set()
    for ask in (log.lines, log.records, log.count):
        with pytest.raises(OSError, match="damaged") as raised:
            list(ask())  # type: ignore[arg-type]
        told.add((raised.value.errno, raised.value.strerror, raised.value.filename))
    ((_, strerror, filename),) = told
    assert filename == str(path)
    done = subprocess.run(
        [sys.executable, "-m", "logdex", str(path)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"logdex: {os.fspath(path)}: {strerror}")


def test_a_compressed_log_need_not_be_named_so(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "train.log"
    path.write_bytes(gzip.compress(b"2026-11-22 02:10:00 ready\n"))
    assert list(logdex.open(path).lines()) == ["2026-11-22 02:10:00 ready\n"]
