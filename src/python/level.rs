//! `Level`: how grave a record is.

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use crate::level::{Level, parse};

/// How grave a record is: ordered, and equal to its name as a `str`.
#[pyclass(frozen, name = "Level", module = "logdex._core")]
#[derive(Clone, Copy)]
pub(super) struct PyLevel(pub(super) Level);

#[pymethods]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what Python hands in is borrowed")]
impl PyLevel {
    #[classattr]
    const TRACE: Self = Self(Level::Trace);
    #[classattr]
    const DEBUG: Self = Self(Level::Debug);
    #[classattr]
    const INFO: Self = Self(Level::Info);
    #[classattr]
    const WARNING: Self = Self(Level::Warning);
    #[classattr]
    const ERROR: Self = Self(Level::Error);
    #[classattr]
    const CRITICAL: Self = Self(Level::Critical);

    #[new]
    fn new(name: &str) -> PyResult<Self> {
        named(name).map(Self)
    }

    /// Its name in lower case.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn __str__(&self) -> &'static str {
        self.0.name()
    }

    fn __repr__(&self) -> String {
        format!("Level.{}", self.0.name().to_uppercase())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, self.0.name()).hash()
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> Option<bool> {
        if let Ok(other) = other.cast::<Self>() {
            return Some(op.matches(self.0.cmp(&other.get().0)));
        }
        let word = other.cast::<PyString>().ok()?.to_cow().ok()?.into_owned();
        match op {
            CompareOp::Eq => Some(self.0.name() == word),
            CompareOp::Ne => Some(self.0.name() != word),
            _ => Some(op.matches(self.0.cmp(&parse(word.as_bytes())?))),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&'static str,)) {
        (py.get_type::<Self>(), (self.0.name(),))
    }
}

/// The level of this name, in any of the spellings that loggers have.
pub(super) fn named(name: &str) -> PyResult<Level> {
    parse(name.as_bytes()).ok_or_else(|| {
        PyValueError::new_err(format!("level={name:?}: give trace, debug, info, warning, error or critical"))
    })
}
