"""What the answer quotes of a record."""

import json

import pytest
from diagnosis_cases import asked
from logdex.diagnosis.records.quote import quote

TRACEBACK = (
    'Traceback (most recent call last):\n  File "train.py", line 5, in <module>\n    main()\n'
    "  File \"train.py\", line 3, in main\n    raise ValueError('bad shard 17')\nValueError: bad shard 17"
)
CHAINED = TRACEBACK.replace("ValueError", "KeyError") + (
    f"\n\nDuring handling of the above exception, another exception occurred:\n\n{TRACEBACK}\n"
)
HEAD = {"ts": "2026-11-22T02:00:07Z", "level": "error", "rank": 2, "logger": "trainer.loop", "host": "node-0"}


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ({"message": "loss is nan"}, "loss is nan"),
        ({"msg": "failed", "exc_info": TRACEBACK}, "failed: ValueError: bad shard 17"),
        ({"event": "failed", "exception": CHAINED}, "failed: ValueError: bad shard 17"),
        ({"message": f"failed\n{TRACEBACK}"}, "failed: ValueError: bad shard 17"),
        ({"message": TRACEBACK}, "ValueError: bad shard 17"),
        ({"message": "ValueError: bad shard 17", "stack": TRACEBACK}, "ValueError: bad shard 17"),
        ({"message": 'a "name" \\ in C:\\new, 名前 \N{FIRE}'}, 'a "name" \\ in C:\\new, 名前 \N{FIRE}'),
    ],
)
@pytest.mark.parametrize("prefix", ["", "[rank2]: ", "2026-11-22 02:00:07,123 [2]:"])
def test_an_object_is_quoted_by_what_it_says(prefix: str, said: dict[str, str], quoted: str) -> None:
    assert quote(prefix + json.dumps(HEAD | said)) == quoted
    assert quote(prefix + json.dumps(HEAD | said, ensure_ascii=False)) == quoted


def test_an_object_of_which_the_middle_was_not_kept() -> None:
    frames = "".join(f'  File "module_{at}.py", line {at}, in call\n    return call()\n' for at in range(40))
    text = json.dumps(
        HEAD | {"message": "failed", "exc": f"{TRACEBACK[:35]}{frames}torch.OutOfMemoryError: no room"}
    )
    assert quote(text[:512] + " ... " + text[-192:]) == "failed: torch.OutOfMemoryError: no room"


@pytest.mark.parametrize(
    "text",
    [
        'requests.exceptions.HTTPError: 429 {"message": "Too Many Requests"}',
        '{"ts": 1, "level": "error"}',
        '{"ts": 1, "message": "cut off',
        '{"message": {"deep": 1}}',
        "{'message': 'of Python'}",
        '{"message": "\\ud800"} and more',
        "RuntimeError: CUDA error",
    ],
)
def test_other_records_are_quoted_as_they_stand(text: str) -> None:
    assert quote(text) == text


def test_half_a_character_is_shown_as_one_that_is_missing() -> None:
    assert quote(r'{"ts": 1, "message": "torn \ud83d"}') == "torn ?"


def test_a_long_message_is_cut() -> None:
    assert quote(json.dumps({"message": "x" * 500}), 90) == "x" * 87 + "..."


def test_the_answer_says_what_was_raised(tmp_path) -> None:
    def line(rank: int, **said: str) -> str:
        return json.dumps({"level": "error", "rank": rank, "logger": "trainer.loop", **said})

    steps = [(at, f"step {at} loss 2.0") for at in range(5)]
    logs = {f"rank{at}.log": [*steps, (9, line(at, message="Connection closed by peer"))] for at in range(4)}
    logs["rank2.log"] = [*steps, (7, line(2, message="failed", exc_info=TRACEBACK))]
    answer = asked(tmp_path / "logs", logs)
    assert answer.ranks == ("2",)
    assert ("", "failed: ValueError: bad shard 17") in answer.facts
    assert any(
        fact.endswith(": Connection closed by peer") for title, fact in answer.facts if title == "victims"
    )
    # Who reads the evidence sees the whole line.
    assert json.dumps(TRACEBACK)[1:-1] in answer.evidence[0].text
