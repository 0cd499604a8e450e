//! A segment: the matrix of keys by blocks for a stretch of the log, in a file of its own.
//!
//! A question reads the rows of its keys and nothing else: two or three pages for each, whatever the length of the
//! stretch. Segments are immutable. A long log has many, so that what is appended writes only the last one anew; each
//! says itself of which log and which stretch it speaks, so one that is missing costs the reading of its stretch.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::super::about::About;
use super::super::codec::Reader;
use super::super::pages::{CONTENT, PageWriter, Pages};
use super::counters::{Counts, FIELDS, Numbers};
use super::keys::ROWS;
use super::rows::{self, RowForm, TILE, Tile};

/// The version of what is stored; it is in the file's name.
pub const VERSION: u32 = 3;
/// How many tiles a segment has at most: about half a GiB of the log, and what a builder may hold in memory.
pub const TILES: usize = 16;

const MAGIC: &[u8; 8] = b"logdext\n";
/// What the file ends with, before the length of the rows: a file that was cut has something else there.
const END: &[u8; 8] = b"logdexte";
/// How long the fields before the description of the log are.
const BEFORE_ABOUT: usize = 8 + 4 + 4 + 8 + 4;
/// How long the numbers of one field of one block are.
const NUMBERS: usize = 16;
/// How long the table of rows is: for each where it begins and its kind, where the last one ends, and the end mark.
const TABLE: usize = (ROWS + 1) * 4 + END.len() + 8;
/// The bits of an entry of that table that say where a row begins.
const PLACE: u32 = (1 << 30) - 1;

/// A stored segment, open.
#[derive(Debug)]
pub struct Segment {
    pages: Pages,
    /// The log as it was; `covered` is where the segment ends.
    pub about: About,
    /// Where in the log it begins.
    pub start: u64,
    /// How many blocks it has.
    pub blocks: usize,
    /// Where the ends of the blocks, their numbers, the rows and the table of rows begin in the content.
    ends: u64,
    numbers: u64,
    rows: u64,
    table: u64,
}

/// Where a row is stored, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPlace {
    at: u64,
    len: usize,
    kind: RowForm,
}

impl RowPlace {
    /// Whether no block has the key.
    pub fn is_empty(&self) -> bool {
        self.kind == RowForm::Few && self.len == 0
    }

    /// Whether all blocks have it.
    pub fn is_full(&self) -> bool {
        self.kind == RowForm::Most && self.len == 0
    }

    /// How much it can be expected to tell, the most first.
    pub fn rank(&self) -> (bool, usize) {
        match self.kind {
            RowForm::Few | RowForm::Bits => (false, self.len),
            RowForm::Most => (true, usize::MAX - self.len),
        }
    }
}

impl Segment {
    /// Reads the first and the last page of a file; `None` where it is no segment of this version, or is damaged there.
    pub fn open(file: File) -> Option<Self> {
        let pages = Pages::new(file)?;
        let first = pages.read(0, CONTENT)?;
        let mut from = Reader(&first);
        if from.bytes(MAGIC.len())? != MAGIC || from.u32()? != VERSION {
            return None;
        }
        let (blocks, start) = (from.count(TILES * TILE)?, from.u64()?);
        let len = from.count(1 << 17)?;
        let about = About::take(&mut Reader(&pages.read(BEFORE_ABOUT as u64, len)?))?;
        let ends = aligned(BEFORE_ABOUT + len);
        let numbers = ends + blocks as u64 * 8;
        let rows = numbers + (blocks * FIELDS * NUMBERS) as u64;
        let table = pages.len().checked_sub(TABLE as u64)?;
        let last = pages.read(pages.len() - 16, 16)?;
        let mut last = Reader(&last);
        let whole = last.bytes(END.len())? == END && aligned_behind(rows.checked_add(last.u64()?)?)? == table;
        let sound = blocks > 0 && blocks % TILE == 0 && start < about.covered;
        (whole && sound).then_some(Self { pages, about, start, blocks, ends, numbers, rows, table })
    }

    /// Whether it has room for no more blocks.
    pub fn is_full(&self) -> bool {
        self.blocks == TILES * TILE
    }

    /// How many bytes one of its rows has, as bits.
    pub fn row_bytes(&self) -> usize {
        self.blocks / 8
    }

    /// How long its file is, in bytes.
    pub fn size(&self) -> u64 {
        self.pages.size()
    }

    /// Where the row of `key` is stored; `None` where that is damaged.
    pub fn place(&self, key: u32) -> Option<RowPlace> {
        let stored = self.pages.read(self.table + u64::from(key) * 4, 8)?;
        self.placed(&mut Reader(&stored))
    }

    fn placed(&self, from: &mut Reader<'_>) -> Option<RowPlace> {
        let (this, next) = (from.u32()?, Reader(from.0).u32()?);
        let (at, end) = (u64::from(this & PLACE), u64::from(next & PLACE));
        let (len, kind) = (usize::try_from(end.checked_sub(at)?).ok()?, RowForm::of(this >> 30)?);
        (self.rows + end <= self.table && len <= self.row_bytes()).then_some(RowPlace { at, len, kind })
    }

    /// Which blocks have the key whose row is stored at `place`.
    pub fn row(&self, place: RowPlace) -> Option<Vec<u8>> {
        rows::take(place.kind, &self.pages.read(self.rows + place.at, place.len)?, self.row_bytes())
    }

