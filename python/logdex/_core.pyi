"""The engine, as Python sees it. The public names are in `logdex`."""

import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Generic, Literal, Protocol, TypeAlias, TypedDict, TypeVar, final, overload

from typing_extensions import CapsuleType, Self

from logdex._ended import Ended
from logdex._when import Said

__all__ = [
    "INDEXED_FROM",
    "Answer",
    "Batch",
    "Clock",
    "Columns",
    "Cursor",
    "Election",
    "Format",
    "Frames",
    "Level",
    "Lines",
    "Mark",
    "Merged",
    "Pattern",
    "Question",
    "Record",
    "Records",
    "Shapes",
    "Show",
    "Sieve",
    "Sink",
    "Stand",
    "Stats",
    "Table",
    "Zone",
    "__version__",
    "born",
    "build_index",
    "check_steps",
    "cores",
    "count",
    "field",
    "field_of",
    "gather",
    "holds",
    "index_status",
    "indexes_are_off",
    "keep",
    "kept",
    "line_start",
    "outline",
    "parse_time",
    "prune",
    "resolve",
    "span",
    "start_recording",
    "stop_recording",
]

__version__: str

INDEXED_FROM: int
"""From how many bytes on a log is worth an index that is kept."""

_Label = TypeVar("_Label")
_Item = TypeVar("_Item", covariant=True)

