//! Where logs may come later: what Python is asked for those that were not there before.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::question::PyQuestion;

/// `logdex._question.Newcomers`.
#[derive(FromPyObject)]
pub(super) struct Scouted {
    /// What is asked of all of them.
    pub(super) asked: Py<PyQuestion>,
    /// `() -> (those that have come, the directories in which more may)`.
    pub(super) look: Py<PyAny>,
}

/// Those that have come, as `T`s, and the directories in which more may.
pub(super) fn look<'py, T: FromPyObjectOwned<'py>>(
    look: &Bound<'py, PyAny>,
) -> PyResult<(Vec<T>, Vec<PathBuf>)> {
    look.call0()?.extract()
}
