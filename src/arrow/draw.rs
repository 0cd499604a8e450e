//! Where the rows of a table come from: one log, two that make one stream, or many in one order.

use super::rows::{Chunk, Rows};
use crate::caller::Caller;
use crate::error::Result;
use crate::file::block::BLOCK;
use crate::merge::{Merge, MergeStep};

/// So many rows are drawn at once at most.
const MOST: usize = 1 << 16;

/// So many blocks are held by one chunk at most: their text fills several large pages of memory, for it takes longer to
/// get memory in small pages than to fill it.
const BLOCKS: usize = 16;

/// So many rows of many logs are drawn at once at most, and lines of so many blocks' bytes, for each may hold a block.
const HELD: (usize, usize) = (1 << 14, 8);

/// What was drawn.
pub struct Drawn {
    /// The next rows, in order.
    pub(super) rows: Rows,
    /// Whether there may be more behind them, or what went wrong there.
    pub(super) more: Result<bool>,
}

/// An answer, drawn in chunks of rows.
pub trait Draw: Send {
    /// Draws the next rows: those of several blocks, unless the consumer wants to see them `soon`.
    fn draw(&mut self, soon: bool, caller: &mut dyn Caller) -> Drawn;

    /// Takes back rows that are no longer needed, for their buffers.
    fn recycle(&mut self, rows: Rows);

    /// Lets go of the files and of the threads.
    fn finish(&mut self);
}

impl Draw for Merge {
    fn draw(&mut self, soon: bool, caller: &mut dyn Caller) -> Drawn {
        let (mut held, mut bytes, mut more) = (Vec::new(), 0, Ok(true));
        let (most, blocks) = HELD;
        let enough = if soon { most / blocks } else { most };
        while held.len() < enough && bytes < blocks * BLOCK && matches!(more, Ok(true)) {
            if let Some((at, next)) = self.ready() {
                let line = next.line();
                bytes += line.end - line.start;
                held.push((at, next));
                continue;
            }
            // A table has an end, so nobody asked for logs that come later.
            more = self.advance(caller).map(|step| !matches!(step, MergeStep::Look | MergeStep::Over));
        }
        Drawn { rows: Rows::Held(held), more }
    }

    fn recycle(&mut self, _: Rows) {}

    fn finish(&mut self) {}
}

/// Draws from what gives one batch after the other.
pub fn of_batches(soon: bool, mut next: impl FnMut() -> Result<Option<Chunk>>) -> Drawn {
    let (mut batches, mut rows, mut bytes, mut more) = (Vec::new(), 0, 0, Ok(true));
    let enough = if soon { 1 } else { BLOCKS };
    while batches.len() < enough && rows < MOST as u64 && bytes < BLOCKS * BLOCK && matches!(more, Ok(true)) {
        more = next().map(|chunk| {
            let Some(chunk) = chunk else { return false };
            rows += chunk.batch.len();
            bytes += chunk.batch.block.bytes().len();
            batches.push(chunk);
            true
        });
    }
    Drawn { rows: Rows::Batches(batches), more }
}
