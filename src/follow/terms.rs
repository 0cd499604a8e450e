//! What a follow is asked for, and what it has for the one who asks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::batch::Batch;
use crate::pattern::Pattern;
use crate::scan::{Purpose, Sieve};
use crate::system::time_source::TimeSource;
use crate::system::wakeup::Wakeup;

/// What is followed, and how.
#[derive(Clone, Debug)]
pub struct FollowTerms {
    /// The file's name; the file may not be there yet, if its directory is.
    pub path: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What is asked of lines besides that.
    pub sieve: Option<Arc<Sieve>>,
    /// What the lines are for.
    pub purpose: Purpose,
    /// Whether unfinished lines are shown.
    pub partial: bool,
    /// When to end, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search when there is much to do.
    pub workers: usize,
    /// Ends a wait early when rung.
    pub wakeup: Arc<Wakeup>,
    /// Says what time it is.
    pub time: TimeSource,
}

/// What a follow has for the one who asks.
#[derive(Debug)]
pub enum Turn {
    /// Some lines.
    Batch(Batch),
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    Over,
}

/// What befell the file while it was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileEvents {
    /// Times that it was cut or written anew.
    pub truncations: u64,
    /// Times that its name went to another file.
    pub rotations: u64,
    /// Files of which what was written last may be missing: their name went to another while they were closed because
    /// too many files were open, or they were written to after the follow had gone on to the file that took their name.
    pub lost: u64,
}
