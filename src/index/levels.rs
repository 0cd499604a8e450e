//! The index of levels: which blocks of a log can hold a line of which level, kept by whoever has told the levels of all its
//! lines for a question.
//!
//! It has the blocks of a scan, is believed on the same evidence as the index of times, and is read whole: 9 bytes for each
//! 256 KiB of the log. What goes on with a record of the block before has its level, and counts in its own block. To tell
//! the level of a line takes longer than to find its stamp, so that the index of times does not do it for everybody.

use std::fs::{File, Metadata};

use super::about::About;
use super::codec::Reader;
use super::text::Places;
use super::{Keep, STORED_FROM, pages};
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::level::{Level, Set};
use crate::stamp::Elected;

/// The version of what is stored; it is in the file's name.
const VERSION: u32 = 10;
const MAGIC: [u8; 8] = *b"logdexl\n";
/// The longest content that is read, in bytes: that of a log of several terabytes.
const LONGEST: u64 = 1 << 28;

/// The levels of a log's blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelIndex {
    /// The log as it was; `covered` is where the last block ends, and `elected` by which format stamps were found.
    pub about: About,
    /// Where each block ends, in order, and which levels its lines have; the first begins with the log, and each where the
    /// one before ends.
    blocks: Vec<(u64, Set)>,
}

fn part() -> String {
    format!("l{VERSION}")
}

impl LevelIndex {
    /// What is stored of the levels of a log that has the size and the dates of `seen`.
    pub fn load(keep: &Keep, source: &Source, seen: &Metadata) -> Option<Self> {
        let index = Self::open(keep.open(source, &part())?)?;
        index.about.speaks_of(source, seen).then_some(index)
    }

    /// Reads a file; `None` where it is no index of this version, or is damaged.
    pub fn open(file: File) -> Option<Self> {
        Self::take(&pages::read_whole(file, MAGIC, VERSION, LONGEST)?)
    }

    /// Where in the first `end` bytes of the log a line of `least` or a graver level may stand.
    pub fn places(&self, least: Level, end: u64) -> Places {
        let (mut places, mut at) = (Places::default(), 0);
        for (block_end, levels) in self.blocks.iter().take_while(|(block_end, _)| *block_end <= end) {
            if levels.reaches(least) {
                places.push(Extent { start: at, end: *block_end });
            }
            at = *block_end;
        }
        places.push(Extent { start: at, end });
        places.close(end);
        places
    }

    /// Whether a block that meets `extent` has a line of `least` or a graver level; `None` where it does not reach there.
    pub fn has(&self, least: Level, extent: Extent) -> Option<bool> {
        let from = self.blocks.partition_point(|(end, _)| *end <= extent.start);
        let upto = self.blocks.partition_point(|(end, _)| *end < extent.end);
        let met = self.blocks.get(from..=upto)?;
        Some(met.iter().any(|(_, levels)| levels.reaches(least)))
    }

    /// The index of a log that looked like `seen` before it was read, of which the levels of the blocks `told` were told;
    /// they go on behind those of `known`. `None` where they do not reach to `end` without a gap, or it is worth nothing.
    pub fn of(
        source: &Source,
        seen: &Metadata,
        known: Option<Self>,
        told: &[(Extent, Set)],
        end: u64,
        elected: &Elected,
    ) -> Option<Self> {
        let mut blocks = known.map(|known| known.blocks).unwrap_or_default();
        let covered = blocks.last().map_or(0, |(end, _)| *end);
        let mut at = covered;
        for (extent, levels) in told.iter().filter(|(extent, _)| extent.start >= covered) {
            if extent.start != at {
                return None;
            }
            blocks.push((extent.end, *levels));
            at = extent.end;
        }
        // Growth may cut the last block elsewhere, or go on with its last line.
        blocks.pop().filter(|(last, _)| *last == end && at > covered)?;
        let last = blocks.last()?.0;
        if last <= covered {
            return None;
        }
        let start = blocks.len().checked_sub(2).map_or(0, |before| blocks[before].0);
        let about = About::of(source, seen, last, 0, Extent { start, end: last }, elected)?;
        Some(Self { about, blocks })
    }

    /// Stores it, if that is worth it. Failing that, the next question tells the levels again.
    pub fn publish(&self, keep: &Keep, source: &Source) {
        if self.about.size >= STORED_FROM {
            let write = &mut |file: &mut File| pages::write_whole(file, MAGIC, VERSION, &self.content());
            let _ = keep.publish_part(source, &part(), write);
        }
    }

    fn content(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.about.put(&mut out);
        out.extend((self.blocks.len() as u32).to_le_bytes());
        for (end, levels) in &self.blocks {
            out.extend(end.to_le_bytes());
            out.push(levels.code());
        }
        out
    }

