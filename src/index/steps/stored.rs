//! The steps of a stored index.

use super::{STEP_BLOCK, STEP_NODE, StepState, take_blocks, take_reach};
use crate::index::codec::Reader;
use crate::index::store::{Section, Store};
use crate::index::tree::FANOUT;
use crate::step::{Reach, StepBlock};

impl Store {
    /// How the fold of steps stands behind the last entry; `None` where steps were not wanted.
    #[expect(clippy::option_option, reason = "whether it can be read, and whether it is there")]
    pub fn steps(&self) -> Option<Option<StepState>> {
        let place = self.section(Section::StepState).filter(|place| place.len < 1 << 20)?;
        if place.len == 0 {
            return Some(None);
        }
        let state = StepState::take(&mut Reader(&self.part(Section::StepState, 0, place.len as usize)?))?;
        let there = self.section(Section::StepBlocks)?.len > 0;
        (there != state.crowded).then_some(Some(state))
    }

    /// How long the heap of prefixes with their steps is, in bytes.
    pub fn step_heap_len(&self) -> u64 {
        self.section(Section::StepHeap).map_or(0, |place| place.len)
    }

    /// What is known of the steps of the blocks `first..last`.
    pub fn step_blocks(&self, first: usize, last: usize) -> Option<Vec<StepBlock>> {
        let count = last - first;
        let stored = self.part(Section::StepBlocks, (first * STEP_BLOCK) as u64, count * STEP_BLOCK)?;
        take_blocks(&stored, count, |start, len| self.part(Section::StepHeap, start, len))
    }

    /// What the nodes `first..last` of a level reach in steps.
    pub fn step_nodes(&self, level: usize, first: usize, last: usize) -> Option<Vec<Reach>> {
        let before: usize = self.levels()[..level].iter().sum();
        let at = ((before + first) * STEP_NODE) as u64;
        let stored = self.part(Section::StepNodes, at, (last - first) * STEP_NODE)?;
        let mut from = Reader(&stored);
        (first..last).map(|_| take_reach(&mut from)).collect()
    }

    /// What each of its blocks reaches in steps.
    pub(in crate::index) fn step_reaches(&self) -> Option<Vec<Reach>> {
        let mut all = Vec::new();
        for first in (0..self.len()).step_by(FANOUT) {
            let blocks = self.step_blocks(first, (first + FANOUT).min(self.len()))?;
            all.extend(blocks.iter().map(|block| block.reach));
        }
        Some(all)
    }
}
