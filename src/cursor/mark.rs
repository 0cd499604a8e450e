//! How far one log was handed out, and the evidence that a file is that log.

use std::path::Path;

use memchr::memrchr;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::Result;
use crate::file::block::Block;
use crate::file::source::{Identity, Source};
use crate::line::Line;

/// How many bytes before the place are evidence.
const TAIL: u64 = 4096;

/// The fingerprint of some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Print {
    /// How many.
    pub length: u64,
    /// Their hash.
    pub hash: u64,
}

impl Print {
    fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, hash: xxh3_64(bytes) }
    }

    /// What stands before `place` of a block that was read behind `before`.
    fn before(before: &[u8], block: &Block, place: usize) -> Self {
        let tail = block.solid_before(place, TAIL as usize);
        // A block of a follow may be a line, or a piece of one, which alone is little evidence.
        let missing = if tail.len() == place { TAIL as usize - tail.len() } else { 0 };
        Self::of(&[&before[before.len().saturating_sub(missing)..], tail].concat())
    }

    /// The last of `bytes`.
    fn end_of(bytes: &[u8]) -> Self {
        Self::of(&bytes[bytes.len().saturating_sub(TAIL as usize)..])
    }

    /// What stands before `end` of the file now.
    fn in_file(source: &Source, end: u64) -> Result<Self> {
        let mut tail = vec![0; end.min(TAIL) as usize];
        let got = source.read(end - tail.len() as u64, &mut tail)?;
        tail.truncate(got);
        Ok(Self::of(&tail))
    }

    /// Whether it is of what stands at `offset` of the file.
    fn stands(self, source: &Source, offset: u64) -> Result<bool> {
        // As long as it is made here, whatever a forged one says.
        let Ok(length) = usize::try_from(self.length.min(TAIL)) else { return Ok(false) };
        let mut bytes = vec![0; length];
        let got = source.read(offset, &mut bytes)?;
        Ok(got == length && self == Self::of(&bytes))
    }
}

/// Lines of a log of which some were handed out, because many logs were put in one order: those up to `key` in that
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// It speaks of lines that begin here or later, in bytes.
    pub begin: u64,
    /// It speaks of lines that begin before this, in bytes.
    pub end: u64,
    /// What lines are ordered by; those with a smaller one were handed out.
    pub key: i64,
    /// Of the lines with the same key, those that begin before this were.
    pub limit: u64,
}

impl Tier {
    /// All lines that begin in `begin..end` were handed out.
    pub fn all(begin: u64, end: u64) -> Self {
        Self { begin, end, key: i64::MAX, limit: u64::MAX }
    }

    /// Whether a line with `key` whose text stands at `offset..end` was handed out. Of one that goes on behind the end
    /// only the beginning was there, and has gone out unfinished.
    pub fn covers(&self, key: i64, offset: u64, end: u64) -> bool {
        self.begin <= offset
            && offset < self.end
            && end <= self.end
            && (key < self.key || (key == self.key && offset < self.limit))
    }

    /// Whether all that it speaks of was handed out where `other` says what was.
    pub fn is_within(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|tier| (tier.key, tier.limit));
        other.begin <= self.begin && self.end <= other.end && own <= others
    }
}

/// The name by which a log is known from any directory.
fn absolute(name: &Path) -> String {
    let name = std::path::absolute(name).unwrap_or_else(|_| name.to_path_buf());
    name.to_string_lossy().into_owned()
}

/// How far a log was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The path by which it was known.
    pub name: String,
    /// Which file it was.
    pub identity: Identity,
    /// What stood at its beginning.
    pub head: Print,
    /// What stood before the place.
    pub tail: Print,
    /// All lines that begin before this were handed out, in bytes.
    pub at: u64,
    /// So many bytes of the line there were, too: it was the last of the file, and not finished.
    pub open: u64,
    /// What stood before the end of those bytes; nothing where that is not known.
    pub opened: Print,
    /// Lines behind it that were handed out.
    pub tiers: Vec<Tier>,
    /// Nothing else was in the file then.
    pub whole: bool,
    /// A follow has left it behind: its name went to another file, or its text to a copy before it was cut.
    pub left: bool,
}

