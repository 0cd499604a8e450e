//! Of which log an index speaks, and whether that is still the one.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use xxhash_rust::xxh3::xxh3_64;

use crate::file::block::{BLOCK, Extent, whole_end};
use crate::file::source::Source;
use crate::stamp::Elected;

use super::codec::Reader;

/// How much of the log's head, and of the end of its last indexed block, is fingerprinted.
const PRINT: u64 = 64 << 10;

/// The log as it was when it was indexed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The file's number on its device.
    pub inode: u64,
    /// Its size, in bytes.
    pub size: u64,
    /// When its inode last changed, in seconds and nanoseconds.
    pub changed: (i64, i64),
    /// Up to where its blocks are indexed.
    pub covered: u64,
    /// How many lines that is.
    pub lines: u64,
    /// A fingerprint of its beginning.
    pub head: u64,
    /// The last indexed block.
    pub last: Extent,
    /// A fingerprint of that block's end.
    pub tail: u64,
    /// The ambiguous format that it elected.
    pub elected: Elected,
    /// Where it was, so that [`super::cache::prune`] can tell whether it is still there.
    pub path: Vec<u8>,
}

impl About {
    /// The log as it is now, with the blocks up to `last` indexed.
    pub fn of(
        source: &Source,
        seen: &Metadata,
        covered: u64,
        lines: u64,
        last: Extent,
        elected: &Elected,
    ) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt;
        Some(Self {
            inode: seen.ino(),
            size: seen.len(),
            changed: (seen.ctime(), seen.ctime_nsec()),
            covered,
            lines,
            head: head(source, last)?,
            last,
            tail: tail(source, last)?,
            elected: elected.clone(),
            path: std::path::absolute(source.path()).ok()?.as_os_str().as_bytes().to_vec(),
        })
    }

    /// Whether the log is still the one that was indexed, grown perhaps.
    pub fn speaks_of(&self, source: &Source, seen: &Metadata) -> bool {
        if self.inode != seen.ino() || self.covered > seen.len() {
            return false;
        }
        if self.size == seen.len() {
            return self.changed == (seen.ctime(), seen.ctime_nsec());
        }
        self.size < seen.len()
            && head(source, self.last) == Some(self.head)
            && tail(source, self.last) == Some(self.tail)
    }

    /// The same of an index that says how the fold stands before each block: the last of them must also be cut where it was.
    ///
    /// That hangs on the line behind it too, which reached over the end of the block and was not indexed: if it was cut off,
    /// shorter ones may stand there by now.
    pub fn has_blocks_of(&self, source: &Source, seen: &Metadata) -> bool {
        self.speaks_of(source, seen) && (self.size == seen.len() || self.ends_where_it_did(source))
    }

    fn ends_where_it_did(&self, source: &Source) -> bool {
        let Extent { start, end } = self.last;
        let goal = start.saturating_add(BLOCK as u64);
        // A block that is longer is one line.
        goal <= end
            || whole_end(source, Extent { start: end, end: goal }, &mut || Ok(())).is_ok_and(|at| at == end)
    }

    /// Adds it to `out`, as it is stored.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        for n in [
            self.inode,
            self.size,
            self.covered,
            self.lines,
            self.head,
            self.last.start,
            self.last.end,
            self.tail,
        ] {
            out.extend(n.to_le_bytes());
        }
        out.extend(self.changed.0.to_le_bytes());
        out.extend(self.changed.1.to_le_bytes());
        out.extend(self.elected.code().to_le_bytes());
        out.extend((self.path.len() as u32).to_le_bytes());
        out.extend(&self.path);
    }

    /// As it was stored.
    pub(super) fn take(from: &mut Reader<'_>) -> Option<Self> {
        let (inode, size, covered, lines) = (from.u64()?, from.u64()?, from.u64()?, from.u64()?);
        let (head, last, tail) = (from.u64()?, Extent { start: from.u64()?, end: from.u64()? }, from.u64()?);
        let changed = (from.i64()?, from.i64()?);
        let elected = Elected::from_code(from.u32()?)?;
        let count = from.count(1 << 16)?;
        let path = from.bytes(count)?.to_vec();
        let sound = last.start < last.end && last.end <= covered && covered <= size && lines <= covered;
        sound.then_some(Self { inode, size, changed, covered, lines, head, last, tail, elected, path })
    }
}

