//! `Lines` and `Records`, the two iterators over an answer, and `count`, which needs none.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString, PyTuple};

use super::answer::Answer;
use super::question::Asked;
use super::record::{Origin, Record, datetime, offset_seconds};
use super::stats::Stats;
use super::text;
use crate::index;
use crate::query::Query;
use crate::stamp::Window;

/// The lines of one answer, in file order; made by `Log.lines`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Lines(Answer);

#[pymethods]
impl Lines {
    #[new]
    fn new(asked: Asked<'_>) -> PyResult<Self> {
        Answer::new(asked).map(Self)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyString>>> {
        self.0.next(py, |block, line, _| text::of_line(py, block, line))
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, exception: &Bound<'_, PyTuple>) {
        self.close(exception.py());
    }

    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }

    #[getter]
    fn stats(&self) -> Stats {
        self.0.stats()
    }

    fn __repr__(&self) -> String {
        format!("<Lines of {}>", self.0.path().display())
    }
}

/// The records of one answer, in file order; made by `Log.records`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Records {
    answer: Answer,
    origin: Arc<Origin>,
}

#[pymethods]
impl Records {
    #[new]
    fn new(asked: Asked<'_>) -> PyResult<Self> {
        let origin = Arc::new(asked.origin());
        Ok(Self { answer: Answer::new(asked)?, origin })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Record>> {
        self.answer.next(py, |block, line, time| Record::new(py, block, line, time, &self.origin))
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, exception: &Bound<'_, PyTuple>) {
        self.close(exception.py());
    }

    fn close(&self, py: Python<'_>) {
        self.answer.close(py);
    }

    #[getter]
    fn stats(&self) -> Stats {
        self.answer.stats()
    }

    fn __repr__(&self) -> String {
        format!("<Records of {}>", self.answer.path().display())
    }
}

/// The first and the last time in the file, or `None`.
#[pyfunction]
pub(super) fn span<'py>(
    py: Python<'py>,
    asked: Asked<'py>,
) -> PyResult<Option<(Bound<'py, PyDateTime>, Bound<'py, PyDateTime>)>> {
    let (path, zone) = (asked.path.clone(), asked.zone.0.clone());
    let terms = asked.terms(Window::default())?;
    let (_, mut caller) = asked.put(&Arc::new(AtomicBool::new(false)), &Arc::default())?;
    let found = py.detach(|| Query::span(&path, terms, &mut caller));
    let Some(span) = found.map_err(|error| caller.exception(error))? else { return Ok(None) };
    let at = |ns| datetime(py, ns, offset_seconds(ns, None, &zone));
    Ok(Some((at(span.lo)?, at(span.hi)?)))
}

/// Removes indexes that are of no use; returns how many bytes that freed.
#[pyfunction]
#[pyo3(signature = (directory=None))]
pub(super) fn prune(py: Python<'_>, directory: Option<PathBuf>) -> PyResult<u64> {
    Ok(py.detach(move || index::prune(directory))?.bytes)
}

/// How many lines the answer has, without making a `str` for each.
#[pyfunction]
pub(super) fn count(py: Python<'_>, asked: Asked<'_>) -> PyResult<u64> {
    let (stream, mut caller) = asked.stream(&Arc::new(AtomicBool::new(false)), &Arc::default())?;
    let counted = py.detach(|| stream.count(&mut caller));
    counted.map_err(|error| caller.exception(error))
}
