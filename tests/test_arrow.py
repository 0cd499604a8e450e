"""Lines as columns: the same rows as `records()`, in whatever reads Arrow data."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import logdex
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logdex import _core
from logdex.inputs.compression import MAGIC, compression_of

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
duckdb = pytest.importorskip("duckdb")
pd = pytest.importorskip("pandas")
arro3 = pytest.importorskip("arro3.core")
nanoarrow = pytest.importorskip("nanoarrow")

COLUMNS = ["offset", "number", "time", "how", "source", "rank", "step", "stream", "text"]
MIXED = (
    b"begin\n"
    b"2026-11-22 02:00:00 [rank3]: step=1 loss=2.5\n"
    b"[rank3]: behind it\n"
    b"2026-11-22 02:00:01.123456789 step=2 loss=nan\r\n"
    b"\n"
    b"not \xff UTF-8 \xe2\x82\n"
    b"\0nul in it\0\n"
    b"2026-11-22T03:00:00+02:00 step=99999999999999999999 loss=.\n"
    b"gr\xc3\xb6\xc3\x9fer \xe7\xb4\xa0 step=4 loss=1e-3 und\n"
    b"no end step=5"
)


def rows_of(log: logdex.Log, *question: Any, **more: Any) -> list[dict[str, Any]]:
    """The twin: by way of records."""
    return [
        {
            "offset": one.offset,
            "number": one.number,
            "time": one.time_ns,
            "how": one.how,
            "source": one.source,
            "rank": one.rank,
            "step": one.step,
            "stream": one.stream,
            "text": one.text.removesuffix("\n"),
        }
        for one in log.records(*question, **{"steps": True, **more})
    ]


def table_of(arrow: Any) -> Any:
    table = pa.table(arrow)
    table.validate(full=True)
    return table


def rows_in(table: Any) -> list[dict[str, Any]]:
    """What stands in pyarrow's table, times in nanoseconds."""
    if "time" in table.column_names:
        at = table.column_names.index("time")
        table = table.set_column(at, "time", table["time"].cast(pa.int64()))
    return table.to_pylist()


@pytest.fixture
def mixed(tmp_path: Path) -> logdex.Log:
    (tmp_path / "mixed.log").write_bytes(MIXED)
    return logdex.open(tmp_path / "mixed.log", tz="UTC")


@pytest.fixture
def many(tmp_path: Path) -> logdex.Log:
    job = tmp_path / "job"
    job.mkdir()
    for rank in range(3):
        lines = [f"2026-11-22 02:00:{second:02} step {second}\n" for second in range(rank, 30, 3)]
        (job / f"rank{rank}.log").write_text("".join([*lines[:4], "  unstamped\n", *lines[4:]]))
    return logdex.open(job, tz="UTC")


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"regex": "step"},
    {"regex": "(?=.*loss)step"},
    {"regex": "nothing has this"},
    {"since": "2026-11-22 02:00:01"},
    {"until": "2026-11-22 01:30", "regex": "step"},
    {"last": 3},
    {"last": 2, "regex": "step"},
    {"exclude": "loss"},
    {"where": "step<3"},
    {"step": (2, 4)},
    {"steps": r"loss=(\d+)", "regex": "loss"},
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_are_those_of_records(mixed: logdex.Log, many: logdex.Log, question: dict[str, Any]) -> None:
    for log in (mixed, many):
        table = table_of(log.arrow(**question))
        assert table.column_names == COLUMNS
        assert rows_in(table) == rows_of(log, **question)


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"2026-11-22 02:00:00 a", b"[rank7]: x", b"2026-11-21 23:59:59,5 b", b"", b"x" * 3000]
        ),
    ),
    max_size=30,
)


@given(lines=LINES, ends=st.booleans())
@settings(max_examples=60)
def test_rows_of_any_bytes_are_those_of_records(lines: list[bytes], ends: bool) -> None:
    content = b"\n".join(lines) + b"\n" * ends
    if compression_of(content[:MAGIC]):
        return  # It is taken for what it says it is, and damaged.
    path = Path(os.environ["LOGDEX_HOME"]).with_name("any.log")
    path.write_bytes(content)
    log = logdex.open(path, tz="UTC")
    assert rows_in(table_of(log.arrow())) == rows_of(log)
    texts = [line.removesuffix("\n") for line in log.lines()]
    assert table_of(log.arrow(columns=["text"]))["text"].to_pylist() == texts


