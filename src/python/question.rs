//! What `_question.py` asks, read field by field off its `Question`. Its moments are resolved there already, once for all
//! files and passes of a question, so that "10m" and "02:10" mean one moment throughout.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;

use super::caller::PythonCaller;
use super::ended::Ended;
use super::format::Format;
use super::pattern::Pattern;
use super::record::Origin;
use super::sieve::Sieve;
use super::stream::Stream;
use super::when::Zone;
use crate::combined::{Both, Combined};
use crate::index::Keep;
use crate::query::{Query, Question, Timeless};
use crate::scan;
use crate::stamp::Window;
use crate::system::cores::cores;
use crate::system::watch::Wakeup;
use crate::timing;

/// Whether an index is kept, or in which directory.
#[derive(Clone, FromPyObject)]
enum Kept {
    InCache(bool),
    In(PathBuf),
}

impl From<Kept> for Keep {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::InCache(true) => Self::cache(),
            Kept::InCache(false) => Self::Nowhere,
            Kept::In(directory) => Self::directory(directory),
        }
    }
}

/// `logdex._question.Question`, field by field.
#[derive(FromPyObject)]
#[expect(clippy::struct_excessive_bools, reason = "the keywords of a Python call")]
pub(super) struct Asked<'py> {
    pub(super) path: PathBuf,
    pattern: Option<PyRef<'py, Pattern>>,
    /// No lines that this selects.
    exclude: Option<PyRef<'py, Pattern>>,
    /// What is asked of level and fields.
    sieve: Option<PyRef<'py, Sieve>>,
    /// Judges lines in place of the pattern's own `search`, which it includes.
    judge: Option<Py<PyAny>>,
    /// The ends of the range, in nanoseconds since 1970 UTC.
    since: Option<i64>,
    until: Option<i64>,
    pub(super) zone: PyRef<'py, Zone>,
    reference: Option<i64>,
    /// The format of the log's stamps that the user teaches.
    stamp: Option<PyRef<'py, Format>>,
    index: Kept,
    last: Option<usize>,
    follow: bool,
    partial: bool,
    strict: bool,
    /// Whether records are wanted, and so the time of each line.
    pub(super) records: bool,
    /// Whether records tell their level.
    levels: bool,
    /// Where records come from: the source's name, the rank that alone wrote it, and which attempt or restart it is.
    origin: Option<(String, Option<u32>, String)>,
    /// Whether nobody will write to the file any more.
    ended: Option<Py<PyAny>>,
    /// Another log, of which and of this one the combined stream is asked.
    pub(super) beside: Option<PathBuf>,
    /// Something that must live as long as the answer.
    pub(super) keep: Option<Py<PyAny>>,
    /// What errors call the file, if not by its path.
    name: Option<PathBuf>,
}

impl Asked<'_> {
    /// The engine's question, and its caller.
    pub(super) fn put(
        self,
        closed: &Arc<AtomicBool>,
        wakeup: &Arc<Wakeup>,
    ) -> PyResult<(Question, PythonCaller)> {
        let window = Window { since: self.since, until: self.until };
        let about_time = self.records || !window.is_open();
        let time = about_time.then(|| self.terms(window));
        let sieve = self.sieve();
        let (pattern, search) = self.pattern.map(|p| p.parts(p.py())).unzip();
        let question = Question {
            name: self.name.unwrap_or_else(|| self.path.clone()),
            path: self.path,
            pattern,
            sieve: sieve.is_needed().then(|| Arc::new(sieve)),
            last: self.last,
            follow: self.follow,
            partial: self.partial,
            deadline: window.until.filter(|_| self.follow).map(deadline),
            workers: cores(),
            wakeup: Arc::clone(wakeup),
            time,
            timeless: if self.strict { Timeless::Refuse } else { Timeless::Deliver },
        };
        let ended = self.ended.map(|ended| Ended::new(ended, wakeup));
        Ok((question, PythonCaller::new(self.judge.or(search), ended, Arc::clone(closed))))
    }

    /// What is asked of lines besides the pattern and the time.
    fn sieve(&self) -> scan::Sieve {
        let asked = self.sieve.as_ref();
        scan::Sieve {
            level: asked.and_then(|asked| asked.level),
            conditions: asked.map(|asked| asked.conditions.clone()).unwrap_or_default(),
            exclude: self.exclude.as_ref().map(|exclude| exclude.parts(exclude.py()).0),
            unsure: asked.is_some_and(|asked| asked.unsure),
            levels: self.levels,
            ..scan::Sieve::default()
        }
    }

    /// What records say of where they come from.
    pub(super) fn origin(&self) -> Origin {
        let (source, rank, part) = self
            .origin
            .clone()
            .unwrap_or_else(|| (self.path.to_string_lossy().into_owned(), None, String::new()));
        Origin { source, rank, part, zone: self.zone.0.clone() }
    }

    /// The stream that answers, of one log or two, and its caller.
    pub(super) fn stream(
        mut self,
        closed: &Arc<AtomicBool>,
        wakeup: &Arc<Wakeup>,
    ) -> PyResult<(Stream, PythonCaller)> {
        let beside = self.beside.take();
        let times = beside.is_some().then(|| self.terms(Window::default()));
        let (question, caller) = self.put(closed, wakeup)?;
        let stream = match beside.zip(times) {
            Some((beside, times)) => Stream::Both(Box::new(Combined::new(Both { question, beside, times }))),
            None => Stream::One(Box::new(Query::new(question))),
        };
        Ok((stream, caller))
    }

    /// What the question says about time.
    pub(super) fn terms(&self, window: Window) -> timing::TimeTerms {
        timing::TimeTerms {
            window,
            zone: self.zone.0.clone(),
            reference: self.reference,
            times: self.records,
            keep: self.index.clone().into(),
            taught: self.stamp.as_ref().map(|stamp| Arc::clone(&stamp.taught)),
        }
    }
}

/// A follow ends one second after the clock has passed `until`, in nanoseconds since 1970 UTC.
fn deadline(until: i64) -> SystemTime {
    let until = Duration::from_nanos(until.max(0).unsigned_abs());
    SystemTime::UNIX_EPOCH + until + Duration::from_secs(1)
}
