//! `Lines` and `Records`, the two iterators over an answer, and `count`, which needs none.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::answer::Answer;
use super::question::Asked;
use super::record::Record;
use super::stats::Stats;
use super::text;
use crate::query::Query;

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

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn close(&self) {
        self.0.close();
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
pub(super) struct Records(Answer);

#[pymethods]
impl Records {
    #[new]
    fn new(asked: Asked<'_>) -> PyResult<Self> {
        Answer::new(asked).map(Self)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Record>> {
        self.0.next(py, |block, line, time| Record::new(py, block, line, time, self.0.zone()))
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn close(&self) {
        self.0.close();
    }

    #[getter]
    fn stats(&self) -> Stats {
        self.0.stats()
    }

    fn __repr__(&self) -> String {
        format!("<Records of {}>", self.0.path().display())
    }
}

/// How many lines the answer has, without making a `str` for each.
#[pyfunction]
pub(super) fn count(py: Python<'_>, asked: Asked<'_>) -> PyResult<u64> {
    let (question, mut caller) = asked.put(&Arc::new(AtomicBool::new(false)), &Arc::default())?;
    let counted = py.detach(|| Query::count(question, &mut caller));
    counted.map_err(|error| caller.exception(error))
}
