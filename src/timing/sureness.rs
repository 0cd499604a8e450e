//! How sure times are, in numbers for the stats of an answer.

use crate::stamp::How;

/// How sure the times of the delivered lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sureness {
    /// Lines with a stamp of their own.
    pub own: u64,
    /// Lines with the time of another line.
    pub inherited: u64,
    /// Lines with the moment at which they came.
    pub by_arrival: u64,
    /// Lines without any time.
    pub untimed: u64,
    /// How often a stamp lay before the stamp before it, of all that were looked at.
    pub steps_back: u64,
    /// The largest such step, in nanoseconds.
    pub largest_step_back: i64,
}

impl Sureness {
    /// Adds what `other` says of other lines.
    pub(super) fn add(&mut self, other: Self) {
        self.own += other.own;
        self.inherited += other.inherited;
        self.by_arrival += other.by_arrival;
        self.untimed += other.untimed;
        self.steps_back += other.steps_back;
        self.largest_step_back = self.largest_step_back.max(other.largest_step_back);
    }

    pub(super) fn count(&mut self, how: Option<How>) {
        match how {
            Some(How::Own) => self.own += 1,
            Some(How::Inherited | How::Ahead) => self.inherited += 1,
            Some(How::Untimed) => self.untimed += 1,
            None => self.by_arrival += 1,
        }
    }
}
