//! Rows: lines on their way into columns, with the blocks in which they stand.

use crate::batch::{Batch, LineTime, Selection};
use crate::file::block::Block;
use crate::line::Line;
use crate::merge::Held;
use crate::timing::Timing;

/// Lines of one log or of many, in the order of the answer.
pub enum Rows {
    /// Of one log, block by block.
    Batches(Vec<Chunk>),
    /// Of many, each with the number of its log.
    Held(Vec<(usize, Held)>),
}

/// The lines of a block.
pub struct Chunk {
    /// They.
    pub batch: Batch,
    /// What times them, where they were left untimed.
    pub timing: Option<Box<Timing>>,
}

impl From<Batch> for Chunk {
    fn from(batch: Batch) -> Self {
        Self { batch, timing: None }
    }
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct RowRef<'r> {
    /// The block in which it stands.
    pub block: &'r Block,
    /// Where it stands there.
    pub line: Line,
    /// Its time, if that was asked for.
    pub time: Option<&'r LineTime>,
    /// The number of its log.
    pub log: usize,
}

impl<'r> RowRef<'r> {
    /// Its bytes without the final `\n`.
    #[inline]
    pub(super) fn bare(&self) -> Line {
        let Line { start, end } = self.line;
        let ends = end > start && self.block.bytes()[end - 1] == b'\n';
        Line { start, end: end - usize::from(ends) }
    }

    /// Its text without the final `\n`, where its block is known to be text.
    #[inline]
    pub(super) fn text(&self) -> Option<&'r str> {
        let Line { start, end } = self.bare();
        self.block.text().map(|text| &text[start..end])
    }
}

impl Rows {
    /// Times the lines that were left untimed.
    pub(super) fn time(&mut self) {
        let Self::Batches(chunks) = self else { return };
        for Chunk { batch, timing } in chunks {
            if let Some(timing) = timing {
                timing.sift(batch);
                timing.deliver(batch);
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Batches(batches) => batches.iter().map(|chunk| chunk.batch.len() as usize).sum(),
            Self::Held(held) => held.len(),
        }
    }

    /// How many bytes their lines have, `\n`s included.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = 0;
        self.each(|row| bytes += row.line.end - row.line.start);
        bytes
    }

    /// Shows each of them to `see`, in order.
    #[inline]
    pub(super) fn each<'r>(&'r self, mut see: impl FnMut(RowRef<'r>)) {
        match self {
            Self::Batches(batches) => batches.iter().for_each(|chunk| each_of(&chunk.batch, &mut see)),
            Self::Held(held) => held.iter().for_each(|(log, held)| {
                see(RowRef { block: held.block(), line: held.line(), time: held.time(), log: *log });
            }),
        }
    }
}

#[inline]
fn each_of<'r>(batch: &'r Batch, see: &mut impl FnMut(RowRef<'r>)) {
    let Batch { block, selection, times, .. } = batch;
    let mut times = times.iter();
    let mut see = |line| see(RowRef { block, line, time: times.next(), log: 0 });
    match selection {
        Selection::All(ends) => {
            let mut start = 0;
            for &end in ends {
                see(Line { start, end });
                start = end;
            }
        }
        Selection::Picked(picked) => picked.iter().for_each(|candidate| see(candidate.line)),
    }
}
