"""A directory that is followed while logs come and go in it: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import logdex
import pytest
from faults_tree import Tree

SCRIPTS = int(os.environ.get("LOGDEX_TREE_SCRIPTS", "20"))
"""How many scripts are played; 200 is the long profile."""


@pytest.mark.parametrize("glob", [False, True])
@pytest.mark.parametrize("seed", range(SCRIPTS))
def test_logs_that_come_and_go_in_a_tree(tmp_path: Path, seed: int, glob: bool) -> None:
    tree, over, seen, all_seen = Tree(tmp_path, seed), threading.Event(), [], threading.Condition()
    what = f"{tmp_path}/**/*.log" if glob else str(tmp_path)
    lines = logdex.open(what).lines(follow=True, ended=over.is_set)

    def read() -> None:
        for line in lines:
            with all_seen:
                seen.append(line)
                all_seen.notify()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(30):
            tree.write()
            if tree.rng.random() < 0.3:
                # What was not read before its file is removed is gone; how long that takes does not matter.
                with all_seen:
                    assert all_seen.wait_for(lambda: len(seen) >= len(tree.written), timeout=60), set(
                        tree.written
                    ) - set(seen)
                tree.remove()
    finally:
        over.set()
        reader.join(60)
    assert sorted(seen) == sorted(tree.written)


@pytest.mark.parametrize("here", ["run", "run[1]"])
@pytest.mark.parametrize("what", ["job/*.log", "job", "**/*.log"])
def test_logs_that_come_are_found_by_what_was_meant_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str, what: str
) -> None:
    """Whatever the directory is called in which that was said, and wherever the process is by then."""
    job = tmp_path / here / "job"
    job.mkdir(parents=True)
    (job / "rank0.log").write_text("first\n")
    monkeypatch.chdir(job.parent)
    over, seen = threading.Event(), []
    lines = logdex.open(what).lines(follow=True, ended=over.is_set)
    assert next(lines) == "first\n"
    monkeypatch.chdir("/")
    (job / "rank1.log").write_text("come\n")
    reader = threading.Thread(target=lambda: seen.append(next(lines)))
    reader.start()
    reader.join(20)
    over.set()
    reader.join(60)
    assert seen == ["come\n"]
