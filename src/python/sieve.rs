//! `Sieve`: what is asked of the level and the fields of lines.

use pyo3::prelude::*;
use pyo3::types::PyType;

use super::level::named;
use crate::fields::{Condition, Value, get};
use crate::level::Level;

/// What a sieve is made of: level, conditions, and whether each line is left to the judge.
type SieveParts<'s> = (Option<&'s str>, Vec<String>, bool);

/// What is asked of the level and the fields of lines.
#[pyclass(frozen, name = "Sieve", module = "logdex._core")]
pub(super) struct PySieve {
    pub(super) level: Option<Level>,
    pub(super) conditions: Vec<Condition>,
    /// Whether each line is left to Python's judge.
    pub(super) unsure: bool,
    said: (Option<String>, Vec<String>),
}

#[pymethods]
impl PySieve {
    /// Lines of `level` at least, of which all of `where_` hold.
    #[new]
    #[pyo3(signature = (level, where_, unsure=false))]
    fn new(level: Option<String>, where_: Vec<String>, unsure: bool) -> PyResult<Self> {
        let told = level.as_deref().map(named);
        let conditions = where_.iter().map(|said| Condition::parse(said)).collect::<Result<_, _>>()?;
        Ok(Self { level: told.transpose()?, conditions, unsure, said: (level, where_) })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, SieveParts<'_>) {
        (py.get_type::<Self>(), (self.said.0.as_deref(), self.said.1.clone(), self.unsure))
    }

    fn __repr__(&self) -> String {
        format!("Sieve({:?}, {:?})", self.said.0, self.said.1)
    }
}

/// The name of the field that a condition asks for.
#[pyfunction]
pub(super) fn field_of(condition: &str) -> PyResult<String> {
    Ok(Condition::parse(condition)?.field().to_owned())
}

/// The text of the field `key` of a line; `None` where it lacks that.
#[pyfunction]
pub(super) fn field(line: &str, key: &str) -> Option<String> {
    get(line.as_bytes(), key).map(|value| String::from_utf8_lossy(value.text()).into_owned())
}

/// Whether a condition holds of a value: what a named group of the caller's regex matched.
#[pyfunction]
pub(super) fn holds(condition: &str, value: &str) -> PyResult<bool> {
    Ok(Condition::parse(condition)?.holds_of(&Value::Raw(value.as_bytes())))
}
