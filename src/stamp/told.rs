//! Times that are told of each line and do not stand on it: those of a container's runtime, kept beside the text.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::iso::Memo;
use super::{Frame, Stamp};
use crate::error::{Error, Result};

/// How many bytes an entry takes: where its line begins, and the moment, in nanoseconds since 1970 UTC.
const ENTRY: usize = 16;
/// How many entries are read at once.
const WINDOW: usize = 1024;
/// The moment of a line of which none is told.
pub const UNTOLD: i64 = i64::MIN;

/// Appends the entry of the line that begins at `offset` of the text, of which `ns` is told.
pub fn put(table: &mut Vec<u8>, offset: u64, ns: i64) {
    table.extend_from_slice(&offset.to_le_bytes());
    table.extend_from_slice(&ns.to_le_bytes());
}

/// A table of the moments of a text's lines, in their order. It grows with the text, and is always ahead of it.
#[derive(Debug)]
pub struct Told {
    path: PathBuf,
    file: File,
}

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Told {}

impl Told {
    /// The table at `path`.
    ///
    /// # Errors
    /// `Error::Io` where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        Ok(Self { path: path.to_path_buf(), file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The entries from number `first` on, at most a window of them.
    fn read(&self, first: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.resize(WINDOW * ENTRY, 0);
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], first * ENTRY as u64 + filled as u64)? {
                0 => break,
                got => filled += got,
            }
        }
        bytes.truncate(filled - filled % ENTRY);
        Ok(())
    }

    /// The number of the last entry of a line that begins at `offset` or before.
    fn number(&self, offset: u64) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.file.metadata()?.len() / ENTRY as u64);
        let mut start = [0; 8];
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            self.file.read_exact_at(&mut start, middle * ENTRY as u64)?;
            if u64::from_le_bytes(start) <= offset {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// A part of a table that is looked into: lines come in order, so that the next entry is mostly the right one.
#[derive(Clone, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    next: usize,
}

impl Window {
    /// The moment that `told` tells of the line that begins at `offset`. A table that cannot be read tells nothing.
    pub(super) fn at(&mut self, told: &Told, offset: u64) -> Option<Stamp> {
        if self.start(self.next) != Some(offset) {
            let first = told.number(offset).ok()?;
            told.read(first, &mut self.bytes).ok()?;
            self.next = 0;
            if self.start(0) != Some(offset) {
                return None;
            }
        }
        let ns = self.word(self.next * ENTRY + 8).map(u64::cast_signed)?;
        self.next += 1;
        (ns != UNTOLD).then(|| Stamp::new(Frame::Absolute, ns, 1))
    }

    fn start(&self, entry: usize) -> Option<u64> {
        self.word(entry * ENTRY)
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.bytes.get(at..at + 8)?.first_chunk().map(|word| u64::from_le_bytes(*word))
    }
}

/// Reads the stamps that runtimes write: RFC 3339, with a zone.
#[derive(Clone, Default)]
pub struct Rfc3339(Memo);

impl Rfc3339 {
    /// The moment at `at`, in nanoseconds since 1970 UTC, and where it ends.
    pub fn at(&mut self, bytes: &[u8], at: usize) -> Option<(i64, usize)> {
        if bytes.get(at + 10) != Some(&b'T') {
            return None;
        }
        let (stamp, end) = self.0.at(bytes, at)?;
        (stamp.frame == Frame::Absolute).then_some((stamp.ns, end))
    }
}
