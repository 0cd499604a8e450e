//! `Cursor`: a place between lines, out of its text, and whether a file is the one in which it is.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::error::engine;
use crate::cursor::{self, Tier};
use crate::error::Error;
use crate::file::source::Source;

/// The marks of an answer's logs; see `logdex.inputs.resume`.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Cursor {
    marks: Vec<cursor::Mark>,
}

#[pymethods]
impl Cursor {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        Ok(Self { marks: cursor::Cursor::of_text(text)?.marks })
    }

    #[getter]
    fn marks(&self) -> Vec<Mark> {
        self.marks.iter().cloned().map(Mark).collect()
    }
}

/// How far one log was handed out.
#[pyclass(frozen, module = "logdex._core")]
pub(super) struct Mark(cursor::Mark);

#[pymethods]
impl Mark {
    /// The path by which it was known.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Device and number of the file that it was.
    #[getter]
    fn file(&self) -> (u64, u64) {
        (self.0.identity.device, self.0.identity.inode)
    }

    /// All lines that begin before this were handed out.
    #[getter]
    fn at(&self) -> u64 {
        self.0.at
    }

    /// Nothing else was in the file then.
    #[getter]
    fn whole(&self) -> bool {
        self.0.whole
    }

    /// A follow has left it behind.
    #[getter]
    fn left(&self) -> bool {
        self.0.left
    }

    /// Lines behind it that were handed out, for a merge.
    #[getter]
    fn tiers(&self) -> Vec<(u64, i64, u64)> {
        self.0.tiers.iter().map(|tier| (tier.end, tier.key, tier.limit)).collect()
    }

    /// Where to go on in the file at `path`, if that is the log that was marked.
    fn fits(&self, py: Python<'_>, path: PathBuf) -> PyResult<Option<u64>> {
        let found = engine(py, move || match Source::open(&path) {
            Ok(source) => self.0.fits(&source),
            // What is compressed is looked at as text, by the caller; what is gone is no log.
            Err(Error::Compressed { .. }) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        });
        Ok(found?)
    }
}

/// Tiers as Python gives them back.
pub(super) fn tiers(told: &[(u64, i64, u64)]) -> Vec<Tier> {
    told.iter().map(|&(end, key, limit)| Tier { end, key, limit }).collect()
}