@final
class Question:
    """What is asked of one file: the arguments of `Log.lines` and its kin, made ready by `logdex._question`.

    Frozen; `but` makes another. Moments are resolved: nanoseconds since 1970 UTC.

    Raises:
        TypeError: There is no such field, or its value is of another type.
    """

    def __new__(
        cls,
        path: str,
        *,
        zone: Zone,
        reference: int | None = None,
        skew: int = 0,
        stamp: Format | None = None,
        index: bool | str = ...,
        pattern: Pattern | None = None,
        exclude: Pattern | None = None,
        stream: str | None = None,
        ranks: tuple[int | None, int | None] | None = None,
        sieve: Sieve | None = None,
        judge: Callable[[str], object] | None = None,
        since: int | None = None,
        until: int | None = None,
        steps: tuple[int | None, int | None, str | None] | None = None,
        last: int | None = None,
        follow: bool = False,
        partial: bool = False,
        strict: bool = True,
        stepless: bool = False,
        records: bool = False,
        levels: bool = False,
        origin: tuple[str, int | None, str] | None = None,
        ended: Ended | None = None,
        keep: object = None,
        name: str | None = None,
        beside: str | None = None,
        after: int = 0,
        beside_after: int = 0,
        before: int | None = None,
        size: int | None = None,
        begun: str | None = None,
        tiers: Sequence[tuple[int, int, int, int]] = ...,
        earlier: Sequence[tuple[str, int]] = ...,
        cursor: str | None = None,
        policy: str | None = None,
        lost: int = 0,
    ) -> Self: ...
    def but(
        self,
        *,
        path: str = ...,
        zone: Zone = ...,
        reference: int | None = ...,
        skew: int = ...,
        stamp: Format | None = ...,
        index: bool | str = ...,
        pattern: Pattern | None = ...,
        exclude: Pattern | None = ...,
        stream: str | None = ...,
        ranks: tuple[int | None, int | None] | None = ...,
        sieve: Sieve | None = ...,
        judge: Callable[[str], object] | None = ...,
        since: int | None = ...,
        until: int | None = ...,
        steps: tuple[int | None, int | None, str | None] | None = ...,
        last: int | None = ...,
        follow: bool = ...,
        partial: bool = ...,
        strict: bool = ...,
        stepless: bool = ...,
        records: bool = ...,
        levels: bool = ...,
        origin: tuple[str, int | None, str] | None = ...,
        ended: Ended | None = ...,
        keep: object = ...,
        name: str | None = ...,
        beside: str | None = ...,
        after: int = ...,
        beside_after: int = ...,
        before: int | None = ...,
        size: int | None = ...,
        begun: str | None = ...,
        tiers: Sequence[tuple[int, int, int, int]] = ...,
        earlier: Sequence[tuple[str, int]] = ...,
        cursor: str | None = ...,
        policy: str | None = ...,
        lost: int = ...,
    ) -> Self:
        """The same with other fields."""

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]: ...
    @property
    def path(self) -> str:
        """The file."""

    @property
    def zone(self) -> Zone:
        """The zone of stamps that name none."""

    @property
    def reference(self) -> int | None:
        """A moment near the log's end, for stamps without a year, in nanoseconds since 1970 UTC."""

    @property
    def skew(self) -> int:
        """By how many nanoseconds the clock was behind that wrote the stamps."""
    @property
    def stamp(self) -> Format | None:
        """The format of stamps that the user teaches."""

    @property
    def index(self) -> bool | str:
        """Whether to keep an index in the user's cache, or the directory to keep it in."""

    @property
    def pattern(self) -> Pattern | None:
        """Which lines are meant; None for all."""

    @property
    def exclude(self) -> Pattern | None:
        """Which lines are not meant, though they are by `pattern`."""

    @property
    def stream(self) -> str | None:
        """Only lines that were written to "stdout" or "stderr", where a container's runtime says to which."""

    @property
    def ranks(self) -> tuple[int | None, int | None] | None:
        """Only lines of global ranks from the one to the other: by the prefix on the line, or else by the file."""

    @property
    def sieve(self) -> Sieve | None:
        """What is asked of the level and the fields of lines."""

    @property
    def judge(self) -> Callable[[str], object] | None:
        """Decides on lines in place of the pattern's own `search`, which it includes."""

    @property
    def since(self) -> int | None:
        """The first moment of the range, in nanoseconds since 1970 UTC."""

    @property
    def until(self) -> int | None:
        """Its last moment, in nanoseconds since 1970 UTC."""

    @property
    def steps(self) -> tuple[int | None, int | None, str | None] | None:
        """The least step and the greatest, and the regex that says what a step is."""

    @property
    def last(self) -> int | None:
        """How many lines, from the end of those that are meant; None for all."""

    @property
    def follow(self) -> bool:
        """Whether to go on with what is written."""

    @property
    def partial(self) -> bool:
        """Whether text is given before its line is whole."""

    @property
    def strict(self) -> bool:
        """Whether a range of time over a file without times is an error."""

    @property
    def stepless(self) -> bool:
        """Whether a range of steps over a file without any is no error, as other logs beside it have some: its lines
        then stand before all steps.
        """

    @property
    def records(self) -> bool:
        """Whether the time of each line is wanted."""

    @property
    def levels(self) -> bool:
        """Whether a record may be asked for its level, and a line that is shown has its own."""

    @property
    def origin(self) -> tuple[str, int | None, str] | None:
        """What records say of where they come from: source, rank that alone wrote it, attempt; None for the path."""

    @property
    def ended(self) -> Ended | None:
        """Tells whether nobody will write to the file any more."""

    @property
    def keep(self) -> object:
        """Something that must live as long as the answer."""

    @property
    def name(self) -> str | None:
        """What errors call the file, if not by its path."""

    @property
    def beside(self) -> str | None:
        """A second log: what is asked for is the combined stream of both."""

    @property
    def after(self) -> int:
        """Only lines that begin here or later, in bytes."""

    @property
    def beside_after(self) -> int:
        """The same of the second log."""

    @property
    def before(self) -> int | None:
        """Only lines that begin before this, in bytes."""

    @property
    def size(self) -> int | None:
        """The file is read as if it had no more than so many bytes."""

    @property
    def begun(self) -> str | None:
        """The file in which `after` is, where its name has gone to another one."""

    @property
    def tiers(self) -> list[tuple[int, int, int, int]]:
        """Of the lines there, those that were handed out before; for a merge."""

    @property
    def earlier(self) -> list[tuple[str, int]]:
        """Files that come before this one, and where to go on in each."""

    @property
    def cursor(self) -> str | None:
        """The cursor with which it was asked."""

    @property
    def policy(self) -> str | None:
        """What to do where the place of the cursor is not to be found."""

    @property
    def lost(self) -> int:
        """How many files could not be gone on in."""

