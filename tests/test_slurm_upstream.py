"""A canary: the functions of TorchX that this package stands in for are those that it was written against.

A release that changes one makes this fail. Then look at what it changed, do the same here if need be, and add the hash.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import textwrap

import pytest

pytest.importorskip("torchx")

KNOWN = {
    # function: the hashes of it in torchx 0.7.0 and torchx-nightly 2026.10.26
    "local_scheduler.LogIterator": ("ec2bf321fa8b0333", "004ab5c84607dec8"),
    "slurm_scheduler.SlurmScheduler.log_iter": ("d5cfd6d473028996", "105a16f60cb8eaf2"),
    "slurm_scheduler.SlurmScheduler.describe": ("fbaa62166628b8d3", "6408b66c9e97a59e"),
    "slurm_scheduler.SlurmScheduler.schedule": ("896a56c425d3f89f", "378dcfc7b0e5e22f"),
    "slurm_scheduler.SlurmScheduler.list": ("6a3d6fb5b083530f", "6757720c94b34efb"),
    "slurm_scheduler.SlurmReplicaRequest.materialize": ("d491640e63cea815", "446d6f7137fdb494"),
    "slurm_scheduler._save_job_dir": ("6c16beb8950c80a7",),
}


def hash_of(module: str, name: str) -> str:
    """A short hash of the source of a function or class."""
    found: object = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    source = textwrap.dedent(inspect.getsource(found))  # type: ignore[arg-type]
    return hashlib.sha256(source.encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", KNOWN)
def test_torchx_is_what_this_was_written_against(name: str) -> None:
    module, _, inside = name.partition(".")
    assert hash_of(f"torchx.schedulers.{module}", inside) in KNOWN[name]
