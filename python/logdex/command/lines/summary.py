"""What the command says of lines in place of showing them: how many (`-c`), in which files, when (`--histogram`)."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, islice

from logdex import _core
from logdex._core import Question, Record
from logdex.command.complain import name_output, tell
from logdex.command.legible import legible
from logdex.command.lines.rows import Rows, Shown
from logdex.inputs.input import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _Item = TypeVar("_Item")


class Summary:
    """One call of the command that shows no lines."""

    def __init__(
        self,
        args: Namespace,
        rows: Rows,
        files: Sequence[tuple[Input, Shown]],
        pass_over: Callable[[list[Shown]], int],
        complain: Callable[[BaseException], None],
        *,
        in_one_order: bool,
        is_one_set: bool,
    ) -> None:
        """Of `files`, each with its question; `pass_over` goes through lines as if they were shown, and counts.

        They would be shown in one order, or one behind the other, as one log where it `is_one_set`.
        """
        self._args = args
        self._rows = rows
        self._files = files
        self._pass_over = pass_over
        self._complain = complain
        self._in_one_order = in_one_order
        self._is_one_set = is_one_set

    def write(self) -> bool:
        """Writes what the options ask for to standard output; whether a line was selected."""
        try:
            if self._args.files_with_matches:
                return self._names()
            return self._count() if self._args.count else self._histogram()
        except OSError as error:
            # What goes wrong in a log is said of that log.
            name_output(error)
            raise

    def _count(self) -> bool:
        counts: dict[str, int] = {}
        among = self._among_all()
        for at, (one, shown) in enumerate(self._files):
            count = self._counted(shown) if among is None else among[at]
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
        among = self._among_all()
        names = [
            one.alias or one.path
            for at, (one, shown) in enumerate(self._files)
            if (self._has(shown) if among is None else among[at])
        ]
        sys.stdout.buffer.write(os.fsencode("".join(f"{name}\n" for name in names)))
        return bool(names)

    def _has(self, shown: Shown) -> bool:
        if self._args.last == 0:
            return False
        try:
            show = _core.Show([shown.but(before=0, after=0, whole_records=False)], most=1)
            found = show.run(None) > 0
        except (OSError, ValueError) as error:
            self._complain(error)
            return False
        self._say(show.stats)
        return found

    def _among_all(self) -> Counter[int] | None:
        """How many of the first or the last lines of all are of each file; None where there is no order of all, or no
        limit."""
        last, most = self._args.last, self._args.max_count
        if not self._in_one_order or last == most is None:
            return None
        asked = [(at, self._asked(shown).but(last=last)) for at, (_, shown) in enumerate(self._files)]
        return Counter(at for at, _ in islice(self._read(_core.Merged(asked, last=last)), most))

    def _histogram(self) -> bool:
        from logdex.command.asked.options import columns
        from logdex.command.lines.histogram import rows

        shown = False
        for row in rows(self._records(), width=columns(), color=self._rows.color):
            sys.stdout.write(row)
            shown = True
        return shown

    def _records(self) -> Iterator[Record]:
        """The lines that would be shown; where all are, in whatever order."""
        last, most = self._args.last, self._args.max_count
        if self._in_one_order and (last is not None or most is not None):
            asked = [(None, self._asked(shown).but(last=last)) for _, shown in self._files]
            return islice(self._read(_core.Merged(asked, gives="records", last=last)), most)
        if self._is_one_set:
            return islice(self._of_source(self._files), most)
        sources = groupby(self._files, lambda pair: pair[0].label)
        return chain.from_iterable(islice(self._of_source(list(files)), most) for _, files in sources)

    def _of_source(self, files: Sequence[tuple[Input, Shown]]) -> Iterator[Record]:
        """The lines of files that are one log, the last so many of them where that is asked."""
        asked, last = [self._asked(shown) for _, shown in files], self._args.last
        if last is not None:
            asked = [asked[0].but(last=last)] if len(asked) == 1 else self._end(asked, last)
        for one in asked:
            yield from self._read(_core.Records(one))

    def _end(self, files: Sequence[Question], last: int) -> list[Question]:
        """What is asked of the files of one log for its `last` lines, the oldest file first."""
        asked: list[Question] = []
        for question in reversed(files):
            one = question.but(last=last)
            try:
                last -= _core.count(one)
            except (OSError, ValueError) as error:
                self._complain(error)
                continue
            asked.append(one)
            if last <= 0:
                break
        return asked[::-1]

    def _asked(self, shown: Shown) -> Question:
        return shown.question.but(records=True, levels=True)

    def _read(self, answer: _core.Answer[_Item]) -> Iterator[_Item]:
        try:
            with answer:
                yield from answer
        except (OSError, ValueError) as error:
            self._complain(error)
        finally:
            self._say(answer.stats)

    def _say(self, known: _core.Stats) -> None:
        """Says how sure the answer is, where that is asked for."""
        if self._args.stats:
            from logdex.command.lines import stats

            tell(stats.describe(known))
