//! The steps of a block by itself, summed up on any core, and put behind the blocks before it by a few comparisons.

use std::hint::select_unpredictable;

use super::StepState;
use crate::index::writers::Writers;
use crate::line::Line;
use crate::stamp::{PREFIXES, Prefix};
use crate::step::{Reach, Stems, StepBlock};

/// The steps of a block by itself.
///
/// What its lines say of steps hangs on the blocks before it only by the last steps there, of the file and of each prefix:
/// lines without a step of their own may have those. The twin is [`crate::step::Steps::take`] of each line.
pub struct StepDigest {
    /// What its lines say, in order, each with where; and one more, behind all of them.
    said: Vec<(usize, u64)>,
    /// How many of these were taken.
    taken: usize,
    reach: Reach,
    /// The last one that counts, if any was taken.
    last: u64,
    /// Whether there are lines before its first step.
    needs_last: bool,
    writers: Writers<u64>,
}

impl StepDigest {
    /// Of a block, `text`, with these words, of which the lines come one after the other.
    pub fn of(text: &[u8], stems: &Stems) -> Self {
        let mut said = stems.steps(text);
        said.push((usize::MAX, 0));
        Self {
            said,
            taken: 0,
            reach: Reach::default(),
            last: 0,
            needs_last: false,
            writers: Writers::default(),
        }
    }

    /// Takes the next line, which `prefix` wrote. There is no branch on whether it says a step: that cannot be foreseen.
    #[inline]
    pub fn push(&mut self, line: Line, prefix: Prefix) {
        let (at, step) = self.said[self.taken];
        let says = at < line.end;
        self.taken += usize::from(says);
        self.reach.least = self.reach.least.min(select_unpredictable(says, step, u64::MAX));
        self.reach.greatest = self.reach.greatest.max(select_unpredictable(says, step, 0));
        self.last = select_unpredictable(says, step, self.last);
        self.needs_last |= self.taken == 0;
        self.writers.tell(prefix, step, says);
        // Few lines say more than one, of which the first counts.
        while self.said[self.taken].0 < line.end {
            self.taken += 1;
        }
    }

    /// The first step that a line of the block says, and the last.
    fn bounds(&self) -> Option<(u64, u64)> {
        (self.taken > 0).then(|| (self.said[0].1, self.last))
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
        let (first, last) = self.bounds().unzip();
        steps.pass(first, last, own());
        Some(block)
    }
}
