//! `Lines` and `Records`, the two iterators over an answer, and `count`, which needs none.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime, PyString};

use super::answer::Answer;
use super::any_answer::{PyAnswer, as_answer};
use super::error::engine;
use super::halt::Halt;
use super::one::OneReading;
use super::question::PyQuestion;
use super::record::{PyRecord, RecordOrigin, datetime, offset_seconds};
use super::text;
use crate::index;
use crate::query::Query;
use crate::stamp::Window;

/// The lines of one answer, in file order; made by `Log.lines`.
#[pyclass(frozen, extends = PyAnswer, name = "Lines", module = "logdex._core")]
pub(super) struct PyLines(Arc<Answer<OneReading>>);

#[pymethods]
impl PyLines {
    #[new]
    fn new(py: Python<'_>, asked: &PyQuestion) -> PyResult<PyClassInitializer<Self>> {
        let answer = Arc::new(Answer::ask(py, asked)?);
        Ok(as_answer(Self(Arc::clone(&answer)), answer))
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.0.next(py, |batch, line, _| text::of_line(py, &batch.block, line))
    }

    /// The next line as the file has it; None at the end.
    fn _next_bytes<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.0.next(py, |batch, line, _| PyBytes::new(py, line.of(batch.block.bytes())))
    }
}

/// The records of one answer, in file order; made by `Log.records`.
#[pyclass(frozen, extends = PyAnswer, name = "Records", module = "logdex._core")]
pub(super) struct PyRecords {
    answer: Arc<Answer<OneReading>>,
    origin: Arc<RecordOrigin>,
}

#[pymethods]
impl PyRecords {
    #[new]
    fn new(py: Python<'_>, asked: &PyQuestion) -> PyResult<PyClassInitializer<Self>> {
        let origin = Arc::new(asked.origin());
        let answer = Arc::new(Answer::ask(py, asked)?);
        Ok(as_answer(Self { answer: Arc::clone(&answer), origin }, answer))
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyRecord>> {
        self.answer.next(py, |batch, line, time| {
            PyRecord::new(py, &batch.block, line, time, batch.unsettled.as_deref(), &self.origin)
        })
    }
}

/// The first and the last time in the file, or `None`.
#[pyfunction]
pub(super) fn span<'py>(
    py: Python<'py>,
    asked: &PyQuestion,
) -> PyResult<Option<(Bound<'py, PyDateTime>, Bound<'py, PyDateTime>)>> {
    let (path, zone) = (asked.file(), asked.zone().0.clone());
    let terms = asked.terms(Window::default());
    let (_, mut caller) = asked.put(py, &Halt::default());
    let found = engine(py, || Query::span(&path, terms, &mut caller));
    let Some(span) = found.map_err(|error| caller.exception(error))? else { return Ok(None) };
    let at = |ns| datetime(py, ns, offset_seconds(ns, None, &zone));
    Ok(Some((at(span.lo)?, at(span.hi)?)))
}

/// Removes indexes that are of no use; returns how many bytes that freed.
#[pyfunction]
#[pyo3(signature = (directory=None))]
pub(super) fn prune(py: Python<'_>, directory: Option<PathBuf>) -> PyResult<u64> {
    Ok(engine(py, move || index::prune(directory))?.bytes)
}

/// How many threads are worth starting: the cores that this process may use, by its affinity and its control group.
#[pyfunction]
pub(super) fn cores() -> usize {
    crate::system::cores::cores()
}

/// When the file at `path` was made, in nanoseconds since 1970 UTC; `None` where the file system does not tell.
#[pyfunction]
pub(super) fn born(py: Python<'_>, path: PathBuf) -> PyResult<Option<i64>> {
    Ok(engine(py, move || Ok(crate::file::source::born(&path)))?)
}

/// How many lines the answer has, without making a `str` for each.
#[pyfunction]
pub(super) fn count(py: Python<'_>, asked: &PyQuestion) -> PyResult<u64> {
    let (stream, mut caller) = asked.stream(py, &Halt::default());
    let counted = engine(py, || stream.count(&mut caller));
    counted.map_err(|error| caller.exception(error))
}
