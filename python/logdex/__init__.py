"""Read training logs exactly, in order, by regex and by time."""

from logdex._core import __version__

__all__ = ["__version__"]
