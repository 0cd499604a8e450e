//! Segments on their way: blocks are taken in order, and each segment is stored as soon as it is whole.
//!
//! The tiles of one segment are all that is held, so memory is bounded whatever the log; and one who is stopped has lost
//! little.

use std::fs::{File, Metadata};
use std::sync::Arc;

use super::super::about::About;
use super::counters::Counts;
use super::keys::{BlockKeys, RowBits};
use super::part;
use super::rows::{self, TILE};
use super::segment::{Matrix, Segment};
use super::{TEXT_FROM, TextIndex, is_off};
use crate::error::{Error, Result};
use crate::file::block::Extent;
use crate::file::source::Source;
use crate::index::Keep;
use crate::stamp::Elected;

/// Takes blocks in order, and stores them as segments.
pub struct SegmentWriter {
    source: Arc<Source>,
    seen: Metadata,
    keep: Keep,
    /// The segment on its way: its number, where it begins, its last block, and its tiles.
    number: usize,
    start: u64,
    last: Extent,
    matrix: Matrix,
    /// Whether it has tiles that are not stored.
    is_new: bool,
    /// The blocks of a tile that is not whole yet.
    tile: Pending,
}

#[derive(Default)]
struct Pending {
    extents: Vec<Extent>,
    marks: Vec<Box<RowBits>>,
    counts: Vec<Counts>,
}

impl SegmentWriter {
    /// Will take the blocks of a log of which nothing is stored; `None` where there is something, or where it is not worth
    /// it.
    pub fn first(source: &Arc<Source>, seen: &Metadata, keep: &Keep) -> Option<Self> {
        let is_wanted = seen.len() >= TEXT_FROM && *keep != Keep::Nowhere && !is_off();
        let is_free = is_wanted && TextIndex::load(keep, source, seen).is_empty();
        is_free.then(|| Self::new(source, seen, keep))
    }

    /// Will take the blocks from the beginning of the log on.
    pub(super) fn new(source: &Arc<Source>, seen: &Metadata, keep: &Keep) -> Self {
        Self {
            source: Arc::clone(source),
            seen: seen.clone(),
            keep: keep.clone(),
            number: 0,
            start: 0,
            last: Extent::default(),
            matrix: Matrix::default(),
            is_new: false,
            tile: Pending::default(),
        }
    }

    /// Where the tiles end that it has.
    pub(super) fn covered(&self) -> u64 {
        self.start.max(self.last.end)
    }

    /// Whether a segment begins with the next block.
    pub(super) fn is_between(&self) -> bool {
        self.matrix.tiles.is_empty() && self.tile.extents.is_empty()
    }

    /// Goes on behind a stored segment, which begins where its tiles end: in it, where there is room.
    pub(super) fn go_on_from(&mut self, stored: &Segment) {
        if stored.is_full() {
            self.last = stored.about.last;
            self.begin_next(stored.about.covered);
        } else if let Some(matrix) = Matrix::of(stored) {
            (self.matrix, self.last) = (matrix, stored.about.last);
        }
    }

    /// Takes the next block.
    ///
    /// # Errors
    /// `Error::Io` where a segment that is whole now cannot be written.
    pub fn push(&mut self, extent: Extent, known: BlockKeys) -> Result<()> {
        self.tile.extents.push(extent);
        self.tile.marks.push(known.marks);
        self.tile.counts.push(known.counts);
        if self.tile.extents.len() < TILE {
            return Ok(());
        }
        let Pending { extents, marks, counts } = std::mem::take(&mut self.tile);
        self.matrix.ends.extend(extents.iter().map(|extent| extent.end));
        self.matrix.counts.extend(counts);
        self.matrix.tiles.push(rows::Tile::of_blocks(&marks));
        self.last = extents.last().copied().unwrap_or_default();
        self.is_new = true;
        if !self.matrix.is_full() {
            return Ok(());
        }
        self.finish()?;
        self.begin_next(self.last.end);
        Ok(())
    }

    fn begin_next(&mut self, start: u64) {
        (self.number, self.start, self.matrix, self.is_new) =
            (self.number + 1, start, Matrix::default(), false);
    }

    /// No block comes any more: stores the tiles that it has.
    ///
    /// # Errors
    /// `Error::Io` where they cannot be written.
    pub fn finish(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.is_new) {
            return Ok(());
        }
        let elected = Elected::default();
        let about = About::of(&self.source, &self.seen, self.last.end, 0, self.last, &elected);
        // Without a fingerprint there is nothing to tell by that it speaks of this log.
        let Some(about) = about else { return Ok(()) };
        let mut write = |file: &mut File| self.matrix.write(file, &about, self.start);
        self.keep
            .publish_part(&self.source, &part(self.number), &mut write)
            .map_err(|error| Error::io(self.source.path(), error))
    }
}
