//! `Cursor`: a place between lines, out of its text, and whether a file is the one in which it is.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::error::engine;
use crate::cursor::{self, Tier};
use crate::error::Error;
use crate::file::source::Source;

/// The marks of an answer's logs; see `logdex.inputs.resume`.
#[pyclass(frozen, name = "Cursor", module = "logdex._core")]
pub(super) struct PyCursor {
    marks: Vec<cursor::Mark>,
}

#[pymethods]
impl PyCursor {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        Ok(Self { marks: cursor::Cursor::of_text(text)?.marks })
    }

    /// The cursor that has these marks.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "a list is taken out of Python's by value")]
    fn of(marks: Vec<PyRef<'_, PyMark>>) -> Self {
        Self { marks: marks.iter().map(|mark| mark.0.clone()).collect() }
    }

    /// As text.
    #[getter]
    fn text(&self) -> String {
        cursor::Cursor { marks: self.marks.clone(), left: Vec::new() }.to_text()
    }

    #[getter]
    fn marks(&self) -> Vec<PyMark> {
        self.marks.iter().cloned().map(PyMark).collect()
    }
}

/// How far one log was handed out.
#[pyclass(frozen, name = "Mark", module = "logdex._core")]
pub(super) struct PyMark(cursor::Mark);

#[pymethods]
impl PyMark {
    /// Before the first line of the text at `path`, known as `name`.
    #[staticmethod]
    fn before(py: Python<'_>, path: PathBuf, name: PathBuf, left: bool) -> PyResult<Self> {
        let mark = engine(py, move || cursor::Mark::at(&Source::open(&path)?, &name, 0))?;
        Ok(Self(cursor::Mark { left, ..mark }))
    }

    /// Behind all that the file at `path` has, compressed or not; it stands beside the log `name`.
    #[staticmethod]
    fn beside(py: Python<'_>, path: PathBuf, name: PathBuf) -> PyResult<Self> {
        let mark = engine(py, move || {
            let source = Source::open_bytes(&path)?;
            cursor::Mark::at(&source, &name, source.size()?)
        })?;
        Ok(Self(cursor::Mark { whole: true, left: true, ..mark }))
    }

    /// Nothing stood beside the log `name`.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "a path is taken out of Python's by value")]
    fn alone(name: PathBuf) -> Self {
        Self(cursor::Mark::alone(&name))
    }

    /// Whether it says that nothing stood beside its log.
    #[getter]
    fn is_alone(&self) -> bool {
        self.0.is_alone()
    }

    /// The same place in the file at `path`, which says the same and has not the log's name.
    fn moved_to(&self, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let identity = engine(py, move || Ok(Source::open(&path)?.identity()))?;
        Ok(Self(cursor::Mark { identity, left: true, ..self.0.clone() }))
    }

    /// Whether all that the file at `path` has, compressed or not, lies before it.
    fn is_behind(&self, py: Python<'_>, path: PathBuf) -> PyResult<bool> {
        let found = engine(py, move || match Source::open_bytes(&path) {
            Ok(source) => Ok(self.0.fits(&source)? == Some(source.size()?)),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        });
        Ok(found?)
    }

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

    /// Whether no line of it was handed out.
    #[getter]
    fn is_before_all(&self) -> bool {
        self.0.at == 0 && self.0.open == 0 && self.0.tiers.is_empty()
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
    fn tiers(&self) -> Vec<(u64, u64, i64, u64)> {
        self.0.tiers.iter().map(|tier| (tier.begin, tier.end, tier.key, tier.limit)).collect()
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
pub(super) fn tiers(told: &[(u64, u64, i64, u64)]) -> Vec<Tier> {
    told.iter().map(|&(begin, end, key, limit)| Tier { begin, end, key, limit }).collect()
}
