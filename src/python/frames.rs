//! `Frames`: the frames of a container's runtime taken off a file, chunk by chunk.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::interpreter::detached;
use crate::frame::{Decoded, Decoder, Kind};
use crate::system::lock::lock;

/// Takes frames off; see `logdex.inputs.frames`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Frames(Mutex<Decoder>);

#[pymethods]
impl Frames {
    /// For a file of a `kind` that `kind_of` says.
    #[new]
    fn new(kind: &str) -> PyResult<Self> {
        let kind = match kind {
            "cri" => Kind::Cri,
            "docker" => Kind::Docker,
            _ => {
                return Err(PyValueError::new_err(format!("{kind:?}: no kind of frames; say cri or docker")));
            }
        };
        Ok(Self(Mutex::new(Decoder::new(kind))))
    }

    /// How the lines of a file are framed that begins with `head`.
    #[staticmethod]
    fn kind_of(head: &[u8]) -> Option<&'static str> {
        Kind::of(head).map(|kind| match kind {
            Kind::Cri => "cri",
            Kind::Docker => "docker",
        })
    }

    /// The text that is whole with the next bytes of the file, and what is told of its lines.
    fn push<'py>(&self, py: Python<'py>, chunk: &[u8]) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        bytes(py, &detached(py, || lock(&self.0).push(chunk)))
    }

    /// What is left at the end of the file.
    fn finish<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        bytes(py, &detached(py, || lock(&self.0).finish()))
    }
}

fn bytes<'py>(py: Python<'py>, decoded: &Decoded) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
    (PyBytes::new(py, &decoded.text), PyBytes::new(py, &decoded.told))
}
