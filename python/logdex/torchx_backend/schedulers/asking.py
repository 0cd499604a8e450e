"""What a log is asked in TorchX's place: TorchX's arguments of `log_iter`, as a question to the engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from logdex.log import Log
from logdex.torchx_backend.schedulers import compat

if TYPE_CHECKING:
    from logdex._core import Question
    from logdex._ended import Ended


def may_follow(should_tail: bool, *, strict_tail: bool = False) -> bool:
    """Whether an app that still runs is followed; unless `strict_tail`, an old TorchX does that in any case."""
    return should_tail or (compat.follows_running_apps() and not strict_tail)


def moment(said: Any) -> Any:
    """A moment that was said; None for what TorchX passes for none, of which `timedelta(0)` is not one: that is now."""
    return said if said or isinstance(said, timedelta) else None


def ask(log: Log, regex: Any, since: Any, until: Any, *, follow: bool, ended: Ended) -> Question:
    """The question to `log`; what TorchX passes for "nothing is asked", such as an empty text, asks nothing.

    Unfinished lines are shown only where every line is.
    """
    regex, since, until = regex or None, moment(since), moment(until)
    partial = follow and regex is since is until is None
    return log._ask(regex, since, until, follow=follow, partial=partial, strict=False, ended=ended)
