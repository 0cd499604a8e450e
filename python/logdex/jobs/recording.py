"""Which logs of this process's apps are recorded: how many bytes were there at what moment, in `.logdex`.

The work is done by one thread of the engine. It must never harm a launch: what cannot be recorded is said once.
"""

import logging
import os

from logdex import _core
from logdex.jobs.record import JobRecord

log = logging.getLogger("logdex")


class Recording:
    """The recordings of one scheduler."""

    def __init__(self) -> None:
        self._directories: set[str] = set()
        self._warned = False

    def start(self, directory: str) -> None:
        """Records the logs of the replica whose directory that is."""
        try:
            _core.start_recording(directory)
            self._directories.add(directory)
        except OSError as error:
            self._warn(directory, error)

    def stop(self, record: JobRecord) -> None:
        """Ends the recordings of an app, with all that is there now."""
        for role, k, _ in record.replicas():
            directory = os.path.join(record.log_dir, role, str(k))
            if directory in self._directories:
                self._directories.discard(directory)
                try:
                    _core.stop_recording(directory)
                except OSError as error:
                    self._warn(directory, error)

    def _warn(self, directory: str, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "the arrival of lines cannot be recorded in %s: %s; the app goes on, its combined stream is "
                "ordered by the times on the lines",
                directory,
                error,
            )
