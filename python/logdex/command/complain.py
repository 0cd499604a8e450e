"""What went wrong, for a person."""

from __future__ import annotations

import os
import re
import sys

_TO_WAIT = ", or -f to wait for the file"
"""What is advised of a file that is not there."""

UNUSABLE = (re.error, OverflowError, RecursionError)
"""What Python raises of a regex: it is wrong, or right but too much for it."""


def tell(text: str) -> None:
    """Writes on stderr, at once. Where nobody can read it, on a full disk say, it is lost, and the answer is not."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        pass


def complain(error: BaseException, *, follows: bool = True) -> None:
    """Says on stderr what went wrong; `follows`: the command has an option `-f`, which was not given."""
    said = describe(error)
    tell(f"logdex: {said if follows else said.replace(_TO_WAIT, '')}\n")


def name_output(error: OSError) -> None:
    """Names standard output in an error that names no file, where nothing else without a name was being written."""
    error.filename = error.filename or "standard output"


def complain_of_output(error: OSError) -> None:
    """Says on stderr what went wrong where nothing but the answer was being written, which has no name of its own."""
    name_output(error)
    complain(error)


def complain_of_regex(error: Exception, option: str = "-e") -> None:
    """Says on stderr what is wrong with a regex, one of `UNUSABLE`, that came by `option`."""
    if isinstance(error, re.error):
        complain(ValueError(f"{option} {error.pattern!r}: {error}"))
    else:
        complain(ValueError(f"a regex is too large: {error}"))


def hush() -> None:
    """Whoever reads standard output has gone: nothing more to say, here or when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def describe(error: BaseException) -> str:
    """An error in one line: the path, what was wrong, what to do."""
    if isinstance(error, OSError) and error.strerror:
        # What Python code is told to do, in the command's words.
        said = error.strerror.replace("follow=True", "-f")
        return f"{error.filename}: {said}" if error.filename is not None else said
    if isinstance(error, LookupError) and error.args:
        return str(error.args[0])
    # What only Python can do is no advice here.
    said = str(error).replace(", or pass strict=False for every line", "")
    return said or type(error).__name__
