//! The steps of a block by itself, summed up on any core, and put behind the blocks before it by a few comparisons.

use super::StepState;
use crate::index::writers::Writers;
use crate::line::Line;
use crate::stamp::{PREFIXES, Prefix};
use crate::step::{Reach, StepBlock, Words};

/// The steps of a block by itself.
///
/// What its lines say of steps hangs on the blocks before it only by the last steps there, of the file and of each prefix:
/// lines without a step of their own may have those. The twin is [`crate::step::Steps::take`] of each line.
#[derive(Default)]
pub struct StepDigest {
    words: Words,
    reach: Reach,
    first: Option<u64>,
    last: Option<u64>,
    /// Whether there are lines before its first step.
    needs_last: bool,
    writers: Writers<u64>,
}

impl StepDigest {
    /// Takes the next line of the block, which `prefix` wrote.
    #[inline]
    pub fn push(&mut self, text: &[u8], line: Line, prefix: Prefix) {
        let Some(step) = self.words.find(text, line) else {
            self.needs_last |= self.last.is_none();
            self.writers.ask(prefix);
            return;
        };
        self.reach.add(step);
        self.first = self.first.or(Some(step));
        self.last = Some(step);
        self.writers.say(prefix, step);
    }

    /// No line comes any more.
    pub fn settle(&mut self) {
        self.writers.settle();
    }

    /// Puts the block behind those that `state` has seen; `None` once there are more prefixes than are told apart, for which
    /// of them are hangs on each line then.
    pub fn append(&self, state: &mut StepState) -> Option<StepBlock> {
        let steps = &mut state.fold;
        let own = || self.writers.last();
        state.crowded |= steps.prefixes() + own().count() > PREFIXES;
        if state.crowded {
            return None;
        }
        let known = |prefix| Some((prefix, steps.of_prefix(prefix)?));
        let mut prefixes: Vec<_> = self.writers.asking().filter_map(known).collect();
        prefixes.sort_unstable_by_key(|(prefix, _)| *prefix);
        let mut reach = self.reach;
        for (_, step) in &prefixes {
            reach.add(*step);
        }
        match steps.last().filter(|_| self.needs_last) {
            Some(step) => reach.add(step),
            None => reach.ahead = self.needs_last,
        }
        let block = StepBlock { reach, last: steps.last(), prefixes };
        steps.pass(self.first, self.last, own());
        Some(block)
    }
}
