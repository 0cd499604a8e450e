//! Blocks: a file cut at line ends into pieces that fit a core's cache, each copied into private memory.
//!
//! A **hole** is 4,096 or more NULs at the start of the file or of a line: what a truncation leaves under a writer
//! that keeps its offset. Holes are not text; they are dropped here, so that nothing after this module sees one.

use crate::error::{Error, Result};
use crate::file::source::Source;
use crate::line;

use super::buffers;
pub use super::cut::{Cutter, Extent, Pulse, cut_back, nuls_end, whole_end};
pub use super::tail::Tail;

/// How many bytes a block aims to hold. Twice this fits the second-level cache of the machines that train.
pub const BLOCK: usize = 256 << 10;

/// The least number of NULs at the start of a line that makes a hole.
pub const HOLE: usize = 4096;

pub(super) fn shrunk(source: &Source, size: u64, wanted: u64) -> Error {
    let detail = format!("truncated to {size} bytes while bytes up to {wanted} were being read");
    Error::Truncated { path: source.path().to_path_buf(), size, detail }
}

/// Bytes that were dropped from a block before `at`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) at: usize,
    pub(super) length: u64,
}

/// Whole lines of a file, in private memory, without holes.
///
/// Everything after this module works on blocks: the pattern searches them, the stamps are found in them, and batches
/// are a block with the lines of it that are meant. The copy is the price for bytes that no other process can change
/// between a search and the `str` that is made of the line.
#[derive(Debug, Default)]
pub struct Block {
    pub(super) offset: u64,
    text: Content,
    pub(super) gaps: Vec<Gap>,
}

/// A block's bytes, as text where they are valid UTF-8 (checked once a block, not once a line).
#[derive(Debug)]
enum Content {
    Unchecked(Vec<u8>),
    Utf8(String),
    Other(Vec<u8>),
}

impl Content {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Unchecked(bytes) | Self::Other(bytes) => bytes,
            Self::Utf8(text) => text.into_bytes(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Unchecked(Vec::new())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        buffers::give(std::mem::take(&mut self.text).into_bytes());
    }
}

impl Block {
    /// Reads `extent` into this block, in place of what it held.
    ///
    /// If the file ends within the extent, the block holds the whole lines that are there, and the error is returned
    /// beside it.
    pub fn read(&mut self, source: &Source, extent: Extent) -> Result<()> {
        let mut bytes = std::mem::take(self).into_bytes();
        let length = extent.len() as usize;
        if bytes.capacity() == 0 {
            bytes = buffers::take(length);
        }
        // Growing only: zeroing a buffer that is about to be overwritten costs as much as a third of the read.
        if bytes.len() < length {
            // A line that does not fit the memory is an error and not the end of the process.
            let more = length - bytes.len();
            let path = || source.path().to_path_buf();
            bytes
                .try_reserve_exact(more)
                .map_err(|_| Error::Memory { path: path(), length: extent.len() })?;
            bytes.resize(length, 0);
        } else {
            bytes.truncate(length);
        }
        let got = source.read(extent.start, &mut bytes)?;
        let short = got < length;
        if short {
            bytes.truncate(line::whole(&bytes[..got]));
        }
        self.offset = extent.start;
        self.gaps = drop_holes(&mut bytes);
        self.text = Content::Unchecked(bytes);
        if short { Err(shrunk(source, extent.start + got as u64, extent.end)) } else { Ok(()) }
    }

    /// Drops the NULs with which it begins, for they go on with a hole before it.
    pub fn drop_first_nuls(&mut self) {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        let nuls = bytes.iter().take_while(|&&b| b == 0).count();
        bytes.drain(..nuls);
        self.gaps.iter_mut().for_each(|gap| gap.at -= nuls.min(gap.at));
        self.offset += nuls as u64;
        self.text = Content::Unchecked(bytes);
    }

