"""`logdex.ray` on a real cluster of two nodes; `make ray-test` runs it, in an environment of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import logdex
import pytest

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")
pa = pytest.importorskip("pyarrow")

import logdex.ray
from logdex.tables.split import splits

# Ray's own: it says what it starts, and leaves files open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FILES = int(os.environ.get("LOGDEX_RAY_FILES", "100"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    ray.init(address=made.address, logging_level="warning")
    # What kills a test's node must not kill the next one's.
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def second(cluster: Any) -> Iterator[Any]:
    node = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("job")
    for number in range(FILES):
        lines = [
            f"2026-11-22 02:{n // 60:02}:{n % 60:02} step={n} loss={9 / (n + number + 1):.5f}\n"
            for n in range(120)
        ]
        lines.insert(7, "  unstamped\n")
        (directory / f"rank{number}.log").write_text("".join(lines))
    return directory


def in_one_process(job: Path, *question: Any, **more: Any) -> list[dict[str, Any]]:
    """The rows of each file, one after the other."""
    rows = []
    for part in splits(job, *question, **more):
        rows += part.table().to_pylist()
    return rows


def by_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["source"], row["offset"]))


FIELDS = {"fields": r"loss=(?P<loss>[\d.]+)", "fields_types": {"loss": float}}


def test_rows_are_those_of_one_process(second: Any, job: Path) -> None:
    for question in (
        {},
        {"regex": "step=1", **FIELDS},
        {"since": "2026-11-22 02:01:50", "columns": ["source", "offset", "time"]},
    ):
        rows = logdex.ray.read(job, tz="UTC", **question).take_all()
        merged = pa.table(logdex.open(job, tz="UTC").arrow(**question)).to_pylist()
        assert by_place(rows) == by_place(merged)
        # In order, for that was asked for.
        assert rows == in_one_process(job, tz="UTC", **question)


def test_a_node_that_dies_in_the_middle_loses_nothing(cluster: Any, second: Any, job: Path) -> None:
    rows: list[dict[str, Any]] = []
    for at, batch in enumerate(
        logdex.ray.read(job, tz="UTC", parallelism=40).iter_batches(batch_format="pyarrow")
    ):
        rows += batch.to_pylist()
        if at == 1:
            cluster.remove_node(second, allow_graceful=False)
    assert by_place(rows) == by_place(in_one_process(job, tz="UTC"))


def test_parts_of_a_large_file_are_the_file(second: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    with path.open("w") as file:
        for n in range(150_000):
            stamp = f"2026-11-22 {n // 36000:02}:{n // 600 % 60:02}:{n // 10 % 60:02} " if n % 3 else "  "
            file.write(f"{stamp}[rank{n % 4}] step={n}\n")
    log = logdex.open(path, tz="UTC")
    parts = splits(path, tz="UTC", part=1 << 20)
    assert len(parts) > 3
    for question in (
        {},
        {"regex": "step=7"},
        {"since": "2026-11-22 02:00:00", "until": "2026-11-22 02:30:00"},
    ):
        whole = pa.table(log.arrow(**question))
        rows = logdex.ray.read(path, tz="UTC", part=1 << 20, **question).take_all()
        assert rows == whole.to_pylist()


def test_a_file_that_is_gone_is_left_out_and_the_rest_read(second: Any, job: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.log"
    gone.write_text("2026-11-22 02:00:00 gone\n")
    dataset = logdex.ray.read([job / "rank0.log", gone, job / "rank1.log"], tz="UTC", parallelism=3)
    gone.unlink()
    assert dataset.count() == 242


def test_ranks_are_those_of_one_process(second: Any, job: Path) -> None:
    (job / "rank1.log").open("a").write("2026-11-22 02:02:00 ERROR NCCL timeout\n")
    told = logdex.ray.ranks(job, tz="UTC")
    assert told == logdex.open(job, tz="UTC").ranks()
    assert told.first_failure is not None
    assert told.first_failure.name == "1"


def test_what_is_named_by_the_directory_of_its_driver_is_found(
    second: Any, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers stand where the driver stood when it joined the cluster, if it was on their node."""
    monkeypatch.chdir(job)
    for source in ("rank0.log", "rank[01].log"):
        whole = pa.table(logdex.open(source, tz="UTC").arrow()).to_pylist()
        assert by_place(logdex.ray.read(source, tz="UTC").take_all()) == by_place(whole)
        assert logdex.ray.ranks(source, tz="UTC") == logdex.open(source, tz="UTC").ranks()


def test_what_other_nodes_cannot_read_is_refused(job: Path) -> None:
    with pytest.raises(ValueError, match="last"):
        splits(job, last=3)
    with pytest.raises(FileNotFoundError):
        logdex.ray.read(job / "missing.log")
