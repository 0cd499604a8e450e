//! The moments and streams that a container's runtime tells of the lines of a log, in a table beside the text.
//!
//! Of `2026-11-22T02:10:00.5Z stdout F step 1`, as Kubernetes writes it, `step 1` is the line, and is put into a text of its own
//! (`src/frame/`). When it was written and to which stream stands here, 16 bytes a line in the order of the text: the fold takes
//! that for the line's stamp, and looks for none on it. Of a line that had no frame nothing is told, and it keeps its own.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::formats::digits::eight_digits;
use super::formats::iso::Memo;
use super::{Frame, Stamp};
use crate::error::{Error, Result};

/// How many bytes an entry takes: where its line begins and, in the highest bits of that, the stream; and the moment, in
/// nanoseconds since 1970 UTC.
const ENTRY: usize = 16;
/// In which bit the number of the stream begins, 0 for none: no text is so long that its offsets need it.
const STREAM: u32 = 62;
/// How many entries are read at once.
const WINDOW: usize = 1024;
/// The moment of a line of which none is told.
pub const UNTOLD: i64 = i64::MIN;

/// The stream to which a program wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Both, by their numbers.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// What it is called: `Record.stream`, and "stream" of `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// The one of that name.
    #[inline]
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Stdout),
            b"stderr" => Some(Self::Stderr),
            _ => None,
        }
    }
}

/// Appends the entry of the line that begins at `offset` of the text, which was written to `stream` at `ns`.
#[inline]
pub fn put(table: &mut Vec<u8>, offset: u64, stream: Option<Stream>, ns: i64) {
    let number = stream.map_or(0, |stream| stream as u64 + 1);
    table.extend_from_slice(&(offset | number << STREAM).to_le_bytes());
    table.extend_from_slice(&ns.to_le_bytes());
}

/// Moves the lines of all entries by so many bytes; none of them to before the text, so that streams stay.
pub fn move_by(table: &mut [u8], bytes: u64) {
    for offset in table.chunks_exact_mut(ENTRY).filter_map(<[u8]>::first_chunk_mut) {
        *offset = u64::from_le_bytes(*offset).wrapping_add(bytes).to_le_bytes();
    }
}

