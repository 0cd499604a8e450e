//! `kept` and `keep`: what was made of a file that comes with the package.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::interpreter::detached;
use crate::index::made;

/// What `keep` kept of the file at `path` under `part`, if the file is as it was.
#[pyfunction]
pub(super) fn kept(py: Python<'_>, path: PathBuf, part: String) -> Option<Bound<'_, PyBytes>> {
    detached(py, move || made::kept(&path, &part)).map(|content| PyBytes::new(py, &content))
}

/// Keeps what was made of the file at `path` in the user's cache, under `part`, as far as that can be.
#[pyfunction]
pub(super) fn keep(py: Python<'_>, path: PathBuf, part: String, content: Vec<u8>) {
    detached(py, move || made::keep(&path, &part, content));
}
