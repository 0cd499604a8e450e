//! `Format`: a format of stamps that the user teaches.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::stamp::{Taught, Told};

/// A format of stamps, in the directives of `strptime`, and the text that stands before them.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Format {
    pub(super) taught: Arc<Taught>,
    /// What was given: the directives, and the text before them.
    said: (String, String),
}

#[pymethods]
impl Format {
    #[new]
    #[pyo3(signature = (format, prefix=String::new()))]
    fn new(format: String, prefix: String) -> PyResult<Self> {
        let taught = Taught::new(&format, &prefix)?;
        Ok(Self { taught: Arc::new(taught), said: (format, prefix) })
    }

    /// Not a format, but the table at `path` that tells the times of lines by their place.
    #[staticmethod]
    fn table(path: PathBuf) -> PyResult<Self> {
        let taught = Taught::by_table(Told::open(&path)?);
        let said = (String::new(), path.into_os_string().to_string_lossy().into_owned());
        Ok(Self { taught: Arc::new(taught), said })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&str, &str)) {
        (py.get_type::<Self>(), (&self.said.0, &self.said.1))
    }

    fn __repr__(&self) -> String {
        format!("Format({:?}, {:?})", self.said.0, self.said.1)
    }
}
