//! What a question says about time.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::index::Keep;
use crate::stamp::{Taught, Window};
use crate::step;

/// What a question says about time.
#[derive(Clone, Debug)]
pub struct TimeTerms {
    /// The range; open if only the times are wanted.
    pub window: Window,
    /// The zone of naive stamps.
    pub zone: TimeZone,
    /// A moment near the log's end, in nanoseconds since 1970 UTC, for stamps without a year; `None` for the file's own
    /// last modification.
    pub reference: Option<i64>,
    /// By how many nanoseconds the clock was behind that wrote the stamps: so much later is what they mean.
    pub skew: i64,
    /// Whether the time of each line is wanted.
    pub times: bool,
    /// Where the index of the file is kept.
    pub keep: Keep,
    /// The format of the file's stamps that the user teaches.
    pub taught: Option<Arc<Taught>>,
    /// What is asked about steps.
    pub steps: Option<step::Terms>,
}

#[cfg(test)]
impl TimeTerms {
    /// The time of each line in `window` is asked for; naive stamps are in UTC, and no index is kept.
    pub fn within(window: Window) -> Self {
        Self {
            window,
            zone: TimeZone::UTC,
            reference: None,
            skew: 0,
            times: true,
            keep: Keep::Nowhere,
            taught: None,
            steps: None,
        }
    }
}
