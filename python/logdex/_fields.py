"""`Fields`: what a dataclass is, for classes that are needed before the first line is read.

Importing `dataclasses` takes longer than all that a question to a small log does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Made = TypeVar("Made", bound="Fields")


class Fields:
    """Named fields with defaults, by the annotations of the class."""

    def __init__(self, **fields: object) -> None:
        """Takes the fields by their names."""
        if unknown := fields.keys() - type(self).__annotations__.keys():
            raise TypeError(f"no fields of {type(self).__name__}: {', '.join(sorted(unknown))}")
        self.__dict__.update(fields)

    def but(self: Made, **fields: object) -> Made:
        """The same with other `fields`."""
        return type(self)(**{**self.__dict__, **fields})
