"""Pods: which rank of a job is whose, as Kubernetes names the pods of each kind by numbers of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from logdex.diagnosis.records.events import Speaker, texts_of
from logdex.diagnosis.records.exits import Exit

_WORKER = re.compile(r"\b(?P<job>[a-z0-9](?:[\w.-]*?[a-z0-9])?)-worker-\d+\b")
_FIRST = "-(?:master|chief)-0\\b"
"""How the pod is called beside the workers that is the first rank, with a number of its own kind."""


def count_the_master(exits: Iterable[Exit], witnesses: Iterable[Speaker], many: int) -> None:
    """Counts the workers' numbers from 1 where a pod of their job is its master, which is rank 0 of `many`."""
    told = [one for one in exits if one.event.class_ == "pod"]
    workers = [(one, found["job"]) for one in told if (found := _WORKER.search(one.event.text))]
    texts = [text for one in witnesses for text in texts_of(one)] if workers else []
    led = {job for job in {job for _, job in workers} if _has_a_master(job, texts)}
    for one, job in workers:
        if job in led and one.rank is not None and one.rank + 1 < many:
            one.rank += 1


def _has_a_master(job: str, texts: Iterable[str]) -> bool:
    first = re.compile(rf"(?<![\w.-]){re.escape(job)}{_FIRST}")
    return any(first.search(text) for text in texts)
