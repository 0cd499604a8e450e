//! The unfinished line at the end of a file that is followed: when to show it before its `\n` is there.
//!
//! Progress bars end in `\r` and prompts in nothing at all. So text goes out at each `\r`, and when nothing has come
//! for [`STILL`]. A last `\r` waits that long, for it may be half of `\r\n`; so does half a character.

use std::time::{Duration, Instant};

use crate::batch::{Batch, Selection};
use crate::error::Result;
use crate::file::block::{BLOCK, Block, Extent, Pulse};
use crate::file::source::Source;
use crate::line::Line;
use crate::pattern::Candidate;
use crate::system::time_source::TimeSource;

/// How long the end of the file must be still before unfinished text is shown.
pub const STILL: Duration = Duration::from_millis(50);

/// What is known of the unfinished line.
///
/// The follow asks it for pieces after each look at which no line became whole. It keeps no text, only how far the file was
/// searched for `\r` and since when its size is the same: the text is read when it goes out, so a bar that redraws a thousand
/// times between two looks costs one read. A file that was cut begins with a new one.
#[derive(Debug)]
pub struct Partial {
    size: u64,
    since: Instant,
    searched: u64,
    shown: bool,
    time: TimeSource,
}

impl Partial {
    /// Nothing is known yet.
    pub fn new(time: TimeSource) -> Self {
        Self { size: 0, since: time.now(), searched: 0, shown: false, time }
    }

    /// How long until the text before `size` counts as still, if it does not yet.
    pub fn patience(&self, at: u64) -> Option<Duration> {
        (self.size > at && !self.shown).then(|| STILL.saturating_sub(self.time.since(self.since)))
    }

    /// The pieces of the unfinished line `at..size` that may go out now. `is_all`: the file ends there, and it is not for
    /// another log that the rest has to wait.
    pub fn pieces(&mut self, source: &Source, at: u64, size: u64, is_all: bool) -> Result<Option<Batch>> {
        if size != self.size || !is_all {
            (self.size, self.since, self.shown) = (size, self.time.now(), false);
        }
        if size <= at || self.shown {
            return Ok(None);
        }
        if self.time.since(self.since) >= STILL {
            self.shown = true;
            return Ok(rest(source, at, size)?.and_then(|bytes| batch(at, bytes, whole_characters)));
        }
        self.searched = self.searched.max(at);
        let mut fresh = vec![0; (size - self.searched) as usize];
        let got = source.read(self.searched, &mut fresh)?;
        let Some(last) = memchr::memrchr(b'\r', &fresh[..got.saturating_sub(1)]) else {
            // A last \r is looked at again when more has come.
            self.searched += got.saturating_sub(1) as u64;
            return Ok(None);
        };
        let end = self.searched + last as u64 + 1;
        self.searched = end;
        Ok(rest(source, at, end)?.and_then(|bytes| batch(at, bytes, <[u8]>::len)))
    }
}

/// All of `at..size` as the last items of a file to which nobody will write any more.
pub fn last_pieces(source: &Source, extent: Extent) -> Result<Option<Batch>> {
    let bytes = read(source, extent.start, extent.end)?;
    Ok(batch(extent.start, bytes, <[u8]>::len))
}

/// What stands at the start of `extent` up to its first `\n`, as one item; `None` if the file was cut meanwhile.
pub fn rest_of_line(source: &Source, extent: Extent, pulse: Pulse<'_>) -> Result<Option<Batch>> {
    let mut bytes = Vec::new();
    loop {
        pulse()?;
        let from = extent.start + bytes.len() as u64;
        let more = read(source, from, extent.end.min(from + BLOCK as u64))?;
        let end = memchr::memchr(b'\n', &more).map(|i| i + 1);
        bytes.extend_from_slice(&more[..end.unwrap_or(more.len())]);
        if end.is_some() {
            let line = Line { start: 0, end: bytes.len() };
            return Ok(Some(items(extent.start, bytes, vec![Candidate { line, certain: true }])));
        }
        if more.is_empty() {
            return Ok(None);
        }
    }
}

/// The text of `at..end`, unless it is all NULs, which may be the beginning of a hole.
fn rest(source: &Source, at: u64, end: u64) -> Result<Option<Vec<u8>>> {
    let bytes = read(source, at, end)?;
    Ok(bytes.iter().any(|&b| b != 0).then_some(bytes))
}

fn read(source: &Source, at: u64, end: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; (end - at) as usize];
    let got = source.read(at, &mut bytes)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// A batch of the pieces of `bytes`, each up to and including a `\r`, as far as `whole` says that they go.
fn batch(at: u64, mut bytes: Vec<u8>, whole: fn(&[u8]) -> usize) -> Option<Batch> {
    bytes.truncate(whole(&bytes));
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\r', &bytes).map(|i| i + 1).chain([bytes.len()]) {
        if end > start {
            pieces.push(Candidate { line: Line { start, end }, certain: true });
        }
        start = end;
    }
    (!pieces.is_empty()).then(|| items(at, bytes, pieces))
}

fn items(at: u64, bytes: Vec<u8>, pieces: Vec<Candidate>) -> Batch {
    let mut block = Block::of(at, bytes);
    block.decode();
    Batch::new(block, Selection::Picked(pieces))
}

/// The length of `bytes` without the beginning of a character at its end.
fn whole_characters(bytes: &[u8]) -> usize {
    let begins = |&start: &usize| !(0x80..=0xbf).contains(&bytes[start]);
    let last = (bytes.len().saturating_sub(3)..bytes.len()).rev().find(begins);
    // An error without a length is a character that may yet be completed.
    let is_begun =
        |&start: &usize| std::str::from_utf8(&bytes[start..]).is_err_and(|e| e.error_len().is_none());
    last.filter(is_begun).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_whose_rest_has_to_wait_is_not_still() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "unfinished\n").unwrap();
        let (source, time) = (Source::open(file.path()).unwrap(), TimeSource::by_hand());
        let mut partial = Partial::new(time.clone());
        let mut shown = |is_all| {
            let batch = partial.pieces(&source, 0, 2, is_all).unwrap();
            time.advance(STILL);
            batch.map(|batch| batch.block.bytes().to_vec())
        };
        assert_eq!([shown(false), shown(false), shown(true)], [None, None, Some(b"un".to_vec())]);
    }

    #[test]
    fn half_a_character_is_held() {
        assert_eq!(whole_characters("5 %".as_bytes()), 3);
        assert_eq!(whole_characters("né".as_bytes()), 3);
        assert_eq!(whole_characters(b"n\xc3"), 1);
        assert_eq!(whole_characters(b"\xf0\x9f\x98"), 0);
        assert_eq!(whole_characters("😀".as_bytes()), 4);
        // Never to become a character, so not held.
        assert_eq!(whole_characters(b"n\xff"), 2);
        assert_eq!(whole_characters(b"n\x80\x80\x80"), 4);
        assert_eq!(whole_characters(b"\xe0\x80"), 2);
    }
}
