//! The steps of a block by itself, summed up on any core, and put behind the blocks before it by a few comparisons.

use super::StepState;
use crate::line::Line;
use crate::stamp::{ByPrefix, PREFIXES, Prefix};
use crate::step::{Reach, StepBlock, Words};

/// What is known of a prefix that occurs in a block.
#[derive(Clone, Copy, Default)]
struct Writer {
    /// Whether its first line in the block names no step.
    needs: bool,
    /// Its last step in the block.
    last: Option<u64>,
}

/// The steps of a block by itself.
///
/// What its lines say of steps hangs on the blocks before it only by the last steps there, of the file and of each prefix:
/// lines without a step of their own may have those. The twin is [`crate::step::Steps::take`] of each line.
pub struct StepDigest {
    words: Words,
    reach: Reach,
    first: Option<u64>,
    last: Option<u64>,
    /// Whether there are lines before its first step.
    needs_last: bool,
    writers: ByPrefix<Writer>,
    /// The last steps of prefixes that were seen lately; they go before those in `writers`.
    recent: Vec<(Prefix, Option<u64>)>,
}

/// How many prefixes are remembered lately.
const RECENT: usize = 256;

#[inline]
fn slot(prefix: Prefix) -> usize {
    (prefix.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

impl Default for StepDigest {
    /// Of no line as yet.
    fn default() -> Self {
        Self {
            words: Words::default(),
            reach: Reach::default(),
            first: None,
            last: None,
            needs_last: false,
            writers: ByPrefix::default(),
            recent: vec![(Prefix::NONE, None); RECENT],
        }
    }
}

impl StepDigest {
    /// Takes the next line of the block, which `prefix` wrote.
    #[inline]
    pub fn push(&mut self, text: &[u8], line: Line, prefix: Prefix) {
        let Some(step) = self.words.find(text, line) else {
            self.needs_last |= self.last.is_none();
            if prefix != Prefix::NONE && self.recent[slot(prefix)].0 != prefix {
                self.writers.entry(prefix).or_insert(Writer { needs: true, last: None });
            }
            return;
        };
        self.reach.add(step);
        self.first = self.first.or(Some(step));
        self.last = Some(step);
        if prefix != Prefix::NONE {
            self.last_of(prefix, step);
        }
    }

    /// Notes the last step of a prefix.
    #[inline]
    fn last_of(&mut self, prefix: Prefix, step: u64) {
        let recent = &mut self.recent[slot(prefix)];
        if recent.0 == prefix {
            recent.1 = Some(step);
            return;
        }
        let (before, last) = std::mem::replace(recent, (prefix, Some(step)));
        if before != Prefix::NONE {
            self.writers.entry(before).or_default().last = last;
        }
        self.writers.entry(prefix).or_default();
    }

    /// No line comes any more.
    pub fn settle(&mut self) {
        for (prefix, last) in std::mem::take(&mut self.recent) {
            if prefix != Prefix::NONE {
                self.writers.entry(prefix).or_default().last = last;
            }
        }
    }

    /// Puts the block behind those that `state` has seen; `None` once there are more prefixes than are told apart, for which
    /// of them are hangs on each line then.
    pub fn append(&self, state: &mut StepState) -> Option<StepBlock> {
        let steps = &mut state.fold;
        let own = || self.writers.iter().filter_map(|(prefix, writer)| Some((*prefix, writer.last?)));
        state.crowded |= steps.prefixes() + own().count() > PREFIXES;
        if state.crowded {
            return None;
        }
        let needs = self.writers.iter().filter(|(_, writer)| writer.needs);
        let mut prefixes: Vec<_> =
            needs.filter_map(|(prefix, _)| Some((*prefix, steps.of_prefix(*prefix)?))).collect();
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