def test_types_are_as_promised(mixed: logdex.Log) -> None:
    schema = pa.schema(mixed.arrow())
    words = pa.dictionary(pa.int8(), pa.string())
    assert schema.field("offset") == pa.field("offset", pa.uint64(), nullable=False)
    assert schema.field("number").type == pa.uint64()
    assert schema.field("time") == pa.field("time", pa.timestamp("ns", "UTC"))
    assert schema.field("how").type == words
    assert schema.field("source").type == pa.dictionary(pa.int32(), pa.string())
    assert schema.field("rank").type == pa.int32()
    assert schema.field("step") == pa.field("step", pa.int64())
    assert schema.field("text").type == pa.large_string()
    assert table_of(mixed.arrow()).schema == schema


def in_polars(arrow: Any) -> list[dict[str, Any]]:
    frame = pl.DataFrame(arrow)
    return frame.with_columns(pl.col("time").cast(pl.Int64)).to_dicts()


def in_duckdb(arrow: Any) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.register("arrow", arrow)
        told = connection.sql("select * replace (epoch_ns(time) as time) from arrow")
        return [dict(zip(COLUMNS, row, strict=True)) for row in told.fetchall()]


def in_pandas(arrow: Any) -> list[dict[str, Any]]:
    frame = pd.DataFrame.from_arrow(arrow)
    rows = []
    for row in frame.astype(object).to_dict("records"):
        time = row["time"]
        row["time"] = None if pd.isna(time) else time.value
        for name in ("rank", "step"):
            row[name] = None if pd.isna(row[name]) else int(row[name])
        row["stream"] = None if pd.isna(row["stream"]) else row["stream"]
        rows.append(row)
    return rows


def in_arro3(arrow: Any) -> list[dict[str, Any]]:
    return rows_in(table_of(arro3.Table.from_arrow(arrow)))


def in_nanoarrow(arrow: Any) -> list[dict[str, Any]]:
    rows = list(nanoarrow.ArrayStream(arrow).read_all().to_pylist())
    return [{**row, "time": _ns(row["time"])} for row in rows]


def _ns(time: Any) -> int | None:
    return None if time is None else pa.scalar(time, pa.timestamp("ns", "UTC")).value


@pytest.mark.parametrize("read", [in_polars, in_duckdb, in_pandas, in_arro3])
def test_whoever_reads_arrow_reads_the_same(
    mixed: logdex.Log, many: logdex.Log, read: Callable[[Any], Any]
) -> None:
    for log in (mixed, many):
        assert read(log.arrow()) == rows_of(log)


def test_nanoarrow_reads_the_same(many: logdex.Log) -> None:
    assert in_nanoarrow(many.arrow()) == rows_of(many)


def test_nothing_selected_is_a_table_of_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.touch()
    log = logdex.open(path)
    for arrow in (log.arrow(), log.arrow("x", columns=["text"]), logdex.open([path]).arrow()):
        assert table_of(arrow).num_rows == 0
        assert pl.DataFrame(arrow).shape == (0, len(arrow.columns))
    with duckdb.connect() as connection:
        assert connection.sql("from arrow").fetchall() == []


def test_each_opening_puts_the_question_anew(log: Path) -> None:
    arrow = logdex.open(log).arrow("step")
    assert arrow.stats is None
    first = table_of(arrow)
    assert table_of(arrow) == first
    assert arrow.stats is not None
    assert arrow.stats.lines == first.num_rows
    with log.open("a") as file:
        file.write("one more step\n")
    assert table_of(arrow)["text"].to_pylist() == [*first["text"].to_pylist(), "one more step"]


