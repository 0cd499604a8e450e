//! Steps block by block: which steps the lines of a block have, and what a reader needs to begin there.

use crate::stamp::Prefix;

/// What the steps of some lines cover; more, perhaps, but never less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The least step of any of them.
    pub least: u64,
    /// The greatest; less than the least where none has one.
    pub greatest: u64,
    /// Whether there are lines before the first step of the file, which take that one.
    pub ahead: bool,
}

impl Default for Reach {
    /// Nothing.
    fn default() -> Self {
        Self { least: u64::MAX, greatest: 0, ahead: false }
    }
}

impl Reach {
    /// Grows to cover a step.
    #[inline]
    pub fn add(&mut self, step: u64) {
        self.least = self.least.min(step);
        self.greatest = self.greatest.max(step);
    }

    /// Grows to cover `other`.
    pub fn join(&mut self, other: Self) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.ahead |= other.ahead;
    }
}

/// What is known of the steps of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepBlock {
    /// What the steps of its lines cover.
    pub reach: Reach,
    /// The last step before it.
    pub last: Option<u64>,
    /// The last steps before it of the prefixes whose lines ask for them.
    pub prefixes: Vec<(Prefix, u64)>,
}

/// Which steps are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRange {
    /// The least.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
    /// Whether lines before the first step of the file are.
    pub ahead: bool,
}

impl StepRange {
    /// Whether some of the lines that `reach` covers may be asked for.
    pub fn meets(&self, reach: &Reach) -> bool {
        let there = reach.least <= reach.greatest;
        (reach.ahead && self.ahead) || (there && self.least <= reach.greatest && reach.least <= self.greatest)
    }
}
