//! `Frames`: the frames of a container's runtime taken off files, into one of the text and one of the times of its lines.

use std::path::PathBuf;
use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::error::engine;
use crate::frame::{self, Fill, Framing};
use crate::system::lock::lock;

/// How far the frames of files were taken off.
#[pyclass(frozen, name = "Stand", module = "logdex._core")]
pub(super) struct PyStand(frame::Stand);

#[pymethods]
impl PyStand {
    /// How much text there was, in bytes.
    #[getter]
    fn text(&self) -> u64 {
        self.0.text
    }

    /// How long the table was, in bytes.
    #[getter]
    fn table(&self) -> u64 {
        self.0.told
    }
}

/// Takes frames off; see `logdex.inputs.frames`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Frames(Mutex<Fill>);

#[pymethods]
impl Frames {
    /// For files of a `kind` that `kind_of` says; fills the files at `text` and `table`, which are empty, or hold what was put
    /// down until `stand`.
    #[new]
    #[pyo3(signature = (kind, text, table, stand=None))]
    fn new(kind: &str, text: PathBuf, table: PathBuf, stand: Option<&PyStand>) -> PyResult<Self> {
        let kind = match kind {
            "cri" => Framing::Cri,
            "docker" => Framing::Docker,
            _ => {
                return Err(PyValueError::new_err(format!("{kind:?}: no kind of frames; say cri or docker")));
            }
        };
        let fill = match stand {
            Some(stand) => Fill::from(stand.0.clone(), text, table)?,
            None => Fill::new(kind, text, table)?,
        };
        Ok(Self(Mutex::new(fill)))
    }

    /// How the lines of a file are framed that begins with `head`.
    #[staticmethod]
    fn kind_of(head: &[u8]) -> Option<&'static str> {
        Framing::of(head).map(|kind| match kind {
            Framing::Cri => "cri",
            Framing::Docker => "docker",
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

    /// Puts down the text of the whole lines that a file has now behind the byte `after`, unless it becomes longer than
    /// `limit`; returns where they end.
    fn read(&self, py: Python<'_>, path: PathBuf, after: u64, limit: u64) -> PyResult<u64> {
        Ok(engine(py, move || lock(&self.0).read(&path, after, limit))?)
    }

    /// How it stands, to go on from there.
    fn stand(&self) -> PyStand {
        PyStand(lock(&self.0).stand())
    }

    /// Puts down what is left at the end.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        Ok(engine(py, || lock(&self.0).finish())?)
    }
}
