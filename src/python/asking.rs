//! How the questions of one answer about many logs are put.

use std::time::SystemTime;

use pyo3::prelude::*;

use super::caller::PythonCaller;
use super::halt::Halt;
use super::question::PyQuestion;
use crate::merge::MergeTerms;
use crate::query;

/// The questions of one answer about many logs, as they are put one by one, also to logs that come later.
///
/// All are ended by one halt. One caller speaks for all and one deadline is for all, those of the first, for the regex and
/// the end are the same.
pub(super) struct Asking {
    halt: Halt,
    caller: Option<PythonCaller>,
    deadline: Option<SystemTime>,
}

impl Asking {
    /// For an answer that `halt` ends; `newcomers` is what will be asked of logs that come later.
    pub(super) fn new(py: Python<'_>, halt: &Halt, newcomers: Option<&PyQuestion>) -> Self {
        let mut asking = Self { halt: halt.clone(), caller: None, deadline: None };
        if let Some(newcomers) = newcomers {
            asking.put(py, newcomers);
        }
        asking
    }

    /// Makes the engine's question of one.
    pub(super) fn put(&mut self, py: Python<'_>, asked: &PyQuestion) -> query::Question {
        let (question, caller) = asked.put(py, &self.halt);
        self.deadline = self.deadline.or(question.deadline);
        self.caller.get_or_insert(caller);
        question
    }

    /// What a merge is told of them, and who speaks for them.
    pub(super) fn begin(self) -> (MergeTerms, PythonCaller) {
        let Self { halt, caller, deadline } = self;
        let terms = MergeTerms { deadline, wakeup: halt.wakeup.clone(), ..MergeTerms::default() };
        (terms, caller.unwrap_or_else(|| PythonCaller::new(None, None, halt)))
    }
}
