//! What is asked of a merge beside the logs, and what it says.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::system::wakeup::Wakeup;

/// In which order the lines of a live merge come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveOrder {
    /// As they arrive.
    #[default]
    Arrival,
    /// By time; a line waits this long for earlier ones of other logs. What comes later still is late.
    Time(Duration),
}

/// What is asked of a merge, beside the logs.
#[derive(Clone, Debug, Default)]
pub struct MergeTerms {
    /// In which order the lines of a live merge come.
    pub order: LiveOrder,
    /// Whether the lines of a log keep its own order, also where its stamps go backwards.
    pub in_file_order: bool,
    /// Of what is there at the start, only the last so many lines.
    pub last: Option<usize>,
    /// Whether logs may come later: then `advance` says when to look for them.
    pub grows: bool,
    /// After how long without a line `advance` says so, once.
    pub still: Option<Duration>,
    /// How often `advance` says that whoever drives the merge may look around; never without it.
    pub tick: Option<Duration>,
    /// What goes wrong with one log is kept, and the others go on.
    pub tolerant: bool,
    /// When a live merge ends, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// Ends a wait early when rung.
    pub wakeup: Arc<Wakeup>,
}

/// What `advance` came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeStep {
    /// A line is ready.
    Line,
    /// It is time to look for logs that were not there before, and to say `join`.
    Look,
    /// No line has come for a while.
    Still,
    /// It is time to look around, as was wanted.
    Tick,
    /// Something went wrong with a log, which the others go on without: `take_errors` says what.
    LeftOut,
    /// No line will come any more.
    Over,
}