class _Scout(Protocol):
    """`logdex._question.Newcomers`."""

    @property
    def asked(self) -> Question: ...
    @property
    def look(self) -> Callable[[], object]: ...

class Answer(Generic[_Item]):
    """What `Lines`, `Records` and `Merged` have in common: an iterator, and a context manager.

    One thread reads at a time; `close` may be called from any, and `stats` too while a file is followed.
    """

    def __iter__(self) -> Self: ...
    def __next__(self) -> _Item: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None: ...
    def close(self) -> None:
        """Ends the iteration, from any thread, and lets go of the files."""

    @property
    def stats(self) -> Stats:
        """What is known about the answer so far, of all sources together."""

    @property
    def cursor(self) -> str:
        """The place behind the last line that was handed out, as printable text; give it to `after` to go on there.

        Once the iteration has ended, it is behind all whole lines that were looked at, also if `regex` left them out.
        In a `merge` with `patience` the lines that wait for earlier ones are not behind it, and come again.

        Raises:
            OSError: What the system says of a log when its place is marked.
        """

@final
class Lines(Answer[str]):
    r"""The lines of one answer, in file order: an iterator of str and a context manager, made by `Log.lines`.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("step 1\nstep 2\n")
        ...     log.flush()
        ...     with logdex.open(log.name).lines() as lines:
        ...         next(lines), lines.stats.lines
        ('step 1\n', 1)
    """

    def __new__(cls, asked: Question) -> Self: ...
    def __next__(self) -> str: ...
    def _next_bytes(self) -> bytes | None:
        """The next line as the file has it; None at the end."""

@final
class Records(Answer[Record]):
    r"""The records of one answer, in file order: an iterator of `Record`; made by `Log.records`, used as `Lines`.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("step 1\nstep 2\n")
        ...     log.flush()
        ...     with logdex.open(log.name).records("2") as records:
        ...         [(record.number, record.text) for record in records]
        [(2, 'step 2\n')]
    """

    def __new__(cls, asked: Question) -> Self: ...
    def __next__(self) -> Record: ...

@final
class Merged(Answer[_Item]):
    r"""Many logs in one order: an iterator and a context manager.

    Of `logdex.merge` the items are pairs of a label and a `Record`; of `lines` and `records` of `Logs` they are str and
    `Record`. What is there at the start comes in the order of time, exactly; ties, and lines without a stamp, keep
    their file's order. In a follow, what is written comes as it arrives, also of logs that were not there at the start.

    Examples:
        >>> import logdex, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "rank0.log").write_text("2026-11-22 02:10:00 a\n2026-11-22 02:10:02 c\n")
        >>> _ = (folder / "rank1.log").write_text("2026-11-22 02:10:01 b\n")
        >>> with logdex.open(folder).lines() as merged:
        ...     [line[-2] for line in merged]
        ['a', 'b', 'c']
    """

    @overload
    def __new__(
        cls,
        sources: Sequence[tuple[_Label, Question]],
        *,
        gives: Literal["pairs"] = "pairs",
        patience: float | None = None,
        last: int | None = None,
        scout: _Scout | None = None,
    ) -> Merged[tuple[_Label, Record]]: ...
    @overload
    def __new__(
        cls,
        sources: Sequence[tuple[object, Question]],
        *,
        gives: Literal["records"],
        patience: float | None = None,
        last: int | None = None,
        scout: _Scout | None = None,
    ) -> Merged[Record]: ...
    @overload
    def __new__(
        cls,
        sources: Sequence[tuple[object, Question]],
        *,
        gives: Literal["lines"],
        patience: float | None = None,
        last: int | None = None,
        scout: _Scout | None = None,
    ) -> Merged[str]: ...
    def __next__(self) -> _Item: ...

