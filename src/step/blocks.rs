//! Steps block by block: which steps the lines of a block have, and what a reader needs to begin there.

use std::collections::BTreeSet;

use super::Steps;
use crate::file::block::Extent;
use crate::stamp::Prefix;

/// The most prefixes of which a block may ask what came before: more is a log of which steps are not kept.
const MOST_ASKED: usize = 1024;

/// What is known of the steps of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepBlock {
    /// Where its lines stand in the file.
    pub extent: Extent,
    /// The least step of any of its lines.
    pub least: u64,
    /// The greatest.
    pub greatest: u64,
    /// The last step before it.
    pub last: Option<u64>,
    /// The last steps before it of the prefixes whose lines ask for them.
    pub prefixes: Vec<(Prefix, u64)>,
}

/// Sums up blocks while their lines are folded, one block after the other from a place in the file on.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// The blocks that are summed up.
    blocks: Vec<StepBlock>,
    current: Option<StepBlock>,
    /// The state before the last block.
    before: Steps,
    /// Which prefixes have a step of their own in this block, or were asked for already.
    seen: BTreeSet<Prefix>,
    /// Some block could not be summed up, or was left out: nothing after it is of use.
    broken: bool,
}

impl Recorder {
    /// Goes on behind `blocks`, which were summed up before.
    pub fn behind(blocks: Vec<StepBlock>) -> Self {
        Self { blocks, ..Self::default() }
    }

    /// The next block begins in this state; it must be the one behind the last.
    pub fn enter(&mut self, extent: Extent, state: &Steps) {
        self.leave();
        let end = self.blocks.last().map_or(0, |block| block.extent.end);
        self.broken |= extent.start != end;
        self.before = state.clone();
        self.seen.clear();
        let (least, greatest) = (u64::MAX, 0);
        self.current = Some(StepBlock { extent, least, greatest, last: state.last(), prefixes: Vec::new() });
    }

    /// A line of the block, which `prefix` wrote and which names a step if it is its `own`, has this step.
    pub fn take(&mut self, step: Option<u64>, own: bool, prefix: Prefix, told_apart: bool) {
        let Some(block) = &mut self.current else { return };
        let Some(step) = step else {
            self.broken = true;
            return;
        };
        block.least = block.least.min(step);
        block.greatest = block.greatest.max(step);
        if prefix != Prefix::NONE && self.seen.insert(prefix) && !own && told_apart {
            block.prefixes.push((prefix, step));
        }
    }

    /// What was summed up but for the last block, which growth may cut elsewhere, and the state before that.
    pub fn settled(mut self) -> Option<(Vec<StepBlock>, Steps)> {
        self.leave();
        self.blocks.pop().filter(|_| !self.broken)?;
        Some((self.blocks, self.before))
    }

    /// The block at hand is over.
    fn leave(&mut self) {
        let Some(block) = self.current.take() else { return };
        self.broken |= block.prefixes.len() > MOST_ASKED;
        // Once broken, it stays so: what comes after a gap is of no use.
        if !self.broken {
            self.blocks.push(block);
        }
    }
}
