"""A file in an object store, or wherever else `fsspec` reads: `s3://`, `gs://`, `https://` and so on."""

from __future__ import annotations

from typing import Any

from logdex.remote.elsewhere import State

_TAGS = ("ETag", "etag", "mtime", "LastModified", "updated", "last_modified", "created")
"""Where the file systems of fsspec say of which version an object is, the surest first."""


class ObjectFile:
    """A file behind an address that fsspec knows; credentials and endpoints are those of its configuration."""

    def __init__(self, address: str) -> None:
        """Finds the file system for the address.

        Raises:
            ValueError: fsspec, or what it needs for such addresses, is not installed, or does not know them.
        """
        self.address = address
        try:
            from fsspec.core import url_to_fs

            self._files, self._path = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise ValueError(
                f"{address}: {error}; such addresses are read by fsspec: pip install 'logdex[remote]'"
            ) from error

    def look(self) -> State:
        """See `Elsewhere`."""
        told = self._ask("info")
        if told.get("type") == "directory":
            raise IsADirectoryError(21, "this is no object; name one", self.address)
        size = told.get("size")
        if not isinstance(size, int):
            raise OSError(
                95, "its size is not told, so no range of it can be read; copy it here", self.address
            )
        return State(size, next((f"{name}={told[name]}" for name in _TAGS if told.get(name)), ""))

    def read(self, start: int, end: int) -> bytes:
        """See `Elsewhere`."""
        return bytes(self._ask("cat_file", start=start, end=end)) if end > start else b""

    def _ask(self, what: str, **more: Any) -> Any:
        try:
            # What fsspec remembers of a directory does not know that a log has grown.
            self._files.invalidate_cache()
            return getattr(self._files, what)(self._path, **more)
        except FileNotFoundError:
            raise FileNotFoundError(2, "there is no such object", self.address) from None
        except PermissionError as error:
            raise PermissionError(13, f"{_words(error)}; look at your credentials", self.address) from error
        except Exception as error:  # each store has its own
            raise OSError(
                5, f"{_words(error)}; look at the endpoint and your credentials", self.address
            ) from error


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