/// The fingerprint of the log's head, up to the end of its last indexed block.
fn head(source: &Source, last: Extent) -> Option<u64> {
    print(source, Extent { start: 0, end: last.end.min(PRINT) })
}

/// The fingerprint of the end of that block.
fn tail(source: &Source, last: Extent) -> Option<u64> {
    // Also where it is the first one, and its head is that of the log.
    print(source, Extent { start: last.start.max(last.end.saturating_sub(PRINT)), end: last.end })
}

fn print(source: &Source, Extent { start, end }: Extent) -> Option<u64> {
    let mut bytes = vec![0; end.checked_sub(start)? as usize];
    (source.read(start, &mut bytes).ok()? == bytes.len()).then(|| xxh3_64(&bytes))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::index::{Index, Keep, Options};
    use crate::stamp::{Reference, Window};
    use crate::testing::cases;
    use jiff::tz::TimeZone;

    /// Where the index of a log says that its blocks are.
    fn extents(path: &Path, keep: &Keep) -> Vec<Extent> {
        let source = Arc::new(Source::open(path).unwrap());
        let options = Options { stored_from: 0, grown: 0, ..Options::new(keep.clone()) };
        let mut index = Index::of(&source, source.size().unwrap(), options, &mut || Ok(())).unwrap();
        let mut clock = index.clock(TimeZone::UTC, Reference::Mtime(0));
        let pieces = index.plan(&source, Window::default(), &mut clock, &mut || Ok(())).unwrap();
        pieces.iter().map(|piece| piece.entry.extent).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases(48)))]

        /// Also where the end of what was indexed stays, and that of the log was cut off.
        #[test]
        fn blocks_of_a_log_that_was_cut_and_grew_again_are_those_of_its_text(
            lengths in proptest::collection::vec(prop_oneof![100..3000_usize, 50_000..400_000_usize], 4..16),
            cut in 0..500_000_u64,
            more in proptest::collection::vec(prop_oneof![100..3000_usize, 50_000..400_000_usize], 1..16),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (path, keep) = (folder.path().join("a.log"), Keep::Directory(folder.path().join("kept")));
            let text = |lengths: &[usize], letter: &str| -> String {
                let line = |length: &usize| ["2026-11-22 02:10:00 ", &letter.repeat(*length), "\n"].concat();
                lengths.iter().map(line).collect()
            };
            std::fs::write(&path, text(&lengths, "x")).unwrap();
            extents(&path, &keep);
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len(length.saturating_sub(cut)).unwrap();
            while file.metadata().unwrap().len() <= length {
                file.write_all(text(&more, "y").as_bytes()).unwrap();
            }
            prop_assert_eq!(extents(&path, &keep), extents(&path, &Keep::Nowhere));
        }
    }

    #[test]
    fn the_end_of_the_only_block_that_is_indexed_is_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let (path, keep) = (folder.path().join("a.log"), Keep::Directory(folder.path().join("kept")));
        let lines = |count: usize| "2026-11-22 02:10:00 step\n".repeat(count);
        // A bar that is one long line, behind the first block.
        let bar = |length: usize| "=".repeat(length) + "\n";
        std::fs::write(&path, lines(8_000) + &bar(300_000)).unwrap();
        assert_eq!(extents(&path, &keep).len(), 2);
        // The log was cut within that block, behind its first 64 KiB.
        std::fs::write(&path, lines(4_000) + &bar(500_000)).unwrap();
        assert_eq!(extents(&path, &keep), extents(&path, &Keep::Nowhere));
    }
}
