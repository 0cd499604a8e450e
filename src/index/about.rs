//! Of which log an index speaks, and whether that is still the one.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use xxhash_rust::xxh3::xxh3_64;

use crate::file::block::Extent;
use crate::file::source::Source;
use crate::stamp::Elected;

use super::codec::Reader;

/// How much of the log's head, and of the end of its last indexed block, is fingerprinted.
const PRINT: usize = 64 << 10;

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
            head: print(source, 0, last.end)?,
            last,
            tail: print(source, last.start, last.end)?,
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
            && print(source, 0, self.last.end) == Some(self.head)
            && print(source, self.last.start, self.last.end) == Some(self.tail)
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

/// The fingerprint of the log's head up to `end` (`start` 0), or of what lies before `end`.
fn print(source: &Source, start: u64, end: u64) -> Option<u64> {
    let (start, end) = if start == 0 {
        (0, end.min(PRINT as u64))
    } else {
        (start.max(end.saturating_sub(PRINT as u64)), end)
    };
    let mut bytes = vec![0; end.checked_sub(start)? as usize];
    (source.read(start, &mut bytes).ok()? == bytes.len()).then(|| xxh3_64(&bytes))
}