def test_columns_are_those_that_are_asked_for(mixed: logdex.Log) -> None:
    rows = rows_of(mixed)
    for columns in (["text", "offset"], ["time"], ["how", "rank"], ["source"], ["number", "text"]):
        arrow = mixed.arrow(columns=columns)
        assert arrow.columns == columns
        assert rows_in(table_of(arrow)) == [{name: row[name] for name in columns} for row in rows]
    for wrong, error in (
        (["txt"], ValueError),
        ([], ValueError),
        ("text", TypeError),
        (["text"] * 2, ValueError),
    ):
        with pytest.raises(error, match="columns="):
            mixed.arrow(columns=wrong)


# --- large answers


def large(path: Path, lines: int) -> None:
    """More rows than one batch has, and more bytes."""
    words = "lorem ipsum dolor sit amet " * 5
    with path.open("w") as file:
        for number in range(lines):
            seconds = number // 40
            stamp = f"2026-11-22 {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            file.write(f"{stamp} step={number} loss={number / 7:.3f} {words[: number % 120]}\n")


@pytest.fixture(scope="module")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.log"
    large(path, 200_000)
    return path


def test_batches_join_without_a_seam(large_log: Path) -> None:
    log = logdex.open(large_log, tz="UTC", index=False)
    table = table_of(log.arrow())
    assert table["text"].num_chunks > 2
    numbers = range(1, 200_001)
    assert table["number"].to_pylist() == list(numbers)
    texts = large_log.read_text().splitlines()
    assert table["text"].to_pylist() == texts
    offset = 0
    for at, text in zip(table["offset"].to_pylist(), texts, strict=True):
        assert at == offset
        offset += len(text) + 1
    picked = [one for one in texts if "loss=7" in one]
    assert table_of(log.arrow("loss=7", columns=["text"]))["text"].to_pylist() == picked


def test_a_long_line_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"first\n" + b"x" * (20 << 20) + b"\nlast\n")
    table = table_of(logdex.open(path).arrow(columns=["offset", "text"]))
    assert [len(text) for text in table["text"].to_pylist()] == [5, 20 << 20, 4]
    assert table["offset"].to_pylist() == [0, 6, (20 << 20) + 7]


@pytest.mark.soak
def test_three_gibibytes_of_text_are_one_table(tmp_path: Path) -> None:
    path, piece = tmp_path / "huge.log", b"".join(b"%07d " % n + b"x" * 1015 + b"\n" for n in range(1024))
    with path.open("wb") as file:
        for _ in range(3072):
            file.write(piece)
    table = pa.table(logdex.open(path, index=False).arrow(columns=["text"]))
    assert table.num_rows == 3072 * 1024
    assert table["text"].nbytes > 3 << 30
    assert table.combine_chunks()["text"][3072 * 1024 - 1].as_py() == piece[-1025:-1].decode()


def test_whoever_closes_early_has_not_read_the_rest(large_log: Path) -> None:
    arrow = logdex.open(large_log, index=False).arrow(columns=["text"])
    reader = pa.RecordBatchReader.from_stream(arrow)
    assert reader.read_next_batch().num_rows > 0
    reader.close()
    assert arrow.stats is not None
    assert 0 < arrow.stats.bytes_read < large_log.stat().st_size
    with duckdb.connect() as connection:
        first = connection.sql("select text from arrow limit 2").fetchall()
    assert first == [(text,) for text in large_log.read_text().splitlines()[:2]]


def test_a_log_that_is_cut_under_the_reader_gives_its_rows_and_then_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.log"
    large(path, 400_000)
    texts = path.read_text().splitlines()
    reader = pa.RecordBatchReader.from_stream(logdex.open(path, index=False).arrow(columns=["text"]))
    rows = reader.read_next_batch()["text"].to_pylist()
    os.truncate(path, 1000)
    with pytest.raises(OSError, match=re.escape(str(path))):
        rows += (text for batch in reader for text in batch["text"].to_pylist())
    assert rows == texts[: len(rows)]


