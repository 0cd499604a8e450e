//! Beginning in the middle of a log: which blocks a range of time needs, and when the lines came from which those inherit.
//!
//! An index does not know of arrivals. It does say what stands before a block, and so between what moments its lines lie
//! at most; from the first block that may be needed to the last all are read. What they inherit is looked for backwards.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::arrived::{Arrived, LineArrival, TOGETHER, ticks};
use crate::error::Result;
use crate::file::block::Block;
use crate::file::source::Source;
use crate::index::{Asked, Entry, Index, Piece, Ranges, Tick};
use crate::line;
use crate::stamp::{ByPrefix, Clock, Elected, Finder, Marks, Prefix, Stamp, Window};

impl Arrived {
    /// Which of `pieces`, which are all blocks of a log, may have lines in `window`, and those between them.
    pub fn needed(
        &mut self,
        pieces: &[Piece],
        window: Window,
        index: &Index,
        clock: &mut Clock,
    ) -> Range<usize> {
        let filter = index.filter(window, clock);
        let (mut needed, mut past) = (pieces.len()..0, Past::default());
        for (n, Piece { entry, .. }) in pieces.iter().enumerate() {
            let late = self.latest(entry, &mut past);
            let mut is_needed = filter.asks_of(entry) != Asked::None;
            if !is_needed && late > TOGETHER {
                let since = window.since.map(|since| since.saturating_sub(late));
                is_needed = index.filter(Window { since, ..window }, clock).asks_of(entry) != Asked::None;
            }
            if is_needed {
                needed = needed.start.min(n)..n + 1;
            }
        }
        if needed.is_empty() { pieces.len()..pieces.len() } else { needed }
    }

    /// By how much a line of a block may be late at most. `past` is that of all blocks before, and takes this one in.
    fn latest(&mut self, entry: &Entry, past: &mut Past) -> i64 {
        let mut tick = |offset| self.record.of(offset).map(|arrival| arrival.tick);
        let start = tick(entry.extent.start).unwrap_or(u64::MAX);
        let end = tick(entry.extent.end.saturating_sub(1)).unwrap_or(self.record.last().tick);
        let inherited = entry.inbound.prefixes.iter().filter_map(|(_, stamp)| *stamp);
        let since = inherited.map(|stamp| past.began(stamp)).chain(past.stamped).fold(start, u64::min);
        past.take(entry, start);
        if entry.unstamped == 0 { 0 } else { ticks(end.saturating_sub(since)) }
    }

    /// Learns when the lines came from which those behind the blocks `before` may inherit: the last one with a stamp, and
    /// the last one of each of `prefixes`.
    pub fn recall(
        &mut self,
        source: &Arc<Source>,
        before: &[Piece],
        mut prefixes: BTreeSet<Prefix>,
        elected: &Elected,
        tick: Tick<'_>,
    ) -> Result<()> {
        let (mut last, mut found) = (None, Vec::new());
        for Piece { entry, .. } in
            before.iter().rev().filter(|piece| piece.entry.unstamped < piece.entry.lines)
        {
            if last.is_some() && prefixes.is_empty() {
                break;
            }
            tick()?;
            let stamped = stamped(source, entry, elected)?;
            last = last.or(stamped.values().copied().max());
            prefixes.retain(|prefix| {
                stamped.get(prefix).is_none_or(|offset| {
                    found.push((*offset, *prefix));
                    false
                })
            });
        }
        // Ascending offsets are cheap.
        found.sort_unstable_by_key(|(offset, _)| *offset);
        for (offset, prefix) in found {
            if let Some(moment) = self.recorded(offset) {
                self.by_prefix.insert(prefix, moment);
            }
        }
        self.last = last.and_then(|offset| self.recorded(offset));
        Ok(())
    }

    fn recorded(&mut self, offset: u64) -> Option<LineArrival> {
        self.record.of(offset).map(|arrival| LineArrival { tick: Some(arrival.tick), wall: arrival.wall })
    }
}

/// What is known of the blocks before one.
#[derive(Default)]
struct Past {
    /// What the stamps up to the end of each cover, and the tick at which it began to come.
    blocks: Vec<(Ranges, u64)>,
    /// When the last one that has stamps began to come.
    stamped: Option<u64>,
}

impl Past {
    /// A tick at which `stamp`, which stands in one of them, had not come yet.
    fn began(&self, stamp: Stamp) -> u64 {
        let first = self.blocks.partition_point(|(ranges, _)| ranges.get(stamp.frame).hi < stamp.ns);
        self.blocks.get(first).map_or(0, |(_, tick)| *tick)
    }

    fn take(&mut self, entry: &Entry, start: u64) {
        let mut ranges = self.blocks.last().map(|(ranges, _)| *ranges).unwrap_or_default();
        ranges.join(&entry.ranges);
        self.blocks.push((ranges, start));
        if entry.unstamped < entry.lines {
            self.stamped = Some(start);
        }
    }
}

/// Where the last stamped line of each prefix, and of none, ends in a block.
fn stamped(source: &Arc<Source>, entry: &Entry, elected: &Elected) -> Result<ByPrefix<u64>> {
    let (mut block, mut finder) = (Block::default(), Finder::electing(elected));
    let (mut marks, mut stamped) = (Marks::default(), ByPrefix::default());
    block.read(source, entry.extent)?;
    source.insist(entry.extent.end)?;
    let bytes = block.bytes();
    for line in line::lines(bytes) {
        let found = finder.find_in(bytes, line, &mut marks);
        if found.stamp.is_some() {
            stamped.insert(found.prefix, block.file_offset(line.end.saturating_sub(1)));
        }
    }
    Ok(stamped)
}