@final
class Record:
    r"""One line and what is known of it; frozen.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("2026-11-22 02:10:00 step 1\n")
        ...     log.flush()
        ...     record = next(logdex.open(log.name, tz="UTC").records())
        >>> record.text, record.time.isoformat(), record.resolution, record.how
        ('2026-11-22 02:10:00 step 1\n', '2026-11-22T02:10:00+00:00', 1000000000, 'own')
    """

    @property
    def text(self) -> str:
        r"""The line, its `\n` included."""

    @property
    def time(self) -> datetime | None:
        """When, as an aware datetime cut to microseconds; None if the line has no time."""

    @property
    def time_ns(self) -> int | None:
        """When, in nanoseconds since 1970 UTC."""

    @property
    def resolution(self) -> int | None:
        """How exact the stamp is, in nanoseconds: 10**9 for whole seconds."""

    @property
    def how(self) -> Literal["own", "inherited", "arrival", "untimed"]:
        """Where the time comes from: the line's own stamp, another line's, the moment it came, or nowhere.

        The moment it came is from the record of arrival, and in a follow without one it is when the line was read.
        """

    @property
    def offset(self) -> int:
        """Where the line begins in its file, in bytes; of a compressed or a container's log, in the text within."""

    @property
    def number(self) -> int:
        """Which line of its file it is, from 1."""

    @property
    def level(self) -> Level | None:
        """How grave it is, by the field of it that says so or by the head of its record; None where nothing says."""

    @property
    def step(self) -> int | None:
        """The training step: the line's own, or its rank's last before it; None where there is none.

        Known where the question was about steps: `step=` or `steps=`.
        """

    @property
    def stream(self) -> Literal["stdout", "stderr"] | None:
        """To which stream it was written, as the frame of a container's runtime says; None where there is none."""

    @property
    def source(self) -> str:
        """Where it comes from: the label of its source among several, else its path."""

    @property
    def part(self) -> str:
        """Which attempt or restart it belongs to ("attempt 1"), where its source has several; else empty."""

    @property
    def rank(self) -> int | None:
        """The global rank that wrote it: by the prefix on the line (`[rank3]:`), or else by the file's name."""

    @property
    def local_rank(self) -> int | None:
        """The rank within its replica, by the prefix on the line (`[default3]:`)."""

@final
class Stats:
    r"""How sure an answer is, and what it cost, so far.

    Examples:
        >>> import logdex, tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        ...     _ = log.write("2026-11-22 02:10:00 step 1\nno stamp\n")
        ...     log.flush()
        ...     records = logdex.open(log.name).records()
        ...     _ = list(records)
        >>> records.stats.lines, records.stats.own, records.stats.inherited
        (2, 1, 1)
    """

    @property
    def lines(self) -> int:
        """Lines given out."""

    @property
    def own(self) -> int:
        """Of these, lines with a stamp of their own. Known, as the next three, where the question is about time."""

    @property
    def inherited(self) -> int:
        """Lines that take the time of another line."""

    @property
    def by_arrival(self) -> int:
        """Lines that take the moment at which they came."""

    @property
    def untimed(self) -> int:
        """Lines without any time."""

    @property
    def steps_back(self) -> int:
        """How often a stamp lies before the one before it, among the lines that were looked at."""

    @property
    def largest_step_back(self) -> float:
        """The largest such step, in seconds."""

    @property
    def bytes_read(self) -> int:
        """Bytes of the file that were read."""

    @property
    def bytes_skipped(self) -> int:
        """Bytes that an index made it needless to read: `skipped_by_time` and `skipped_by_text` together."""

    @property
    def skipped_by_time(self) -> int:
        """Bytes that the index of times made it needless to read."""

    @property
    def skipped_by_text(self) -> int:
        """Bytes that the index of text made it needless to read, of those that the range of time left."""

    @property
    def holes(self) -> int:
        """Holes (4,096 or more NULs at the start of a line) that were dropped."""

    @property
    def truncations(self) -> int:
        """How often the file was cut or written anew while it was followed."""

    @property
    def rotations(self) -> int:
        """How often the file's name went to another file while it was followed."""

    @property
    def lost(self) -> int:
        """How often lines may be missing: the name went to another file while this one was closed, because more files
        were followed than the process may open (the soft limit less 64); or the log of a cursor was not found again,
        and `lost` says to go on without."""

    @property
    def late(self) -> int:
        """Lines that came too late for their place in a merge."""

    @property
    def misfits(self) -> int:
        """Groups of `fields` that hold what does not fit their type, in a table."""

    @property
    def notes(self) -> list[str]:
        """What a person should know about the answer."""

