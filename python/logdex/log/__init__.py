"""`Log`: a log file, to be asked; what each question means, and what its arguments are."""

from __future__ import annotations

from logdex import _core
from logdex.log.base import LogBase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from logdex._core import Question
    from logdex._ended import Ended
    from logdex._question import Lost
    from logdex._step import Step
    from logdex._when import When
    from logdex.ranks import Ranks
    from logdex.regex.pattern import Regex
    from logdex.tables.arrow import Arrow


class Log(LogBase):
    """A log file, to be asked; made by `logdex.open`.

    Nothing is read before an answer is. Threads and processes may share a `Log`: it holds arguments and no open file,
    so that each question sees the file as it is then.

    Examples:
        >>> import logdex
        >>> log = logdex.open("train.log", tz="UTC")
        >>> log.path, log.tz
        ('train.log', 'UTC')
        >>> with log.lines("loss", since="10m", follow=True) as lines:  # doctest: +SKIP
        ...     for line in lines:
        ...         print(line, end="")
    """

    @property
    def tz(self) -> str | None:
        """The zone of stamps that name none; None for the machine's."""
        return self._tz

    @property
    def path(self) -> str:
        """The path as it was given."""
        return self._plain.path

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last time in the log, as aware datetimes; None where no line has a time.

        The first call reads the whole file and keeps an index of it, as a range of time does; later ones read what is
        new.

        Raises:
            OSError: What the system says of the file.

        Examples:
            >>> import logdex, tempfile
            >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            ...     _ = log.write("2026-11-22 02:10:00 ready\\n2026-11-22 02:11:00 done\\n")
            ...     log.flush()
            ...     first, last = logdex.open(log.name, tz="UTC").span()
            >>> (last - first).total_seconds()
            60.0
        """
        return _core.span(self._question)

    def lines(
        self,
        regex: Regex | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        step: Step | None = None,
        steps: str | bool | None = None,
        last: int | None = None,
        follow: bool = False,
        partial: bool = False,
        strict: bool = True,
        ended: Ended | None = None,
        level: str | _core.Level | None = None,
        where: str | Sequence[str] = (),
        exclude: Regex | None = None,
        after: str | None = None,
        lost: Lost = "raise",
    ) -> _core.Answer[str]:
        r"""The lines of the log, in file order, each with its `\n`.

        Args:
            regex: Only lines for which `re.search(regex, line)` is true, on the text with its `\n`.
            since: Only lines of this moment or later: a datetime (naive ones in the log's `tz`), a timedelta (that long
                ago), or text such as "2026-11-22 02:10", "02:10" (today), "10m", "2h ago", "yesterday 14:00".
            until: Only lines of this moment or earlier; both ends are included.
            step: Only lines of these training steps: a pair, both ends included, None for an open end. A line that
                names no step has its rank's last one before it, and lines before the first have that.
            steps: What a step is, if not the number behind `step`, `global_step`, `iteration` or `iter`: a regex with
                one group around the number, as Rust's `regex` reads it. True: as by default, for the `Record.step`
                of questions without `step`.
            last: Only the last so many of the lines that are selected; with `follow`, of those there at the start.
            follow: Go on with what is written, as `tail -F`; a file that is not there yet is waited for.
            partial: In a follow, show text before its `\n` is there: after each `\r`, and when nothing has come for
                50 ms. Joined, the items equal the file.
            strict: With a range of time over a file in which no line has a time, or of steps where none has a step,
                raise; if false, log a warning and give every line.
            ended: In a follow, called about every 25 ms at the end of the file: whether nobody will write any more.
                Then what is left is given and the follow ends. A `RingingEnded` is asked less often.
            level: Only lines of this level or a graver one: trace, debug, info, warning, error, critical, in any of the
                spellings that loggers have. A line has the level that a field of it says (a word of the text is none),
                and what goes on with it, as a traceback does, has the same.
            where: Only lines of which a field is so: "status>=500", "component=tsdb", "loss != 3"; several: all of
                them. Fields are those of a JSON object that ends the line, or else its pairs `key=value`, or the named
                groups of `regex`. Numbers are compared as numbers, and a line without the field is not selected.
            exclude: No lines for which `re.search(exclude, line)` is true.
            after: The text of a cursor (`Lines.cursor`): only lines behind its place, whatever was asked when it was
                taken. What was rotated since is found beside the log and comes first. Not with `last`.
            lost: Where the log of the cursor is not to be found again: "raise", "restart" with the first line of
                what is there now, or "skip" that. `stats.lost` counts it.

        Returns:
            An iterator of str, and a context manager: `Lines` of one file, `Merged` of several. Closing it, from any
            thread, ends it.

        Raises:
            re.error: `regex` is not one; the message is Python's.
            OverflowError: A count in `regex` is too large for Python's `re`, as in `a{999999999999}`.
            TypeError: `regex` is a pattern for bytes, or an argument is of the wrong type.
            ValueError: `since` or `until` say no moment, `last` is less than 1, `partial` is given with a filter, or
                `level` or `where` say none.
            OSError: When the first line is asked for, what the system says of the file; while reading, that it was
                truncated.
            logdex.CursorError: The place of `after` is not to be found again; an OSError.

        Examples:
            >>> import logdex, tempfile
            >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            ...     _ = log.write("2026-11-22 02:10:00 INFO ready\n2026-11-22 02:11:00 ERROR NCCL timeout\n")
            ...     log.flush()
            ...     list(logdex.open(log.name).lines("ERROR", since="2026-11-22 02:10"))
            ['2026-11-22 02:11:00 ERROR NCCL timeout\n']
        """
        question = self._ask(
            regex,
            since,
            until,
            last=last,
            follow=follow,
            partial=partial,
            strict=strict,
            ended=ended,
            step=step,
            steps=steps,
            level=level,
            where=where,
            exclude=exclude,
            after=after,
            lost=lost,
        )
        return self._lines(question)

    def records(
        self,
        regex: Regex | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        step: Step | None = None,
        steps: str | bool | None = None,
        last: int | None = None,
        follow: bool = False,
        partial: bool = False,
        strict: bool = True,
        ended: Ended | None = None,
        level: str | _core.Level | None = None,
        where: str | Sequence[str] = (),
        exclude: Regex | None = None,
        after: str | None = None,
        lost: Lost = "raise",
    ) -> _core.Answer[_core.Record]:
        r"""As `lines`, but what comes are `Record`s: the text, its time and how that is known, its place in the file.

        Examples:
            >>> import logdex, tempfile
            >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            ...     _ = log.write("2026-11-22 02:10:00 ERROR nan\n  in step 7\n")
            ...     log.flush()
            ...     [(one.number, one.how, one.offset) for one in logdex.open(log.name).records()]
            [(1, 'own', 0), (2, 'inherited', 30)]
        """
        question = self._ask(
            regex,
            since,
            until,
            last=last,
            follow=follow,
            partial=partial,
            strict=strict,
            ended=ended,
            step=step,
            steps=steps,
            level=level,
            where=where,
            exclude=exclude,
            after=after,
            lost=lost,
        )
        return self._records(question.but(records=True, levels=True))

    def count(
        self,
        regex: Regex | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        step: Step | None = None,
        steps: str | bool | None = None,
        strict: bool = True,
        level: str | _core.Level | None = None,
        where: str | Sequence[str] = (),
        exclude: Regex | None = None,
        after: str | None = None,
        lost: Lost = "raise",
    ) -> int:
        r"""How many lines `lines` would give, without making a str for each; errors as there.

        Examples:
            >>> import logdex, tempfile
            >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            ...     _ = log.write("step 1\nstep 2\nnan\n")
            ...     log.flush()
            ...     logdex.open(log.name).count("step")
            2
        """
        question = self._ask(
            regex,
            since,
            until,
            strict=strict,
            step=step,
            steps=steps,
            level=level,
            where=where,
            exclude=exclude,
            after=after,
            lost=lost,
        )
        return self._count(question)

    def arrow(
        self,
        regex: Regex | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        step: Step | None = None,
        steps: str | bool | None = None,
        last: int | None = None,
        columns: Iterable[str] | None = None,
        fields: Regex | None = None,
        fields_types: Mapping[str, type] | None = None,
        strict: bool = True,
        level: str | _core.Level | None = None,
        where: str | Sequence[str] = (),
        exclude: Regex | None = None,
        after: str | None = None,
        lost: Lost = "raise",
    ) -> Arrow:
        r"""The lines as a table, for pyarrow, Polars, DuckDB, pandas and whatever else speaks Arrow.

        Nothing becomes a Python object on the way. The rows are those of `records`, in the same order.

        Args:
            regex: Only lines for which `re.search(regex, line)` is true.
            since: Only lines of this moment or later, as for `lines`.
            until: Only lines of this moment or earlier.
            step: Only lines of these steps, as for `lines`.
            steps: What a step is, as for `lines`.
            last: Only the last so many of the lines that are selected.
            columns: Which columns, in this order; default all of `Arrow`, and the groups of `fields` behind them. What
                is left out costs nothing.
            fields: A regex whose named groups become columns, by what `re.search(fields, line)` says of each line; null
                where it does not match. It selects no lines. A group takes the place of the column of its name.
            fields_types: `int`, `float` or `str` by the name of a group; default `str`. What does not fit is null, and
                counted in `stats.misfits`: an `int` is of ASCII digits with an optional sign and fits 64 bits, a
                `float` is what Python's takes of ASCII without `_`.
            strict: As for `lines`.
            level: Only lines of this level or a graver one, as for `lines`.
            where: Only lines of which a field is so, as for `lines`.
            exclude: No lines for which `re.search(exclude, line)` is true.
            after: The text of a cursor: only lines behind its place.
            lost: What to do where that place is not to be found, as for `lines`.

        Returns:
            An `Arrow`, which puts the question each time it is opened.

        Raises:
            re.error: `regex` or `fields` is none.
            TypeError: One of them is a pattern for bytes, or an argument is of the wrong type.
            ValueError: There is no such column or group, or as for `lines`.

        Examples:
            >>> import logdex
            >>> log = logdex.open("train.log")
            >>> table = log.arrow("loss", fields=r"loss=(?P<loss>[\d.]+)", fields_types={"loss": float})
            >>> table.columns
            ['offset', 'number', 'time', 'how', 'source', 'rank', 'step', 'stream', 'text', 'loss']
            >>> pyarrow.table(table)  # doctest: +SKIP
        """
        from logdex.tables.arrow import Arrow

        def ask() -> Question:
            return self._ask(
                regex,
                since,
                until,
                last=last,
                strict=strict,
                step=step,
                steps=steps,
                level=level,
                where=where,
                exclude=exclude,
                after=after,
                lost=lost,
            )

        return Arrow(repr(self), ask, self._table, columns, fields, fields_types)

    def ranks(self, errors: Regex | None = None, *, clocks: float = 1.0) -> Ranks:
        """What each rank did: lines, errors, first error, last line, silence; who failed first, and why.

        A rank is a prefix on the line (`[rank3]:`, `[default3]:`), or else a file.

        Args:
            errors: What is an error; default what the taxonomy says (docs/taxonomy.md). The first line that it finds
                is then what failed first, whatever else stands in the logs.
            clocks: By how many seconds the clocks of two files may differ that have no step in common.

        Raises:
            re.error: `errors` is no regex.
            TypeError: It is one for bytes.
            OSError: What the system says of a file.

        Examples:
            >>> import logdex, tempfile
            >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
            ...     _ = log.write("[rank0]: 2026-11-22 02:10:00 step 1\\n[rank1]: 2026-11-22 02:10:01 nan\\n")
            ...     log.flush()
            ...     [rank.name for rank in logdex.open(log.name).ranks("nan").failed]
            ['1']
        """
        from logdex.ranks import summarize

        return summarize(self._named(), errors, clocks=clocks)

    def __repr__(self) -> str:
        """The path."""
        return f"logdex.open({self.path!r})"
