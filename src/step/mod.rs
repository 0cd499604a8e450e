//! The step of a line: the second clock of a training log.
//!
//! A line that names no step has that of its rank's last line that did, as a line without a stamp has the time of its
//! rank's last one ([`crate::stamp`]): the same fold, with steps in place of stamps. [`find`] says what step stands on a
//! line, [`Steps`] is the fold, [`StepBlock`] what is known of a block, [`Terms`] what a question asks.

mod blocks;
pub mod find;
mod fold;
mod stems;

pub use blocks::{Reach, StepBlock, StepRange};
pub use find::StepFinder;
pub use fold::Steps;
pub use stems::Stems;

/// What a question says about steps.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The least step of which lines are asked for.
    pub least: Option<u64>,
    /// The greatest.
    pub greatest: Option<u64>,
    /// What a step is.
    pub finder: StepFinder,
}

impl Terms {
    /// Whether every step will do.
    pub fn is_open(&self) -> bool {
        self.least.is_none() && self.greatest.is_none()
    }

    /// What is asked of the blocks of a file whose first step is `first`.
    pub fn range(&self, first: Option<u64>) -> StepRange {
        let ahead = self.meets(first);
        StepRange { least: self.least.unwrap_or(0), greatest: self.greatest.unwrap_or(u64::MAX), ahead }
    }

    /// Whether lines of a step are asked for. A line before any step of a log that is still written is before all steps.
    pub fn meets(&self, step: Option<u64>) -> bool {
        let Some(step) = step else { return self.least.is_none() };
        self.least.is_none_or(|least| step >= least) && self.greatest.is_none_or(|greatest| step <= greatest)
    }
}
