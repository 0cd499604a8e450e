"""`Diagnosis`: what a person on call wants to know, each claim with the lines that it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from logdex.diagnosis.page import page
from logdex.diagnosis.taxonomy import classes

Kind = Literal["rank", "host", "link", "outside", "uniform", "stalled", "none", "unknown"]
Certainty = Literal["certain", "likely", "cannot tell"]


@dataclass(frozen=True)
class Evidence:
    """A line on which a claim rests: what it says for, who wrote it (empty for a witness), and where it stands."""

    claim: str
    rank: str
    text: str
    path: str
    number: int
    time: datetime | None = None


@dataclass(frozen=True)
class Diagnosis:
    """Who failed first, and why; or that the logs do not tell.

    `kind` says what failed: a "rank", a "host", a "link" between hosts; somebody "outside" ended the job; it was the
    same
    on all ("uniform"); nothing went on ("stalled"); "none" failed; or "unknown". `certainty` is "certain" where two
    independent findings agree, "likely" where one says so, else "cannot tell". `ranks` and `hosts` are names as
    `Rank.name` has them: of those who failed, or with "unknown" of the candidates. `cause` is a class of the taxonomy,
    `time` when it happened as far as that is known. `facts` are lines for the screen: a title, and what is to be said.

    Examples:
        >>> from logdex.diagnosis import Diagnosis
        >>> Diagnosis("rank", "likely", ("3",), cause="gpu_oom").says
        'ran out of GPU memory'
        >>> Diagnosis().status
        0
    """

    kind: Kind = "none"
    certainty: Certainty = "cannot tell"
    ranks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    cause: str | None = None
    time: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    next: str | None = None

    @property
    def text(self) -> str:
        """The answer in plain words, as it can be pasted into a chat; at most 12 lines."""
        wide = max((len(title) for title, _ in self.facts), default=0)
        return "\n".join(f"{title:<{wide}}  {said}" for title, said in self.facts)

    @property
    def status(self) -> int:
        """The exit status of `logdex ranks`: 0 no failure, 1 a failure is named, 3 told to stop, 4 cannot tell."""
        if self.kind == "none":
            return 0
        if self.kind == "outside":
            return 3
        return 4 if self.kind == "unknown" or self.certainty == "cannot tell" else 1

    @property
    def says(self) -> str:
        """What may be said of the cause; empty where there is none."""
        known = classes().get(self.cause or "")
        return known.says if known else (self.cause or "")

    def to_dict(self) -> dict[str, Any]:
        """The same facts as plain values, for JSON; times in ISO 8601."""
        return {
            "kind": self.kind,
            "certainty": self.certainty,
            "ranks": list(self.ranks),
            "hosts": list(self.hosts),
            "cause": self.cause,
            "time": self.time.isoformat() if self.time else None,
            "text": self.text,
            "facts": [list(fact) for fact in self.facts],
            "next": self.next,
            "evidence": [
                {
                    "claim": one.claim,
                    "rank": one.rank,
                    "text": one.text,
                    "path": one.path,
                    "number": one.number,
                    "time": one.time.isoformat() if one.time else None,
                }
                for one in self.evidence
            ],
        }

    def to_html(self) -> str:
        """One self-contained page with the answer, to hand on; `logdex ranks --html` adds the matrix of ranks."""
        return page(self.to_dict())


@dataclass
class Finding:
    """What a step of the rule came to, before it is put into words."""

    kind: Kind
    certainty: Certainty
    ranks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    cause: str | None = None
    time: float | None = None
    events: list[tuple[str, Any]] = field(default_factory=list)
    """What each event is quoted for, and the event."""
    others: tuple[str, ...] = ()
    """Whom clocks, or what is missing, cannot tell from those named."""
    missing: str | None = None
    """What would have told."""
