"""The doors into CPython's own regex parser, under the names that its versions give them.

The parser and the compiler of `re` are private modules: `sre_parse` and `sre_compile` in 3.10, `re._parser`
and `re._compiler` from 3.11. All that the translation needs of them is here. An opcode that a version lacks
is a fresh object that no parsed item equals.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from typing import Any, Final

if sys.version_info >= (3, 11):
    from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
else:
    import sre_compile as _compiler
    import sre_constants as _constants
    import sre_parse as _parser

SubPattern: Final[Any] = _parser.SubPattern
MAXREPEAT: Final[Any] = _parser.MAXREPEAT
TYPE_FLAGS: Final = int(re.ASCII | re.UNICODE | re.LOCALE)


def op(name: str) -> object:
    """The opcode of that name."""
    code: object = getattr(_constants, name, None)
    return object() if code is None else code


AT_NEGATE: Final = op("NEGATE")

# What can make the parser warn. It has done so, or been told not to, when the caller's pattern was compiled.
_MAY_WARN = re.compile(r"\[\[|--|&&|~~|\|\||\(\?[a-zA-Z]")
_QUIET = threading.Lock()


def parse(regex: str, flags: int = 0) -> Any:
    """The tree of a pattern."""
    if not _MAY_WARN.search(regex):
        return _parser.parse(regex, flags)
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _parser.parse(regex, flags)


def flags_of(tree: Any) -> int:
    """The flags under which a tree was parsed, with those that the pattern itself sets."""
    flags: int = tree.state.flags
    return flags


def state_for(flags: int) -> Any:
    """A parser's state with no groups."""
    state: Any = _parser.State()
    state.flags = flags
    state.str = ""
    return state


def compile_tree(tree: Any, flags: int) -> re.Pattern[str]:
    """The pattern that a tree stands for, under exactly these flags."""
    compiled: re.Pattern[str] = _compiler.compile(tree, flags)
    return compiled