    /// A block of `bytes` that stand at `offset` of a file and hold no hole.
    pub fn of(offset: u64, bytes: Vec<u8>) -> Self {
        Self { offset, text: Content::Unchecked(bytes), gaps: Vec::new() }
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match &self.text {
            Content::Unchecked(bytes) | Content::Other(bytes) => bytes,
            Content::Utf8(text) => text.as_bytes(),
        }
    }

    /// Its bytes, as a buffer to use again.
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.text).into_bytes()
    }

    /// Finds out whether it is valid UTF-8, so that [`Block::text`] costs nothing a line.
    pub fn decode(&mut self) {
        if let Content::Unchecked(bytes) = &mut self.text {
            self.text = match String::from_utf8(std::mem::take(bytes)) {
                Ok(text) => Content::Utf8(text),
                Err(error) => Content::Other(error.into_bytes()),
            };
        }
    }

    /// The whole block as text, if it was decoded and is valid UTF-8.
    #[inline]
    pub fn text(&self) -> Option<&str> {
        match &self.text {
            Content::Utf8(text) => Some(text),
            _ => None,
        }
    }

    /// Where in the file it begins, though a hole may stand there.
    pub fn start(&self) -> u64 {
        self.offset
    }

    /// Where in the file the byte at `position` of this block stands.
    #[inline]
    pub fn file_offset(&self, position: usize) -> u64 {
        let dropped: u64 = self.gaps.iter().filter(|g| g.at <= position).map(|g| g.length).sum();
        self.offset + position as u64 + dropped
    }

    /// The bytes before `position`, at most `most`, that stand together in the file.
    pub fn solid_before(&self, position: usize, most: usize) -> &[u8] {
        let gap = self.gaps.iter().map(|gap| gap.at).filter(|&at| at < position).max().unwrap_or(0);
        &self.bytes()[gap.max(position.saturating_sub(most))..position]
    }

    /// Where in the file the byte after its last one stands.
    pub fn end(&self) -> u64 {
        self.file_offset(self.bytes().len())
    }

    /// A copy of `start..end`, which are whole lines.
    #[must_use]
    pub fn part(&self, start: usize, end: usize) -> Self {
        let text = match &self.text {
            Content::Unchecked(bytes) => Content::Unchecked(bytes[start..end].to_vec()),
            Content::Utf8(text) => Content::Utf8(text[start..end].to_owned()),
            Content::Other(bytes) => Content::Other(bytes[start..end].to_vec()),
        };
        let within = self.gaps.iter().filter(|gap| gap.at > start && gap.at < end);
        let gaps = within.map(|gap| Gap { at: gap.at - start, length: gap.length }).collect();
        Self { offset: self.file_offset(start), text, gaps }
    }

    /// How many holes were dropped from it.
    pub fn holes(&self) -> u64 {
        self.gaps.len() as u64
    }
}

/// Whether a hole may be in `bytes`: a run of [`HOLE`] bytes covers a multiple of HOLE, so one look in each 4,096 bytes
/// finds every hole.
pub fn may_hold_hole(bytes: &[u8]) -> bool {
    bytes.iter().step_by(HOLE).any(|&b| b == 0)
}

