"""What the command says when something is wrong: in its own words, not in Python's."""

import pytest
from logdex.command.complain import describe


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            FileNotFoundError(2, "No such file; or follow=True to wait", "a.log"),
            "a.log: No such file; or -f to wait",
        ),
        (OSError(5, "broken"), "broken"),
        (LookupError("no such app"), "no such app"),
        (KeyError("x"), "x"),
        (
            ValueError("a.log: no time; leave them out, or pass strict=False for every line"),
            "a.log: no time; leave them out",
        ),
        (ValueError(), "ValueError"),
    ],
)
def test_errors_in_one_line(error: Exception, said: str) -> None:
    assert describe(error) == said
