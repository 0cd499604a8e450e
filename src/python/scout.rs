//! Where logs may come later: what Python is asked for those that were not there before.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::asking::Asking;
use super::halt::Halt;
use super::interpreter::attached;
use super::question::PyQuestion;
use super::shown::ShownParts;
use crate::error::{Error, Result};
use crate::show::{self, Scout};

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

/// Asks Python for logs that were not there before, and tells it why logs are left out.
pub(super) struct PythonScout {
    pub(super) look: Option<Py<PyAny>>,
    pub(super) complain: Option<Py<PyAny>>,
    pub(super) halt: Halt,
    pub(super) raised: Option<PyErr>,
    pub(super) keep: Vec<Py<PyAny>>,
}

impl PythonScout {
    fn ask(&mut self, py: Python<'_>) -> PyResult<(Vec<show::Shown>, Vec<PathBuf>)> {
        let Some(ask) = &self.look else { return Ok(Default::default()) };
        let (found, directories) = look::<ShownParts>(ask.bind(py))?;
        let (mut logs, mut asking) = (Vec::new(), Asking::new(py, &self.halt, None));
        for one in found {
            let (log, kept) = one.ask(py, &mut asking);
            logs.push(log);
            self.keep.extend(kept);
        }
        Ok((logs, directories))
    }
}

impl PythonScout {
    fn note(&mut self, raised: PyErr) -> Error {
        self.raised = Some(raised);
        Error::Interrupted
    }
}

impl Scout for PythonScout {
    fn look(&mut self) -> Result<(Vec<show::Shown>, Vec<PathBuf>)> {
        attached(|py| self.ask(py)).map_err(|raised| self.note(raised))
    }

    fn leave_out(&mut self, reason: Error) -> Result<()> {
        // A look at whether somebody still reads comes between the reads of each log.
        if reason.is_of_a_gone_reader() {
            return Err(reason);
        }
        let Some(complain) = &self.complain else { return Ok(()) };
        let told = attached(|py| complain.bind(py).call1((PyErr::from(reason),)).map(|_| ()));
        told.map_err(|raised| self.note(raised))
    }
}