/// Drops every hole from `bytes`, which begin at a line start; says where they were.
fn drop_holes(bytes: &mut Vec<u8>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if !may_hold_hole(bytes) {
        return gaps;
    }
    let (mut kept, mut next) = (0, 0);
    while let Some(line) = line::at(bytes, next) {
        let nuls = bytes[line.start..line.end].iter().take_while(|&&b| b == 0).count();
        let start = if nuls >= HOLE { line.start + nuls } else { line.start };
        if start > line.start {
            gaps.push(Gap { at: kept, length: nuls as u64 });
        }
        bytes.copy_within(start..line.end, kept);
        kept += line.end - start;
        next = line.end;
    }
    bytes.truncate(kept);
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The twin: holes dropped from the whole file at once, line by line.
    fn without_holes(file: &[u8]) -> Vec<u8> {
        let mut kept = Vec::new();
        for line in file.split_inclusive(|&b| b == b'\n') {
            let nuls = line.iter().take_while(|&&b| b == 0).count();
            kept.extend_from_slice(if nuls >= HOLE { &line[nuls..] } else { line });
        }
        kept
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            5 => proptest::collection::vec(any::<u8>(), 0..100),
            3 => Just(b"a line\n".to_vec()),
            1 => (0usize..3 * HOLE).prop_map(|n| vec![0; n]),
            1 => (BLOCK - 10..BLOCK + 10).prop_map(|n| vec![b'x'; n]),
            1 => (BLOCK - 10..2 * BLOCK + 10).prop_map(|n| vec![0; n]),
            1 => Just(b"some line\n".repeat(BLOCK / 10 - 1)),
        ]
    }

    /// A file of `content`, and its source; `None` if it looks like a compressed one.
    fn open(content: &[u8]) -> Option<(tempfile::NamedTempFile, Source)> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let source = Source::open(file.path()).ok()?;
        Some((file, source))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn blocks_joined_are_the_file_without_its_holes(pieces in proptest::collection::vec(piece(), 0..12)) {
            let content = pieces.concat();
            let opened = open(&content);
            prop_assume!(opened.is_some());
            let (_file, source) = opened.unwrap();
            let mut cutter = Cutter::new(Extent { start: 0, end: content.len() as u64 });
            let (mut joined, mut block) = (Vec::new(), Block::default());
            while let Some(extent) = cutter.cut(&source, &mut || Ok(())).unwrap() {
                block.read(&source, extent).unwrap();
                for l in line::lines(block.bytes()) {
                    let at = block.file_offset(l.start) as usize;
                    prop_assert_eq!(&content[at..at + l.end - l.start], l.of(block.bytes()));
                    prop_assert!(l.end == block.bytes().len() || l.of(block.bytes()).ends_with(b"\n"));
                }
                joined.extend_from_slice(block.bytes());
            }
            prop_assert_eq!(&joined, &without_holes(&content));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn cutting_back_gives_the_same_lines(pieces in proptest::collection::vec(piece(), 0..12)) {
            let content = pieces.concat();
            let opened = open(&content);
            prop_assume!(opened.is_some());
            let (_file, source) = opened.unwrap();
            let (mut blocks, mut end) = (Vec::new(), content.len() as u64);
            while end > 0 {
                let (extent, before) = cut_back(&source, end, &mut || Ok(())).unwrap();
                prop_assert!(before < end);
                let mut block = Block::default();
                block.read(&source, extent).unwrap();
                blocks.push(block);
                end = before;
            }
            blocks.reverse();
            let joined: Vec<u8> = blocks.iter().flat_map(|b| b.bytes().to_vec()).collect();
            prop_assert_eq!(&joined, &without_holes(&content));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whole_lines_end_at_the_last_line_end(
            pieces in proptest::collection::vec(piece(), 0..8),
            (start, end) in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let content = pieces.concat();
            let opened = open(&content);
            prop_assume!(opened.is_some());
            let (_file, source) = opened.unwrap();
            // Its end may lie past that of the file.
            let end = end.index(content.len() + 100);
            let start = start.index(end + 1);
            let extent = Extent { start: start as u64, end: end as u64 };
            let there = content.get(start..end.min(content.len())).unwrap_or_default();
            let whole = there.iter().rposition(|&b| b == b'\n');
            prop_assert_eq!(whole_end(&source, extent, &mut || Ok(())).unwrap(), (start + whole.map_or(0, |i| i + 1)) as u64);
        }
    }

    #[test]
    fn a_file_cut_under_a_read_gives_its_whole_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"one\ntwo\nthree\n").unwrap();
        let source = Source::open(file.path()).unwrap();
        std::fs::write(file.path(), b"one\ntw").unwrap();
        let mut block = Block::default();
        let error = block.read(&source, Extent { start: 0, end: 14 }).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }));
        assert_eq!(block.bytes(), b"one\n");
    }
}
