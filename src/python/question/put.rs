//! The way of a question from Python's to the engine's: put once for each file, and again for those that come later.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;

use super::{PyQuestion, StepParts};
use crate::combined::{Both, Combined};
use crate::python::caller::PythonCaller;
use crate::python::chain::QueryChain;
use crate::python::cursor::tiers;
use crate::python::ended::Ended;
use crate::python::fields::Share;
use crate::python::halt::Halt;
use crate::python::stream::LogStream;
use crate::query::{self, Query, Stepless, Timeless};
use crate::scan;
use crate::stamp::{self, Elected, Taught, Window};
use crate::step;
use crate::system::cores::cores;
use crate::timing;

impl PyQuestion {
    /// The engine's question, and its caller.
    pub(in crate::python) fn put(&self, py: Python<'_>, halt: &Halt) -> (query::Question, PythonCaller) {
        let window = Window { since: self.since, until: self.until };
        let about_time = self.records || self.steps.is_some() || !window.is_open();
        let time = about_time.then(|| self.terms(window));
        let sieve = self.sieve(py, false);
        // Of an unfinished line it is not told to which stream it was written.
        let partial = self.partial && sieve.stream.is_none();
        let (pattern, search) = self.pattern.as_ref().map(|p| p.get().parts(py)).unzip();
        let question = query::Question {
            path: self.file(),
            name: self.name.as_ref().unwrap_or(&self.path).into(),
            pattern,
            sieve: sieve.is_needed().then(|| Arc::new(sieve)),
            last: self.last,
            after: self.after,
            before: self.before.unwrap_or(u64::MAX),
            size: self.size.unwrap_or(u64::MAX),
            begun: self.begun.as_ref().map(PathBuf::from),
            tiers: tiers(&self.tiers),
            follow: self.follow,
            partial,
            deadline: window.until.filter(|_| self.follow).map(deadline),
            workers: cores(),
            wakeup: Arc::clone(&halt.wakeup),
            time,
            levels: self.levels && self.records,
            keep: self.index.clone().into(),
            timeless: if self.strict { Timeless::Refuse } else { Timeless::Deliver },
            stepless: if self.stepless { Stepless::BeforeAll } else { Stepless::AsTimeless },
        };
        let ended = self.ended.share(py).map(|ended| Ended::new(ended, &halt.wakeup));
        (question, PythonCaller::new(self.judge.share(py).or(search), ended, halt.clone()))
    }

    /// The engine's question of one who shows each line with its level: where levels are wanted, `question` tells them at
    /// once.
    pub(in crate::python) fn telling_levels(
        &self,
        py: Python<'_>,
        question: query::Question,
    ) -> query::Question {
        let sieve = self.sieve(py, self.levels);
        let sieve = sieve.is_needed().then(|| Arc::new(sieve));
        query::Question { sieve, levels: false, ..question }
    }

    /// The format of stamps that the user teaches.
    fn taught(&self) -> Option<Arc<Taught>> {
        self.stamp.as_ref().map(|stamp| Arc::clone(&stamp.get().taught))
    }

    /// What is asked of lines besides the pattern and the time.
    fn sieve(&self, py: Python<'_>, levels: bool) -> scan::Sieve {
        let asked = self.sieve.as_ref().map(Py::get);
        scan::Sieve {
            level: asked.and_then(|asked| asked.level),
            stream: self.wanted_stream(),
            ranks: self.wanted_ranks(),
            conditions: asked.map(|asked| asked.conditions.clone()).unwrap_or_default(),
            exclude: self.exclude.as_ref().map(|exclude| exclude.get().parts(py).0),
            unsure: asked.is_some_and(|asked| asked.unsure),
            levels,
            elected: Elected::default().teaching(self.taught()),
        }
    }

    /// The stream whose lines alone are wanted; of a log beside which no table tells streams, all are.
    fn wanted_stream(&self) -> Option<stamp::Stream> {
        let taught = self.stamp.as_ref().filter(|stamp| stamp.get().taught.tells_streams());
        taught.and(self.stream.as_ref()).and_then(|name| stamp::Stream::named(name.as_bytes()))
    }

    /// The ranks whose lines alone are wanted.
    fn wanted_ranks(&self) -> Option<scan::RankRange> {
        let (least, greatest) = self.ranks?;
        let alone = self.origin.as_ref().and_then(|(_, rank, _)| *rank);
        Some(scan::RankRange {
            least: least.unwrap_or(i64::MIN),
            greatest: greatest.unwrap_or(i64::MAX),
            alone,
        })
    }

    /// The stream that answers, of one log or two, and its caller.
    pub(in crate::python) fn stream(&self, py: Python<'_>, halt: &Halt) -> (LogStream, PythonCaller) {
        let (question, caller) = self.put(py, halt);
        let stream = match &self.beside {
            _ if self.is_chain() => LogStream::Chain(self.chain(&question)),
            Some(beside) => {
                let (beside, times) = (beside.into(), self.terms(Window::default()));
                let beside_after = self.beside_after;
                LogStream::Both(Box::new(Combined::new(Both { question, beside, beside_after, times })))
            }
            None => LogStream::One(Box::new(Query::new(question))),
        };
        (stream, caller)
    }

    /// `question` about the files that come before its own, where to go on in each, and then about its own.
    fn chain(&self, question: &query::Question) -> QueryChain {
        let before = self.earlier.iter().map(|(path, after)| query::Question {
            path: path.into(),
            after: *after,
            follow: false,
            partial: false,
            begun: None,
            ..question.clone()
        });
        QueryChain::new(before.chain([question.clone()]).map(Query::new).collect())
    }

    /// What the question says about time.
    pub(in crate::python) fn terms(&self, window: Window) -> timing::TimeTerms {
        timing::TimeTerms {
            window,
            zone: self.zone().0.clone(),
            reference: self.reference,
            skew: self.skew,
            times: self.records,
            keep: self.index.clone().into(),
            taught: self.taught(),
            steps: self.steps.clone().map(step_terms),
        }
    }
}

/// What is asked about steps, of which [`check_steps`] has seen the regex.
fn step_terms((least, greatest, regex): StepParts) -> step::Terms {
    let finder = regex.and_then(|regex| step::StepFinder::of(&regex).ok()).unwrap_or_default();
    step::Terms { least, greatest, finder }
}

/// A follow ends one second after the clock has passed `until`, in nanoseconds since 1970 UTC.
fn deadline(until: i64) -> SystemTime {
    let until = Duration::from_nanos(until.max(0).unsigned_abs());
    SystemTime::UNIX_EPOCH + until + Duration::from_secs(1)
}