/// A table of the moments and streams of a text's lines, in their order. It grows with the text, and is always ahead of it.
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

    /// The moment of the line that begins at `offset`, in nanoseconds since 1970 UTC, where one is told.
    pub fn moment(&self, offset: u64) -> Option<i64> {
        let (_, ns) = ToldWindow::default().entry(self, offset)?;
        (ns != UNTOLD).then_some(ns)
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
            if offset_of(u64::from_le_bytes(start)) <= offset {
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
pub struct ToldWindow {
    bytes: Vec<u8>,
    next: usize,
}

impl ToldWindow {
    /// The moment and the stream that `told` tells of the line that begins at `offset`. A table that cannot be read tells
    /// nothing.
    pub(super) fn at(&mut self, told: &Told, offset: u64) -> (Option<Stamp>, Option<Stream>) {
        let Some((stream, ns)) = self.entry(told, offset) else { return (None, None) };
        ((ns != UNTOLD).then(|| Stamp::new(Frame::Absolute, ns, 1)), stream)
    }

    /// The stream that `told` tells of the line that begins at `offset`.
    pub fn stream_at(&mut self, told: &Told, offset: u64) -> Option<Stream> {
        self.entry(told, offset)?.0
    }

    #[inline]
    fn entry(&mut self, told: &Told, offset: u64) -> Option<(Option<Stream>, i64)> {
        if self.start(self.next) != Some(offset) {
            let first = told.number(offset).ok()?;
            told.read(first, &mut self.bytes).ok()?;
            self.next = 0;
            if self.start(0) != Some(offset) {
                return None;
            }
        }
        let ns = self.word(self.next * ENTRY + 8).map(u64::cast_signed)?;
        let number = self.word(self.next * ENTRY)? >> STREAM;
        self.next += 1;
        let stream = number.checked_sub(1).and_then(|number| Stream::ALL.get(number as usize).copied());
        Some((stream, ns))
    }

    fn start(&self, entry: usize) -> Option<u64> {
        Some(offset_of(self.word(entry * ENTRY)?))
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.bytes.get(at..at + 8)?.first_chunk().map(|word| u64::from_le_bytes(*word))
    }
}

/// Where the line begins of which an entry has this as its first word.
#[inline]
fn offset_of(word: u64) -> u64 {
    word & ((1 << STREAM) - 1)
}

/// Up to its seconds: `2026-11-22T02:10:`.
const MINUTE_LEN: usize = 17;
/// A whole one with nine digits: `2026-11-22T02:10:00.000000000Z`.
const NANOS_LEN: usize = 30;
const A_MINUTE: i64 = 60_000_000_000;

/// Reads the stamps that runtimes write: RFC 3339, with a zone. It remembers the last minute, in which most lines are.
#[derive(Clone, Default)]
pub struct Rfc3339 {
    memo: Memo,
    minute: [u8; MINUTE_LEN],
    ns: i64,
}

impl Rfc3339 {
    /// The moment at `at`, in nanoseconds since 1970 UTC, and where it ends.
    pub fn at(&mut self, bytes: &[u8], at: usize) -> Option<(i64, usize)> {
        self.in_same_minute(bytes, at).or_else(|| self.anywhere(bytes, at))
    }

    /// One in the last minute, with nine digits and `Z`, at the end or before a blank: so most runtimes write them.
    #[inline]
    fn in_same_minute(&self, bytes: &[u8], at: usize) -> Option<(i64, usize)> {
        let end = at + NANOS_LEN;
        let ns = self.in_last_minute(bytes.get(at..)?)?;
        matches!(bytes.get(end), None | Some(b' ')).then_some((ns, end))
    }

    /// The moment at the head of `bytes`, if it is in the last minute and has nine digits and `Z`; what follows is not
    /// looked at.
    #[inline]
    pub fn in_last_minute(&self, bytes: &[u8]) -> Option<i64> {
        let head: &[u8; NANOS_LEN] = bytes.first_chunk()?;
        let (minute, rest) = head.split_at(MINUTE_LEN);
        let [s1 @ b'0'..=b'5', s2 @ b'0'..=b'9', b'.', fraction @ .., b'Z'] = rest else { return None };
        let (eight, [last @ b'0'..=b'9']) = fraction.split_first_chunk()? else { return None };
        if minute != self.minute {
            return None;
        }
        let nanos = eight_digits(*eight)? * 10 + i64::from(last - b'0');
        let seconds = i64::from(s1 - b'0') * 10 + i64::from(s2 - b'0');
        Some(self.ns + seconds * 1_000_000_000 + nanos)
    }

    #[inline(never)]
    fn anywhere(&mut self, bytes: &[u8], at: usize) -> Option<(i64, usize)> {
        if bytes.get(at + 10) != Some(&b'T') {
            return None;
        }
        let (stamp, end) = self.memo.at(bytes, at)?;
        if stamp.frame != Frame::Absolute {
            return None;
        }
        // A second 60 is one of the next minute.
        if bytes[end - 1] == b'Z' && bytes.get(at + MINUTE_LEN).is_some_and(|tens| *tens < b'6') {
            self.minute.copy_from_slice(&bytes[at..at + MINUTE_LEN]);
            self.ns = stamp.ns.div_euclid(A_MINUTE) * A_MINUTE;
        }
        Some((stamp.ns, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_remembered_of_a_minute_changes_nothing(
            stamps in proptest::collection::vec("2026-11-2[12]T02:1[0-3]:[0-6][0-9]\\.[0-9/]{8,9}[0-9](Z|[+]01:00)( x|x|)", 1..20),
        ) {
            let mut remembering = Rfc3339::default();
            for stamp in &stamps {
                let twin = Rfc3339::default().anywhere(stamp.as_bytes(), 0);
                prop_assert_eq!(remembering.at(stamp.as_bytes(), 0), twin, "{}", stamp);
            }
        }
    }
}
