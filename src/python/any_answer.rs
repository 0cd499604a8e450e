//! What every answer shows Python beside its items: an iterator, a context manager, `close` and `stats`.

use std::sync::Arc;

use pyo3::PyClass;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::stats::Stats;

/// An answer, whatever its items are: what each kind of it can do.
pub(super) trait AnyAnswer: Send + Sync {
    /// Ends the answer, from any thread.
    fn close(&self, py: Python<'_>);

    /// What is known about it so far.
    fn stats(&self) -> Stats;

    /// The place behind the last line that was handed out, as text.
    fn cursor(&self, py: Python<'_>) -> PyResult<String>;

    /// What it is about.
    fn about(&self) -> String;

    /// Shows the collector of garbage what it holds of Python: often something that holds the answer in turn.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError>;
}

/// The base of `Lines`, `Records` and `Merged`.
#[pyclass(frozen, subclass, module = "logdex._core", name = "Answer")]
pub(super) struct PyAnswer(Arc<dyn AnyAnswer>);

/// `made`, a class derived from `PyAnswer`, whose answer is `behind`.
pub(super) fn as_answer<T, B>(made: T, behind: Arc<B>) -> PyClassInitializer<T>
where
    T: PyClass<BaseType = PyAnswer>,
    B: AnyAnswer + 'static,
{
    PyClassInitializer::from(PyAnswer(behind)).add_subclass(made)
}

#[pymethods]
impl PyAnswer {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// Each kind of answer has its own items; there is no answer that is of this class alone.
    #[expect(clippy::unused_self, reason = "a method of Python's")]
    fn __next__(&self) -> PyResult<()> {
        Err(PyNotImplementedError::new_err("an Answer is Lines, Records or Merged"))
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

    #[getter]
    fn cursor(&self, py: Python<'_>) -> PyResult<String> {
        self.0.cursor(py)
    }

    // No `__clear__`: what an answer holds it was made with, so a cycle has other members that can be emptied.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        Ok(format!("<{} of {}>", slf.get_type().name()?, slf.get().0.about()))
    }
}
