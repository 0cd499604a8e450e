//! The steps in an index: which blocks hold which steps, beside which hold which times.
//!
//! They are summed up in the same reading, where they are wanted, and stored in sections of the same file: for each block what
//! its steps reach and what a reader needs to begin there, and above the blocks a tree of the shape of that of times.

mod digest;
#[cfg(test)]
mod proof;
mod stored;

pub use digest::StepDigest;

use super::codec::Reader;
use super::tree::FANOUT;
use crate::stamp::{PREFIXES, Prefix};
use crate::step::{Reach, StepBlock, Steps};

/// How long the steps of a block are as stored, but for the prefixes.
pub const STEP_BLOCK: usize = STEP_NODE + 8 + 8 + 4;
/// How long a node is as stored.
pub const STEP_NODE: usize = 8 + 8 + 1;
/// How long a stored prefix is, with its step.
const WRITER: usize = 16;

/// How the fold of steps stands behind some blocks.
#[derive(Clone, Debug, Default)]
pub struct StepState {
    /// The fold.
    pub fold: Steps,
    /// There are more prefixes than are told apart, so that steps are not summed up.
    pub crowded: bool,
}

impl StepState {
    /// Adds it to `out`, as it is stored.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.crowded));
        put_step(out, self.fold.first());
        put_step(out, self.fold.last());
        let prefixes = self.fold.by_prefix();
        out.extend((prefixes.len() as u32).to_le_bytes());
        put_prefixes(out, &prefixes);
    }

    /// As it was stored.
    pub fn take(from: &mut Reader<'_>) -> Option<Self> {
        let crowded = from.flag()?;
        let (first, last, count) = (step(from)?, step(from)?, from.count(PREFIXES)?);
        Some(Self { fold: Steps::behind(first, last, prefixes(from, count)?), crowded })
    }
}

/// The steps of blocks in memory, in the form in which they are stored.
#[derive(Clone, Default)]
pub struct StepTable {
    /// The blocks, each [`STEP_BLOCK`] bytes long.
    pub blocks: Vec<u8>,
    /// Their prefixes.
    pub heap: Vec<u8>,
    /// How long the heap of the stored index is, behind which this one comes.
    pub heap_start: u64,
}

impl StepTable {
    /// Adds what is known of the next block.
    pub fn push(&mut self, block: &StepBlock) {
        put_reach(&mut self.blocks, block.reach);
        put_step(&mut self.blocks, block.last);
        self.blocks.extend((self.heap_start + self.heap.len() as u64).to_le_bytes());
        self.blocks.extend((block.prefixes.len() as u32).to_le_bytes());
        put_prefixes(&mut self.heap, &block.prefixes);
    }

    /// What is known of the block of a number.
    pub fn get(&self, number: usize) -> Option<StepBlock> {
        let stored = self.blocks.get(number * STEP_BLOCK..)?.get(..STEP_BLOCK)?;
        let (block, at, len) = take_block(&mut Reader(stored))?;
        let at = at.checked_sub(self.heap_start)? as usize;
        with_prefixes(block, self.heap.get(at..at.checked_add(len)?)?)
    }

    /// What the blocks reach, in order.
    fn reaches(&self) -> impl Iterator<Item = Reach> + '_ {
        self.blocks.chunks_exact(STEP_BLOCK).map_while(|stored| take_reach(&mut Reader(stored)))
    }
}

/// A block as stored but for its prefixes, and where those stand in the heap: offset and length in bytes.
fn take_block(from: &mut Reader<'_>) -> Option<(StepBlock, u64, usize)> {
    let (reach, last, at, count) = (take_reach(from)?, step(from)?, from.u64()?, from.count(PREFIXES)?);
    Some((StepBlock { reach, last, prefixes: Vec::new() }, at, count * WRITER))
}

fn with_prefixes(mut block: StepBlock, heap: &[u8]) -> Option<StepBlock> {
    block.prefixes = prefixes(&mut Reader(heap), heap.len() / WRITER)?;
    Some(block)
}

/// `count` blocks as `stored`, with their prefixes, which `heap` reads: offset and length in bytes.
fn take_blocks(
    stored: &[u8],
    count: usize,
    heap: impl FnOnce(u64, usize) -> Option<Vec<u8>>,
) -> Option<Vec<StepBlock>> {
    let mut from = Reader(stored);
    let found: Vec<_> = (0..count).map(|_| take_block(&mut from)).collect::<Option<_>>()?;
    // The prefixes of neighbours are neighbours too.
    let start = found.first().map_or(0, |(_, at, _)| *at);
    let end = found.last().map_or(0, |(_, at, len)| at.saturating_add(*len as u64));
    let heap = heap(start, usize::try_from(end.checked_sub(start)?).ok()?)?;
    let whole = |(block, at, len): (StepBlock, u64, usize)| {
        let at = usize::try_from(at.checked_sub(start)?).ok()?;
        with_prefixes(block, heap.get(at..at.checked_add(len)?)?)
    };
    found.into_iter().map(whole).collect()
}

/// The nodes above all blocks, the lowest level first, as stored: above those of which the steps reach `old`, and those of
/// `table`.
pub fn nodes(old: Vec<Reach>, table: &StepTable) -> Vec<u8> {
    let (mut level, mut out) = (old, Vec::new());
    level.extend(table.reaches());
    while level.len() > 1 {
        level = level.chunks(FANOUT).map(covering).collect();
        for reach in &level {
            put_reach(&mut out, *reach);
        }
    }
    out
}

fn covering(reaches: &[Reach]) -> Reach {
    let mut all = Reach::default();
    for reach in reaches {
        all.join(*reach);
    }
    all
}

fn put_reach(out: &mut Vec<u8>, reach: Reach) {
    out.extend(reach.least.to_le_bytes());
    out.extend(reach.greatest.to_le_bytes());
    out.push(u8::from(reach.ahead));
}

/// What some lines reach, as stored.
fn take_reach(from: &mut Reader<'_>) -> Option<Reach> {
    Some(Reach { least: from.u64()?, greatest: from.u64()?, ahead: from.flag()? })
}

/// A step that may be missing: no step is as large as what stands for that.
fn put_step(out: &mut Vec<u8>, step: Option<u64>) {
    out.extend(step.unwrap_or(u64::MAX).to_le_bytes());
}

#[expect(clippy::option_option, reason = "whether there are bytes, and whether there is a step")]
fn step(from: &mut Reader<'_>) -> Option<Option<u64>> {
    from.u64().map(|step| Some(step).filter(|step| *step != u64::MAX))
}

fn put_prefixes(out: &mut Vec<u8>, prefixes: &[(Prefix, u64)]) {
    for (prefix, step) in prefixes {
        out.extend(prefix.0.to_le_bytes());
        out.extend(step.to_le_bytes());
    }
}

fn prefixes(from: &mut Reader<'_>, count: usize) -> Option<Vec<(Prefix, u64)>> {
    (0..count).map(|_| Some((Prefix(from.u64()?), from.u64()?))).collect()
}
