//! `Question`: what the engine is asked of one file, as Python hands it over.

#![allow(clippy::similar_names, reason = "`last` and `lost` are the words of Python's arguments")]

mod put;

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::fields::{Changed, Share, fields};
use super::format::Format;
use super::pattern::PyPattern;
use super::record::RecordOrigin;
use super::sieve::PySieve;
use super::when::Zone;
use crate::cursor::Cursor;
use crate::index::Keep;
use crate::step;

/// Whether an index is kept, or in which directory.
#[derive(Clone, FromPyObject, IntoPyObjectRef)]
pub(super) enum IndexPlace {
    InCache(bool),
    In(OsString),
}

impl From<IndexPlace> for Keep {
    fn from(kept: IndexPlace) -> Self {
        match kept {
            IndexPlace::InCache(true) => Self::cache(),
            IndexPlace::InCache(false) => Self::Nowhere,
            IndexPlace::In(directory) => Self::directory(directory.into()),
        }
    }
}

impl Share for IndexPlace {
    fn share(&self, _: Python<'_>) -> Self {
        self.clone()
    }
}

/// The name of a source, the rank that alone wrote it, and which attempt or restart it is.
type OriginParts = (String, Option<u32>, String);

/// The least rank and the greatest.
type RankParts = (Option<i64>, Option<i64>);

/// The least step and the greatest, and the regex that says what a step is, if that is not what trainers commonly write.
type StepParts = (Option<u64>, Option<u64>, Option<String>);

fields! {
    /// What is asked of one file: the arguments of `Log.lines` and its kin, made ready by `logdex._question`.
    ///
    /// It is the only thing that crosses from Python into the engine with a question, and this is the only list of its
    /// fields: the constructor, the attributes, `but` and pickling are made of it, and stubtest compares them with
    /// `_core.pyi`. It is frozen, so one may be put to many files and from many threads, each with changes of its own by
    /// `but`. Moments are numbers here, resolved once for all files and passes of a question, so that "10m" and "02:10"
    /// mean one moment throughout.
    pub(super) struct PyQuestion as "Question" {
        path: OsString,
        /// The zone of stamps that name none.
        zone: Py<Zone>,
        ;
        /// A moment near the log's end, for stamps without a year, in nanoseconds since 1970 UTC.
        reference: Option<i64> = None,
        /// By how many nanoseconds the clock was behind that wrote the stamps: so much later is what they mean.
        skew: i64 = 0,
        /// The format of the log's stamps that the user teaches.
        stamp: Option<Py<Format>> = None,
        index: IndexPlace = { IndexPlace::InCache(true) },
        pattern: Option<Py<PyPattern>> = None,
        /// No lines that this selects.
        exclude: Option<Py<PyPattern>> = None,
        /// Only lines that were written to this stream, where a container's runtime says to which: stdout or stderr.
        stream: Option<String> = None,
        /// Only lines of global ranks from the one to the other.
        ranks: Option<RankParts> = None,
        /// What is asked of level and fields.
        sieve: Option<Py<PySieve>> = None,
        /// Judges lines in place of the pattern's own `search`, which it includes.
        judge: Option<Py<PyAny>> = None,
        /// The ends of the range, in nanoseconds since 1970 UTC.
        since: Option<i64> = None,
        until: Option<i64> = None,
        /// What is asked about steps.
        steps: Option<StepParts> = None,
        last: Option<usize> = None,
        follow: bool = false,
        partial: bool = false,
        /// Whether a range of time over a file without times is an error.
        strict: bool = true,
        /// Whether a range of steps over a file without any is none: other logs beside it have some.
        stepless: bool = false,
        /// Whether records are wanted, and so the time of each line.
        records: bool = false,
        /// Whether a record may be asked for its level, and a line that is shown has its own.
        levels: bool = false,
        /// What records say of where they come from, if not the path.
        origin: Option<OriginParts> = None,
        /// Whether nobody will write to the file any more: `logdex.Ended`.
        ended: Option<Py<PyAny>> = None,
        /// Something that must live as long as the answer.
        keep: Option<Py<PyAny>> = None,
        /// What errors call the file, if not by its path.
        name: Option<OsString> = None,
        /// A second log: what is asked for is the combined stream of both.
        beside: Option<OsString> = None,
        /// Only lines that begin here or later, in bytes: a line start.
        after: u64 = 0,
        /// The same of the second log.
        beside_after: u64 = 0,
        /// Only lines that begin before this, in bytes.
        before: Option<u64> = None,
        /// The file is read as if it had no more than so many bytes.
        size: Option<u64> = None,
        /// The file in which `after` is, where its name has gone to another one.
        begun: Option<OsString> = None,
        /// Of the lines there, those that were handed out before; for a merge.
        tiers: Vec<(u64, u64, i64, u64)> = { Vec::new() },
        /// Files that come before this one, and where to go on in each.
        earlier: Vec<(OsString, u64)> = { Vec::new() },
        /// The cursor with which it was asked, and what to do where its place is not to be found.
        cursor: Option<String> = None,
        policy: Option<String> = None,
        /// How many files could not be gone on in.
        lost: u64 = 0,
    }
}

impl PyQuestion {
    /// The path of the file.
    pub(super) fn file(&self) -> PathBuf {
        PathBuf::from(&self.path)
    }

    /// The zone of stamps that name none.
    pub(super) fn zone(&self) -> &Zone {
        self.zone.get()
    }

    /// What must live as long as the answer.
    pub(super) fn kept(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.keep.share(py)
    }

    /// Shows the collector of garbage what may hold this question in turn.
    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.judge)?;
        visit.call(&self.ended)?;
        visit.call(&self.keep)
    }

    /// What records say of where they come from.
    pub(super) fn origin(&self) -> RecordOrigin {
        let (source, rank, part) = self
            .origin
            .clone()
            .unwrap_or_else(|| (self.path.to_string_lossy().into_owned(), None, String::new()));
        RecordOrigin { source, rank, part, zone: self.zone().0.clone() }
    }

    /// Whether more than one file answers it.
    pub(super) fn is_stream(&self) -> bool {
        self.beside.is_some() || self.is_chain()
    }

    /// Whether other files come before its own.
    fn is_chain(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// The cursor from which it goes on, as long as nothing was lost.
    pub(super) fn begun(&self) -> PyResult<Cursor> {
        match self.cursor.as_ref().filter(|_| self.lost == 0) {
            Some(cursor) => Ok(Cursor::of_text(cursor)?),
            None => Ok(Cursor::default()),
        }
    }

    /// How many files could not be gone on in.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}

/// Raises `ValueError` unless `regex` says what a step is.
#[pyfunction]
pub(super) fn check_steps(regex: &str) -> PyResult<()> {
    step::StepFinder::of(regex).map(drop).map_err(|wrong| {
        PyValueError::new_err(format!(
            "steps={regex:?}: {wrong}; give a regex with one group around the number"
        ))
    })
}
