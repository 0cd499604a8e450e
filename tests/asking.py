"""When the command has put its question, for what must come later than that."""

import threading
from typing import Any

import pytest
from logdex.command.lines.rows import Rows, Shown
from logdex.inputs.input import Input


def set_when_asked(monkeypatch: pytest.MonkeyPatch, or_before: str) -> threading.Event:
    """An event that is set once a question is made, or an `Input` is asked for `or_before`, whichever comes first."""
    is_asked = threading.Event()
    of, wait = Rows.of, getattr(Input, or_before)

    def asked(rows: Rows, one: Input, ended: Any) -> Shown:
        shown = of(rows, one, ended)
        is_asked.set()
        return shown

    def waiting(one: Input) -> None:
        is_asked.set()
        wait(one)

    monkeypatch.setattr(Rows, "of", asked)
    monkeypatch.setattr(Input, or_before, waiting)
    return is_asked