    fn take(content: &[u8]) -> Option<Self> {
        let mut from = Reader(content);
        let about = About::take(&mut from)?;
        let count = from.count(usize::MAX)?;
        let mut blocks = Vec::new();
        for _ in 0..count {
            blocks.push((from.u64()?, Set::from_code(*from.bytes(1)?.first()?)?));
        }
        let in_order = blocks.is_sorted_by(|a, b| a.0 < b.0);
        let (first, last) = (blocks.first()?.0, blocks.last()?.0);
        let sound = in_order && first > 0 && last == about.covered && last == about.last.end;
        (sound && from.0.is_empty()).then_some(Self { about, blocks })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::level::Levels;
    use crate::scan::{Job, Purpose, Scan, Sieve};
    use proptest::prelude::*;

    fn some_line() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "[rank0]: 2026-11-22 06:47:12 ERROR boom",
            "[rank1]: 2026-11-22 06:47:12 INFO fine",
            "[rank0]: Traceback (most recent call last):",
            "[rank0]:   File x",
            "[rank0]: ValueError: x",
            "2026-11-22 06:47:12 stamped",
            "  indented",
            "{\"level\":\"warn\",\"msg\":\"x\"}",
            "bare",
        ])
    }

    /// The offsets of the lines that a scan of `extents` brings, and the levels of the blocks.
    fn scanned(source: &Arc<Source>, extents: Vec<Extent>, least: Level) -> (Vec<u64>, Vec<(Extent, Set)>) {
        let job = Job {
            source: Arc::clone(source),
            pattern: None,
            sieve: Some(Arc::new(Sieve { level: Some(least), ..Sieve::default() })),
            purpose: Purpose::Bytes,
            behind_hole: None,
            live: false,
            of_index: false,
        };
        let (mut scan, mut offsets) = (Scan::over(job, extents, 2), Vec::new());
        while let Some(batch) = scan.next(&mut || Ok(())).unwrap() {
            offsets.extend((0..batch.len()).map(|n| batch.offset_of(n)));
        }
        (offsets, scan.take_told())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// What the blocks hold that may have a grave line are all grave lines of the log, as the fold from its first line
        /// tells them; and what is stored is what was told.
        #[test]
        fn no_grave_line_is_left_out(
            lines in prop::collection::vec((some_line(), prop::sample::select(vec![0_usize, 9_000, 40_000])), 20..60),
            least in prop::sample::select(vec![Level::Info, Level::Warning, Level::Error, Level::Critical]),
        ) {
            let lines: Vec<_> = lines.iter().map(|(line, filler)| format!("{line} {}\n", "x".repeat(*filler))).collect();
            let text = lines.concat();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let source = Arc::new(Source::open(file.path()).unwrap());
            let (seen, end) = (source.metadata().unwrap(), text.len() as u64);
            let mut twin = Vec::new();
            Levels::default().each(text.as_bytes(), 0, |line, level| {
                twin.extend(level.filter(|level| *level >= least).map(|_| line.start as u64));
            });
            let (all, told) = scanned(&source, vec![Extent { start: 0, end }], least);
            prop_assert_eq!(&all, &twin);
            let Some(index) = LevelIndex::of(&source, &seen, None, &told, end, &Elected::default()) else {
                prop_assert!(told.len() < 2, "{} blocks are told", told.len());
                return Ok(());
            };
            let index = LevelIndex::take(&index.content()).filter(|read| *read == index).unwrap();
            let covered = index.about.covered;
            for (start, stop) in [(0, covered), (covered / 3, covered / 2 + 1), (covered - 1, covered), (0, end + 1)] {
                let block = |at: u64| told.iter().filter(move |(extent, _)| extent.start <= at).count() - 1;
                let naive = (stop <= covered).then(|| {
                    told[block(start)..=block(stop - 1)].iter().any(|(_, levels)| levels.reaches(least))
                });
                prop_assert_eq!(index.has(least, Extent { start, end: stop }), naive);
            }
            let places = index.places(least, end);
            let (picked, again) = scanned(&source, places.extents.clone(), least);
            prop_assert_eq!(&picked, &twin);
            // Nothing is known now that was not known before.
            prop_assert_eq!(LevelIndex::of(&source, &seen, Some(index), &again, end, &Elected::default()), None);
        }

        #[test]
        fn what_two_indexes_leave_is_what_both_leave(
            ours in prop::collection::vec(any::<bool>(), 40), theirs in prop::collection::vec(any::<bool>(), 40),
        ) {
            let places = |bits: &[bool]| {
                let mut places = Places::default();
                for (at, _) in (0..).zip(bits).filter(|(_, bit)| **bit) {
                    places.push(Extent { start: at, end: at + 1 });
                }
                places.close(bits.len() as u64);
                places
            };
            let both: Vec<bool> = ours.iter().zip(&theirs).map(|(a, b)| *a && *b).collect();
            prop_assert_eq!(places(&ours).among(&places(&theirs), 40), places(&both));
        }
    }

    #[test]
    fn damaged_content_is_no_index() {
        let about = About { covered: 20, size: 30, last: Extent { start: 10, end: 20 }, ..About::default() };
        let mut grave = Set::default();
        grave.add(Level::Error);
        let index = LevelIndex { about, blocks: vec![(10, Set::default()), (20, grave)] };
        let content = index.content();
        assert_eq!(LevelIndex::take(&content), Some(index));
        for end in 0..content.len() {
            assert_eq!(LevelIndex::take(&content[..end]), None);
        }
        let set = content.len() - 1;
        for (at, byte) in [(set, 1), (set, 0x80), (set - 8, 9)] {
            let mut damaged = content.clone();
            damaged[at] = byte;
            assert_eq!(LevelIndex::take(&damaged), None, "{byte} at {at}");
        }
    }
}