_Groups: TypeAlias = tuple[
    list[tuple[str, int, str]], tuple[str, str | None] | None, Callable[[str], re.Match[str] | None]
]
"""The named groups of a pattern, as `logdex.tables.arrow` says them."""

@final
class Columns:
    """Which columns a table has; made by `Log.arrow`."""

    def __new__(cls, names: list[str], groups: _Groups | None = None) -> Self: ...
    @property
    def names(self) -> list[str]:
        """What they are called, in order."""

    @property
    def timed(self) -> bool:
        """Whether each line must be timed for them."""

    @property
    def stepped(self) -> bool:
        """Whether each line must have a step for them."""

    def schema(self) -> CapsuleType:
        """Their names and types, as a capsule `arrow_schema`."""

@final
class Mark:
    """How far one log was handed out; see `logdex.inputs.resume`."""

    @staticmethod
    def before(path: str, name: str, left: bool) -> Mark:
        """Before the first line of the text at `path`, known as `name`."""

    @staticmethod
    def beside(path: str, name: str) -> Mark:
        """Behind all that the file at `path` has, compressed or not; it stands beside the log `name`."""

    @staticmethod
    def alone(name: str) -> Mark:
        """Nothing stood beside the log `name`."""

    @property
    def is_alone(self) -> bool:
        """Whether it says that nothing stood beside its log."""

    def moved_to(self, path: str) -> Mark:
        """The same place in the file at `path`, which says the same and has not the log's name."""

    def is_behind(self, path: str) -> bool:
        """Whether all that the file at `path` has, compressed or not, lies before it."""

    @property
    def name(self) -> str:
        """The path by which it was known."""

    @property
    def file(self) -> tuple[int, int]:
        """Device and number of the file that it was."""

    @property
    def at(self) -> int:
        """All lines that begin before this were handed out, in bytes."""

    @property
    def is_before_all(self) -> bool:
        """Whether no line of it was handed out."""

    @property
    def whole(self) -> bool:
        """Nothing else was in the file then."""

    @property
    def left(self) -> bool:
        """A follow has left it behind: its name went to another file, or its text to a copy before it was cut."""

    @property
    def tiers(self) -> list[tuple[int, int, int, int]]:
        """Lines behind it that were handed out, for a merge."""

    def fits(self, path: str) -> int | None:
        """Where to go on in a file, if that is the log that was marked."""

@final
class Cursor:
    """The marks of an answer's logs, out of the text of a cursor."""

    def __new__(cls, text: str) -> Self: ...
    @staticmethod
    def of(marks: list[Mark]) -> Cursor:
        """The cursor that has these marks."""

    @property
    def text(self) -> str:
        """As text."""

    @property
    def marks(self) -> list[Mark]: ...

