"""Events of Kubernetes about pods that are not of the job.

Who collects a namespace's events beside a job's logs has those of all pods there: that one which ships logs was evicted
ended no job. Where an event is about the job itself, as `pytorchjob/llama`, its pods are called after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from logdex.diagnosis.records.events import Event, Speaker, texts_of

_JOB = re.compile(
    r"\b(?:(?:pytorch|mpi|tf|xgboost|paddle|jax|ray|train|vc)job|jobset)s?(?:\.[\w.]+)?/([a-z][\w.-]*)",
    re.IGNORECASE,
)
"""What operators that train call a job."""
_POD = re.compile(r"\bpods?/([a-z0-9][\w.-]*)", re.IGNORECASE)


def leave_others(witnesses: Sequence[Speaker]) -> None:
    """Takes away what witnesses wrote of pods that are called after none of the jobs of which they wrote,
    where others are: else nobody knows how the job's pods are called.
    """
    for one in witnesses:
        texts = list(texts_of(one))
        jobs, pods = _named(_JOB, texts), _named(_POD, texts)
        if any(_is_of(pod, jobs) for pod in pods):
            one.events = [event for event in one.events if not _is_of_another(event, jobs)]


def _named(shape: re.Pattern[str], texts: Iterable[str]) -> set[str]:
    return {found.lower() for text in texts for found in shape.findall(text)}


def _is_of_another(event: Event, jobs: set[str]) -> bool:
    pods = _named(_POD, [event.text])
    return bool(pods) and not any(_is_of(pod, jobs) for pod in pods)


def _is_of(pod: str, jobs: set[str]) -> bool:
    return any(pod.startswith(job) for job in jobs)
