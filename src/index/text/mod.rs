//! The index of text: which blocks of a log can have a line that a regex selects, so that a regex is a seek.
//!
//! A block is left out only where none of its lines can match. For each block the index has a bit for each of some
//! fifty thousand [`keys`], and between which numbers its [`counters`] stand; a pattern's needs ([`crate::pattern::Needs`])
//! become keys and numbers too, and the blocks that lack one of them are not read. What the index does not cover, or cannot say, is read.
//!
//! It is made when it is asked for ([`build`]), beside the index of times and independent of it, and is believed on the
//! same evidence ([`super::about::About`]).

mod anchors;
mod ask;
mod build;
mod counters;
mod grams;
pub mod keys;
mod known;
mod later;
#[cfg(test)]
mod proof;
mod rows;
mod segment;
mod shapes;
mod sight;
mod writer;

use std::collections::BTreeSet;
use std::fs::Metadata;

use crate::file::block::{BLOCK, Extent};
use crate::file::source::Source;
use crate::pattern::Pattern;

use super::Keep;
use super::cache::said;
use ask::{Blocks, TextQuestion};
use rows::TILE;

pub use build::{Built, build};
pub use later::{wish, would_pay};
pub use segment::Segment;
use segment::{TILES, VERSION};
pub use writer::SegmentWriter;

/// The least size of a log that can have an index of text, in bytes: that of one tile, about.
pub const TEXT_FROM: u64 = (TILE * BLOCK / 2) as u64;

/// The stored index of the text of a log: segments of it, in order, perhaps with some missing.
pub struct TextIndex {
    segments: Vec<Segment>,
}

/// Which stretches of a log are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The stretches, in order; each begins at a line start or a hole, and ends behind a line or with the log.
    pub extents: Vec<Extent>,
    /// How much lies between them, in bytes.
    pub skipped: u64,
    /// How much of that the index of text left out.
    pub by_text: u64,
}

/// Whether `LOGDEX_INDEX=times` keeps indexes of text off.
pub fn is_off() -> bool {
    said("times")
}

/// Whether an index would have a block of `text`, which is whole lines, read for `pattern`; for tests.
pub fn may_select(pattern: &Pattern, text: &[u8]) -> bool {
    let Some(asked) = pattern.needs().and_then(|needs| TextQuestion::of(&needs)) else { return true };
    let known = keys::all_of(text);
    asked.may_be_among(&known.rows().collect::<BTreeSet<u32>>(), &known.counts)
}

/// What the segment of a log is stored under that has this number.
fn part(number: usize) -> String {
    format!("t{VERSION}-{number}")
}

/// How many segments a log of `size` bytes can have.
fn most_segments(size: u64) -> usize {
    // A block ends with the last whole line in its 256 KiB, so half of that is in it at least.
    (size / (TILES * TILE * BLOCK / 2) as u64) as usize + 1
}

impl TextIndex {
    /// What is stored of the text of a log that has the size and the dates of `seen`; nothing with `LOGDEX_INDEX=times`.
    pub fn load(keep: &Keep, source: &Source, seen: &Metadata) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        if seen.len() < TEXT_FROM || *keep == Keep::Nowhere || is_off() {
            return Self { segments };
        }
        for number in 0..most_segments(seen.len()) {
            let stored = keep.open(source, &part(number)).and_then(Segment::open);
            let after = segments.last().map_or(0, |last| last.about.covered);
            let fits = |segment: &Segment| segment.start >= after && segment.about.speaks_of(source, seen);
            segments.extend(stored.filter(fits));
        }
        Self { segments }
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many bytes of the log it covers.
    pub fn covered(&self) -> u64 {
        self.segments.iter().map(|segment| segment.about.covered - segment.start).sum()
    }

    /// How many bytes it takes.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(Segment::size).sum()
    }

    /// Where in the first `end` bytes of the log a line may stand that `pattern` selects; `None` where it cannot say.
    pub fn places(&self, pattern: &Pattern, end: u64) -> Option<Places> {
        if self.is_empty() {
            return None;
        }
        let asked = TextQuestion::of(&pattern.needs()?)?;
        let (mut places, mut at) = (Places::default(), 0);
        for segment in self.segments.iter().filter(|segment| segment.about.covered <= end) {
            places.push(Extent { start: at, end: segment.start });
            at = segment.about.covered;
            let may = asked.may_be_in(segment).and_then(|blocks| places.take(segment, &blocks));
            if may.is_none() {
                places.push(Extent { start: segment.start, end: at });
            }
        }
        places.push(Extent { start: at, end });
        places.close(end);
        places.by_text = places.skipped;
        Some(places)
    }
}

impl Places {
    /// Adds a stretch, which lies behind the others.
    pub(in crate::index) fn push(&mut self, extent: Extent) {
        match self.extents.last_mut() {
            Some(last) if last.end == extent.start => last.end = extent.end,
            _ if extent.is_empty() => {}
            _ => self.extents.push(extent),
        }
    }

    /// Takes on some blocks of a segment; `None` where it does not say where they are.
    fn take(&mut self, segment: &Segment, blocks: &Blocks) -> Option<()> {
        if blocks.is_empty() {
            return Some(());
        }
        if blocks.count() * 2 > segment.blocks {
            // In one go: what lies between is less than what it costs to step over it.
            self.push(Extent { start: segment.start, end: segment.about.covered });
            return Some(());
        }
        let (first, last) = (blocks.iter().next()?, blocks.iter().last()?);
        let bounds = segment.bounds(first, last + 1)?;
        for block in blocks.iter() {
            self.push(Extent { start: bounds[block - first], end: bounds[block - first + 1] });
        }
        Some(())
    }

    /// Nothing is added any more, of a log of which `end` bytes count.
    pub(in crate::index) fn close(&mut self, end: u64) {
        self.skipped = end - self.extents.iter().map(Extent::len).sum::<u64>();
    }

    /// What is to be read of these and of `other`, of the same log up to `end`.
    #[must_use]
    pub fn among(&self, other: &Self, end: u64) -> Self {
        let mut both = Self { by_text: self.by_text.max(other.by_text), ..Self::default() };
        let (mut ours, mut theirs) = (self.extents.iter().peekable(), other.extents.iter().peekable());
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            let common = Extent { start: our.start.max(their.start), end: our.end.min(their.end) };
            let (our_end, their_end) = (our.end, their.end);
            if common.start < common.end {
                both.push(common);
            }
            ours.next_if(|_| our_end <= their_end);
            theirs.next_if(|_| their_end <= our_end);
        }
        both.close(end);
        both
    }

    /// Whether some of `extent` is to be read.
    pub fn meet(&self, extent: Extent) -> bool {
        let behind = self.extents.partition_point(|place| place.end <= extent.start);
        self.extents.get(behind).is_some_and(|place| place.start < extent.end)
    }
}