def test_what_is_wrong_before_the_first_row_is_an_exception_of_python(tmp_path: Path, log: Path) -> None:
    missing = logdex.open(tmp_path / "missing.log").arrow()
    with pytest.raises(FileNotFoundError, match="missing"):
        pa.table(missing)
    untimed = tmp_path / "untimed.log"
    untimed.write_text("no time\n")
    with pytest.raises(ValueError, match="no line has a time"):
        pa.table(logdex.open(untimed).arrow(since="2026-11-22"))
    with pytest.raises(re.error):
        logdex.open(log).arrow("(")
    with pytest.raises(ValueError, match="last=0"):
        logdex.open(log).arrow(last=0)


# --- fields

FIELDS = r"step=(?P<step>\d+) loss=(?P<loss>[\d.enaif+-]+)"


def fields_of(log: logdex.Log, pattern: str) -> list[tuple[str | None, ...]]:
    """The twin: `re`, line by line."""
    compiled, rows = re.compile(pattern), []
    for line in log.lines():
        match = compiled.search(line)
        rows.append(tuple(match[name] if match else None for name in compiled.groupindex))
    return rows


def test_groups_become_columns_of_their_types(mixed: logdex.Log) -> None:
    arrow = mixed.arrow(
        "step", columns=["loss", "step"], fields=FIELDS, fields_types={"step": int, "loss": float}
    )
    table = table_of(arrow)
    assert table.schema.field("step").type == pa.int64()
    assert table.schema.field("loss").type == pa.float64()
    assert table["step"].to_pylist() == [1, 2, None, 4, None]
    assert str(table["loss"].to_pylist()) == "[2.5, nan, None, 0.001, None]"
    assert arrow.stats is not None
    assert arrow.stats.misfits == 2


def test_a_group_takes_the_place_of_the_column_of_its_name(mixed: logdex.Log) -> None:
    arrow = mixed.arrow(fields=r"step=(?P<number>\d+)")
    assert arrow.columns == ["offset", "time", "how", "source", "rank", "step", "stream", "text", "number"]
    assert table_of(arrow)["number"].to_pylist()[:2] == [None, "1"]


PATTERNS = [
    r"(?P<a>\d+)",
    r"(?P<a>a|ab)(?P<b>c|bcd)?(?P<c>d*)",
    r"(?P<a>.*)x",
    r"(?P<a>.*?)x(?P<b>.?)",
    r"(?P<a>[^,]*)$",
    r"^(?P<a>\w*)\b",
    r"(?m)^(?P<a>b*)$",
    r"(?s)a(?P<a>.*)",
    r"(?i)(?P<a>[a-c]+)K?",
    r"(?P<a>(?:a|b)+)",
    r"(?P<a>a)?(?P<b>b)?(?P<c>c)",
    r"(?P<a>x)|(?P<b>a)|(?P<c>\n)",
    r"(?:(?P<a>a)b)?(?P<b>[abé]*)",
    r"(?:(?P<a>a)x|a(?P<b>b))",
    r"(?P<a>\s+)\Z",
    r"(?P<a>é+|[^\x00-\x7f])",
    r"(?a)(?P<a>\w+)",
    r"(?P<a>(a)|b)*",
    r"(?P<a>a*)*b",
    r"(?<=a)(?P<a>b)",
    r"(?P<a>[ab])(?P=a)",
    r"(?P<a>a{2,3}?)(?P<b>a*)",
    r"(?P<a>)",
]


@given(text=st.text(alphabet="abcdxk ,12é\u212a素\n\r", max_size=60), pattern=st.sampled_from(PATTERNS))
@settings(max_examples=300)
def test_groups_are_those_of_re(text: str, pattern: str) -> None:
    path = Path(os.environ["LOGDEX_HOME"]).with_name("groups.log")
    path.write_text(text, newline="")
    log = logdex.open(path)
    names = list(re.compile(pattern).groupindex)
    table = table_of(log.arrow(columns=names, fields=pattern))
    assert [tuple(row.values()) for row in table.to_pylist()] == fields_of(log, pattern)


def test_the_engine_takes_the_groups_of_plain_patterns() -> None:
    from logdex.regex.captures import captures

    taken = {pattern for pattern in PATTERNS if captures(re.compile(pattern))}
    by_re = {r"(?P<a>(a)|b)*", r"(?P<a>a*)*b", r"(?<=a)(?P<a>b)", r"(?P<a>[ab])(?P=a)"}
    assert taken == set(PATTERNS) - by_re
    assert captures(re.compile(FIELDS))


