//! The outline of a log: how many lines stand where and when, in parts of one or more blocks; and in which block the line
//! of a number stands. Both are read from what the index knows, and need no line of the log.

use std::sync::Arc;

use super::entry::Entry;
use super::levels::LevelIndex;
use super::range::{self, Ranges};
use super::tree::{FANOUT, Node};
use super::{Index, Tick};
use crate::error::Result;
use crate::file::block::{Block, Extent};
use crate::file::source::Source;
use crate::level::Level;
use crate::line;
use crate::stamp::{Clock, Span};

/// Of how many parts an outline has at most, of what is stored; where there are more, a part is `FANOUT` times as long.
const MOST: usize = 8192;

/// Blocks that lie one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlinePart {
    /// Where their lines stand.
    pub extent: Extent,
    /// How many lines they have.
    pub lines: u64,
    /// What the times of their lines cover; more, perhaps, but never less.
    pub span: Option<Span>,
    /// Whether a line of them is an error or graver; `None` where nobody has told the levels of all their lines.
    pub grave: Option<bool>,
}

/// A part with the times as they are stored.
#[derive(Clone, Copy)]
struct Raw {
    extent: Extent,
    first_line: u64,
    ranges: Ranges,
    /// Whether lines before the first stamp of the log are among them, which take that one's time.
    ahead: bool,
}

impl From<&Entry> for Raw {
    fn from(entry: &Entry) -> Self {
        Self { extent: entry.extent, first_line: entry.first_line, ranges: entry.ranges, ahead: entry.ahead }
    }
}