@final
class Batch:
    """Some rows of a table."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """A stream of this batch alone."""

    def __len__(self) -> int: ...

@final
class Table:
    """One answer as a table, which is handed over once, or read batch by batch; made by `Arrow`."""

    def __new__(
        cls, asked: Sequence[Question], columns: Columns, *, merged: bool = False, last: int | None = None
    ) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Batch: ...
    def stream(self) -> CapsuleType:
        """The answer as a capsule `arrow_array_stream`."""

    def close(self) -> None:
        """Ends the answer, from any thread."""

    @property
    def stats(self) -> Stats:
        """What is known about the answer so far."""

class _Shown(Protocol):
    """`logdex.command.lines.rows.Shown`."""

    @property
    def question(self) -> Question: ...
    @property
    def before(self) -> int: ...
    @property
    def after(self) -> int: ...
    @property
    def whole_records(self) -> bool: ...
    @property
    def label(self) -> bytes: ...
    @property
    def heading(self) -> bytes: ...
    @property
    def gap(self) -> bytes: ...
    @property
    def json(self) -> tuple[str, int | None, str] | None: ...
    @property
    def numbers(self) -> bool: ...

@final
class Clock:
    """What shows the time before each line: in `zone`, or how much later it is than the line before."""

    def __new__(cls, zone: Zone | None = None) -> Self: ...

@final
class Sink:
    """Standard output, shared by all that show at once."""

    def __new__(cls) -> Self: ...

@final
class Show:
    """Answers about files, merged by time, on their way to standard output without passing through Python."""

    def __new__(
        cls,
        shown: Sequence[_Shown],
        *,
        paint: Callable[[str], str] | None = None,
        picks: bool = False,
        paints_around: bool = False,
        scout: _Scout | None = None,
        complain: Callable[[OSError | ValueError], None] | None = None,
        skip: int = 0,
        last: int | None = None,
        most: int | None = None,
        keeps_place: bool = False,
        merges: bool = False,
        folds: bool = False,
        status: Zone | None = None,
    ) -> Self: ...
    def run(self, sink: Sink | None, *, live: bool = False) -> int:
        """Writes the lines, or only counts them where `sink` is None; returns how many were meant.

        With `live`, what is there is written at once. Where there is more than one file, `complain` is told at once
        what goes wrong with one, and the others go on.
        """

    @property
    def cursor(self) -> str | None:
        """The place behind what was written, from any thread; None before anything was, or where it is not kept."""

    def close(self) -> None:
        """Ends it, from any thread."""

    @property
    def stats(self) -> Stats:
        """What is known about the answers together."""

@final
class Format:
    """A format of stamps in `strptime`'s directives, and the text that stands before them."""

    def __new__(cls, format: str, prefix: str = ...) -> Self: ...
    @staticmethod
    def table(path: str) -> Format:
        """Not a format, but the table at `path` that tells the times of lines by their place."""

    def moment(self, offset: int, zone: Zone) -> datetime | None:
        """The moment that the table tells of the line that begins at `offset`; None of others, and of a format."""

    def __reduce__(self) -> tuple[type[Format], tuple[str, str]]: ...

@final
class Election:
    """What a log elects that begins with `head`: a format that might be something else, and the order of day and month.

    `format` is what the user teaches of it.
    """

    def __new__(cls, head: bytes, format: Format | None = None) -> Self: ...
    def parse_time(self, line: bytes, zone: Zone, reference: int) -> datetime | None:
        """The stamp on one line of the log."""

@final
class Frames:
    """Takes the frames of a container's runtime off files; see `logdex.inputs.frames`."""

    def __new__(cls, kind: str, text: str, table: str, stand: Stand | None = None) -> Self:
        """Fills the files at `text` and `table`: the one with lines, the other with their times and streams.

        They are empty, or hold what another had put down until `stand`, in bytes.
        """

    @staticmethod
    def kind_of(head: bytes) -> str | None:
        """How the lines of a file are framed that begins with `head`: "cri" or "docker"."""

    @property
    def size(self) -> int:
        """How much text there is, in bytes."""

    def push(self, chunk: bytes) -> None:
        """Puts down the text that is whole with the next bytes."""

    def read(self, path: str, after: int, limit: int) -> int:
        """Puts down the text of the whole lines that a file has now behind the byte `after`; returns where they end.

        Where the text has become longer than `limit` bytes, it stops. All cores work on it.
        """

    def stand(self) -> Stand:
        """How it stands, to go on from there."""

    def finish(self) -> None:
        """Puts down what is left at the end."""

