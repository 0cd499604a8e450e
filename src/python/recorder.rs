//! The recorder of arrival, for the scheduler.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::interpreter::detached;
use crate::arrival;

/// Begins to record when the logs in `directory` grow, on a thread of this process.
#[pyfunction]
pub(super) fn start_recording(py: Python<'_>, directory: PathBuf) -> PyResult<()> {
    Ok(detached(py, move || arrival::start(&directory))?)
}

/// Ends the record of the logs in `directory`.
#[pyfunction]
pub(super) fn stop_recording(py: Python<'_>, directory: PathBuf) -> PyResult<()> {
    Ok(detached(py, move || arrival::stop(&directory))?)
}
