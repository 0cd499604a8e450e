//! `Table`: an answer as Arrow data, by way of capsules.
//!
//! Whoever reads a stream calls from C: from any thread, with the GIL or without, and nothing may unwind into it.

use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::caller::PythonCaller;
use super::columns::Columns;
use super::error::{engine, guarded};
use super::halt::Halt;
use super::interpreter::{attached, detached};
use super::question::PyQuestion;
use super::row_source::{RowSource, put};
use super::stats::Stats;
use crate::arrow;
use crate::error::Error;
use crate::system::cores::cores;
use crate::system::lock::lock;

/// What a reader and those who ask about it share.
#[derive(Default)]
struct TableStatus {
    halt: Halt,
    told: Mutex<Stats>,
}

/// One answer as a table: a stream that is handed over once.
#[pyclass(frozen, name = "Table", module = "logdex._core")]
pub(super) struct PyTable {
    shared: Arc<TableStatus>,
    reader: Mutex<Option<TableReader>>,
}

#[pymethods]
impl PyTable {
    /// Puts the questions and reads up to the first rows: `merged` in one order, or else the only one.
    #[new]
    #[pyo3(signature = (asked, columns, *, merged=false, last=None))]
    #[expect(clippy::needless_pass_by_value, reason = "a list is taken out of Python's by value")]
    fn new(
        py: Python<'_>,
        asked: Vec<Py<PyQuestion>>,
        columns: &Columns,
        merged: bool,
        last: Option<usize>,
    ) -> PyResult<Self> {
        let shared = Arc::new(TableStatus::default());
        let mut reader = TableReader::new(py, &asked, columns, merged, last, &shared)?;
        let begun = engine(py, || reader.table.begin(&mut reader.caller));
        begun.map_err(|error| reader.caller.exception(error))?;
        reader.tell();
        Ok(Self { shared, reader: Mutex::new(Some(reader)) })
    }

    /// The stream, once.
    fn stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let reader = self.only_reader()?.take();
        let reader = reader.ok_or_else(|| PyRuntimeError::new_err("this table was handed over before"))?;
        stream(py, reader)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// The next batch, for readers in Python, who get Python's own exceptions.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyBatch>> {
        let mut reader = self.only_reader()?;
        let Some(TableReader { table, caller, lines, .. }) = &mut *reader else { return Ok(None) };
        let batch = engine(py, || table.next(caller)).map_err(|error| caller.exception(error))?;
        *lines += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        if let Some(reader) = &*reader {
            reader.tell();
        }
        Ok(batch.map(PyBatch))
    }

    /// Ends the answer, from any thread: whoever reads it is told so.
    fn close(&self) {
        self.shared.halt.close();
    }

    #[getter]
    fn stats(&self) -> Stats {
        lock(&self.shared.told).clone()
    }
}

impl PyTable {
    /// The reader, for one thread at a time: who waited here with the GIL would keep it from the one who reads.
    fn only_reader(&self) -> PyResult<MutexGuard<'_, Option<TableReader>>> {
        self.reader.try_lock().map_err(|_| {
            PyRuntimeError::new_err("this table is being read by another thread; give each thread its own")
        })
    }
}

/// Some rows of a table.
#[pyclass(frozen, name = "Batch", module = "logdex._core")]
pub(super) struct PyBatch(RecordBatch);

#[pymethods]
impl PyBatch {
    /// A stream of this batch alone.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Whoever wants other types casts, as the interface allows.
        let _ = requested_schema;
        stream(py, RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema()))
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }
}

/// A capsule of what `reader` reads.
fn stream(py: Python<'_>, reader: impl RecordBatchReader + Send + 'static) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
}

/// The one who reads, as C sees it.
struct TableReader {
    table: arrow::Table<RowSource>,
    caller: PythonCaller,
    shared: Arc<TableStatus>,
    schema: SchemaRef,
    lines: u64,
    /// What went wrong; it is said again to whoever asks again.
    failed: Option<String>,
    /// In a forked process there are none of its threads.
    pid: u32,
    /// What must live as long: the texts of compressed logs.
    _keep: Vec<Py<PyAny>>,
}

impl TableReader {
    fn new(
        py: Python<'_>,
        asked: &[Py<PyQuestion>],
        columns: &Columns,
        merged: bool,
        last: Option<usize>,
        shared: &Arc<TableStatus>,
    ) -> PyResult<Self> {
        let origins: Vec<_> = asked.iter().map(|asked| asked.get().origin().into()).collect();
        let plan = columns.plan(&origins)?;
        let keep = asked.iter().filter_map(|asked| asked.get().kept(py)).collect();
        let (answer, caller) = put(py, asked, merged, last, plan.looks_at_text(), &shared.halt)?;
        let schema = plan.schema();
        let table = arrow::Table::new(answer, Arc::new(plan), cores());
        let (shared, pid) = (Arc::clone(shared), std::process::id());
        Ok(Self { table, caller, shared, schema, lines: 0, failed: None, pid, _keep: keep })
    }

    /// The next batch, without the GIL, whether the one who calls has it or not.
    fn fetch(&mut self) -> std::result::Result<Option<RecordBatch>, ArrowError> {
        if self.pid != std::process::id() {
            return Err(ArrowError::CDataInterface(
                "this stream was opened before the process was forked; open it again here".into(),
            ));
        }
        if let Some(failed) = &self.failed {
            return Err(ArrowError::CDataInterface(failed.clone()));
        }
        let Self { table, caller, .. } = self;
        let fetched = attached(|py| engine(py, || table.next(caller)));
        if let Ok(Some(batch)) = &fetched {
            self.lines += batch.num_rows() as u64;
        }
        self.tell();
        fetched.map_err(|error| {
            let error = self.error(error);
            self.failed = Some(error.to_string());
            error
        })
    }

    fn tell(&self) {
        let mut stats = match self.table.source() {
            RowSource::One(stream) => Stats::of_stream(stream, self.caller.notes()),
            RowSource::Many(merge) => Stats::of_merge(merge, self.caller.notes()),
        };
        stats.lines = self.lines;
        stats.misfits = self.table.plan().misfits();
        *lock(&self.shared.told) = stats;
    }

    /// What C is told, which has no way for an exception of Python's but its text.
    fn error(&mut self, error: Error) -> ArrowError {
        if let Some(raised) = self.caller.raised() {
            let told = attached(|_| raised.to_string());
            return ArrowError::CDataInterface(without_nuls(&told));
        }
        let text = without_nuls(&error.to_string());
        match error {
            Error::Interrupted => ArrowError::CDataInterface("the answer was closed".into()),
            Error::Io { source, .. } => ArrowError::IoError(text, source),
            Error::Truncated { .. } => ArrowError::IoError(text, std::io::ErrorKind::UnexpectedEof.into()),
            Error::Memory { .. } => ArrowError::MemoryError(text),
            _ => ArrowError::CDataInterface(text),
        }
    }
}

impl Iterator for TableReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The engine's panics are caught where it is called; this is for what stands around that.
        let fetched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.fetch()));
        fetched
            .unwrap_or_else(|_| Err(ArrowError::CDataInterface("the stream broke; open it again".into())))
            .transpose()
    }
}

impl RecordBatchReader for TableReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Drop for TableReader {
    fn drop(&mut self) {
        let table = &mut self.table;
        let mut finish = || {
            guarded(|| {
                table.finish();
                Ok(())
            })
        };
        // An index may be written now, for which nobody shall wait who needs the GIL.
        let _ = attached(|py| detached(py, &mut finish));
    }
}

/// C takes a text as ended by its first NUL, and the name of a file may come from a hostile place.
fn without_nuls(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