impl Index {
    /// The outline of what it covers, in the order of the file, with stamps as `clock` reads them.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn outline(
        &mut self,
        source: &Arc<Source>,
        clock: &mut Clock,
        tick: Tick<'_>,
    ) -> Result<Vec<OutlinePart>> {
        let raw = self.sound(source, &mut |index| index.raw_parts(), tick)?;
        let seen = source.metadata()?;
        let levels = LevelIndex::load(&self.options.keep, source, &seen);
        let after = raw.iter().skip(1).map(|next| (next.extent.start, next.first_line));
        let ends: Vec<_> = after.chain([(self.size(), self.lines())]).collect();
        let first = self.first();
        let part = |(mut part, (end, next_line)): (Raw, (u64, u64))| {
            if let Some(first) = first.filter(|_| part.ahead) {
                part.ranges.add(first);
            }
            let extent = Extent { start: part.extent.start, end: end.max(part.extent.end) };
            OutlinePart {
                extent,
                lines: next_line.saturating_sub(part.first_line),
                span: range::span(&part.ranges, clock),
                grave: levels.as_ref().and_then(|levels| levels.has(Level::Error, extent)),
            }
        };
        Ok(raw.into_iter().zip(ends).map(part).collect())
    }

    /// Where the line of a number begins, counted from 1; `None` where the file has fewer. Sums up no more of the file
    /// than it must.
    ///
    /// # Errors
    /// As [`Index::of`].
    pub fn line_start(&mut self, source: &Arc<Source>, number: u64, tick: Tick<'_>) -> Result<Option<u64>> {
        let Some(before) = number.checked_sub(1) else { return Ok(None) };
        self.grow_until(&|index| index.about.lines > before, tick)?;
        if self.lines() <= before {
            return Ok(None);
        }
        let Some(entry) = self.sound(source, &mut |index| index.block_of(before), tick)? else {
            return Ok(None);
        };
        let mut block = Block::default();
        block.read(source, entry.extent)?;
        let mut lines = line::lines(block.bytes());
        let found = usize::try_from(before - entry.first_line).ok().and_then(|nth| lines.nth(nth));
        Ok(found.map(|line| block.file_offset(line.start)))
    }

    fn raw_parts(&self) -> Option<Vec<Raw>> {
        let mut parts = match &self.store {
            Some(store) if store.len() > MOST => {
                let level = store.levels().iter().position(|nodes| *nodes <= MOST)?;
                let nodes = store.nodes(level, 0, store.levels()[level])?;
                let stride = FANOUT.pow(level as u32 + 1);
                let first = |n: usize| store.entries(n * stride, n * stride + 1)?.pop();
                let raw = |(n, node): (usize, &Node)| {
                    let entry = first(n)?;
                    Some(Raw { ranges: node.ranges, ahead: node.ahead, ..Raw::from(&entry) })
                };
                nodes.iter().enumerate().map(raw).collect::<Option<Vec<_>>>()?
            }
            Some(store) => store.entries(0, store.len())?.iter().map(Raw::from).collect(),
            None => Vec::new(),
        };
        for entry in self.in_memory() {
            parts.push(Raw::from(&entry?));
        }
        Some(parts)
    }

    /// The block with the line that has so many before it.
    #[expect(clippy::option_option, reason = "the outer one says that what is stored is damaged")]
    fn block_of(&self, before: u64) -> Option<Option<Entry>> {
        let holds = |entry: &Entry| (entry.first_line..entry.first_line + entry.lines).contains(&before);
        if let Some(store) = self.store.as_ref().filter(|store| before < store.about.lines) {
            let (mut low, mut high) = (0, store.len());
            while low + 1 < high {
                let middle = low.midpoint(high);
                let there = store.entries(middle, middle + 1)?.pop()?;
                (low, high) = if there.first_line <= before { (middle, high) } else { (low, middle) };
            }
            return store.entries(low, low + 1)?.pop().filter(holds).map(Some);
        }
        for entry in self.in_memory() {
            if let Some(entry) = Some(entry?).filter(holds) {
                return Some(Some(entry));
            }
        }
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::super::{Keep, Options};
    use super::*;
    use crate::stamp::Reference;
    use crate::testing::cases;

    fn index_of(source: &Arc<Source>, keep: &Keep) -> Index {
        let options = Options { stored_from: 0, grown: 0, ..Options::new(keep.clone()) };
        Index::of(source, source.size().unwrap(), options, &mut || Ok(())).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(24)))]

        #[test]
        fn a_line_begins_where_counting_says_and_parts_have_all_lines(
            lengths in proptest::collection::vec(0_usize..40_000, 1..120),
            ahead in prop_oneof![Just(0), 0..120_usize],
            ends in any::<bool>(),
            asked in proptest::collection::vec(0_u64..130, 1..12),
        ) {
            let (folder, mut text) = (tempfile::tempdir().unwrap(), Vec::new());
            for (n, length) in lengths.iter().enumerate() {
                let stamp = format!("2026-11-22 02:{:02}:{:02}", n / 60, n % 60);
                // Lines before the first stamp have its time.
                let stamp = if n < ahead && n + 1 < lengths.len() { String::new() } else { stamp };
                writeln!(text, "{stamp} {}", "x".repeat(*length)).unwrap();
            }
            if !ends {
                text.pop();
            }
            let path = folder.path().join("a.log");
            std::fs::write(&path, &text).unwrap();
            let source = Arc::new(Source::open(&path).unwrap());
            let starts: Vec<u64> = line::lines(&text).map(|line| line.start as u64).collect();
            let keep = Keep::Directory(folder.path().join("kept"));
            // Built, and then as it was stored.
            for _ in 0..2 {
                let mut index = index_of(&source, &keep);
                for number in &asked {
                    let found = index.line_start(&source, *number, &mut || Ok(())).unwrap();
                    let naive = number.checked_sub(1).and_then(|nth| starts.get(nth as usize).copied());
                    prop_assert_eq!(found, naive, "line {}", number);
                }
                let mut clock = index.clock(jiff::tz::TimeZone::UTC, Reference::Mtime(0));
                let parts = index.outline(&source, &mut clock, &mut || Ok(())).unwrap();
                prop_assert_eq!(parts.iter().map(|part| part.lines).sum::<u64>(), starts.len() as u64);
                let mut at = 0;
                for part in &parts {
                    prop_assert_eq!(part.extent.start, at);
                    at = part.extent.end;
                    let inside = starts.iter().filter(|start| (part.extent.start..at).contains(*start)).count();
                    prop_assert_eq!(part.lines, inside as u64);
                    prop_assert!(part.span.is_some());
                }
                prop_assert_eq!(at, text.len() as u64);
            }
        }
    }
}
