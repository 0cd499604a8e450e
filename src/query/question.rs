//! A question to one file: which of its lines, in which order of time, and how far.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cursor::Tier;
use crate::index::Keep;
use crate::pattern::Pattern;
use crate::scan::Sieve;
use crate::step;
use crate::system::wakeup::Wakeup;
use crate::timing;

/// What is asked of one file: plain values, all decided before the file is opened.
///
/// The binding makes one of Python's arguments; a question to many logs is one for each file, and those that come later
/// get it too. So nothing in it hangs on when it is put: moments are nanoseconds, patterns are compiled, and a clone is
/// cheap.
#[derive(Clone, Debug)]
pub struct Question {
    /// The file's name.
    pub path: PathBuf,
    /// What errors call it.
    pub name: PathBuf,
    /// Which lines; all if `None`.
    pub pattern: Option<Arc<Pattern>>,
    /// What is asked of lines besides that.
    pub sieve: Option<Arc<Sieve>>,
    /// Only the last so many of the lines that are there at the start.
    pub last: Option<usize>,
    /// Only lines that begin here or later, in bytes: a line start. Not with `last`.
    pub after: u64,
    /// Only lines that begin before this, in bytes: a line start, or more than there are.
    pub before: u64,
    /// The file is read as if it had no more than so many bytes.
    pub size: u64,
    /// The file in which that is, if its name has gone to another one: what is there comes first.
    pub begun: Option<PathBuf>,
    /// Of the lines there, those that were handed out before; for a merge.
    pub tiers: Vec<Tier>,
    /// Whether to go on with what is written later.
    pub follow: bool,
    /// Whether a follow shows unfinished lines.
    pub partial: bool,
    /// When a follow ends, by the wall clock.
    pub deadline: Option<SystemTime>,
    /// How many threads read and search.
    pub workers: usize,
    /// Ends the wait of a follow early when rung.
    pub wakeup: Arc<Wakeup>,
    /// What is asked about time.
    pub time: Option<timing::TimeTerms>,
    /// Whether the level of any line may be asked for later; only where the time of each is wanted.
    pub levels: bool,
    /// Where the indexes of the file are kept.
    pub keep: Keep,
    /// What to do with a file in which no line has a time, when a range of time is asked for.
    pub timeless: Timeless,
    /// What to do with a file in which no line has a step, when a range of steps is asked for.
    pub stepless: Stepless,
}

impl Question {
    /// Whether every line of the file is meant, from where it begins on.
    pub fn selects_all(&self) -> bool {
        let is_open = |time: &timing::TimeTerms| {
            time.window.is_open() && time.steps.as_ref().is_none_or(step::Terms::is_open)
        };
        self.pattern.is_none()
            && self.sieve.as_ref().is_none_or(|sieve| sieve.is_open())
            && self.time.as_ref().is_none_or(is_open)
    }
}

#[cfg(test)]
impl Question {
    /// Every line of `path` is asked for, in the thread of the caller, without times.
    pub fn about(path: &std::path::Path) -> Self {
        Self {
            path: path.to_path_buf(),
            name: path.to_path_buf(),
            pattern: None,
            sieve: None,
            last: None,
            after: 0,
            before: u64::MAX,
            size: u64::MAX,
            begun: None,
            tiers: Vec::new(),
            follow: false,
            partial: false,
            deadline: None,
            workers: 0,
            wakeup: Arc::default(),
            time: None,
            levels: false,
            keep: Keep::Nowhere,
            timeless: Timeless::Deliver,
            stepless: Stepless::AsTimeless,
        }
    }
}

/// What becomes of a range of steps over a file without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepless {
    /// What becomes of a range of time.
    AsTimeless,
    /// Other logs beside it have steps: its lines stand before all steps.
    BeforeAll,
}

/// What becomes of a range of time over a file without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeless {
    /// An error.
    Refuse,
    /// Every line is delivered, and the caller is told.
    Deliver,
}