@final
class Stand:
    """How far the frames of files were taken off; see `Frames.stand`."""

    @property
    def text(self) -> int:
        """How much text there was, in bytes."""

    @property
    def table(self) -> int:
        """How long the table was, in bytes."""

@final
class Level:
    """How grave a record is: ordered, and equal to its name as a str.

    Examples:
        >>> import logdex
        >>> logdex.Level("warning") == "warning", logdex.Level.ERROR > "info"
        (True, True)
    """

    TRACE: ClassVar[Level]
    DEBUG: ClassVar[Level]
    INFO: ClassVar[Level]
    WARNING: ClassVar[Level]
    ERROR: ClassVar[Level]
    CRITICAL: ClassVar[Level]

    def __new__(cls, name: str) -> Self: ...
    @property
    def name(self) -> str:
        """Its name in lower case."""

    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Level | str, /) -> bool: ...
    def __le__(self, other: Level | str, /) -> bool: ...
    def __gt__(self, other: Level | str, /) -> bool: ...
    def __ge__(self, other: Level | str, /) -> bool: ...
    def __reduce__(self) -> tuple[type[Level], tuple[str]]: ...

@final
class Sieve:
    """What is asked of the level and the fields of lines."""

    def __new__(cls, level: str | None, where_: list[str], unsure: bool = False) -> Self: ...
    def __reduce__(self) -> tuple[type[Sieve], tuple[str | None, list[str], bool]]: ...

@final
class Zone:
    """A time zone, by its IANA name; None for the machine's."""

    def __new__(cls, name: str | None = None) -> Self: ...
    @property
    def name(self) -> str | None: ...

@final
class Pattern:
    """A compiled regex; see `logdex.regex.pattern`."""

    def __new__(
        cls,
        search: Callable[[str], object],
        ascii: tuple[str | None, str | None, bool, bool] | None,
        text: tuple[str | None, str | None, bool, bool] | None,
        *,
        inverted: bool = False,
    ) -> Self: ...
    def select(self, data: bytes) -> list[int]:
        """The numbers, from 0, of the lines of `data` that match; for tests and benches."""

    def undecided(self, data: bytes) -> int:
        """How many lines of `data` are left to `re`; for tests and benches."""

    def may_be_in(self, data: bytes) -> bool:
        """Whether an index of text would have a block of `data`, which is whole lines, read; for tests."""

def span(asked: Question) -> tuple[datetime, datetime] | None:
    """The first and the last time in the file."""

def check_steps(regex: str) -> None:
    """Raises ValueError unless `regex` says what a step is."""

def build_index(asked: Question, *, text: bool = False, told: Callable[[int], object] | None = None) -> None:
    """Brings the index of times up to date, and with `text` that of the text.

    `told` is called with how many bytes of the log are done; for both indexes that is twice the log in all.
    """

def index_status(asked: Question) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """How long the log is; how much of it the indexes of times and of text cover, and how much they take; in bytes."""

def indexes_are_off() -> bool:
    """Whether `LOGDEX_INDEX=off` keeps all indexes off."""

def outline(
    asked: Question, told: Callable[[int], object] | None = None
) -> list[tuple[int, int, int, tuple[int, int] | None, bool | None]]:
    """The outline of the log, in parts of one or more blocks in the order of the file.

    Of each part: where its lines begin and end, in bytes; how many there are; from when to when, in nanoseconds since
    1970 UTC (more, perhaps, but never less; None where no line has a time); and whether a line of level error or graver
    is among them, None where the levels of all its lines are not known. Brings the index of times up to date; `told` is
    called with how many bytes of the log are done, and may end that by raising.
    """

def line_start(asked: Question, number: int) -> int | None:
    """Where the line of a number, from 1, begins in the file; None where there are fewer."""

def prune(directory: str | None = None) -> int:
    """Removes indexes that are of no use; returns how many bytes that freed."""

def start_recording(directory: str) -> None:
    """Begins to record how `stdout.log` and `stderr.log` in `directory` grow, on a thread of this process.

    Raises:
        OSError: No record can be made there.
    """