impl Mark {
    /// Behind `line` of a block that was read of `source`, known as `name`, and before which `before` stood. Nothing is
    /// read: the file may be another one by now.
    pub fn behind(source: &Source, name: &Path, (before, block): (&[u8], &Block), line: Line) -> Self {
        let whole = line.of(block.bytes()).ends_with(b"\n");
        // Of an unfinished line there may be pieces before this one.
        let begin = || memrchr(b'\n', &block.bytes()[..line.start]).map_or(0, |end| end + 1);
        let place = if whole { line.end } else { begin() };
        // Before a hole that follows, so that what stands before the place is what stood on the line.
        let at = place.checked_sub(1).map_or(block.file_offset(0), |last| block.file_offset(last) + 1);
        let open = if whole { 0 } else { (line.end - place) as u64 };
        let tail = Print::before(before, block, place);
        let opened = if whole { Print::default() } else { Print::before(before, block, line.end) };
        Self { tail, at, open, opened, ..Self::at_start(source, name) }
    }

    /// At `at` of `source`, a line start, as the file is now.
    pub fn at(source: &Source, name: &Path, at: u64) -> Result<Self> {
        Ok(Self { tail: Print::in_file(source, at)?, at, ..Self::at_start(source, name) })
    }

    /// At `at` of `source`, a line start, and behind `open` bytes of the line there, which is not finished, as the file is now.
    pub fn at_open(source: &Source, name: &Path, at: u64, open: u64) -> Result<Self> {
        let mark = Self::at(source, name, at)?;
        Ok(if open > 0 { Self { open, opened: Print::in_file(source, at + open)?, ..mark } } else { mark })
    }

    /// Where a follow left `source`, known as `name`, all of which was handed out up to `at`: behind `bytes`, of which the last
    /// `open` are of a line that was not finished. Nothing is read: what stood there may be in a copy by now.
    pub fn left(source: &Source, name: &Path, at: u64, bytes: &[u8], open: usize) -> Self {
        let tail = Print::end_of(&bytes[..bytes.len().saturating_sub(open)]);
        let opened = if open > 0 { Print::end_of(bytes) } else { Print::default() };
        let open = open as u64;
        Self { tail, at, open, opened, whole: true, left: true, ..Self::at_start(source, name) }
    }

    /// No file stood beside the log that is known as `name`: whatever stands there later came after the cursor.
    pub fn alone(name: &Path) -> Self {
        Self {
            name: absolute(name),
            identity: Identity { device: 0, inode: 0 },
            head: Print::default(),
            tail: Print::default(),
            at: 0,
            open: 0,
            opened: Print::default(),
            tiers: Vec::new(),
            whole: true,
            left: true,
        }
    }

    /// Whether it says that; no file has that number, so it fits none.
    pub fn is_alone(&self) -> bool {
        self.left && self.identity == Identity { device: 0, inode: 0 }
    }

    /// Not behind `line`, of the text before the place, nor behind what comes after that: what stands before it there is `tail`.
    #[must_use]
    pub fn back_to(&self, line: u64, tail: &[u8]) -> Self {
        let (tail, opened) = (Print::end_of(tail), Print::default());
        Self { tail, at: line, open: 0, opened, whole: false, ..self.clone() }
    }

    /// The same of a log that is known as `name`.
    #[must_use]
    pub fn called(&self, name: &Path) -> Self {
        Self { name: absolute(name), ..self.clone() }
    }

    fn at_start(source: &Source, name: &Path) -> Self {
        Self {
            name: absolute(name),
            identity: source.identity(),
            head: Print::of(&source.head()),
            tail: Print::of(&[]),
            at: 0,
            open: 0,
            opened: Print::default(),
            tiers: Vec::new(),
            whole: false,
            left: false,
        }
    }

    /// Where to go on in `source`, if that is the log that was marked; else `None`.
    pub fn fits(&self, source: &Source) -> Result<Option<u64>> {
        let nothing_known = self.head.length == 0 && self.tail.length == 0;
        let tail = self.at.checked_sub(self.tail.length);
        let (Some(tail), false) = (tail, nothing_known && source.identity() != self.identity) else {
            return Ok(None);
        };
        if source.size()? < self.at || !self.head.stands(source, 0)? || !self.tail.stands(source, tail)? {
            return Ok(None);
        }
        self.behind_open(source).map(Some)
    }

    /// Behind the line that was not finished, if it is as it was, or was finished there; else at its beginning.
    fn behind_open(&self, source: &Source) -> Result<u64> {
        let Some(end) = self.at.checked_add(self.open).filter(|_| self.open > 0) else { return Ok(self.at) };
        let opened = end.checked_sub(self.opened.length);
        if !opened.map_or(Ok(false), |offset| self.opened.stands(source, offset))? {
            return Ok(self.at);
        }
        let mut next = [0];
        Ok(match source.read(end, &mut next)? {
            0 if source.size()? == end => end,
            1 if next == *b"\n" => end + 1,
            _ => self.at,
        })
    }
}
