"""What the command says of lines in place of showing them: how many (`-c`), in which files, when (`--histogram`)."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from logdex import _core
from logdex.command.legible import legible
from logdex.command.rows import Rows, Shown
from logdex.inputs.input import Input


class Summary:
    """One call of the command that shows no lines."""

    def __init__(
        self,
        args: Namespace,
        rows: Rows,
        files: Sequence[tuple[Input, Shown]],
        pass_over: Callable[[list[Shown]], int],
        complain: Callable[[BaseException], None],
    ) -> None:
        """Of `files`, each with its question; `pass_over` goes through lines as if they were shown, and counts."""
        self._args = args
        self._rows = rows
        self._files = files
        self._pass_over = pass_over
        self._complain = complain

    def write(self) -> bool:
        """Writes what the options ask for to standard output; whether a line was selected."""
        if self._args.files_with_matches:
            return self._names()
        return self._count() if self._args.count else self._histogram()

    def _count(self) -> bool:
        counts: dict[str, int] = {}
        for one, shown in self._files:
            count = self._counted(shown)
            if count is not None:
                # The parts of a source are one: rotations, attempts.
                counts[one.label] = counts.get(one.label, 0) + count
        limits = [one for one in (self._args.last, self._args.max_count) if one is not None]
        counts = {label: min(count, *limits) if limits else count for label, count in counts.items()}
        rows = (
            f"{legible(label)}:{count}\n" if self._rows.labels else f"{count}\n"
            for label, count in counts.items()
        )
        # Bytes, for the name of a file may be no text.
        sys.stdout.buffer.write(os.fsencode("".join(rows)))
        return sum(counts.values()) > 0

    def _counted(self, shown: Shown) -> int | None:
        if self._args.stats or not shown.is_plain:
            return self._pass_over([shown.but(before=0, after=0)])
        try:
            return _core.count(shown.question.but(records=False))
        except (OSError, ValueError) as error:
            self._complain(error)
            return None

    def _names(self) -> bool:
        """Writes the name of each file that has a line that is meant."""
        names = [one.alias or one.path for one, shown in self._files if self._has(shown)]
        sys.stdout.buffer.write(os.fsencode("".join(f"{name}\n" for name in names)))
        return bool(names)

    def _has(self, shown: Shown) -> bool:
        if self._args.last == 0:
            return False
        try:
            return _core.Show([shown.but(before=0, after=0, whole_records=False)], most=1).run(None) > 0
        except (OSError, ValueError) as error:
            self._complain(error)
            return False

    def _histogram(self) -> bool:
        from logdex.command.histogram import rows
        from logdex.command.options import columns

        def records() -> Iterator[_core.Record]:
            for _, shown in self._files:
                try:
                    with _core.Records(
                        shown.question.but(records=True, levels=True, last=self._args.last)
                    ) as answer:
                        yield from answer
                except (OSError, ValueError) as error:
                    self._complain(error)

        shown = False
        for row in rows(islice(records(), self._args.max_count), width=columns(), color=self._rows.color):
            sys.stdout.write(row)
            shown = True
        return shown
