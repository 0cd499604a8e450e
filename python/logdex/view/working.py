"""`Working`: what the viewer does, one job at a time."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from textual import work
from textual.app import App
from textual.worker import get_current_worker

from logdex.view.lines_view import LinesView
from logdex.view.pager import Cancelled, Pager
from logdex.view.rows import Manner
from logdex.view.screen import Screen

Job = Callable[[Pager], object]


class Working(App[None]):
    """Jobs on the lines of a screen.

    What is read at once without a filter is read where the key is handled. What may take long, a search, a jump that
    needs an index, a filter, is a job on a thread: one at a time, ended by Esc; keys that move wait for it.
    """

    view: LinesView

    def __init__(self, lines: Screen, *, following: bool) -> None:
        """`lines` is what the jobs move."""
        super().__init__(ansi_color=True)
        self.lines = lines
        self.pager: Pager = lines.pager
        self.manner: Manner = lines.manner
        self.following = following
        self.said = ""
        self._job: Pager | None = None
        self._waiting: deque[tuple[Job, str]] = deque()

    def _paint(self) -> None:
        """Shows the lines as they are now, and the status."""
        raise NotImplementedError

    def _paint_status(self) -> None:
        """Shows the status."""
        raise NotImplementedError

    def _do(self, job: Job, said: str = "") -> None:
        """Does what is quick, or waits for what is being done; `said` tells that it may take long."""
        if self._job is not None:
            self._waiting.append((job, said))
        elif said or self.pager.filter.said:
            self._job = self.pager.filtered(self.pager.filter)
            self.said = said
            self._paint_status()
            self._run(self._job, job)
        else:
            self._result(self._tried(job, self.pager))

    @work(thread=True, group="job")
    def _run(self, pager: Pager, job: Job) -> None:
        said = self._tried(job, pager)
        if get_current_worker().is_cancelled or not self.is_running:
            return
        self.call_from_thread(self._done, pager, said)

    def _tried(self, job: Job, pager: Pager) -> str:
        try:
            said = job(pager)
        except Cancelled:
            return "stopped"
        except re.error as error:
            return f"no regex: {error}"
        except OSError as error:
            return f"{error.filename or ''}: {error.strerror or error}"
        except (ValueError, TypeError, LookupError) as error:
            return str(error)
        return said if isinstance(said, str) else ""

    def _done(self, pager: Pager, said: str) -> None:
        if pager is not self._job:
            return
        self._job = None
        self._result(said)
        if self._waiting:
            self._do(*self._waiting.popleft())

    def _result(self, said: str) -> None:
        self.said = said
        self._paint()

    def action_stop(self) -> None:
        """Ends a search, then a selection, then a follow."""
        self._waiting.clear()
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()
            self.said = "stopped"
        elif self.view.chosen is not None:
            self.view.chosen = None
        else:
            self.following = False
        self._paint()

    def _told(self, what: str) -> Callable[[float], None]:
        def told(share: float) -> None:
            self.call_from_thread(self._say, f"{what} {share:.0%}  (Esc stops it)")

        return told

    def _say(self, said: str) -> None:
        if self._job is not None:
            self.said = said
            self._paint_status()

    def action_stop_job(self) -> None:
        """Ends what is being done."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None
