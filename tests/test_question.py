"""The question that crosses into the engine: made, changed, handed to another process."""

import inspect
import pickle
from collections.abc import Callable

import pytest
from logdex import Log, merge
from logdex._core import Format, Pattern, Question, Sieve, Zone
from logdex.log.base import LogBase

UTC = Zone("UTC")
FIELDS = [name for name in inspect.signature(Question).parameters if name not in ("path", "zone")]
OTHERS: dict[str, object] = {
    "reference": 1,
    "skew": -17,
    "index": "/cache",
    "stamp": Format("%H:%M:%S"),
    "pattern": Pattern(len, None, None),
    "exclude": Pattern(len, None, None),
    "stream": "stderr",
    "ranks": (3, None),
    "sieve": Sieve("error", []),
    "judge": len,
    "since": 2,
    "until": -3,
    "last": 4,
    "follow": True,
    "partial": True,
    "strict": False,
    "stepless": True,
    "records": True,
    "origin": ("source", 5, "attempt 1"),
    "ended": len,
    "keep": [6],
    "steps": (7, None, None),
    "levels": True,
    "after": 8,
    "beside_after": 9,
    "before": 10,
    "size": 11,
    "begun": "/begun.log",
    "tiers": [(11, 12, -13, 14)],
    "earlier": [("/earlier.log", 15)],
    "cursor": "logdex1:",
    "policy": "skip",
    "lost": 16,
    "name": "a\udcff",
    "beside": "/stderr.log",
}

ENGINES_OWN = ["stamp", "pattern", "exclude", "sieve"]
"""Those whose values have no equality: two of them are never the same."""


def fields_of(question: Question) -> dict[str, object]:
    return {name: getattr(question, name) for name in ("path", *FIELDS)}


def test_every_field_has_a_default_and_an_attribute() -> None:
    parameters = inspect.signature(Question).parameters
    for name, value in fields_of(Question("train.log", zone=UTC)).items():
        assert name == "path" or parameters[name].default in (value, ...)


def test_every_field_is_tried() -> None:
    assert OTHERS.keys() == set(FIELDS)


@pytest.mark.parametrize("name", OTHERS)
def test_but_changes_one_field_and_no_other(name: str) -> None:
    plain = Question("train.log", zone=UTC)
    changed = plain.but(**{name: OTHERS[name]})  # type: ignore[arg-type]
    assert fields_of(changed) == {**fields_of(plain), name: OTHERS[name]}
    assert fields_of(changed.but()) == fields_of(changed)
    assert fields_of(changed.but(**{name: getattr(plain, name)})) == fields_of(plain)


def test_a_question_reaches_another_process_whole() -> None:
    plain = {name: value for name, value in OTHERS.items() if name not in ENGINES_OWN}
    question = Question("\udcff.log", zone=UTC, **plain)  # type: ignore[arg-type]
    there = pickle.loads(pickle.dumps(question))
    assert fields_of(there) == fields_of(question)
    assert there.zone.name == "UTC"


def test_what_it_is_asked_can_be_read() -> None:
    question = Question("train.log", zone=UTC, last=3)
    assert repr(question).startswith("Question('train.log', zone=Zone(UTC), ")
    assert "last=3" in repr(question)


def test_what_is_no_field_is_named() -> None:
    question = Question("train.log", zone=UTC)
    with pytest.raises(TypeError, match="sinc"):
        question.but(sinc=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'since'"):
        question.but(since="10m")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'last'"):
        Question("train.log", zone=UTC, last="3")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        question.last = 3  # type: ignore[misc]


def arguments_of(asked: Callable[..., object]) -> dict[str, tuple[object, object]]:
    """The arguments of what may be asked, each with its type as it is written and its default."""
    given = inspect.signature(asked).parameters.values()
    return {one.name: (one.annotation, one.default) for one in given if one.name not in ("self", "now")}


def test_what_may_be_asked_is_the_same_of_one_log_and_of_many() -> None:
    lines = arguments_of(Log.lines)
    assert list(arguments_of(Log.records).items()) == list(lines.items())
    assert arguments_of(LogBase._ask).keys() == lines.keys()
    of_no_follow = {name: one for name, one in lines.items() if name not in ("follow", "partial", "ended")}
    columns = ("columns", "fields", "fields_types")
    arrow = {name: one for name, one in arguments_of(Log.arrow).items() if name not in columns}
    assert arrow == of_no_follow
    assert arguments_of(Log.count) == {name: one for name, one in of_no_follow.items() if name != "last"}
    of_many = {name: one for name, one in arguments_of(merge).items() if name not in ("sources", "patience")}
    assert of_many == {name: one for name, one in lines.items() if name in of_many}
    # Of many logs in one order there is no last line until all are read, and a part of a line has no place in it.
    assert lines.keys() - of_many.keys() == {"last", "partial"}
