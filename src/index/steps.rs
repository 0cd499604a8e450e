//! The index of steps: which blocks of a log hold which steps, kept by whoever has folded over them for a question.
//!
//! It has the same blocks as the index of times, is believed on the same evidence, and is read whole: some 50 bytes for
//! each 256 KiB of the log.

use std::fs::{File, Metadata};
use std::io;

use super::codec::Reader;
use super::pages;
use super::store::About;
use super::{Keep, STORED_FROM};
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::stamp::{Elected, Prefix};
use crate::step::{StepBlock, Steps};

/// The version of what is stored; it is in the file's name.
const VERSION: u32 = 2;
const MAGIC: [u8; 8] = *b"logdexs\n";
/// The longest content that is read, in bytes: that of a log of about a terabyte.
const LONGEST: u64 = 1 << 28;

/// The steps of a log's blocks.
#[derive(Clone, Debug)]
pub struct StepIndex {
    /// The log as it was; `covered` is where the last block ends.
    pub about: About,
    /// The blocks, in order.
    pub blocks: Vec<StepBlock>,
    /// The state behind them.
    pub end: Steps,
}

fn part() -> String {
    format!("s{VERSION}")
}

impl StepIndex {
    /// What is stored of the steps of a log that has the size and the dates of `seen`.
    pub fn load(keep: &Keep, source: &Source, seen: &Metadata) -> Option<Self> {
        let index = Self::open(keep.open(source, &part())?)?;
        index.about.speaks_of(source, seen).then_some(index)
    }

    /// Reads a file; `None` where it is no index of this version, or is damaged.
    pub fn open(file: File) -> Option<Self> {
        let content = pages::read_whole(file, MAGIC, VERSION, LONGEST)?;
        let mut from = Reader(&content);
        let index = Self::take(&mut from)?;
        (from.0.is_empty() && index.is_sound()).then_some(index)
    }

    /// Whether the blocks are in order and end where they should.
    fn is_sound(&self) -> bool {
        let last = self.blocks.last().map(|block| block.extent);
        let in_order = self.blocks.is_sorted_by(|a, b| a.extent.end <= b.extent.start);
        let whole = self.blocks.iter().all(|block| block.extent.start < block.extent.end);
        in_order
            && whole
            && last.is_some_and(|last| last == self.about.last && last.end == self.about.covered)
    }

    /// Stores what is known of the steps of a log that looked like `seen` before it was read, if that is worth it. Failing
    /// that, the next question folds over the log again.
    pub fn publish(keep: &Keep, source: &Source, seen: &Metadata, blocks: Vec<StepBlock>, end: Steps) {
        let Some(last) = blocks.last().map(|block| block.extent) else { return };
        if seen.len() < STORED_FROM || end.is_closed() {
            return;
        }
        let about = About::of(source, seen, last.end, 0, last, &Elected::default());
        let Some(about) = about else { return };
        let index = Self { about, blocks, end };
        let _ = keep.publish_part(source, &part(), &mut |file| index.write(file));
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let mut content = Vec::new();
        self.put(&mut content);
        pages::write_whole(file, MAGIC, VERSION, &content)
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.about.put(out);
        put_step(out, self.end.first());
        put_step(out, self.end.last());
        put_prefixes(out, &self.end.by_prefix());
        out.extend((self.blocks.len() as u32).to_le_bytes());
        for block in &self.blocks {
            for n in [block.extent.start, block.extent.end, block.least, block.greatest] {
                out.extend(n.to_le_bytes());
            }
            put_step(out, block.last);
            put_prefixes(out, &block.prefixes);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let about = About::take(from)?;
        let (first, last) = (step(from)?, step(from)?);
        let end = Steps::behind(first, last, prefixes(from)?);
        let count = from.count(usize::MAX)?;
        let mut blocks = Vec::new();
        for _ in 0..count {
            let extent = Extent { start: from.u64()?, end: from.u64()? };
            let (lowest, highest, before) = (from.u64()?, from.u64()?, step(from)?);
            blocks.push(StepBlock {
                extent,
                least: lowest,
                greatest: highest,
                last: before,
                prefixes: prefixes(from)?,
            });
        }
        Some(Self { about, blocks, end })
    }

    /// What is known of the block that stands at `extent`.
    pub fn of(&self, extent: Extent) -> Option<&StepBlock> {
        let at = self.blocks.binary_search_by_key(&extent.start, |block| block.extent.start).ok()?;
        self.blocks.get(at).filter(|block| block.extent == extent)
    }
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
    out.extend((prefixes.len() as u32).to_le_bytes());
    for (prefix, step) in prefixes {
        out.extend(prefix.0.to_le_bytes());
        out.extend(step.to_le_bytes());
    }
}

fn prefixes(from: &mut Reader<'_>) -> Option<Vec<(Prefix, u64)>> {
    let count = from.count(crate::stamp::PREFIXES)?;
    (0..count).map(|_| Some((Prefix(from.u64()?), from.u64()?))).collect()
}