    /// The numbers of a field, block by block; `None` where they are damaged.
    pub fn numbers(&self, field: usize) -> Option<Vec<Numbers>> {
        let len = self.blocks * NUMBERS;
        let stored = self.pages.read(self.numbers + (field * len) as u64, len)?;
        let mut from = Reader(&stored);
        (0..self.blocks).map(|_| Some(Numbers { least: from.u64()?, greatest: from.u64()? })).collect()
    }

    /// Gives `each` all rows, in order; `None` where one is damaged.
    pub fn each_row(&self, mut each: impl FnMut(usize, &[u8])) -> Option<()> {
        let table = self.pages.read(self.table, (ROWS + 1) * 4)?;
        let mut from = Reader(&table);
        for key in 0..ROWS {
            each(key, &self.row(self.placed(&mut from)?)?);
        }
        Some(())
    }

    /// Where the blocks `first..last` end, after where the first of them begins.
    pub fn bounds(&self, first: usize, last: usize) -> Option<Vec<u64>> {
        let before = first.saturating_sub(1);
        let stored = self.pages.read(self.ends + before as u64 * 8, (last - before) * 8)?;
        let mut from = Reader(&stored);
        let mut bounds = if first == 0 { vec![self.start] } else { Vec::new() };
        for _ in before..last {
            bounds.push(from.u64()?);
        }
        let sound = bounds.is_sorted_by(|a, b| a < b)
            && bounds.first() >= Some(&self.start)
            && bounds.last() <= Some(&self.about.covered)
            && (last < self.blocks || bounds.last() == Some(&self.about.covered));
        sound.then_some(bounds)
    }
}

/// The next page boundary of the content.
fn aligned(len: usize) -> u64 {
    len.next_multiple_of(CONTENT) as u64
}

/// Where a table behind content of this length begins, so that it ends with a page.
fn aligned_behind(end: u64) -> Option<u64> {
    end.checked_add(TABLE as u64)?.checked_next_multiple_of(CONTENT as u64)?.checked_sub(TABLE as u64)
}

/// The blocks that a segment is to have, and their keys.
#[derive(Default)]
pub struct Matrix {
    /// Where each block ends.
    pub ends: Vec<u64>,
    /// The numbers of each block's counters.
    pub counts: Vec<Counts>,
    /// The tiles, each the rows of [`TILE`] blocks.
    pub tiles: Vec<Tile>,
}

impl Matrix {
    /// The same in memory; `None` where the stored segment is damaged.
    pub fn of(segment: &Segment) -> Option<Self> {
        let ends = segment.bounds(0, segment.blocks)?.split_off(1);
        let mut tiles = vec![Tile::default(); segment.blocks / TILE];
        segment.each_row(|key, row| {
            for (tile, part) in tiles.iter_mut().zip(row.as_chunks().0) {
                tile.push(key, *part);
            }
        })?;
        let mut counts = vec![Counts::default(); segment.blocks];
        for field in 0..FIELDS {
            let numbers = segment.numbers(field)?;
            counts.iter_mut().zip(numbers).for_each(|(of_block, numbers)| of_block[field] = numbers);
        }
        Some(Self { ends, counts, tiles })
    }

    /// Whether no tile can be added.
    pub fn is_full(&self) -> bool {
        self.tiles.len() >= TILES
    }

    /// Writes it into `file` as the segment that begins at `start`.
    pub fn write(&self, file: &mut File, about: &About, start: u64) -> io::Result<()> {
        let mut description = Vec::new();
        about.put(&mut description);
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend((self.ends.len() as u32).to_le_bytes());
        head.extend(start.to_le_bytes());
        head.extend((description.len() as u32).to_le_bytes());
        head.extend(&description);
        head.resize(aligned(head.len()) as usize, 0);
        head.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
        for field in 0..FIELDS {
            let numbers = self.counts.iter().map(|of_block| of_block[field]);
            head.extend(numbers.flat_map(|n| [n.least, n.greatest]).flat_map(u64::to_le_bytes));
        }
        let mut out = PageWriter::new(BufWriter::with_capacity(1 << 16, file));
        out.write(&head)?;
        let (table, len) = self.write_rows(&mut out)?;
        let end = head.len() as u64 + len;
        let gap = aligned_behind(end).unwrap_or(end) - end;
        out.write(&vec![0; gap as usize])?;
        out.write(&table)?;
        out.write(END)?;
        out.write(&len.to_le_bytes())?;
        out.finish()?.flush()
    }

    /// Writes all rows; returns their table, and how long they are.
    fn write_rows<W: Write>(&self, out: &mut PageWriter<W>) -> io::Result<(Vec<u8>, u64)> {
        let (mut table, mut len) = (Vec::with_capacity(TABLE), 0_u32);
        let (mut row, mut stored) = (Vec::new(), Vec::new());
        let mut tiles: Vec<_> = self.tiles.iter().map(Tile::rows).collect();
        for _ in 0..ROWS {
            row.clear();
            stored.clear();
            tiles.iter_mut().filter_map(Iterator::next).for_each(|part| row.extend(part));
            let kind = rows::put(&row, &mut stored);
            table.extend((len | (kind as u32) << 30).to_le_bytes());
            len += stored.len() as u32;
            out.write(&stored)?;
        }
        table.extend(len.to_le_bytes());
        Ok((table, u64::from(len)))
    }
}
