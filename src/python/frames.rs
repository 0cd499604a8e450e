//! `Frames`: the frames of a container's runtime taken off files, into one of the text and one of the times of its lines.

use std::path::PathBuf;
use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::error::engine;
use crate::frame::{Fill, Kind};
use crate::system::lock::lock;

/// Takes frames off; see `logdex.inputs.frames`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Frames(Mutex<Fill>);

#[pymethods]
impl Frames {
    /// For files of a `kind` that `kind_of` says; fills the empty files at `text` and `table`.
    #[new]
    fn new(kind: &str, text: PathBuf, table: PathBuf) -> PyResult<Self> {
        let kind = match kind {
            "cri" => Kind::Cri,
            "docker" => Kind::Docker,
            _ => {
                return Err(PyValueError::new_err(format!("{kind:?}: no kind of frames; say cri or docker")));
            }
        };
        Ok(Self(Mutex::new(Fill::new(kind, text, table)?)))
    }

    /// How the lines of a file are framed that begins with `head`.
    #[staticmethod]
    fn kind_of(head: &[u8]) -> Option<&'static str> {
        Kind::of(head).map(|kind| match kind {
            Kind::Cri => "cri",
            Kind::Docker => "docker",
        })
    }

    /// How much text there is, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        lock(&self.0).size()
    }

    /// Puts down the text that is whole with the next bytes.
    fn push(&self, py: Python<'_>, chunk: &[u8]) -> PyResult<()> {
        Ok(engine(py, || lock(&self.0).push(chunk))?)
    }

    /// Puts down the text of the whole lines that a file has now, unless it becomes longer than `limit`; returns where they
    /// end.
    fn read(&self, py: Python<'_>, path: PathBuf, limit: u64) -> PyResult<u64> {
        Ok(engine(py, move || lock(&self.0).read(&path, limit))?)
    }

    /// Puts down what is left at the end.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        Ok(engine(py, || lock(&self.0).finish())?)
    }
}
