"""`Diagnosis`: what a person on call wants to know, each claim with the lines that it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from logdex.diagnosis.records.taxonomy import classes

Kind = Literal["rank", "host", "link", "outside", "uniform", "stalled", "none", "unknown"]
Certainty = Literal["certain", "likely", "cannot tell"]


@dataclass(frozen=True)
class Evidence:
    """A line on which a claim rests."""

    claim: str
    """What it is evidence for."""
    rank: str
    """The name of the rank that wrote it; empty for a witness."""
    text: str
    """The line, without its end."""
    path: str
    """The file in which it stands."""
    number: int
    """Which line of that file it is, from 1."""
    time: datetime | None = None
    """When it was written, as an aware datetime; None where that is not known."""


@dataclass(frozen=True)
class Diagnosis:
    """Who failed first, and why; or that the logs do not tell.

    Examples:
        >>> from logdex.diagnosis import Diagnosis
        >>> Diagnosis("rank", "likely", ("3",), cause="gpu_oom").says
        'ran out of GPU memory'
        >>> Diagnosis().status
        0
    """

    kind: Kind = "none"
    """What failed: a "rank", a "host", a "link" between hosts; somebody "outside" ended the job; it was the same on all
    ("uniform"); nothing went on ("stalled"); "none" failed; or "unknown"."""
    certainty: Certainty = "cannot tell"
    """"certain" where two independent findings agree, "likely" where one says so."""
    ranks: tuple[str, ...] = ()
    """The ranks that failed, by `Rank.name`; with "unknown" the candidates."""
    hosts: tuple[str, ...] = ()
    """The hosts that failed; with "unknown" the candidates."""
    cause: str | None = None
    """Why: a class of the taxonomy (docs/taxonomy.md); None where nothing tells."""
    time: datetime | None = None
    """When it happened, as an aware datetime, as far as that is known."""
    evidence: tuple[Evidence, ...] = ()
    """The lines on which all that rests."""
    facts: tuple[tuple[str, str], ...] = ()
    """Lines for the screen: a title, and what is to be said."""
    next: str | None = None
    """What to do about it, where something is known to help."""

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
        from logdex.diagnosis.page.html import page

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