def test_what_is_wrong_with_fields_is_said(mixed: logdex.Log) -> None:
    with pytest.raises(ValueError, match="no named group"):
        mixed.arrow(fields=r"(\d+)")
    with pytest.raises(TypeError, match="bytes"):
        mixed.arrow(fields=re.compile(b"(?P<a>x)"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no group 'b'"):
        mixed.arrow(fields="(?P<a>x)", fields_types={"b": int})
    with pytest.raises(ValueError, match="no type for a column"):
        mixed.arrow(fields="(?P<a>x)", fields_types={"a": bytes})
    with pytest.raises(ValueError, match="give fields too"):
        mixed.arrow(fields_types={"a": int})


# --- whoever reads is not Python


def stream_of(path: Path, search: Callable[[str], Any]) -> Any:
    """A reader whose groups are taken by `search`."""
    return pa.RecordBatchReader.from_stream(_Opened(table_by(path, search)))


def table_by(path: Path, search: Callable[[str], Any]) -> _core.Table:
    columns = _core.Columns(["a"], ([("a", 1, "str")], None, search))
    return _core.Table([logdex.open(path)._ask(None, None, None)], columns)


class _Opened:
    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.stream()


def test_an_exception_of_python_is_told_in_the_readers_own(large_log: Path) -> None:
    def search(line: str) -> re.Match[str] | None:
        if "step=150000 " in line:
            raise LookupError("no\0such thing")
        return None

    reader, rows = stream_of(large_log, search), []
    with pytest.raises(pa.ArrowException, match="LookupError: no\ufffdsuch thing"):
        rows.extend(batch.num_rows for batch in reader)
    assert 0 < sum(rows) <= 150_000


def test_an_interrupt_ends_the_reading(large_log: Path) -> None:
    """The one that waits in C serves the signal; what the handler raises is told in the reader's own exception."""
    release = threading.Event()

    def search(line: str) -> None:
        if "step=150000 " in line:
            # In the thread that makes columns, so that the one that reads is waiting.
            signal.raise_signal(signal.SIGINT)
            release.wait(60)

    reader = stream_of(large_log, search)
    try:
        with pytest.raises(pa.ArrowException, match="KeyboardInterrupt"):
            reader.read_all()
    finally:
        release.set()


def test_an_interrupt_of_a_reader_in_python_is_what_it_is(large_log: Path) -> None:
    release = threading.Event()

    def search(line: str) -> None:
        if "step=150000 " in line:
            signal.raise_signal(signal.SIGINT)
            release.wait(60)

    try:
        with pytest.raises(KeyboardInterrupt):
            sum(len(batch) for batch in table_by(large_log, search))
    finally:
        release.set()


def test_other_threads_read_too(large_log: Path) -> None:
    arrow = logdex.open(large_log, index=False).arrow(
        "(?=.*loss)step=1", columns=["offset"], fields="(?P<a>a)\\b(?!x)"
    )
    expected = table_of(arrow)
    got: list[Any] = []
    threads = [threading.Thread(target=lambda: got.append(pa.table(arrow))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [expected] * 3


def test_a_stream_is_handed_over_once_and_can_be_closed(large_log: Path) -> None:
    table = _core.Table([logdex.open(large_log)._ask(None, None, None)], _core.Columns(["text"]))
    reader = pa.RecordBatchReader.from_stream(_Opened(table))
    with pytest.raises(RuntimeError, match="handed over"):
        table.stream()
    reader.read_next_batch()
    table.close()
    with pytest.raises(pa.ArrowException, match="closed"):
        reader.read_all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_stream_that_was_opened_before_a_fork_is_an_error_in_the_child(large_log: Path) -> None:
    reader = pa.RecordBatchReader.from_stream(logdex.open(large_log).arrow(columns=["text"]))
    reader.read_next_batch()
    child = os.fork()
    if child == 0:
        try:
            reader.read_next_batch()
        except pa.ArrowException as error:
            os._exit(0 if "forked" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert reader.read_all().num_rows > 0
