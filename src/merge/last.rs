//! The last so many lines of what was there at the start.

use std::collections::VecDeque;
use std::sync::Arc;

use super::input::{Held, Lot};
use crate::batch::{Batch, Selection};
use crate::file::block::Block;

/// Keeps the last lines until it is known that no more come.
#[derive(Debug)]
pub(super) struct Last {
    most: usize,
    lines: VecDeque<(usize, Held)>,
}

impl Last {
    /// Of what is pushed, the last `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { most, lines: VecDeque::new() }
    }

    /// One more line, of log `at`.
    pub(super) fn push(&mut self, at: usize, held: &Held) {
        if self.most == 0 {
            return;
        }
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back((at, alone(held)));
    }

    /// The first of those that are left.
    pub(super) fn pop(&mut self) -> Option<(usize, Held)> {
        self.lines.pop_front()
    }

    /// Whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The line without its block, which would stay in memory for it.
fn alone(held: &Held) -> Held {
    let Lot { batch, came, files_before } = &*held.lot;
    let text = held.line().of(batch.block.bytes()).to_vec();
    let ends = vec![text.len()];
    let alone = Batch {
        times: held.time().copied().into_iter().collect(),
        // The levels let go of the block when its own lot goes.
        unsettled: batch.unsettled.as_deref().cloned().map(Arc::new),
        ..Batch::new(Block::of(held.offset, text), Selection::All(ends))
    };
    let lot = Lot { batch: alone, came: *came, files_before: *files_before };
    Held { lot: Arc::new(lot), number: 0, key: held.key, offset: held.offset }
}
