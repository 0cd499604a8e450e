"""Logs to measure on, made once and kept outside the project."""

from __future__ import annotations

import pytest
from measure import Corpus, log_of


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """`corpus("stamped", 256, days=4)`: the path of a log of that style and size in MiB a day, in the page cache."""
    return log_of