def stop_recording(directory: str) -> None:
    """Ends the record of the logs in `directory`.

    Raises:
        OSError: Why the record is not whole.
    """

def born(path: str | os.PathLike[str]) -> int | None:
    """When a file was made, in nanoseconds since 1970 UTC; None where the file system does not tell."""

def cores() -> int:
    """How many threads are worth starting: the cores that this process may use, by affinity and control group."""

def count(asked: Question) -> int:
    """How many lines the answer has."""

class _Note(TypedDict):
    """A record that is evidence; times in nanoseconds since 1970 UTC, both ends included."""

    text: str
    span: tuple[int, int] | None
    own: bool
    number: int
    place: int
    template: int
    raised: bool | None
    progress: Sequence[int | None]
    row: int | None

class _Course(TypedDict):
    """How far a speaker came in steps, epochs or a bar."""

    first: int
    first_at: int | None
    last: int
    last_at: int | None
    last_number: int
    changes: int
    back: int

class _Voice(TypedDict):
    """What one speaker wrote in one file; times in nanoseconds since 1970 UTC."""

    replica: str
    rank: int | None
    local: int | None
    lines: int
    errors: int
    first: int | None
    last: int | None
    first_error: _Note | None
    last_error: _Note | None
    notes: list[_Note]
    counts: list[tuple[int, int]]
    tail: list[tuple[str, tuple[int, int] | None, int]]
    courses: Sequence[_Course | None]
    templates: list[tuple[int, int]]
    history: tuple[int, list[tuple[int, int, int]]]

_Parts: TypeAlias = tuple[str | None, str | None, bool, bool]

@final
class Shapes:
    """The shapes of the taxonomy, made ready: of lines that are errors, tell of the circumstances, mean no failure."""

    def __new__(
        cls,
        rows: Sequence[tuple[Callable[[str], object], tuple[_Parts | None, _Parts | None, bool], str]],
    ) -> Self:
        """Of each row who searches for its shape, what `logdex.regex.pattern.said_of` says of that, and whether it is
        "loud", "context" or "quiet"."""

    def first(self, text: str) -> int | None:
        """The number of the first row that selects `text`, a line without its end, counted from 0."""

    def telling(self, data: bytes) -> list[tuple[int, bool]]:
        """Where the lines of `data` begin that tell something, and whether each is an error; for tests."""

def gather(
    asked_of: Question,
    shapes: Callable[[], Shapes],
    errors: Pattern | None = None,
    state: bytes | None = None,
    asked: int = 0,
    *,
    alone: bool = False,
) -> tuple[list[_Voice], bytes | None]:
    """The evidence in the file by speaker, and the state to store, if that is new.

    `shapes` makes what says which lines are looked at, and which of them are errors, unless `errors` does; it is not
    called where all is known. `alone`: this thread does all of it, for the others are busy with other logs.
    """

def kept(path: str | os.PathLike[str], part: str) -> bytes | None:
    """What `keep` kept under `part` of what was made of the file at `path`, if the file is as it was."""

def keep(path: str | os.PathLike[str], part: str, content: bytes) -> None:
    """Keeps what was made of the file at `path` in the user's cache, under `part`, as far as that can be."""

def parse_time(
    line: bytes, zone: Zone, reference: int | None, format: Format | None = None
) -> datetime | None:
    """The stamp on one line."""

def resolve(said: Said, side: str, zone: Zone, now: int) -> int:
    """The moment for which `said` stands as `side` ("since", "until" or "reference") of a question asked at `now`.

    In nanoseconds since 1970 UTC, as `now` is.

    Raises:
        ValueError: `said` is text that says no moment.
    """

def field(line: str, key: str) -> str | None:
    """The text of a field of a line; None where it lacks that."""

def field_of(condition: str) -> str:
    """The name of the field that a condition asks for.

    Raises:
        ValueError: It is no condition.
    """

def holds(condition: str, value: str) -> bool:
    """Whether a condition holds of a value."""
